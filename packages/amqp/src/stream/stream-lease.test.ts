import { EventEmitter } from "node:events";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { Channel } from "../client/channel.ts";
import { fastPaths } from "../fast/index.ts";
import { StreamLease } from "./stream-lease.ts";

const never = new AbortController().signal;

/** A channel that pushes what the test gives it. */
class Raw extends EventEmitter {
  acked = 0;
  arrived: (message: unknown) => void = () => {};
  async prefetch() {}
  async consume(_queue: string, arrived: (message: unknown) => void) {
    this.arrived = arrived;
  }
  ack() {
    this.acked++;
  }
  async close() {}
}

async function reading(consume?: () => Promise<void>) {
  const runtime = virtualRuntime();
  const raw = new Raw();
  if (consume !== undefined) raw.consume = consume;
  const channel = new Channel(raw as never, never, (work) => work);
  const shard = { id: "s-0", fencingToken: 1, tenures: 1, from: "TRIM_HORIZON", lost: never, asked: never };
  const lease = new StreamLease({
    shard: shard as never,
    number: 0,
    link: { channel: async () => channel } as never,
    prefetch: 100,
    runtime,
    closing: never,
    report: () => {},
    fast: fastPaths,
    released: () => {},
  });
  const receive = async () =>
    ((await lease.receive(10, 0, never)) ?? []).map(({ message }) => Buffer.from(message.body as string).toString());
  if (consume === undefined) expect(await receive()).toEqual([]);
  return { raw, receive, lease };
}

const record = (offset: number, headers: object = {}) => ({
  content: Buffer.from(`record ${offset}`),
  fields: { deliveryTag: offset },
  properties: { contentType: "text/plain", headers: { "x-stream-offset": offset, ...headers } },
});

test("a record that cannot be read stays the next one: nothing after it is handed out, and nothing is lost", async () => {
  const at = await reading();
  let broken = true;
  const hostile = record(2);
  Object.defineProperty(hostile.properties.headers, "ce", {
    get: () => {
      if (broken) throw new RangeError("Invalid time value");
      return undefined;
    },
  });
  for (const message of [record(0), record(1), hostile, record(3)]) at.raw.arrived(message);
  expect(await at.receive()).toEqual(["record 0", "record 1"]);
  for (let again = 0; again < 3; again++) await expect(at.receive()).rejects.toThrow("Invalid time value");
  expect(at.raw.acked).toBe(2);
  broken = false;
  expect(await at.receive()).toEqual(["record 2", "record 3"]);
});

test("a receive that is aborted while the partition is opened ends at once, whatever it may wait for", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { lease } = await reading(() => promise);
  const stop = new AbortController();
  const receiving = lease.receive(10, 60_000, stop.signal);
  stop.abort();
  // No time passes here.
  expect(await receiving).toEqual([]);
  resolve();
});
