/** Delays by hops on a virtual clock: days pass, processes die between two calls, clocks differ. */
import type { Destination, DriverEvent } from "@switchyard/core/driver";
import { type VirtualRuntime, virtualRuntime } from "@switchyard/core/testing";
import { describe, expect, test } from "vitest";
import { adapter } from "../adapter.ts";
import { destination, never, sdkError } from "../fixtures/fakes.ts";
import { VirtualSqs } from "../fixtures/virtual-sqs.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const QUEUE = "test_orders_billing";
const WAITING = `${QUEUE}_delay`;

const withHops = (hops: unknown = { longest: "13d" }): Destination => destination({ native: { hops } });

/** A process: a connection of its own, with a receiver of the group that is open. */
async function start(sqs: VirtualSqs, runtime: VirtualRuntime, of = withHops()) {
  const events: DriverEvent[] = [];
  const connection = await adapter.open({ client: sqs.client }, runtime, (event) => events.push(event));
  const receiver = await connection.receiver(of, { holdMs: 60_000, prefetch: 20, start: "earliest" }, never);
  const leases = receiver.leases(never)[Symbol.asyncIterator]();
  const { value: lease } = await leases.next();
  return { connection, receiver, lease: lease!, events, close: () => receiver.close() };
}

function world(longest = "13d") {
  const runtime = virtualRuntime({ quietTurns: 3 });
  const sqs = new VirtualSqs(runtime);
  sqs.queue(QUEUE);
  sqs.queue(WAITING).attributes["MessageRetentionPeriod"] = String((14 * DAY) / SECOND);
  const of = withHops({ longest });
  const publish = async (delayMs: number, body = "hello", more: object = {}) => {
    const connection = await adapter.open({ client: sqs.client }, runtime, () => {});
    const sender = await connection.sender(of, never);
    const [sent] = await sender.send([{ body, headers: { ce: "1" }, type: "reminder", delayMs, ...more }], never);
    return sent!;
  };
  /** What may be received from the group's queue now, without receiving it. */
  const visible = () => sqs.queue(QUEUE).messages.filter(({ visibleAt }) => visibleAt <= runtime.now() + sqs.aheadMs);
  return { runtime, sqs, of, publish, visible };
}

describe("a message with a long delay", () => {
  test.each([16 * MINUTE, 45 * MINUTE, 5 * HOUR, 12 * HOUR, 30 * HOUR, 13 * DAY])(
    "of %i ms comes when it is due: not before, and within a minute",
    async (delayMs) => {
      const { runtime, sqs, publish, visible } = world();
      const app = await start(sqs, runtime);
      const sentAt = runtime.now();
      await publish(delayMs);
      expect(sqs.queue(QUEUE).messages).toHaveLength(0);
      await runtime.advance(delayMs - 1);
      expect(visible()).toHaveLength(0);
      await runtime.advance(MINUTE);
      expect(visible()).toHaveLength(1);
      const [message] = visible();
      expect(message!.visibleAt).toBeGreaterThanOrEqual(sentAt + delayMs);
      expect(sqs.queue(WAITING).messages).toHaveLength(0);
      await app.close();
    },
  );

  test("arrives as it was sent: body, attributes and tenant, without our mark", async () => {
    const { runtime, sqs, publish } = world();
    const app = await start(sqs, runtime);
    await publish(20 * MINUTE, "body", { fairness: "tenant-7" });
    await runtime.advance(21 * MINUTE);
    const [delivery] = (await app.lease.receive(10, 0, never))!;
    expect(delivery!.message).toMatchObject({ body: "body", type: "reminder", fairness: "tenant-7" });
    expect({ ...delivery!.message.headers }).toEqual({ ce: "1" });
    await app.close();
  });

  test("takes as many requests as explain() says", async () => {
    const { runtime, sqs, of, publish } = world();
    const app = await start(sqs, runtime);
    await publish(2 * DAY);
    await runtime.advance(2 * DAY + MINUTE);
    const about = (action: string) => sqs.client.calls.filter((one) => one.action === action && one.input.Entries);
    expect(about("SendMessageBatch")).toHaveLength(2);
    expect(about("DeleteMessageBatch")).toHaveLength(1);
    const hops = about("ChangeMessageVisibilityBatch").length;
    expect(hops).toBe(4); // for the part of each 12 hours
    expect(adapter.explain!(of, {})[1]).toContain("4, and 2 more for each 12h of its delay, so 4 a day");
    await app.close();
  });

  test("is SQS's own where the delay is short", async () => {
    const { sqs, publish } = world();
    await publish(15 * MINUTE);
    expect(sqs.queue(WAITING).messages).toHaveLength(0);
    expect(sqs.queue(QUEUE).messages[0]!.entry).toMatchObject({ DelaySeconds: 900 });
  });

  test("waits while no consumer runs, and comes late", async () => {
    const { runtime, sqs, publish, visible } = world();
    await publish(2 * DAY);
    await runtime.advance(5 * DAY);
    expect(visible()).toHaveLength(0);
    const app = await start(sqs, runtime);
    await runtime.advance(MINUTE);
    expect(visible()).toHaveLength(1);
    await app.close();
  });

  test("is not early for a process that does not know of hops", async () => {
    const { runtime, sqs, publish } = world();
    const older = await start(sqs, runtime, destination());
    const got: unknown[] = [];
    const reading = older.lease
      .receive(10, 20_000, never)
      .then((more: readonly unknown[] | null) => got.push(...more!));
    await publish(HOUR);
    await runtime.advance(2 * HOUR);
    expect(got).toEqual([]);
    const app = await start(sqs, runtime);
    await runtime.advance(2 * MINUTE);
    await reading;
    expect(got).toHaveLength(1);
    await Promise.all([older.close(), app.close()]);
  });

  test("goes on at once if somebody else sent it into the delay queue", async () => {
    const { runtime, sqs, visible } = world();
    const app = await start(sqs, runtime);
    await sqs.client.send(
      Object.assign(Object.create({ constructor: { name: "SendMessageBatchCommand" } }), {
        input: {
          QueueUrl: `https://sqs.eu-west-1.amazonaws.com/123456789012/${WAITING}`,
          Entries: [{ Id: "0", MessageBody: "theirs" }],
        },
      }),
    );
    await runtime.advance(SECOND);
    expect(visible().map(({ entry }) => entry.MessageBody)).toEqual(["theirs"]);
    await app.close();
  });
});

