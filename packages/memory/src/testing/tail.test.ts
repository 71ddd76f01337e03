import { channel, consumer, type Tail, type TailedMessage } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { type Testbed, testbed } from "./index.ts";

const messages = { placed: z.object({ n: z.string() }) };
const orders = channel("orders", { messages });
const news = channel("news", { messages });
const clicks = channel("clicks", { messages, orderingKey: ({ data }) => data.n });
type Bed = Testbed<typeof orders | typeof news | typeof clicks>;

async function started(): Promise<Bed> {
  const bed = await testbed({
    channels: [orders, news, clicks],
    model: { orders: "queue", news: "pubsub", clicks: "stream" },
    policy: { retry: { attempts: 1 } },
  });
  for (const of of [orders, news, clicks])
    bed.messaging.consume(consumer(of as typeof orders, "main", { placed: () => {} }));
  await bed.messaging.start();
  return bed as unknown as Bed;
}

/** Watches until so many messages were seen. `then` runs once it watches. */
async function seen(watched: Tail, count: number, then?: () => Promise<unknown>): Promise<TailedMessage[]> {
  const found: TailedMessage[] = [];
  const all = (async () => {
    for await (const message of watched) if (found.push(message) === count) return;
  })();
  await Promise.all([all, watched.watching.then(then)]);
  return found;
}

const publish = (bed: Bed, of: typeof news | typeof clicks, ...names: string[]) =>
  bed.messaging.publishMany(
    of as typeof news,
    names.map((n) => ({ type: "placed", data: { n }, id: `m-${n}` })),
  );

test.each([["pubsub", news] as const, ["stream", clicks] as const])(
  "a tail of %s shows what passes, without its data, and its groups get all the same",
  async (model, of) => {
    await using bed = await started();
    await publish(bed, of, "before");
    const found = await seen(bed.messaging.tail(of), 2, () => publish(bed, of, "a", "b"));
    expect(found.map(({ id }) => id).sort()).toEqual(["m-a", "m-b"]);
    expect(found[0]).toMatchObject({ type: "placed", source: "test", publishedAt: expect.any(Date) });
    expect(found[0]!.bytes).toBeGreaterThan(0);
    expect(found[0]).not.toHaveProperty("data");
    expect(found[0]).not.toHaveProperty("headers");
    expect("position" in found[0]!).toBe(model === "stream");
    await bed.settled();
    expect(bed.delivered(of, "main").length).toBe(3);
    expect(await bed.messaging.sweepTails(of)).toEqual([]);
  },
);

test("a tail of a stream starts where it is told; with `data` it shows headers and data", async () => {
  await using bed = await started();
  await publish(bed, clicks, "a");
  await bed.clock.advance("1m");
  const time = bed.clock.now();
  await publish(bed, clicks, "b");
  const all = await seen(bed.messaging.tail(clicks, { from: "earliest", data: true }), 2);
  expect(all.map(({ data }) => data)).toEqual(expect.arrayContaining([{ n: "a" }, { n: "b" }]));
  expect(all[0]).toMatchObject({ headers: {}, key: expect.any(String) });
  const later = await seen(bed.messaging.tail(clicks, { from: { time } }), 1);
  expect(later.map(({ id }) => id)).toEqual(["m-b"]);
  const [{ position = "" } = {}] = later;
  const again = await seen(bed.messaging.tail(clicks, { from: { at: position } }), 1);
  expect(again.map(({ id }) => id)).toEqual(["m-b"]);
});

test("a tail ends at its signal, after its time, and when messaging stops; no group is left on the topic", async () => {
  await using bed = await started();
  const over = new AbortController();
  const watch = async (options: object) => {
    const watched = bed.messaging.tail(news, options);
    const ended = seen(watched, 1);
    await watched.watching;
    return ended;
  };
  const bySignal = watch({ signal: over.signal });
  await bed.settled();
  over.abort();
  expect(await bySignal).toEqual([]);
  const byTime = watch({ for: "10m" });
  await bed.settled();
  await bed.clock.advance("10m");
  expect(await byTime).toEqual([]);
  const byStop = watch({});
  await bed.settled();
  await bed.messaging.stop({ deadline: 0 });
  expect(await byStop).toEqual([]);
});

test("a start or a time that cannot be is refused", async () => {
  await using bed = await started();
  const broken = bed.messaging.tail(news, { from: "earliest" });
  await expect(seen(broken, 1)).rejects.toMatchObject({ code: "bad-position" });
  await expect(broken.watching).rejects.toMatchObject({ code: "bad-position" });
  await expect(seen(bed.messaging.tail(news, { for: "13h" }), 1)).rejects.toMatchObject({ code: "bad-option" });
});

test("a queue is refused, because it would steal, with what to do instead", async () => {
  await using bed = await started();
  await expect(seen(bed.messaging.tail(orders), 1)).rejects.toMatchObject({
    code: "tail-unsupported",
    message: expect.stringMatching(/would take its messages from "main"; ask for its depth/),
  });
});
