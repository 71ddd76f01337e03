import { apply as applied, places, plan } from "@switchyard/core";
import { Act, ACT_OPTIONS } from "../act.ts";
import type { Verb } from "../command.ts";
import { progressOf, type Step } from "../progress.ts";
import { printChanges } from "./plan.ts";

export const apply: Verb = {
  takes: "[--yes] [--destructive]",
  words: [0, 0],
  options: {
    ...ACT_OPTIONS,
    destructive: { type: "boolean", about: "also changes that may lose messages or settings made by hand" },
  },
  about:
    "Shows what the brokers lack, and with --yes makes it. Changes that may lose something are made only with --destructive.",
  example: "switchyard apply --profile prod --yes",
  async run(call) {
    const { out, values, project: ofCall } = call;
    const { signal } = call.io;
    const project = await ofCall();
    const destructive = values["destructive"] === true;
    const act = await Act.of(call, "apply", { destructive });
    await project.noteMemory();
    const planned = await plan(project.options());
    const found = await places(planned, { signal });
    act.found(found);
    const changes = Object.values(planned.changes).flat();
    const made = changes.filter(({ action }) => action !== "drift" && (destructive || action !== "destructive"));
    if (!out.json) printChanges(out, planned.changes);
    if (made.length > 0 && act.allowed) {
      const progress = progressOf(call, "applying");
      let done = 0;
      const show = (step: Step): void => {
        ({ done } = step);
        progress.show(step);
      };
      try {
        await act.during({ changes: made.map(({ action, name }) => `${action} ${name}`) }, async () => {
          show({ done: 0, total: made.length });
          await applied(planned, { destructive, signal, progress: show });
          // Now it is there, and the broker says where.
          if (found.some(({ missing }) => missing === true)) act.found(await places(planned, { signal }));
        });
      } catch (error) {
        if (!signal.aborted) throw error;
        out.talk(`ended; about ${done} of ${made.length} made; to go on, run the same command again`);
        return 3;
      }
    }
    const left = changes.length - (act.allowed ? made.length : 0);
    if (out.json) out.document("apply", { changes: planned.changes, made: act.allowed ? made.length : 0, left });
    else if (act.allowed) out.talk(`${made.length} made, ${left} left`);
    return left === 0 ? 0 : 3;
  },
};
