import { EventEmitter } from "node:events";
import type { Delivery, DriverEvent } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { Channel } from "../client/channel.ts";
import { QueueLease } from "./queue-lease.ts";
import { fastPaths } from "../fast/index.ts";
import type { Receipt } from "./unsettled.ts";

const never = new AbortController().signal;
const TIMEOUT = 10_000;

/** A channel that pushes what the test gives it, and writes down what it is told. */
class Raw extends EventEmitter {
  readonly written: string[] = [];
  arrived: (message: unknown) => void = () => {};
  async checkQueue() {
    return { consumerCount: 0, messageCount: 0 };
  }
  /** Prefetch by consumer. */
  readonly consumers = new Map<string, number>();
  #prefetch = 0;
  async prefetch(count: number) {
    this.#prefetch = count;
  }
  async consume(_queue: string, arrived: (message: unknown) => void) {
    this.arrived = arrived;
    const consumerTag = `c${++this.begun}`;
    this.consumers.set(consumerTag, this.#prefetch);
    return { consumerTag };
  }
  begun = 0;
  fewestConsumers = Number.POSITIVE_INFINITY;
  async cancel(tag: string) {
    this.consumers.delete(tag);
    this.fewestConsumers = Math.min(this.fewestConsumers, this.consumers.size);
  }
  ack({ fields }: { fields: { deliveryTag: number } }, upTo?: boolean) {
    this.written.push(`ack ${upTo === true ? "up to " : ""}${fields.deliveryTag}`);
  }
  nack({ fields }: { fields: { deliveryTag: number } }) {
    this.written.push(`back ${fields.deliveryTag}`);
  }
  async close() {
    this.written.push("close");
    await Promise.resolve();
    this.emit("close");
  }
}

async function consuming(over: { ordered?: boolean; redelivery?: object } = {}) {
  const runtime = virtualRuntime();
  const channels: Raw[] = [];
  const reported: DriverEvent[] = [];
  const lease = new QueueLease({
    queue: "q",
    link: {
      channel: async () => {
        const raw = new Raw();
        channels.push(raw);
        return new Channel(raw as never, never, (work) => work);
      },
    } as never,
    prefetch: 10,
    runtime,
    consumerTimeoutMs: TIMEOUT,
    redelivery: over.ordered === true ? undefined : ((over.redelivery ?? {}) as never),
    brokerRetry: undefined,
    fast: fastPaths,
    safeReturns: () => 4,
    report: (event) => reported.push(event),
    consumerArguments: {},
    checkKey: undefined,
  });
  await lease.open(never);
  /** By the newest consumer. */
  const push = (...tags: readonly number[]) => {
    for (const tag of tags)
      channels.at(-1)!.arrived({
        content: Buffer.from(`${tag}`),
        fields: { deliveryTag: tag, consumerTag: `c${channels.at(-1)!.begun}` },
        properties: { contentType: "text/plain", messageId: `m-${tag}`, headers: {} },
      });
  };
  const take = async (max = 10) => (await lease.receive(max, 0, never)) as readonly Delivery<Receipt>[];
  const again = (tag: number, returned: number) =>
    channels.at(-1)!.arrived({
      content: Buffer.from(`${tag}`),
      fields: { deliveryTag: tag, redelivered: true },
      properties: { messageId: `m-${tag}`, headers: { "x-delivery-count": returned } },
    });
  return { runtime, channels, reported, again, lease, push, take, raw: () => channels.at(-1)! };
}

test("what core has let go of goes back before the broker's own limit, and frees its place", async () => {
  const { runtime, lease, push, take, raw } = await consuming();
  push(1, 2);
  const [one, two] = await take();
  await runtime.advance(5_000);
  push(3);
  expect(await lease.settle([{ receipt: two!.receipt, action: "ack" }], never)).toEqual([undefined]);
  await runtime.advance(4_400);
  expect(raw().written).toEqual(["ack 2"]);
  await runtime.advance(200);
  expect(raw().written).toEqual(["ack 2", "back 1"]);
  expect(lease.held).toBe(1);
  const [outcome] = await lease.settle([{ receipt: one!.receipt, action: "ack" }], never);
  expect(outcome).toMatchObject({ cause: { kind: "lost" } });
  expect(raw().written).toEqual(["ack 2", "back 1"]);
});

test("what waited here for its whole time goes back as well, and is not handed out any more", async () => {
  const { runtime, push, take, raw, lease } = await consuming();
  push(1, 2, 3);
  const [first] = await take(1);
  await lease.settle([{ receipt: first!.receipt, action: "ack" }], never);
  await runtime.advance(TIMEOUT);
  expect(raw().written).toEqual(["ack 1", "back 2", "back 3"]);
  expect(await take()).toEqual([]);
  push(4);
  expect((await take()).map(({ id }) => id)).toEqual(["m-4"]);
});

test("on an ordered queue the channel goes back once the rest is settled", async () => {
  const { runtime, lease, push, take, channels } = await consuming({ ordered: true });
  push(1);
  await take();
  await runtime.advance(3_000);
  push(2);
  const [second] = await take();
  await runtime.advance(7_000);
  expect(channels).toHaveLength(1);
  await lease.settle([{ receipt: second!.receipt, action: "ack" }], never);
  await runtime.settle();
  expect(channels[0]!.written).toEqual(["ack 2", "close"]);
  expect(channels).toHaveLength(2);
});

test("a message whose copy for a delayed retry is under way is not named twice", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { runtime, lease, push, take, raw } = await consuming({ redelivery: { republish: () => promise } });
  push(1);
  const [one] = await take();
  const settling = lease.settle([{ receipt: one!.receipt, action: "retry", delayMs: 1_000, attempt: 1 }], never);
  await runtime.advance(TIMEOUT);
  resolve();
  expect(await settling).toMatchObject([{ cause: { kind: "lost" } }]);
  expect(raw().written).toEqual(["back 1"]);
});

