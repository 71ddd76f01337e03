import { expect, test, vi } from "vitest";
import { loadOnce } from "./load-once.ts";

test("a module is imported once, for calls at the same time and later", async () => {
  const load = vi.fn<() => Promise<object>>(async () => ({ name: "module" }));
  const get = loadOnce(load);
  expect(load).not.toHaveBeenCalled();
  const all = await Promise.all([get(), get()]);
  expect([...all, await get()]).toEqual(Array(3).fill({ name: "module" }));
  expect(load).toHaveBeenCalledTimes(1);
});

test("an import that fails rejects all that wait for it, and the next call tries again", async () => {
  const load = vi.fn<() => Promise<string>>(async () => "module");
  load.mockRejectedValueOnce(new Error("no such file"));
  const get = loadOnce(load);
  const failed = await Promise.allSettled([get(), get()]);
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await get()).toBe("module");
  expect(load).toHaveBeenCalledTimes(2);
});
