import { expect, test, vi } from "vitest";
import type { Connection } from "../driver/index.ts";
import { everything } from "../fixtures/adapters.ts";
import type { GroupPlan } from "../plan/plan.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";
import { replay } from "./replay.ts";

test("all partitions are moved although progress() throws", async () => {
  const done: number[] = [];
  const connection = {
    seek: async (_of, _to, _signal, moved) => {
      for (const at of [1, 2, 3]) {
        done.push(at);
        moved?.({ done: at, total: 3 });
      }
    },
    classify: () => ({ kind: "retryable", code: "unknown" }),
  } satisfies Partial<Connection> as unknown as Connection;
  const printed = vi.spyOn(console, "error").mockReturnValue();
  const runtime = virtualRuntime();
  const replaying = replay({
    connection,
    group: { from: { model: "stream" }, capabilities: { ...everything, replay: ["earliest"] } } as unknown as GroupPlan,
    from: "earliest",
    inboxes: [],
    inbox: undefined,
    progress: () => {
      throw new Error("no terminal");
    },
    errorContext: { channel: "orders", group: "billing" },
    closed: new AbortController().signal,
    runtime,
  });
  const [ended] = await Promise.all([Promise.allSettled([replaying]), runtime.advance("1h")]);
  expect(ended).toMatchObject([{ status: "fulfilled" }]);
  expect(done).toEqual([1, 2, 3]);
  expect(printed).toHaveBeenCalledTimes(3);
  printed.mockRestore();
});
