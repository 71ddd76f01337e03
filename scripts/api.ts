/** `npm run api`: rewrites the record of the public API under docs/api after a change that was meant. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { workspaces } from "../test/support/workspace.ts";
import { apiRecord, recordPath } from "./api-record.ts";

for (const of of workspaces) {
  mkdirSync(dirname(recordPath(of)), { recursive: true });
  writeFileSync(recordPath(of), apiRecord(of));
  console.log(`docs/api/${of.short}.d.ts`);
}
