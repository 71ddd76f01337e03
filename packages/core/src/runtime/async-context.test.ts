import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { capturedContext, outside } from "./async-context.ts";
import { systemRuntime } from "./system-runtime.ts";

const store = new AsyncLocalStorage<string>();

test("what is called in a captured context sees its stores, whatever an earlier call has entered, and leaves its caller's alone", () => {
  const scope = store.run("captured", () => capturedContext());
  const seen = store.run("caller", () => {
    const inside = [1, 2].map((n) =>
      scope.runInAsyncScope(() => {
        const before = store.getStore();
        store.enterWith(`call ${n}`);
        return before;
      }),
    );
    return [...inside, store.getStore()];
  });
  expect(seen).toEqual(["captured", "captured", "caller"]);
});

test("timers, deferred calls and what is called outside see no store of their caller", async () => {
  const seen = await store.run("caller", async () => {
    const deferred = new Promise((resolve) => systemRuntime.defer(() => resolve(store.getStore())));
    const timed = new Promise((resolve) => systemRuntime.timer(1, () => resolve(store.getStore())));
    return [await deferred, await timed, outside(() => store.getStore()), store.getStore()];
  });
  expect(seen).toEqual([undefined, undefined, undefined, "caller"]);
});
