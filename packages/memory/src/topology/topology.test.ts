import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { adapter } from "../adapter.ts";
import { ack, bench, bodies, destination, none, now, queue, resolved, stream, text } from "../fixtures/bench.ts";

const topic = destination({ model: "pubsub" });
const billing = destination({ model: "pubsub", group: "billing" });
const audit = destination({ model: "pubsub", group: "audit", types: ["order.placed"] });

test("planning lists what is missing and changes nothing; applying makes it; applying again is harmless", async () => {
  const bed = await bench([]);
  const dead = queue({ name: "test_orders_billing_dead", dead: true });
  const wanted = [
    queue({ deadLetter: dead, nativeAttempts: 100 }),
    dead,
    stream({ base: "test_clicks", partitions: 2 }),
  ];
  const plan = await bed.topology.plan(wanted, none);
  expect(plan.changes.map(({ action, resource, name }) => `${action} ${resource} ${name}`)).toEqual([
    "create queue test_orders_billing_dead",
    "create queue test_orders_billing",
    "create stream test_clicks",
  ]);
  await expect(bed.send(queue(), text("a"))).rejects.toThrow("queue-not-found");
  await bed.topology.apply(plan, none);
  await bed.send(queue(), text("kept"));
  await bed.topology.apply(plan, none);
  expect((await bed.topology.plan(wanted, none)).changes).toEqual([]);
  expect(bodies(await now(await bed.lease(queue())))).toEqual(["kept"]);
});

test("sending to and receiving from what does not exist is a configuration fault, also once it is gone", async () => {
  const bed = await bench([]);
  const clicks = stream({ base: "test_clicks" });
  for (const [of, code] of [
    [queue(), "queue-not-found"],
    [topic, "topic-not-found"],
    [clicks, "stream-not-found"],
  ] as const) {
    const cause = await bed.connection.sender(of, none).catch((error: unknown) => error);
    expect(bed.connection.classify(cause, "open")).toMatchObject({ kind: "config", code });
  }
  for (const of of [queue(), billing, clicks]) {
    const cause = await bed.open(of).catch((error: unknown) => error);
    expect(bed.connection.classify(cause, "open").kind).toBe("config");
  }
  await bed.topology.apply(await bed.topology.plan([queue()], none), none);
  const lease = await bed.lease(queue());
  const sender = await bed.connection.sender(queue(), none);
  const waiting = lease.receive(1, 1_000, none);
  await bed.topology.destroy!([queue()], none);
  await expect(waiting).rejects.toThrow("queue-not-found");
  await expect(sender.send([text("a")], none)).rejects.toThrow("queue-not-found");
});

test("each group of a topic gets its copy; one added later gets only what comes later", async () => {
  const bed = await bench([topic, billing]);
  await bed.send(topic, text("early"));
  await bed.topology.apply(await bed.topology.plan([audit], none), none);
  await bed.send(topic, text("late", { type: "order.placed" }));
  const [first, second] = [await bed.lease(billing), await bed.lease(audit)];
  expect(bodies(await now(first))).toEqual(["early", "late"]);
  const [late] = (await now(second))!;
  await ack(second, late!);
  expect(await bed.connection.depth!(billing, none)).toMatchObject([{ held: 2 }]);
});

test("a filter keeps other types out and lets messages without a type through; a send into the group passes it", async () => {
  const bed = await bench([topic, audit]);
  await bed.send(
    topic,
    text("placed", { type: "order.placed" }),
    text("cancelled", { type: "order.cancelled" }),
    text("foreign"),
  );
  await bed.send(audit, text("redriven", { type: "order.cancelled" }));
  expect(bodies(await now(await bed.lease(audit)))).toEqual(["placed", "foreign", "redriven"]);
  const wider = { ...audit, types: ["order.placed", "order.cancelled"] };
  const plan = await bed.topology.plan([wider], none);
  expect(plan.changes).toMatchObject([{ action: "update", resource: "subscription" }]);
  await bed.topology.apply(plan, none);
  expect((await bed.topology.plan([wider], none)).changes).toEqual([]);
});

