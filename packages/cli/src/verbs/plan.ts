import { plan as planned, type PlannedTopology } from "@switchyard/core";
import type { Verb } from "../command.ts";
import type { Output } from "../output.ts";
import { visible } from "../visible.ts";

export const plan: Verb = {
  takes: "",
  words: [0, 0],
  options: {},
  about: "Compares the configuration with what the brokers have. Changes nothing. Exit code 3 if they differ.",
  example: "switchyard plan --profile prod",
  async run({ out, project }) {
    const found = await project();
    await found.noteMemory();
    const { changes } = await planned(found.options());
    if (out.json) out.document("plan", { changes });
    else printChanges(out, changes);
    return Object.keys(changes).length === 0 ? 0 : 3;
  },
};

export function printChanges(out: Output, changes: PlannedTopology["changes"]): void {
  const all = Object.entries(changes).flatMap(([on, its]) => its.map((change) => ({ on, ...change })));
  if (all.length === 0) return out.talk("nothing to do: the brokers have what the configuration needs");
  for (const { on, action, resource, name, summary } of all)
    out.line(visible(`${action.padEnd(11)} ${on}: ${resource} ${name}: ${summary}`));
}
