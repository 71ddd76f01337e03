import { AsyncLocalStorage } from "node:async_hooks";
import { consumer } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import { assert, exactly, published, pulls } from "./kit.ts";

const traceOf = (n: number): string => `00-${String(n).padStart(32, "a")}-00f067aa0ba902b7-01`;

export const cases: readonly ContractCase[] = [
  {
    id: "H-context-of-publishers",
    clause: "handlers",
    title:
      "three publishers in one tick: each message has its publisher's trace, and no handler sees a publisher's AsyncLocalStorage",
    run: async (t) => {
      const store = new AsyncLocalStorage<string>();
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const stores: unknown[] = [];
      const traces: Record<number, string> = {};
      const seen = t.recorder((data, delivery) => {
        stores.push(store.getStore());
        if (delivery.traceparent !== undefined) traces[data.n] = delivery.traceparent.slice(3, 35);
      });
      await store.run("consume", () => app.consume(channel, "main", seen.handle));
      const publish = (n: number) =>
        store.run(`publisher ${n}`, () =>
          app.publish(channel, t.item(n), n > 3 ? undefined : { headers: { traceparent: traceOf(n) } }),
        );
      await Promise.all([1, 2, 3, 4, 5, 6].map(publish));
      await exactly(t, () => seen.ids.length, 6, "the messages");
      assert.deepEqual(traces, Object.fromEntries([1, 2, 3].map((n) => [n, traceOf(n).slice(3, 35)])));
      assert.deepEqual(new Set(stores), new Set(["consume"]));
    },
  },
  {
    id: "H-context-of-handlers",
    clause: "handlers",
    title: "what a handler enters with AsyncLocalStorage.enterWith reaches neither the next handler nor its own retry",
    run: async (t) => {
      const store = new AsyncLocalStorage<string>();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2, first: "10ms", max: "10ms" } });
      const entered: unknown[] = [];
      const seen = t.recorder();
      const enter = (data: { readonly n: number }, delivery: { readonly attempt: number }): unknown => {
        entered.push(store.getStore());
        store.enterWith(`handler ${data.n}`);
        const done = seen.handle(data, delivery);
        if (data.n === 2 && delivery.attempt === 1) throw new Error("once more");
        // One handler ends at once, one later.
        return data.n === 1 ? undefined : done;
      };
      await store.run("consume", () => app.consume(channel, "main", enter, { concurrency: 1 }));
      for (const n of [1, 2, 3, 4]) await app.publish(channel, t.item(n));
      await exactly(t, () => seen.seen.length, 5, "four messages, one of them twice");
      assert.deepEqual(entered, Array(5).fill("consume"));
    },
  },
  {
    id: "H-context-of-start",
    clause: "handlers",
    title: "a handler does not see the AsyncLocalStorage of whoever called start(), nor does it after a reconnect",
    needs: pulls,
    hold: "ends",
    run: async (t) => {
      const store = new AsyncLocalStorage<string>();
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      const stores: unknown[] = [];
      const seen = t.recorder(() => {
        stores.push(store.getStore());
      });
      app.messaging.consume(consumer(channel, "main", { "*": seen.handle } as never));
      await store.run("start", () => app.messaging.start());
      await store.run("first", () => app.publish(channel, t.item(1)));
      await t.until(() => seen.ids.length === 1, "the first");
      control.next("receive", "cut", 3);
      await t.until(() => control.hits >= 1, "the cut", 30_000);
      const second = await store.run("second", () => published(t, app, channel, t.item(2)));
      await t.until(() => seen.ids.includes(second), "the second", 30_000 + t.holdMs);
      assert.deepEqual(new Set(stores), new Set([undefined]));
    },
  },
];
