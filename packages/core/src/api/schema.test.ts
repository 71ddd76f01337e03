import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { validate } from "./schema.ts";

/** One that answers what it is told. */
const answering = (result: unknown): StandardSchemaV1 => ({
  "~standard": { version: 1, vendor: "test", validate: () => result as never },
});

describe("validate() gives the output, or the problems with the path of each field", () => {
  test("the path goes through arrays", () => {
    const schema = z.object({ lines: z.array(z.object({ cents: z.int() })) });
    expect(validate(schema, { lines: [] })).toEqual({ value: { lines: [] } });
    const found = validate(schema, { lines: [{ cents: 1 }, { cents: "2" }] });
    expect(found).toMatchObject({
      problems: [{ path: "lines[1].cents", message: expect.stringContaining("expected number") }],
    });
  });

  test("the output, not the input", () => {
    const schema = z.codec(z.string(), z.number(), { decode: Number, encode: String });
    expect(validate(schema, "42")).toEqual({ value: 42 });
  });

  test("all problems, not the first only", () => {
    const found = validate(z.object({ a: z.string(), b: z.string() }), {});
    expect(found).toMatchObject({ problems: [{ path: "a" }, { path: "b" }] });
  });

  test("asynchronous schemas", async () => {
    const schema = z.object({ id: z.string().refine(async (id) => id !== "taken", "is taken") });
    const found = validate(schema, { id: "taken" });
    expect(found).toBeInstanceOf(Promise);
    expect(await found).toEqual({ problems: [{ path: "id", message: "custom" }] });
    expect(await validate(schema, { id: "free" })).toEqual({ value: { id: "free" } });
  });

  test.each([
    [undefined, ""],
    [[], ""],
    [["a", "b"], "a.b"],
    [["a", 0, { key: "b" }], "a[0].b"],
    [[2], "[2]"],
    [["ключ", "a b", "x.y", ""], 'ключ["a b"]["x.y"][""]'],
    [["content-type"], "content-type"],
    [[Symbol("s")], "[Symbol(s)]"],
  ])("path %j reads %j", (path, text) => {
    expect(validate(answering({ issues: [{ message: "no", path }] }), 1)).toEqual({
      problems: [{ path: text, message: "refused by the schema" }],
    });
  });

  test("a library's message, which may quote the value, is left out; its code and what it expects are kept", () => {
    const issues = [
      { message: 'received "hunter2"', code: "too_small", minimum: 1, path: ["a"] },
      { message: 'received "hunter2"', type: "min_length", expected: ">=8", received: "7" },
      { message: 'must be an email (was "hunter2")', code: "an email: hunter2", expected: "an email" },
    ];
    expect(validate(answering({ issues }), 1)).toEqual({
      problems: [
        { path: "a", message: "too_small, at least 1" },
        { path: "", message: "min_length, expected >=8" },
        { path: "", message: "refused by the schema, expected an email" },
      ],
    });
  });

  test("an empty list of issues is still a refusal", () => {
    expect(validate(answering({ issues: [] }), 1)).toEqual({
      problems: [{ path: "", message: "refused by the schema" }],
    });
  });

  test("undefined is an output like any other", () => {
    expect(validate(answering({ value: undefined }), 1)).toEqual({ value: undefined });
  });
});