describe("a process that ends in the middle", () => {
  test("between send and delete leaves a second copy and loses nothing", async () => {
    const { runtime, sqs, publish, visible } = world();
    const first = await start(sqs, runtime);
    await publish(20 * MINUTE);
    let dead = false;
    sqs.before = ({ action }) => {
      if (dead && action !== "ReceiveMessage") throw sdkError("TimeoutError");
    };
    sqs.after = ({ action, input }) => {
      if (action === "SendMessageBatch" && String(input.QueueUrl).endsWith(QUEUE)) dead = true;
    };
    await runtime.advance(15 * MINUTE + SECOND);
    expect(dead).toBe(true);
    expect(sqs.queue(WAITING).messages).toHaveLength(1);
    // The rest of the first process never runs: another one takes over.
    void first.close();
    await runtime.advance(10 * SECOND);
    dead = false;
    sqs.after = () => {};
    const second = await start(sqs, runtime);
    await runtime.advance(10 * MINUTE);
    expect(visible().map(({ entry }) => entry.MessageBody)).toEqual(["hello", "hello"]);
    expect(sqs.queue(WAITING).messages).toHaveLength(0);
    await second.close();
  });

  test("between receive and hop leaves the message where it is, and it is not early", async () => {
    const { runtime, sqs, publish, visible } = world();
    const app = await start(sqs, runtime);
    await publish(3 * HOUR);
    let refused = 0;
    sqs.before = ({ action }) => {
      if (action === "ChangeMessageVisibilityBatch" && refused++ < 3) throw sdkError("TimeoutError");
    };
    await runtime.advance(3 * HOUR - 1);
    expect(refused).toBe(4);
    expect(visible()).toHaveLength(0);
    await runtime.advance(MINUTE);
    expect(visible()).toHaveLength(1);
    await app.close();
  });
});

describe("a hand-over that fails", () => {
  test("leaves the message in the delay queue, shows in health, and is tried again", async () => {
    const { runtime, sqs, publish, visible } = world();
    const app = await start(sqs, runtime);
    await publish(20 * MINUTE);
    let broken = true;
    sqs.before = ({ action, input }) => {
      if (broken && action === "SendMessageBatch" && String(input.QueueUrl).endsWith(QUEUE))
        throw sdkError("KmsDisabled");
    };
    await runtime.advance(HOUR);
    expect(visible()).toHaveLength(0);
    expect(sqs.queue(WAITING).messages).toHaveLength(1);
    expect(app.events).toContainEqual(expect.objectContaining({ type: "down", id: WAITING }));
    broken = false;
    await runtime.advance(6 * MINUTE);
    expect(visible()).toHaveLength(1);
    expect(app.events.at(-1)).toEqual({ type: "up", id: WAITING });
    await app.close();
  });

  test("lasts about a day before SQS itself makes a dead letter of it", async () => {
    const { runtime, sqs, publish } = world();
    const app = await start(sqs, runtime);
    await publish(13 * DAY);
    sqs.before = ({ action, input }) => {
      if (action === "SendMessageBatch" && String(input.QueueUrl).endsWith(QUEUE)) throw sdkError("KmsDisabled");
    };
    await runtime.advance(14 * DAY - MINUTE);
    const [message] = sqs.queue(WAITING).messages;
    // The redrive policy of the delay queue says 300 receives, so the message is moved before its retention ends.
    expect(message!.receives).toBeGreaterThan(300);
    await app.close();
  });

  test("of one message does not keep back the others of its batch", async () => {
    const { runtime, sqs, publish, visible } = world();
    const app = await start(sqs, runtime);
    await Promise.all(["a", "poison", "b"].map((body) => publish(20 * MINUTE, body)));
    sqs.before = ({ action, input }) => {
      if (action !== "SendMessageBatch" || !String(input.QueueUrl).endsWith(QUEUE)) return;
      for (const entry of input.Entries) if (entry.MessageBody === "poison") entry.DelaySeconds = 901;
    };
    await runtime.advance(21 * MINUTE);
    expect(visible().map(({ entry }) => entry.MessageBody)).toEqual(["a", "b"]);
    expect(sqs.queue(WAITING).messages.map(({ entry }) => entry.MessageBody)).toEqual(["poison"]);
    await app.close();
  });
});

