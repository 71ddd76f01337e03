/** What RabbitMQ has that is not what the plan says, and what a model cannot do. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipped } from "./support/rabbit.ts";
import { never, openSeam, type Seam } from "./support/rabbit-seam.ts";

let seam: Seam;
beforeAll(async () => {
  if (!skipped) seam = await openSeam("drift");
}, 120_000);
afterAll(() => seam?.close());

describe.skipIf(skipped)("RabbitMQ's drift", () => {
  test("drift is told attribute by attribute, changes nothing, and only destructive makes it anew", async () => {
    const of = seam.queue({ nativeAttempts: 10, deadLetter: seam.queue({ dead: true }) });
    const channel = await seam.raw.createChannel();
    const others = { "x-queue-type": "quorum", "x-delivery-limit": 3, "x-max-length": 100 };
    await channel.assertQueue(of.name, { durable: true, arguments: others });
    const { changes } = await seam.topology.plan([of], never);
    const drift = changes.filter(({ name, action }) => name === of.name && action === "destructive");
    expect(drift.map(({ detail }) => detail)).toEqual(
      expect.arrayContaining([
        { attribute: "x-delivery-limit", is: "3", wanted: "99" },
        { attribute: "x-overflow", is: "none", wanted: "reject-publish" },
        { attribute: "x-dead-letter-routing-key", is: "none", wanted: of.deadLetter!.name },
        { attribute: "x-dead-letter-strategy", is: "none", wanted: "at-least-once" },
        { attribute: "x-max-length", is: "100", wanted: "none" },
      ]),
    );
    expect(drift[0]!.summary).toMatch(/is .*, should be .*its messages are lost/);
    await seam.topology.apply(await seam.topology.plan([of], never), never);
    expect((await seam.topology.plan([of], never)).changes.length).toBe(drift.length);
    await seam.topology.apply(await seam.topology.plan([of], never), never, { destructive: true });
    expect((await seam.topology.plan([of], never)).changes).toEqual([]);
    const classic = seam.queue();
    await channel.assertQueue(classic.name, { durable: true, arguments: { "x-queue-type": "classic" } });
    const kinds = (await seam.topology.plan([classic], never)).changes.filter(({ name }) => name === classic.name);
    expect(kinds.map(({ detail }) => detail)).toContainEqual({
      attribute: "x-queue-type",
      is: "classic",
      wanted: "quorum",
    });
  });

  test("a changed number of attempts asks for no other queue, as long as the broker's limit is above it", async () => {
    const of = seam.queue({ nativeAttempts: 10, deadLetter: seam.queue({ dead: true }) });
    await seam.provide(of);
    for (const nativeAttempts of [198, 100, 20, 10])
      expect((await seam.topology.plan([{ ...of, nativeAttempts }], never)).changes).toEqual([]);
  });

  test("a limit below the attempts costs no messages: the plan says what can be done, and a destructive apply leaves the queue", async () => {
    const deadLetter = seam.queue({ dead: true });
    const of = seam.queue({ nativeAttempts: 10, deadLetter });
    await seam.provide(of);
    const channel = await seam.raw.createChannel();
    channel.sendToQueue(of.name, Buffer.from("kept"));
    const many = { ...of, nativeAttempts: 400 };
    const plan = await seam.topology.plan([many], never);
    expect(plan.changes).toMatchObject([
      { action: "drift", name: of.name, detail: { attribute: "x-delivery-limit", is: "99", wanted: "1999" } },
    ]);
    expect(plan.changes[0]!.summary).toBe(
      "x-delivery-limit: is 99, and the policy's attempts need 200 or more; RabbitMQ cannot raise the limit of an existing queue, not even by a policy: the lower of the two counts. Without loss: lower retry.attempts to 99 or less; or stop publishing, let the consumers empty the queue, delete it and apply again",
    );
    await seam.topology.apply(plan, never, { destructive: true });
    await expect.poll(async () => (await (await seam.raw.createChannel()).checkQueue(of.name)).messageCount).toBe(1);
  });

  test.each([
    ["quorum", { "x-delivery-limit": 2 }, { deliveries: { count: 3, setting: "x-delivery-limit 2" } }],
    ["classic", { "x-message-ttl": 60_000 }, { retentionMs: 60_000 }],
    ["quorum", { "x-max-length": 100, "x-overflow": "reject-publish" }, {}],
    ["classic", { "x-max-length": 100 }, { discards: [expect.stringMatching(/x-max-length is 100 .*drop-head/)] }],
    ["classic", { "x-expires": 600_000 }, { discards: [expect.stringMatching(/x-expires is 600000/)] }],
  ])(
    "what an existing %s queue with %o does to messages by itself is read when it is opened",
    async (type, its, found) => {
      const of = seam.queue();
      const channel = await seam.raw.createChannel();
      await channel.assertQueue(of.name, { durable: true, arguments: { "x-queue-type": type, ...its } });
      const from = { ...of, address: of.name, dead: true };
      const receiver = await seam.connection.receiver(from, { holdMs: 30_000, prefetch: 1, start: "earliest" }, never);
      expect(receiver.existing).toEqual(found);
      await receiver.close();
      await channel.close();
    },
  );

  test("a topic of another kind under the name is drift, and an ordered channel refuses a plain queue", async () => {
    const topic = seam.queue({ model: "pubsub" });
    const channel = await seam.raw.createChannel();
    await channel.assertExchange(topic.base, "fanout", { durable: true });
    const { changes } = await seam.topology.plan([topic], never);
    expect(changes.find(({ name }) => name === topic.base)).toMatchObject({
      action: "destructive",
      resource: "exchange",
      detail: { attribute: "type", is: "fanout", wanted: "topic" },
    });
    const plain = seam.queue();
    await seam.provide(plain);
    await expect(seam.connection.sender({ ...plain, ordered: true }, never)).rejects.toMatchObject({
      code: "wrong-queue-kind",
      kind: "config",
    });
  });

  test("streams refuse what would close the connection, and queues refuse what only streams have", async () => {
    const stream = seam.queue({ model: "stream" });
    await expect(seam.connection.purge!(stream, never)).rejects.toMatchObject({ code: "purge-unsupported" });
    await expect(seam.connection.seek!(seam.queue(), "earliest", never)).rejects.toMatchObject({
      code: "seek-unsupported",
    });
    await expect(seam.connection.receiver(stream, { holdMs: 1, prefetch: 1, start: "latest" }, never)).rejects.toThrow(
      /no queue/,
    );
  });
});
