import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { referencePages } from "../scripts/reference/pages.ts";
import { root } from "./support/workspace.ts";

test.each(referencePages())(
  "$path follows from the sources; after a change: npm run docs:reference",
  ({ path, text }) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  },
);