describe("clocks", () => {
  test.each([-HOUR, HOUR])("a machine whose clock differs by %i ms is neither early nor late", async (aheadMs) => {
    const { runtime, sqs, publish, visible } = world();
    sqs.aheadMs = aheadMs;
    const app = await start(sqs, runtime);
    await publish(30 * HOUR);
    await runtime.advance(30 * HOUR - 1);
    expect(visible()).toHaveLength(0);
    await runtime.advance(MINUTE);
    expect(visible()).toHaveLength(1);
    await app.close();
  });

  test("a process that starts later is not early by more than its own clock is wrong", async () => {
    const { runtime, sqs, publish, visible } = world();
    sqs.aheadMs = -2 * SECOND;
    await publish(30 * HOUR);
    const first = await start(sqs, runtime);
    await runtime.advance(HOUR);
    await first.close();
    const second = await start(sqs, runtime);
    await runtime.advance(29 * HOUR - 1 - 2 * SECOND);
    expect(visible()).toHaveLength(0);
    await second.close();
  });
});

describe("refused", () => {
  const problems = (of: Destination) => adapter.nativeProblems!(of, {});

  test("a delay beyond the longest, and any beyond 13 days", async () => {
    const { publish, of } = world("2d");
    expect(adapter.capabilities(of, {})!.delayedPublishMs).toBe(2 * DAY);
    expect(await publish(2 * DAY + SECOND)).toMatchObject({ cause: { code: "delay-too-long" } });
    expect(problems(withHops({ longest: "14d" }))[0]).toContain("from 15m to 13d");
    expect(problems(withHops({ longest: "13d" }))).toEqual([]);
    for (const hops of ["7d", { longest: "14m" }, { longest: "7d", above: "16m" }, { longest: "7d", most: 1 }, {}])
      expect(problems(withHops(hops)), JSON.stringify(hops)).toHaveLength(1);
  });

  test("an ordering key, an existing queue, dead letters, and a name that is too long for the delay queue", () => {
    const native = { hops: { longest: "7d" } };
    expect(problems(destination({ native, ordered: true }))[0]).toContain("native.hops: not with an ordering key");
    expect(problems(destination({ native, address: "theirs" }))[0]).toContain("existing queue");
    expect(problems(destination({ native, dead: true }))[0]).toContain("dead letters");
    expect(problems(destination({ native, name: "x".repeat(75) }))[0]).toContain("81 characters");
    expect(adapter.capabilities(destination({ native, ordered: true }), {})!.delayedPublishMs).toBe(0);
  });

  test("a delay queue that is missing, or deletes messages before they are due", async () => {
    const { runtime, sqs, of } = world("7d");
    sqs.queue(WAITING).attributes["MessageRetentionPeriod"] = String((7 * DAY) / SECOND);
    await expect(start(sqs, runtime, of)).rejects.toMatchObject({ code: "hops-retention", kind: "config" });
    const bare = new VirtualSqs(runtime);
    bare.queue(QUEUE);
    await expect(start(bare, runtime, of)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  });
});

test("all of the delay queue counts as delayed, and a purge empties both queues", async () => {
  const { runtime, sqs, of } = world();
  const counts = (ready: number, delayed: number, held: number) => ({
    ApproximateNumberOfMessages: String(ready),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ApproximateNumberOfMessagesNotVisible: String(held),
  });
  Object.assign(sqs.queue(QUEUE).attributes, counts(1, 20, 300));
  Object.assign(sqs.queue(WAITING).attributes, counts(1_000, 20_000, 300_000));
  const connection = await adapter.open({ client: sqs.client }, runtime, () => {});
  expect(await connection.depth!(of, never)).toEqual([{ ready: 1, delayed: 321_020, held: 300 }]);
  await connection.purge!(of, never);
  const purged = sqs.client.calls.filter(({ action }) => action === "PurgeQueue");
  expect(purged.map(({ input }) => input.QueueUrl.split("/").at(-1))).toEqual([QUEUE, WAITING]);
});

test("a send of both kinds goes to both queues, and a failure of one call is not one of the other", async () => {
  const { runtime, sqs, of } = world();
  const connection = await adapter.open({ client: sqs.client }, runtime, () => {});
  const sender = await connection.sender(of, never);
  sqs.before = ({ action, input }) => {
    if (action === "SendMessageBatch" && String(input.QueueUrl).endsWith(WAITING)) throw sdkError("TimeoutError");
  };
  const message = (delayMs: number) => ({ body: "x", headers: {}, delayMs });
  const results = await sender.send([message(DAY), message(0), message(2 * DAY), message(MINUTE)], never);
  expect(results.map((one) => "id" in one)).toEqual([false, true, false, true]);
});
