import { expect, test } from "vitest";
import type { Connection, Lease, ReceiverDriver } from "../../driver/index.ts";
import { everything } from "../../fixtures/adapters.ts";
import { virtualRuntime } from "../../testing/virtual-runtime.ts";
import { Session } from "./session.ts";

test("a reader that a stop ends, and that cannot be closed, rejects nothing that nobody awaits", async () => {
  const closed = new AbortController();
  const running = new Set<Promise<void>>();
  const lease = { lost: new AbortController().signal, receive: async () => [], release: async () => {} };
  const receiver = {
    capabilities: everything,
    leases: async function* () {
      yield lease as unknown as Lease;
    },
    close: () => Promise.reject(new Error("the connection was cut")),
  } as unknown as ReceiverDriver;
  const session = new Session({
    connection: { receiver: async () => receiver } as unknown as Connection,
    from: { channel: "orders", base: "b", name: "b", model: "queue", ordered: false, native: {} },
    runtime: virtualRuntime(),
    exactDepth: false,
    open: () => closed.signal.throwIfAborted(),
    closed: closed.signal,
    running,
    errorContext: { channel: "orders", group: "billing" },
    holdMs: 30_000,
  });
  await session.ready();
  closed.abort(new Error("stopped"));
  expect(running.size).toBe(1);
  // A stop awaits them once the inboxes are closed, which takes as long as it takes.
  expect(await Promise.allSettled(running)).toMatchObject([{ status: "fulfilled" }]);
});
