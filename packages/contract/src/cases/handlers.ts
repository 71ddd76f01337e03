import { middleware } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import { assert, exactly, pulls, range, sorted } from "./kit.ts";

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

export const cases: readonly ContractCase[] = [
  {
    id: "H-trace-context",
    clause: "envelope",
    title: "trace context makes the round trip, and survives retries",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder((_data, _delivery, one) => {
        if (one.attempt === 1) throw new Error("once more");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1), { headers: { traceparent: TRACE, tracestate: "vendor=1" } });
      await exactly(t, () => seen.done.length, 2, "two attempts");
      for (const { delivery } of seen.seen) {
        assert.equal(delivery.traceparent?.slice(3, 35), TRACE.slice(3, 35));
        assert.equal(delivery.tracestate, "vendor=1");
      }
    },
  },
  {
    id: "H-facts",
    clause: "envelope",
    title: "a delivery tells its channel, group, type, source, time and attempt; it is not foreign and has hop 0",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], service: "billing" });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const at = t.runtime.now();
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.seen.length, 1, "the message");
      const { delivery } = seen.seen[0]!;
      assert.deepEqual(
        [
          delivery.channel,
          delivery.group,
          delivery.type,
          delivery.source,
          delivery.attempt,
          delivery.foreign,
          delivery.hop,
        ],
        [channel.name, "main", "item", "billing", 1, false, 0],
      );
      assert.ok(Math.abs(delivery.time.getTime() - at) < 5_000);
      assert.equal(delivery.signal.aborted, false);
      assert.ok(delivery.raw !== undefined);
    },
  },
  {
    id: "H-middleware",
    clause: "handlers",
    title:
      "middleware runs around every attempt, the first outermost; what it adds is on the delivery; its error is the handler's",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const steps: string[] = [];
      const outer = middleware(async (_delivery: any, next: any) => {
        steps.push("outer");
        await next({ tenant: "t-1" });
        steps.push("outer done");
      });
      const inner = middleware(async (delivery: any, next: any) => {
        steps.push(`inner ${delivery.tenant} ${delivery.attempt}`);
        if (delivery.attempt === 1) throw new Error("from middleware");
        await next({ extra: 1 });
      });
      const seen = t.recorder((_data, delivery) => {
        steps.push(`handler ${delivery.tenant} ${delivery.extra}`);
      });
      await app.consume(channel, "main", seen.handle, { use: [outer, inner] });
      await app.publish(channel, t.item(1));
      await t.until(() => steps.includes("outer done"), "the second attempt's end");
      assert.deepEqual(steps, ["outer", "inner t-1 1", "outer", "inner t-1 2", "handler t-1 1", "outer done"]);
    },
  },
  {
    id: "H-handled-is-observed",
    clause: "handlers",
    title:
      "an observer is told of each message handled, with type, attempt and duration; the stop report counts them all",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], observeHandled: true });
      const seen = t.recorder(async (_data, _delivery, one) => {
        await t.sleep(40);
        if (one.data.n === 0 && one.attempt === 1) throw new Error("once more");
      });
      await app.consume(channel, "main", seen.handle);
      const ids = await app.publishAll(
        channel,
        range(4).map((n) => t.item(n)),
      );
      // One event for each id, because a message may be handled twice.
      const handled = () => [...new Map(app.eventsOf("handled").map((event) => [event.id, event])).values()];
      await exactly(t, () => handled().length, 4, "four successes");
      const events = handled();
      assert.deepEqual(sorted(events.map(({ id }) => ids.indexOf(id))), range(4));
      for (const { id, channel: of, group, messageType, attempt, durationMs } of events) {
        assert.deepEqual([of, group, messageType, attempt], [channel.name, "main", "item", id === ids[0] ? 2 : 1]);
        assert.ok(durationMs >= 39 && durationMs < 10_000, `${durationMs} ms`);
      }
      const { completed, drained } = await app.stop();
      assert.ok(completed >= 5 && drained === 0, `${completed} completed, ${drained} of them after the stop`);
    },
  },
  {
    id: "H-many-types",
    clause: "handlers",
    title: "each type of a channel reaches its own handler, whole",
    run: async (t) => {
      const any = { "~standard": { version: 1, vendor: "any", validate: (value: unknown) => ({ value }) } };
      const types = ["item", "order.placed", "order/cancelled", "a:b"];
      const channel = t.channel({ messages: Object.fromEntries(types.map((type) => [type, any])) });
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const items = types.map((type, n) => ({ type, data: t.item(n, { type }) }));
      const results = await app.messaging.publishMany(channel, items);
      assert.ok(results.every((result: any) => result.ok));
      await t.until(() => seen.ids.length === types.length, "all types");
      for (const one of seen.seen) assert.equal(one.type, one.data.type);
    },
  },
  {
    id: "H-handlers-cannot-harm-each-other",
    clause: "handlers",
    title: "a handler that changes its data does not change the next attempt's",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const lists: number[][] = [];
      const seen = t.recorder((data, _delivery, one) => {
        lists.push([...data.list]);
        data.list.push(99);
        if (one.attempt === 1) throw new Error("once more");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1, { list: range(3) }));
      await exactly(t, () => seen.done.length, 2, "two attempts");
      assert.deepEqual(lists, [range(3), range(3)]);
    },
  },
];