test("while the broker takes no copy a retry is neither early nor counted: the message stays until one is accepted", async () => {
  const blocked = new Error("short of memory");
  let refusals = 0;
  const republished: unknown[] = [];
  const republish = async (...given: readonly unknown[]) => {
    if (refusals++ < 20) throw blocked;
    republished.push(given.slice(1, 4));
  };
  const { lease, push, take, raw } = await consuming({ redelivery: { republish } });
  push(1);
  const [one] = await take();
  const failed = { receipt: one!.receipt, action: "retry" as const, delayMs: 60_000, attempt: 1 };
  for (let call = 0; call < 20; call++)
    expect(await lease.settle([failed], never)).toMatchObject([{ cause: { kind: "retryable", cause: blocked } }]);
  expect(raw().written).toEqual([]);
  expect(lease.held).toBe(1);
  expect(await lease.settle([failed], never)).toEqual([undefined]);
  expect([republished, raw().written]).toEqual([[["q", 60_000, 1]], ["ack 1"]]);
});

test("what comes back for no failure raises no attempt, and is not moved to the dead letters for it", async () => {
  const republished: unknown[] = [];
  const republish = async (...given: readonly unknown[]) => void republished.push(given.slice(1, 4));
  const { lease, again, take, raw } = await consuming({ redelivery: { republish } });
  again(1, 3);
  again(2, 4);
  const both = await take();
  expect(both.map(({ attempt }) => attempt)).toEqual([1, 1]);
  const release = both.map(({ receipt }) => ({ receipt, action: "release" as const }));
  expect(await lease.settle(release, never)).toEqual([undefined, undefined]);
  expect([raw().written, republished]).toEqual([["back 1", "ack 2"], [["q", 0, 0]]]);
});

test("what the broker may have moved by its own limit, when a channel ended, is reported", async () => {
  const { again, take, lease, reported } = await consuming();
  again(1, 3);
  again(2, 4);
  await take();
  lease.fail(new Error("gone"));
  expect(reported).toMatchObject([{ type: "warning", id: "q", cause: { code: "delivery-limit" } }]);
  expect(String((reported[0]!.cause as Error).message)).toContain('"m-2"');
  expect(String((reported[0]!.cause as Error).message)).not.toContain('"m-1"');
});

