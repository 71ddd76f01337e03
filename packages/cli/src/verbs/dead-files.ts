/** Dead letters to a file and back. */
import { resolve } from "node:path";
import { isMessagingError } from "@switchyard/core";
import { Act, ACT_OPTIONS } from "../act.ts";
import type { Verb } from "../command.ts";
import { whole } from "../durations.ts";
import { UsageError } from "../io.ts";
import { progressOf } from "../progress.ts";
import { visible } from "../visible.ts";
import { filterOf, WHERE } from "../where.ts";
import { within } from "./dead-look.ts";

export const exportLetters: Verb = {
  takes: "CHANNEL GROUP --to FILE [--where FILTER] [--remove --yes]",
  words: [2, 2],
  options: {
    to: { type: "string", value: "FILE", about: "made with mode 0600; it must not exist, unless --resume is given" },
    where: WHERE,
    id: { type: "string", multiple: true, value: "ID", about: "only this one; may be given several times" },
    max: { type: "string", value: "N", about: "write no more than this many" },
    resume: { type: "boolean", about: "go on with a file that was cut off" },
    remove: { type: "boolean", about: "delete each letter once its line is safe on the disk; needs --yes" },
    ...ACT_OPTIONS,
  },
  about:
    "Writes dead letters as JSON lines, each as it is at the broker: encrypted bodies stay encrypted. The letters stay, unless --remove is given.",
  example: "switchyard dead export orders billing --to letters.jsonl --where 'class=TypeError'",
  async run(call) {
    const { io, out, values, words } = call;
    const [channel, group] = words;
    const { to } = values;
    if (typeof to !== "string") throw new UsageError("dead export takes --to FILE");
    const remove = values["remove"] === true;
    const act = remove ? await Act.of(call, "dead export", { channel, group }) : Act.looking(call, "dead export", {});
    if (!act.allowed) throw new UsageError("dead export --remove deletes letters: add --yes, or leave --remove out");
    const ids = values["id"] as readonly string[] | undefined;
    return within(
      call,
      async (dead) => {
        const filter = filterOf(values["where"]);
        const run = dead.export({
          to: resolve(io.cwd, to),
          signal: io.signal,
          ...(Object.keys(filter).length === 0 ? {} : { filter }),
          ...(ids === undefined ? {} : { ids }),
          ...(values["max"] === undefined ? {} : { max: whole(values["max"], "--max") }),
          ...(values["resume"] === true ? { resume: true } : {}),
          ...(remove ? { remove } : {}),
        });
        const progress = progressOf(call, "writing");
        for await (const { written } of run) progress.show({ done: written });
        const done = await run.result.catch((error: unknown) => {
          if (!isMessagingError(error, "export-exists")) throw error;
          throw new UsageError(`${to} exists; give another path, or add --resume to go on with it`);
        });
        if (out.json) out.document("dead export", done);
        else {
          const { written, known, removed, complete, why } = done;
          out.line(
            `${written} written${known > 0 ? `, ${known} were there` : ""}${remove ? `, ${removed} deleted` : ""}${complete ? "" : `; not all were seen (${why ?? "more"})`}`,
          );
        }
        if (!done.complete) out.talk("to go on, add --resume");
        return done.complete ? 0 : 3;
      },
      act,
    );
  },
};

export const importLetters: Verb = {
  takes: "CHANNEL GROUP --from FILE",
  words: [2, 2],
  options: {
    from: { type: "string", value: "FILE", about: "what dead export wrote" },
    skip: { type: "string", value: "N", about: "leave out so many lines: where an import ended" },
    ...ACT_OPTIONS,
  },
  about:
    "Puts exported letters back among the dead letters of the group that failed them; dead redrive then sends them. Without --yes it checks every line and puts none back.",
  example: "switchyard dead import orders billing --from letters.jsonl --profile prod --yes",
  async run(call) {
    const { io, out, values, words } = call;
    const [channel, group] = words;
    const { from } = values;
    if (typeof from !== "string") throw new UsageError("dead import takes --from FILE");
    const skip = values["skip"] === undefined ? {} : { skip: whole(values["skip"], "--skip", 0) };
    const act = await Act.of(call, "dead import", { channel, group });
    return within(
      call,
      async (dead) => {
        const dryRun = act.allowed ? {} : { dryRun: true };
        const run = dead.import({ from: resolve(io.cwd, from), signal: io.signal, ...skip, ...dryRun });
        const progress = progressOf(call, "importing");
        for await (const step of run) progress.show({ done: step.imported });
        const done = await run.result;
        const { imported, failed, line, stopped, errors = [] } = done;
        if (out.json) out.document("dead import", { ...done, dryRun: !act.allowed });
        else {
          out.line(act.allowed ? `${imported} imported, ${failed} failed` : `${line} lines are right`);
          for (const { code, message } of errors) out.line(visible(`${code}: ${message}`));
        }
        if (stopped !== undefined) out.talk(`ended at line ${line}; to go on, add --skip ${line}`);
        return failed > 0 || stopped === "error" ? 1 : stopped === undefined ? 0 : 3;
      },
      act,
    );
  },
};
