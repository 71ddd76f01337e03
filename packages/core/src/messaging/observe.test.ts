import { expect, test, vi } from "vitest";
import { toConsole } from "./observe.ts";
import { guarded } from "../base/guarded.ts";

test("an event is one line on the console, whatever a stranger's error says", () => {
  const said = vi.spyOn(console, "warn").mockImplementation(() => {});
  const error = new Error("refused:\nlevel=error type=forged");
  toConsole({ type: "retry", level: "warn", channel: "orders\nforged", error } as never);
  expect(said.mock.calls.flat().join("").split("\n")).toHaveLength(1);
  said.mockRestore();
});

test("a callback that throws or rejects is named, and harms nobody", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  guarded("observe", () => {
    throw new Error("one");
  })(1);
  guarded("onRefused", async () => {
    throw new Error("two");
  })(1);
  await Promise.resolve();
  expect(said.mock.calls.map(([text]) => text)).toEqual([
    "[switchyard] observe() threw",
    "[switchyard] onRefused() threw",
  ]);
  said.mockRestore();
});
