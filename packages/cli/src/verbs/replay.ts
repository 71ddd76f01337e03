import type { ReplayFrom } from "@switchyard/core";
import { Act, ACT_OPTIONS } from "../act.ts";
import type { Verb } from "../command.ts";
import { instant } from "../durations.ts";
import { UsageError } from "../io.ts";
import { progressOf, type Step } from "../progress.ts";

export const replay: Verb = {
  takes: "CHANNEL GROUP --from earliest|latest|TIME|at:POSITION",
  words: [2, 2],
  options: {
    from: {
      type: "string",
      value: "WHERE",
      about: "earliest, latest, a time such as 2026-11-29T10:00:00Z, or at:POSITION",
    },
    ...ACT_OPTIONS,
  },
  about:
    "Moves a stream group to another position: back, messages are delivered again; forward, they are skipped. Its workers lose their partitions and go on from there.",
  example: "switchyard replay clicks sessions --from 2026-11-29T10:00:00Z --profile prod --yes",
  async run(call) {
    const { out, values, words, project: found } = call;
    const [channel, group] = words as [string, string];
    const project = await found();
    const of = await project.group(channel, group);
    const from = fromOf(values["from"]);
    const { model } = (await project.explain()).channels[channel]!;
    if (model !== "stream")
      throw new UsageError(
        `"${channel}" is ${model === "queue" ? "a queue" : "pub/sub"}, which keeps no positions to move; a stream does`,
      );
    const act = await Act.of(call, "replay", { channel, group, from });
    out.talk(INBOX);
    if (act.allowed)
      await project.connected(
        async (messaging) => {
          await act.locate(messaging, of, group, ["group"]);
          const progress = progressOf(call, "moving");
          const shown = (step: Step) => progress.show(step);
          await act.during({}, () => messaging.replay(of, group, from, { progress: shown }));
        },
        [channel],
      );
    if (out.json) out.document("replay", { channel, group, from, done: act.allowed });
    else if (act.allowed) out.talk("moved");
    return 0;
  },
};

/** The inbox belongs to the group's consumer, which this process does not have. */
const INBOX =
  'if the group has an inbox (@switchyard/inbox), it skips what it has handled: to handle that again, call replay(…, { inbox: "forget" }) in a process that has its consumer';

function fromOf(value: unknown): ReplayFrom {
  if (value === "earliest" || value === "latest") return value;
  if (typeof value === "string" && value.startsWith("at:")) return { at: value.slice(3) };
  const time = instant(value);
  if (time !== undefined) return { time };
  throw new UsageError(
    "--from takes earliest, latest, at:POSITION, or a time with its zone such as 2026-11-29T10:00:00Z",
  );
}
