import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EVENT_ADVICE } from "../scripts/reference/event-advice.ts";
import { environmentFaults } from "../scripts/reference/environment.ts";
import { errorCodes } from "../scripts/reference/error-codes.ts";
import { adviceFaults } from "../scripts/reference/errors.ts";
import { referencePages } from "../scripts/reference/pages.ts";
import { root } from "./support/workspace.ts";

test.each(referencePages())(
  "$path follows from the sources; after a change: npm run docs:reference",
  ({ path, text }) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  },
);

test("every error code in the sources has its advice, and no other", () => {
  expect(adviceFaults()).toEqual([]);
});

test("the guide to events names every event of the code, and no other", () => {
  const guide = readFileSync(join(root, "docs/guides/events.md"), "utf8");
  const rows = guide.slice(guide.indexOf("## What to watch"), guide.indexOf("## `redact`")).match(/^\| \[.*?\|/gm)!;
  const named = rows.flatMap((row) => [...row.matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
  expect(new Set(named)).toEqual(new Set(Object.keys(EVENT_ADVICE)));
});

test("codes are found however they are raised", () => {
  const codes = errorCodes();
  // A row of a table, a constructor, a helper of one file, a condition, a part known at run time, a dead letter.
  for (const code of ["kms-disabled", "not-amqp", "bad-header", "queue-not-found", "sqlstate-*", "attempts-exhausted"])
    expect(codes.has(code), code).toBe(true);
  expect(codes.has("custom")).toBe(false);
});

test("every environment variable that the sources read is documented, and no other", () => {
  expect(environmentFaults()).toEqual([]);
});
