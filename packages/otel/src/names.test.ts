import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  CONVENTIONAL,
  CONVENTIONAL_METRICS,
  CONVENTIONS,
  OTHER,
  OWN,
  OWN_METRICS,
  PROCESS_EXCEPTION,
  systemOf,
} from "./names.ts";

/** The documentation of each constant, as the package's types have it. */
const declared = readFileSync(
  new URL(
    "./experimental_attributes.d.mts",
    import.meta.resolve("@opentelemetry/semantic-conventions/incubating").replace(/[^/]*$/, ""),
  ),
  "utf8",
);
const values = (prefix: RegExp) =>
  Object.entries(conventions).flatMap(([name, value]) => (prefix.test(name) ? [value as string] : []));

test("the names are those of the version that they say", () => {
  const manifest = new URL("../package.json", import.meta.resolve("@opentelemetry/semantic-conventions/incubating"));
  expect(JSON.parse(readFileSync(manifest, "utf8")).version).toBe(CONVENTIONS);
  expect(values(/^ATTR_/)).toEqual(expect.arrayContaining(Object.values(CONVENTIONAL)));
  expect(values(/^METRIC_/)).toEqual(expect.arrayContaining(Object.values(CONVENTIONAL_METRICS)));
  expect(values(/^EVENT_/)).toContain(PROCESS_EXCEPTION);
  expect(values(/^ERROR_TYPE_VALUE_/)).toContain(OTHER);
  expect(values(/^MESSAGING_SYSTEM_NAME_VALUE_/)).toEqual(expect.arrayContaining(["sqs", "sns", "amqp"].map(systemOf)));
});

test("no name of ours is one of the conventions, and none of theirs is deprecated", () => {
  const all = new Set(values(/^(ATTR|METRIC)_/));
  for (const name of [...Object.values(OWN), ...Object.values(OWN_METRICS)]) expect(all).not.toContain(name);
  for (const name of Object.values(CONVENTIONAL)) {
    const [constant] = Object.entries(conventions).find(([key, value]) => value === name && key.startsWith("ATTR_"))!;
    const at = declared.indexOf(`declare const ${constant}:`);
    // A stable attribute is declared in another file.
    const before = at < 0 ? "" : declared.slice(declared.lastIndexOf("/**", at), at);
    expect(before.includes("@deprecated"), name).toBe(false);
  }
});
