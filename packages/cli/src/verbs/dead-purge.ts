import { Act, ACT_OPTIONS } from "../act.ts";
import type { Verb } from "../command.ts";
import { whole } from "../durations.ts";
import { UsageError } from "../io.ts";
import { progressOf } from "../progress.ts";
import { filterOf, WHERE } from "../where.ts";
import { within } from "./dead-look.ts";

/** The default of `--sample`. */
const SAMPLE = 1_000;

export const purge: Verb = {
  takes: "CHANNEL GROUP [--where FILTER | --id ID | --all]",
  words: [2, 2],
  options: {
    where: WHERE,
    id: { type: "string", multiple: true, value: "ID", about: "only this one; may be given several times" },
    sample: { type: "string", value: "N", about: "of the dry run: look at no more than this many; default 1000" },
    all: { type: "boolean", about: "everything at the dead-letter destination, whoever wrote it" },
    ...ACT_OPTIONS,
  },
  about: "Deletes dead letters for good. Without --yes it only counts, which hides them from other readers meanwhile.",
  example: "switchyard dead purge orders billing --where 'code=invalid-message' --profile prod --yes",
  run: async (call) => {
    const { io, out, values, words } = call;
    const [channel, group] = words;
    const ids = values["id"] as readonly string[] | undefined;
    const where = values["where"] !== undefined;
    if ([where, ids !== undefined, values["all"] === true].filter(Boolean).length !== 1)
      throw new UsageError("dead purge takes one of --where, --id and --all");
    const filter = filterOf(values["where"]);
    const what = { ...(where ? { filter } : {}), ...(ids === undefined ? {} : { ids }) };
    const sample = values["sample"] === undefined ? SAMPLE : whole(values["sample"], "--sample");
    const act = await Act.of(call, "dead purge", { channel, group });
    return within(
      call,
      async (dead) => {
        const run = dead.purge({ ...what, signal: io.signal, ...(act.allowed ? {} : { dryRun: true, sample }) });
        const progress = progressOf(call, act.allowed ? "deleting" : "looking");
        for await (const { seen, deleted } of run) progress.show({ done: act.allowed ? deleted : seen });
        const purged = await run.result;
        if (out.json) out.document("dead purge", { ...purged, dryRun: !act.allowed });
        else {
          const { matched, deleted, hidden, complete } = purged;
          const done = act.allowed ? `${deleted ?? "all"} deleted` : `${matched ?? "all"} would be deleted`;
          out.line(`${done}${complete ? "" : "; not all letters were seen"}`);
          if (hidden !== undefined) out.talk(`looking hid ${hidden} from other readers until now`);
        }
        if (!act.allowed || purged.complete) return 0;
        out.talk("to go on, run the same command again");
        return 3;
      },
      act,
    );
  },
};
