/** What the brokers lack, as the doctor says it. */
import type { ConnectionExplanation, PlannedTopology } from "@switchyard/core";
import type { Finding } from "./finding.ts";

/** The mapping of a function. Deployment tools make it, and `apply` does not. */
const MAPPING = "event source mapping";

const ADVICE = {
  create: "make it with: switchyard apply",
  update: "change it with: switchyard apply",
  destructive: "change it with: switchyard apply --destructive, once nothing there is needed any more",
  drift: "it was changed by hand; nothing changes it back",
} as const;

type Mode = ConnectionExplanation["provision"];
type Action = keyof typeof ADVICE;

/** What `connect()` would fail on, and what is well because it mends it. */
const STATUS: Readonly<Record<Mode, Readonly<Record<Action, Finding["status"]>>>> = {
  off: { create: "failure", update: "warning", destructive: "warning", drift: "warning" },
  // It refuses to start on any difference but drift.
  verify: { create: "failure", update: "failure", destructive: "failure", drift: "warning" },
  auto: { create: "ok", update: "ok", destructive: "failure", drift: "warning" },
};

/** `connections`: as `explain()` tells them. A connection that is not there is taken as `provision: off`. */
export function differences(
  changes: PlannedTopology["changes"],
  connections: Readonly<Record<string, Pick<ConnectionExplanation, "provision">>> = {},
): readonly Finding[] {
  const all = Object.entries(changes).flatMap(([on, its]) => its.map((change) => ({ on, ...change })));
  if (all.length === 0) return [{ check: "topology", status: "ok", text: "the brokers have what is needed" }];
  return all.map(({ on, action, resource, name, summary }) => {
    const text = `${on}: ${resource} ${name}: ${summary}`;
    if (resource !== MAPPING) {
      const mode = Object.hasOwn(connections, on) ? connections[on]!.provision : "off";
      const status = STATUS[mode][action];
      const advice = status === "ok" ? "the service makes it at its start (provision: auto)" : ADVICE[action];
      return { check: "topology", status, text: `${text}; ${advice}` };
    }
    const status = action === "destructive" || summary.startsWith("is missing") ? "failure" : "warning";
    return { check: "lambda", status, text: `${text}; change it with the tool that deploys the function` };
  });
}