test("more are allowed by one more consumer; fewer by cancelling all but one of one message, until the rest is settled", async () => {
  const { lease, push, take, raw, runtime } = await consuming();
  const ack = async (one: Delivery<Receipt> | undefined) => {
    await lease.settle([{ receipt: one!.receipt, action: "ack" }], never);
    await runtime.settle();
  };
  lease.limit(25);
  await runtime.settle();
  expect([...raw().consumers.values()]).toEqual([10, 15]);
  push(1, 2, 3, 4, 5, 6);
  const [one, two, three] = await take(3);
  lease.limit(4);
  await runtime.settle();
  // Three are handed out. A queue that deletes itself with its last consumer must keep one.
  expect([raw().written, lease.held, [...raw().consumers]]).toEqual([["back 4", "back 5", "back 6"], 3, [["c3", 1]]]);
  expect(raw().fewestConsumers).toBe(1);
  await ack(one);
  // Two held by consumers that are gone, one by the live one, and one more.
  expect([...raw().consumers.values()]).toEqual([1, 1]);
  await ack(two);
  await ack(three);
  const allowed = [...raw().consumers.values()].reduce((all, prefetch) => all + prefetch, 0);
  expect([allowed, lease.held]).toEqual([4, 0]);
});

test("a message that comes back again and again without a failed attempt is reported, with what may be the reason", async () => {
  const republished: unknown[] = [];
  const redelivery = { republish: async (...given: readonly unknown[]) => void republished.push(given.slice(1, 4)) };
  const { lease, again, take, reported } = await consuming({ redelivery });
  again(1, 3);
  again(2, 4);
  for (const { receipt } of await take()) await lease.settle([{ receipt, action: "release" }], never);
  expect(republished).toHaveLength(1);
  expect(reported.map(({ type }) => type)).toEqual(["warning"]);
  expect(String((reported[0]!.cause as Error).message)).toContain(
    'a message of "q" came back to the broker 5 times without a failed attempt: its handler takes longer than consumerTimeout (10 s)',
  );
});

test("an ordered queue whose channel begins anew says what the broker may have moved by its own limit", async () => {
  const { lease, again, take, reported, runtime, channels } = await consuming({ ordered: true });
  again(1, 3);
  again(2, 4);
  const [one, two] = await take();
  await lease.settle([{ receipt: one!.receipt, action: "ack" }], never);
  await lease.settle([{ receipt: two!.receipt, action: "release" }], never);
  await runtime.settle();
  expect(channels).toHaveLength(2);
  expect(reported.map(({ cause }) => String((cause as Error).message))).toEqual([
    expect.stringMatching(/^a message of "q" came back to the broker 5 times or more.*x-delivery-limit.*"m-2"$/),
  ]);
});

test("no consumer is ever given a prefetch of 0, which is no limit", async () => {
  const { lease, push, take, raw, runtime } = await consuming();
  push(1, 2, 3);
  await take(3);
  lease.limit(1);
  await runtime.settle();
  expect([...raw().consumers.values()]).toEqual([1]);
});

test("what goes back unseen goes as a copy where the broker's own limit is near", async () => {
  const republished: unknown[] = [];
  const redelivery = { republish: async (...given: readonly unknown[]) => void republished.push(given.slice(1, 4)) };
  const { lease, again, raw, runtime } = await consuming({ redelivery });
  again(1, 0);
  again(2, 4);
  lease.limit(1);
  await runtime.settle();
  expect([republished, raw().written]).toEqual([[["q", 0, 0]], ["back 1", "ack 2"]]);
});

test("an ordered queue holds fewer once what is handed out is settled, in a new channel; more does not disturb it", async () => {
  const { lease, push, take, runtime, channels } = await consuming({ ordered: true });
  push(1, 2);
  const [one] = await take(1);
  lease.limit(20);
  lease.limit(12);
  await runtime.settle();
  expect([channels.length, [...channels[0]!.consumers]]).toEqual([1, [["c1", 10]]]);
  lease.limit(2);
  await lease.settle([{ receipt: one!.receipt, action: "ack" }], never);
  await runtime.settle();
  expect([channels.length, [...channels[1]!.consumers]]).toEqual([2, [["c1", 2]]]);
});

test("a reader that throws ends the channel, which gives everything back", async () => {
  const { push, take, raw, lease } = await consuming();
  push(1);
  await take();
  raw().arrived({
    content: Buffer.alloc(0),
    fields: { deliveryTag: 2 },
    get properties(): object {
      throw new Error("unreadable");
    },
  });
  expect(lease.lost.aborted).toBe(true);
  expect(raw().written).toEqual(["close"]);
});
