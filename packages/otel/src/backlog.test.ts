import type { Attributes, BatchObservableCallback, Meter } from "@opentelemetry/api";
import type { GroupDepth, TelemetryContext } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { Backlog, type BacklogOptions } from "./backlog.ts";

const runtime = virtualRuntime();
const names = Array.from({ length: 100 }, (_, n) => `channel-${n}`);

interface Seen {
  readonly value: number;
  readonly attributes: Attributes;
}

type Answer = Omit<Partial<GroupDepth>, "unknown"> & { readonly unknown?: GroupDepth["unknown"] };

/** `answer` is what the broker says of a channel. */
function reporting(options: BacklogOptions, answer: (channel: string) => Promise<readonly Answer[]>) {
  const callbacks = new Set<BatchObservableCallback>();
  const meter = {
    createObservableGauge: (name: string) => ({ name }),
    addBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.add(callback),
    removeBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.delete(callback),
  } as unknown as Meter;
  const asked: string[] = [];
  const context = {
    runtime,
    channels: names,
    depth: async (channel: string) => {
      asked.push(channel);
      return (await answer(channel)).map((depth) => ({ unknown: [], ...depth }));
    },
  } as unknown as TelemetryContext;
  const backlog = new Backlog(meter, context, options);
  const scrape = (name = "switchyard.backlog"): readonly Seen[] => {
    const seen: Seen[] = [];
    const observe = (gauge: object, value: number, attributes: Attributes = {}) => {
      if ((gauge as { readonly name: string }).name === name) seen.push({ value, attributes });
    };
    for (const callback of callbacks) void callback({ observe });
    return seen;
  };
  return { asked, scrape, stop: () => backlog.stop() };
}

/** Whether each number is known, by state. */
const unknownOf = (seen: readonly Seen[]) =>
  Object.fromEntries(seen.map(({ value, attributes }) => [attributes["switchyard.state"], value]));

test("a hundred channels cost a question each in a round, and a scrape costs none", async () => {
  const { asked, scrape, stop } = reporting({ every: "10s" }, async () => [{ group: "work", ready: 1 }]);
  await runtime.advance("1s");
  for (let n = 0; n < 50; n++) expect(scrape()).toHaveLength(100);
  expect(asked).toEqual(names);
  await runtime.advance("10s");
  expect(asked).toEqual([...names, ...names]);
  stop();
  await runtime.advance("1m");
  expect(asked).toHaveLength(200);
});

test("a channel whose broker does not answer keeps its last number for three rounds, and is then unknown", async () => {
  let answers = true;
  const { scrape, stop } = reporting({ every: "10s", channels: [{ name: "channel-1" }] }, async () => {
    if (!answers) throw new Error("no broker");
    return [{ group: "work", ready: 7 }];
  });
  await runtime.advance("1s");
  answers = false;
  await runtime.advance("28s");
  expect(scrape().map(({ value }) => value)).toEqual([7]);
  expect(unknownOf(scrape("switchyard.backlog.unknown"))).toEqual({ ready: 0 });
  await runtime.advance("2s");
  expect(scrape()).toEqual([]);
  expect(unknownOf(scrape("switchyard.backlog.unknown"))).toEqual({ ready: 1 });
  answers = true;
  await runtime.advance("10s");
  expect(scrape().map(({ value }) => value)).toEqual([7]);
  expect(unknownOf(scrape("switchyard.backlog.unknown"))).toEqual({ ready: 0 });
  stop();
  // For a process that exports at its end.
  expect(unknownOf(scrape("switchyard.backlog.unknown"))).toEqual({ ready: 0 });
  // For one that lives on.
  expect(unknownOf(scrape("switchyard.backlog.unknown"))).toEqual({ ready: 1 });
  await Promise.resolve();
  expect(scrape("switchyard.backlog.unknown")).toEqual([]);
});

test("a broker that has never answered is told of after three rounds, until it answers", async () => {
  let answers = false;
  const { scrape, stop } = reporting({ every: "10s", channels: [{ name: "channel-1" }] }, async () => {
    if (!answers) throw new Error("no right");
    return [{ group: "work", ready: 7 }];
  });
  const unknown = () =>
    scrape("switchyard.backlog.unknown").filter(({ attributes }) => !("switchyard.state" in attributes));
  const attributes = { "messaging.destination.template": "channel-1" };
  await runtime.advance("29s");
  expect(unknown()).toEqual([]);
  await runtime.advance("2s");
  expect(unknown()).toEqual([{ value: 1, attributes }]);
  answers = true;
  await runtime.advance("10s");
  expect(unknown()).toEqual([{ value: 0, attributes }]);
  stop();
});

