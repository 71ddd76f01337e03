import type { Verb } from "../command.ts";
import { examine } from "../doctor.ts";
import { visible } from "../visible.ts";

export const doctor: Verb = {
  takes: "",
  words: [0, 0],
  options: {},
  about:
    "Checks what the service would fail on: the configuration, what the brokers lack, and the rights to ask them; and counts dead letters. Receives no message and changes nothing. Exit code 3 if something would fail.",
  example: "switchyard doctor --profile prod",
  async run({ out, project: found }) {
    const project = await found();
    const findings = await examine({
      options: project.options(),
      explain: () => project.explain(),
      connected: (run) => project.connected((messaging) => run(messaging)),
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
