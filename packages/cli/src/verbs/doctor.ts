import { Act, ACT_OPTIONS } from "../act.ts";
import type { Verb } from "../command.ts";
import { examine } from "../doctor/examine.ts";
import { milliseconds } from "../durations.ts";
import { visible } from "../visible.ts";

export const doctor: Verb = {
  takes: "[--handler TIME] [--sweep --yes]",
  words: [0, 0],
  options: {
    handler: { type: "string", value: "TIME", about: "the longest that a handler runs: compared with the holds" },
    sweep: { type: "boolean", about: "remove what killed tails left at the broker, once it has expired" },
    ...ACT_OPTIONS,
  },
  about:
    "Checks what the service would fail on: the configuration, what the brokers lack, the rights to ask them, holds, retention, the mappings of functions, tracing, and what killed tails left; and counts dead letters. Receives no message and changes nothing without --sweep. Exit code 3 if something must be changed.",
  example: "switchyard doctor --profile prod",
  async run(call) {
    const { out, values, project: found } = call;
    const project = await found();
    const act = values["sweep"] === true ? await Act.of(call, "doctor sweep", {}) : undefined;
    const { root } = project;
    const findings = await examine({
      options: project.options(),
      root,
      handlerMs: values["handler"] === undefined ? undefined : milliseconds(values["handler"], "--handler"),
      sweep: act?.allowed === true,
      explain: () => project.explain(),
      connected: (run) =>
        project.connected(async (messaging) => {
          const { channels: explained } = await project.explain();
          for (const channel of act === undefined ? [] : project.channels)
            if (explained[channel.name]?.model === "pubsub")
              await act?.locate(messaging, channel, undefined, ["channel"]);
          if (act?.allowed === true) await act.begin();
          return run(messaging);
        }),
    });
    const healthy = !findings.some(({ status }) => status === "failure");
    if (out.json) out.document("doctor", { healthy, findings });
    else
      for (const { check, status, text } of findings) {
        const style = status === "ok" ? "green" : status === "warning" ? "yellow" : "red";
        out.line(`${out.style(style, status.padEnd(7))}  ${check}: ${text.split("\n").map(visible).join("\n    ")}`);
      }
    return healthy ? 0 : 3;
  },
};
