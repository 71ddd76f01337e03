import type { Verb } from "../command.ts";
import { diagram as drawn } from "../diagram.ts";

export const diagram: Verb = {
  takes: "",
  words: [0, 0],
  options: {},
  about: "Draws the service, its channels, groups and dead letters as a Mermaid flowchart. Opens no connection.",
  example: "switchyard diagram > channels.mmd",
  async run({ out, project }) {
    const mermaid = drawn(await (await project()).explain());
    if (out.json) out.document("diagram", { mermaid });
    else out.line(mermaid.trimEnd());
    return 0;
  },
};
