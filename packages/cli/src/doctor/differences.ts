/** What the brokers lack, as the doctor says it. */
import type { PlannedTopology } from "@switchyard/core";
import type { Finding } from "./finding.ts";

/** The mapping of a function. Deployment tools make it, and `apply` does not. */
const MAPPING = "event source mapping";

const ADVICE = {
  create: "make it with: switchyard apply",
  update: "change it with: switchyard apply",
  destructive: "change it with: switchyard apply --destructive, once nothing there is needed any more",
  drift: "it was changed by hand; nothing changes it back",
} as const;

export function differences(changes: PlannedTopology["changes"]): readonly Finding[] {
  const all = Object.entries(changes).flatMap(([on, its]) => its.map((change) => ({ on, ...change })));
  if (all.length === 0) return [{ check: "topology", status: "ok", text: "the brokers have what is needed" }];
  return all.map(({ on, action, resource, name, summary }) => {
    const text = `${on}: ${resource} ${name}: ${summary}`;
    if (resource !== MAPPING)
      return {
        check: "topology",
        status: action === "create" ? "failure" : "warning",
        text: `${text}; ${ADVICE[action]}`,
      };
    const status = action === "destructive" || summary.startsWith("is missing") ? "failure" : "warning";
    return { check: "lambda", status, text: `${text}; change it with the tool that deploys the function` };
  });
}
