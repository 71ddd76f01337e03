import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { readYamlScalar } from "./yaml.ts";

const read = (text: string) => readYamlScalar("SWITCHYARD__X", text);

it("reads plain words and numbers as the YAML parser does", async () => {
  const parts = ["true", "False", "null", "NULL", "0", "007", "12", "1e5", "0xa", "0o7", "30s", "1e", "a", "Ab", "é"];
  const glue = ["", ":", "://", "/", ".", "-", "_", "@", "+", " ", "#", "!", "~"];
  const text = fc
    .array(fc.tuple(fc.constantFrom(...parts), fc.constantFrom(...glue)), { minLength: 1, maxLength: 5 })
    .map((all) => all.flat().join(""));
  const asParsed = async (given: string) => {
    let parsed: unknown;
    try {
      parsed = parse(given, { logLevel: "silent" });
    } catch {
      parsed = given;
    }
    // What is no scalar, and null in every spelling of YAML, is the text as it stands.
    expect(await read(given)).toEqual(parsed === null || typeof parsed === "object" ? given : parsed);
  };
  await fc.assert(fc.asyncProperty(text, asParsed), { numRuns: 2_000 });
  for (const given of [
    "amqp://user@host:5672/vhost",
    "250ms",
    "10MB",
    "999999999999999",
    "9999999999999999999",
    ".inf",
  ])
    await asParsed(given);
});

it("reads quoted text, and takes what is no scalar for text", async () => {
  expect(await read('"007"')).toBe("007");
  expect(await read("1.5")).toBe(1.5);
  for (const text of ["a: b", "@x", "[1, 2]", "", "~"]) expect(await read(text)).toBe(text);
});
