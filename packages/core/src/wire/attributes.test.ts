/** The short way of reading gives what parsing gives, one message after another. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { fromAttributes } from "./attributes.ts";

const TIMES = [
  "2026-01-01T00:00:00.000Z",
  "2026-01-01T00:00:00.001Z",
  "2026-13-01T00:00:00.000Z",
  '2026-01-01T00:00:00.000"',
];
const part = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "orders/1") },
  fc.constantFrom("", '"', "\\", "\\u0041", "\\ud800", "\u0000", "\u007f", "\u0085", "é", '","source":"a', '"}', ","),
  fc.string(),
);
/** As text: what is to be escaped is not always. */
const ce = fc
  .record({
    id: part,
    source: part,
    time: fc.oneof(fc.constantFrom(...TIMES), part),
    end: fc.constantFrom("}", ',"hop":1}', ""),
  })
  .map(({ id, source, time, end }) => `{"specversion":"1.0","id":"${id}","source":"${source}","time":"${time}"${end}`);

test("what is read without a parser is what a parser reads", () => {
  fc.assert(
    fc.property(fc.array(ce, { minLength: 1 }), (texts) => {
      for (const text of texts) expect(fromAttributes(text, "t", {})).toEqual(fromAttributes(` ${text}`, "t", {}));
    }),
    { numRuns: 1_000 },
  );
});

test("the next of the same source and millisecond is its own, and so is what follows it", () => {
  const written = (id: string, source: string, time: string) =>
    fromAttributes(JSON.stringify({ specversion: "1.0", id, source, time }), "t", {});
  const [first, later] = TIMES as [string, string];
  expect(written("1", "s", first)).toMatchObject({ id: "1", source: "s", time: Date.parse(first) });
  expect(written("2", "s", first)).toMatchObject({ id: "2", source: "s", time: Date.parse(first) });
  expect(written("3", "s", later)).toMatchObject({ id: "3", source: "s", time: Date.parse(later) });
  expect(written("4", "r", later)).toMatchObject({ id: "4", source: "r", time: Date.parse(later) });
});

test("a header cut short is no envelope, not even the first that a process reads", async () => {
  vi.resetModules();
  const fresh = await import("./attributes.ts");
  expect(fresh.fromAttributes('{"specversion":"1.0","id":"m-', "order.placed", {})).toBeUndefined();
});

test("when a delay is over is told, and a stranger's attribute of that name is as if it were not there", () => {
  const read = (notbefore: unknown) =>
    fromAttributes(JSON.stringify({ specversion: "1.0", id: "1", source: "s", notbefore }), "t", {});
  expect(read("2026-01-01T00:00:00.000Z")).toMatchObject({ notBefore: Date.parse("2026-01-01T00:00:00.000Z") });
  for (const other of ["soon", 7, "", null]) expect(read(other)).toMatchObject({ id: "1", notBefore: undefined });
  expect(read(undefined)).not.toHaveProperty("notBefore");
});

test("the attempts of a canary are told, and a stranger's attribute of that name is as if it were not there", () => {
  const read = (maxattempts: unknown) =>
    fromAttributes(JSON.stringify({ specversion: "1.0", id: "1", source: "s", hop: 2, maxattempts }), "t", {});
  expect(read(1)).toMatchObject({ maxAttempts: 1 });
  for (const other of [0, -1, 1.5, "1", null]) expect(read(other)).toMatchObject({ id: "1", maxAttempts: undefined });
});