test("a broker that never answers holds up no channel of another", async () => {
  const { scrape, asked, stop } = reporting(
    { every: "10s", channels: [{ name: "channel-1" }, { name: "channel-2" }] },
    (channel) =>
      channel === "channel-1" ? new Promise(() => {}) : Promise.resolve([{ group: "work", ready: asked.length }]),
  );
  await runtime.advance("1m");
  expect(scrape().map(({ attributes }) => attributes["messaging.destination.template"])).toEqual(["channel-2"]);
  expect(asked.filter((channel) => channel === "channel-2").length).toBeGreaterThan(5);
  stop();
});

test("what the broker does not tell has no series: zero would say that nothing waits", async () => {
  const groups: Answer[] = [
    { group: "told", ready: 0, delayed: 2, held: 3, oldestMs: 1_500 },
    { group: "quiet", unknown: ["ready", "delayed", "held", "oldestMs"] },
    // As RabbitMQ, which tells no age: with nothing that waits, none is unknown.
    { group: "idle", ready: 0 },
  ];
  const { scrape, stop } = reporting({ every: "10s", channels: [{ name: "channel-1" }] }, async () => groups);
  await runtime.advance("1s");
  expect(scrape().map(({ value, attributes }) => [attributes["switchyard.state"], value])).toEqual([
    ["ready", 0],
    ["delayed", 2],
    ["held", 3],
    ["ready", 0],
  ]);
  const attributes = { "messaging.destination.template": "channel-1", "messaging.consumer.group.name": "told" };
  expect(scrape("switchyard.backlog.age")).toEqual([{ value: 1.5, attributes }]);
  // As on RabbitMQ, once another process consumes.
  groups[0] = { group: "told", ready: 0, delayed: 2, oldestMs: 1_500, unknown: ["held"] };
  await runtime.advance("10s");
  const ofTold = scrape("switchyard.backlog.unknown").filter(
    (seen) => seen.attributes["messaging.consumer.group.name"] === "told",
  );
  expect(unknownOf(ofTold)).toEqual({ ready: 0, delayed: 0, held: 1, oldest: 0 });
  // Nothing waits, so nothing is old: an alert on the age ends.
  groups[0] = { group: "told", ready: 0, delayed: 0, held: 0 };
  await runtime.advance("10s");
  expect(scrape("switchyard.backlog.age")).toEqual([{ value: 0, attributes }]);
  stop();
});

test("with partitions each shard has series of its own, which are 0 once it is gone; without, none", async () => {
  const leases = [
    { lease: "shard-1", ready: 5, oldestMs: 2_000 },
    { lease: "shard-2", ready: 1 },
  ];
  const answer = async () => [{ group: "work", ready: 6, leases }];
  const [channel] = names;
  const plain = reporting({ channels: [{ name: channel! }] }, answer);
  const { scrape, stop } = reporting({ every: "10s", channels: [{ name: channel! }], partitions: true }, answer);
  await runtime.advance("1s");
  const shown = (name = "switchyard.backlog.partition") =>
    scrape(name).map(({ value, attributes }) => [attributes["messaging.destination.partition.id"], value]);
  expect(shown()).toEqual([
    ["shard-1", 5],
    ["shard-2", 1],
  ]);
  expect(scrape("switchyard.backlog.partition")[0]!.attributes).toEqual({
    "messaging.destination.template": channel,
    "messaging.consumer.group.name": "work",
    "messaging.destination.partition.id": "shard-1",
    "switchyard.state": "ready",
  });
  expect(shown("switchyard.backlog.partition.age")).toEqual([["shard-1", 2]]);
  // The group's own numbers stay as they are.
  expect(scrape().map(({ value }) => value)).toEqual([6]);
  expect(plain.scrape("switchyard.backlog.partition")).toEqual([]);
  leases.shift();
  await runtime.advance("10s");
  expect(shown()).toEqual([
    ["shard-1", 0],
    ["shard-2", 1],
  ]);
  expect(shown("switchyard.backlog.partition.age")).toEqual([["shard-1", 0]]);
  stop();
  plain.stop();
});

test("a channel that is not connected is refused", () => {
  expect(() => reporting({ channels: [{ name: "other" }] }, async () => [])).toThrow(
    '"other" is not one of connect({ channels })',
  );
});
