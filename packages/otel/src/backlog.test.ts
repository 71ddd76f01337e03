import type { Attributes, Meter } from "@opentelemetry/api";
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

/** `answer` is what the broker says of a channel. */
function reporting(options: BacklogOptions, answer: (channel: string) => Promise<readonly Partial<GroupDepth>[]>) {
  const callbacks = new Map<string, (result: { observe(value: number, attributes: Attributes): void }) => void>();
  const meter = {
    createObservableGauge: (name: string) => ({
      addCallback: (callback: never) => void callbacks.set(name, callback),
    }),
  } as unknown as Meter;
  const asked: string[] = [];
  const context = {
    runtime,
    channels: names,
    depth: (channel: string) => {
      asked.push(channel);
      return answer(channel);
    },
  } as unknown as TelemetryContext;
  const backlog = new Backlog(meter, context, options);
  const scrape = (name = "switchyard.backlog"): readonly Seen[] => {
    const seen: Seen[] = [];
    callbacks.get(name)!({ observe: (value, attributes) => void seen.push({ value, attributes }) });
    return seen;
  };
  return { asked, scrape, stop: () => backlog.stop() };
}

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

test("a channel whose broker does not answer keeps its last number for three rounds, and is then left out", async () => {
  let answers = true;
  const { scrape, stop } = reporting({ every: "10s", channels: [{ name: "channel-1" }] }, async () => {
    if (!answers) throw new Error("no broker");
    return [{ group: "work", ready: 7 }];
  });
  await runtime.advance("1s");
  answers = false;
  await runtime.advance("28s");
  expect(scrape().map(({ value }) => value)).toEqual([7]);
  await runtime.advance("2s");
  expect(scrape()).toEqual([]);
  answers = true;
  await runtime.advance("10s");
  expect(scrape().map(({ value }) => value)).toEqual([7]);
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
  const { scrape, stop } = reporting({ channels: [{ name: "channel-1" }] }, async () => [
    { group: "told", ready: 0, delayed: 2, held: 3, oldestMs: 1_500 },
    { group: "quiet" },
  ]);
  await runtime.advance("1s");
  expect(scrape().map(({ value, attributes }) => [attributes["switchyard.state"], value])).toEqual([
    ["ready", 0],
    ["delayed", 2],
    ["held", 3],
  ]);
  expect(scrape("switchyard.backlog.age")).toEqual([
    {
      value: 1.5,
      attributes: { "messaging.destination.template": "channel-1", "messaging.consumer.group.name": "told" },
    },
  ]);
  stop();
});

test.each([
  [{ every: "10ms" }, "backlog.every"],
  [{ channels: [{ name: "other" }] }, '"other" is not one of connect({ channels })'],
])("%o is refused with what to change", (options, text) => {
  expect(() => reporting(options as never, async () => [])).toThrow(text);
});
