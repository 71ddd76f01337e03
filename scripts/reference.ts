/** `npm run docs:reference`: rewrites the pages of docs/reference, and the tables of docs/transports, that follow from the sources. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../test/support/workspace.ts";
import { referencePages } from "./reference/pages.ts";

for (const { path, text } of referencePages()) {
  writeFileSync(join(root, path), text);
  console.log(path);
}
