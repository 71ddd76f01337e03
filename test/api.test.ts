import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { apiRecord, recordPath } from "../scripts/api-record.ts";
import { workspaces } from "./support/workspace.ts";

test.each(workspaces)("the public API of $short is the one on record; a change that is meant: npm run api", (of) => {
  expect(apiRecord(of)).toBe(readFileSync(recordPath(of), "utf8"));
});