test("a queue's own retention beats the connection's, and changing it is a planned update", async () => {
  const brief = queue({ retentionMs: 60_000 });
  const bed = await bench([brief]);
  expect(adapter.capabilities(brief, bed.settings)).toMatchObject({ retentionMs: 60_000, delayedPublishMs: 60_000 });
  const longer = queue({ retentionMs: 120_000 });
  const plan = await bed.topology.plan([longer], none);
  expect(plan.changes).toMatchObject([{ action: "update", summary: "kept for 60000 ms, to be 120000 ms" }]);
  await bed.topology.apply(plan, none);
  expect((await bed.topology.plan([longer], none)).changes).toEqual([]);
  await bed.send(longer, text("a"));
  await bed.runtime.advance("119s");
  expect(await bed.connection.depth!(longer, none)).toMatchObject([{ ready: 1 }]);
  await bed.runtime.advance("1s");
  expect(await bed.connection.depth!(longer, none)).toMatchObject([{ ready: 0 }]);
});

test("connections that name a broker share it, those that do not have their own", async () => {
  const runtime = virtualRuntime();
  const open = async (options: object) => {
    const settings = resolved(options);
    const topology = await adapter.topology!(settings, runtime);
    return { topology, connection: await adapter.open(settings, runtime, () => {}) };
  };
  const name = "shared-in-topology-test";
  const [one, two, three] = [await open({ broker: name }), await open({ broker: name }), await open({})];
  await one.topology.apply(await one.topology.plan([queue()], none), none);
  await expect(two.connection.sender(queue(), none)).resolves.toBeDefined();
  await expect(three.connection.sender(queue(), none)).rejects.toThrow("queue-not-found");
  const elsewhere = resolved({ broker: name });
  await expect(adapter.open(elsewhere, virtualRuntime(), () => {})).rejects.toThrow("another clock");
});

test("an existing resource is used by its address", async () => {
  const legacy = queue({ address: "legacy-orders" });
  const bed = await bench([legacy]);
  expect(adapter.locate(legacy, bed.settings)).toEqual({ address: "legacy-orders" });
  await bed.send(legacy, text("a"));
  expect(bodies(await now(await bed.lease(legacy)))).toEqual(["a"]);
});

test("options are checked strictly", () => {
  const problems = (options: unknown) => {
    const result = adapter.options["~standard"].validate(options);
    if (result instanceof Promise) throw new Error("sync expected");
    return result.issues?.map((issue) => `${issue.path?.map(String).join(".")}: ${issue.message}`) ?? [];
  };
  expect(problems({ broker: "b", profile: "sqs", retention: "4d", duplicates: 0.1, maxMessageBytes: 2_048 })).toEqual(
    [],
  );
  expect(problems(undefined)).toEqual([]);
  expect(problems({ profile: "sqs", retention: "30s", maxMessageBytes: 2 ** 21 })).toEqual([
    "retention: must be a duration from 60s to 14d, such as 30s or 4d",
    "maxMessageBytes: must be a whole number from 1024 to 1048576",
  ]);
  expect(problems({ profile: "kinesis", retention: "23h" })).toEqual([
    "retention: must be a duration from 86400s to 365d, such as 30s or 4d",
  ]);
  expect(problems({ borker: "b", profile: "kafka", retention: "soon", duplicates: 2, maxMessageBytes: 10.5 })).toEqual([
    "borker: unknown; allowed: broker, profile, retention, dedup, duplicates, maxMessageBytes",
    "profile: must be one of: sqs, sqs-fifo, sns, kinesis, rabbitmq-queue, rabbitmq-stream",
    "retention: must be a duration from 1s to 365d, such as 30s or 4d",
    "duplicates: must be a number from 0 to 1",
    "maxMessageBytes: must be a whole number from 1024 to 268435456",
  ]);
});
