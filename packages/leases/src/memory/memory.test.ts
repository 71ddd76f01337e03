import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { leaseStoreCases } from "../testing/index.ts";
import { memoryLeases } from "./index.ts";

const harness = { runtime: virtualRuntime(), open: async (table: string) => memoryLeases(table) };
test.each(leaseStoreCases)("$name", async ({ run }) => {
  await expect(run(harness)).resolves.toBeUndefined();
});

test("stores without a name share nothing", async () => {
  const { signal } = new AbortController();
  await memoryLeases().beat({ id: "a", state: "active" }, signal);
  expect((await memoryLeases().load(signal)).workers).toEqual([]);
});
