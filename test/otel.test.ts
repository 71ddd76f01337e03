/** Spans and metrics on memory, with the real SDK: what is a parent, what a link, and what an attribute may hold. */
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { type Context, context, type Link, logs as openLogs, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import {
  batchConsumer,
  channel,
  connect,
  consumer,
  DeadLetter,
  MessagingError,
  type MessagingEvent,
  Skip,
} from "@switchyard/core";
import { intercept } from "@switchyard/contract";
import { type VirtualRuntime, virtualRuntime } from "@switchyard/core/testing";
import { adapter as memory } from "@switchyard/memory";
import { otel, type OtelOptions } from "@switchyard/otel";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";

const manager = new AsyncLocalStorageContextManager();
beforeAll(() => void context.setGlobalContextManager(manager.enable()));
afterAll(() => {
  context.disable();
});

class Reader extends MetricReader {
  override async onForceFlush(): Promise<void> {}
  override async onShutdown(): Promise<void> {}
}

const schema = z.object({ n: z.number() });
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

interface Bed {
  readonly messaging: Awaited<ReturnType<typeof open>>;
  readonly runtime: VirtualRuntime;
  readonly spans: () => ReadableSpan[];
  readonly metrics: () => Promise<Map<string, { readonly value: unknown; readonly attributes: object }[]>>;
  readonly events: MessagingEvent[];
}

const jobs = channel("jobs", { messages: { job: schema, other: schema } });
/** Makes a dead letter of each job. */
const refusing = consumer(jobs, "work", {
  job: () => {
    throw new DeadLetter("no");
  },
  other: () => {},
});

function open(
  runtime: VirtualRuntime,
  options: OtelOptions,
  events: MessagingEvent[],
  settings: object,
  adapter: typeof memory,
  config: object,
) {
  return connect({
    channels: [jobs],
    service: "shop",
    adapters: [adapter],
    runtime,
    observe: (event) => void events.push(event),
    telemetry: otel(options),
    config: {
      connections: { main: { use: "memory" } },
      channels: { jobs: { model: "queue", on: "main", groups: { work: {} }, ...settings } },
      policies: { default: { retry: { attempts: 2, first: "1s", max: "1s" } } },
      ...config,
    } as never,
  });
}

async function bed(
  options: Partial<OtelOptions> = {},
  settings: object = {},
  adapter = memory,
  { runtime = virtualRuntime(), ...config }: { readonly runtime?: VirtualRuntime; readonly connections?: object } = {},
): Promise<Bed> {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const reader = new Reader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const events: MessagingEvent[] = [];
  const opening = open(runtime, { tracerProvider, meterProvider, ...options }, events, settings, adapter, config);
  const messaging = await opening;
  undo.push(async () => {
    const stopped = messaging.stop({ deadline: 1 });
    await runtime.advance("1m");
    await stopped;
  });
  const metrics = async () => {
    const { resourceMetrics } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return new Map(
      all.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ value, attributes }) => ({ value: value as unknown, attributes })),
      ]),
    );
  };
  return { messaging, runtime, spans: () => exporter.getFinishedSpans(), metrics, events };
}

const named = (spans: readonly ReadableSpan[], name: string) => spans.filter((span) => span.name === name);
const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;
const linksOf = (span: ReadableSpan | undefined) => (span?.links ?? []).map((link: Link) => link.context.spanId);

test("one trace: create, send, the handler with what it publishes, and the settlement", async () => {
  const { messaging, runtime, spans } = await bed();
  messaging.consume(
    consumer(jobs, "work", {
      job: async ({ n }) => void (await messaging.publish(jobs, "other", { n })),
      other: () => {},
    }),
  );
  await messaging.start();
  await messaging.publish(jobs, "job", { n: 1 });
  await runtime.advance("1s");
  const all = spans();
  const [create, second] = named(all, "create jobs");
  const [send] = named(all, "send jobs");
  const [process] = named(all, "process jobs").filter((span) => span.attributes["switchyard.message.type"] === "job");
  const settle = named(all, "settle jobs").find((span) => linksOf(span).includes(idOf(process) as string));
  expect([create?.kind, send?.kind, process?.kind, settle?.kind]).toEqual([3, 2, 4, 2]);
  expect(send?.parentSpanContext?.spanId).toBe(idOf(create));
  expect(process?.parentSpanContext?.spanId).toBe(idOf(create));
  expect([linksOf(send), linksOf(process)]).toEqual([[idOf(create)], [idOf(create)]]);
  // What the handler publishes belongs to it.
  expect(second?.parentSpanContext?.spanId).toBe(idOf(process));
  expect(new Set([create, send, process, second].map((span) => span?.spanContext().traceId)).size).toBe(1);
  expect(process?.attributes).toMatchObject({
    "messaging.system.name": "switchyard.memory",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.template": "jobs",
    "messaging.consumer.group.name": "work",
    "switchyard.attempt": 1,
    "switchyard.outcome": "handled",
  });
  // Two were settled by one call, so it belongs to neither. Alone, it belongs to its handler.
  expect([settle?.parentSpanContext, linksOf(settle).length]).toEqual([undefined, 2]);
  await messaging.publish(jobs, "other", { n: 2 });
  await runtime.advance("1s");
  const [, , last] = named(spans(), "process jobs");
  const alone = named(spans(), "settle jobs").at(-1);
  expect([alone?.parentSpanContext?.spanId, alone?.attributes["messaging.operation.name"]]).toEqual([
    idOf(last),
    "ack",
  ]);
  // Nothing was received most of the time, and no span says so.
  for (const receive of named(all, "receive jobs")) expect(linksOf(receive).length).toBeGreaterThan(0);
});

test("a retry, a redriven and an untrusted message begin a trace, linked to the creation", async () => {
  const { messaging, runtime, spans } = await bed({ trust: ({ type }) => type !== "other", parentFor: "1m" });
  let failing = true;
  messaging.consume(
    consumer(jobs, "work", {
      job: () => {
        if (failing) throw new MessagingError("card-declined", "no", { kind: "permanent" });
      },
      other: () => {},
    }),
  );
  await messaging.start();
  await messaging.publish(jobs, "job", { n: 1 });
  await runtime.advance("10s");
  failing = false;
  const redriven = messaging.deadLetters(jobs, "work").redrive();
  await runtime.advance("10s");
  await redriven;
  await messaging.publish(jobs, "other", { n: 2 });
  await runtime.advance("10s");
  const all = spans();
  const [create, untrusted] = named(all, "create jobs");
  const processed = named(all, "process jobs");
  expect(processed.map((span) => span.parentSpanContext?.spanId)).toEqual([
    idOf(create),
    undefined,
    undefined,
    undefined,
  ]);
  expect(processed.map(linksOf)).toEqual([[idOf(create)], [idOf(create)], [idOf(create)], [idOf(untrusted)]]);
  expect(processed.map((span) => span.attributes["switchyard.attempt"])).toEqual([1, 2, 1, 1]);
  expect(processed.map((span) => span.attributes["error.type"])).toEqual([
    "card-declined",
    "card-declined",
    undefined,
    undefined,
  ]);
  // The dead letter's copy is sent in the same trace, and so is what was redriven.
  const sends = named(all, "send jobs").filter((span) => span.parentSpanContext?.spanId === idOf(create));
  expect(sends.map((span) => span.attributes["switchyard.dead_letter"])).toEqual([undefined, true, undefined]);
});

test("late messages and `trace: link` have a link only", async () => {
  for (const [options, wait] of [
    [{ parentFor: "1m" }, "2m"],
    [{ trace: "link" }, "1s"],
  ] as const) {
    const { messaging, runtime, spans } = await bed(options);
    await messaging.publish(jobs, "job", { n: 1 });
    await runtime.advance(wait);
    messaging.consume(consumer(jobs, "work", { job: () => {}, other: () => {} }));
    await messaging.start();
    await runtime.advance("1s");
    const [create] = named(spans(), "create jobs");
    const [process] = named(spans(), "process jobs");
    expect([process?.parentSpanContext, linksOf(process)]).toEqual([undefined, [idOf(create)]]);
  }
});

test("a batch of 500 says how many links were left out, on send and on process", async () => {
  const { messaging, runtime, spans } = await bed(
    {},
    { groups: { work: { maxInFlight: 1_000, batch: { size: 500, wait: "10s" } } } },
  );
  messaging.consume(batchConsumer(jobs, "work", () => {}));
  await messaging.start();
  const items = Array.from({ length: 500 }, (_, n) => ({ type: "job" as const, data: { n } }));
  const published = messaging.publishMany(jobs, items);
  await runtime.advance("30s");
  await published;
  const [process] = named(spans(), "process jobs");
  expect(process?.links.length).toBe(128);
  expect(process?.attributes).toMatchObject({ "messaging.batch.message_count": 500, "switchyard.links.left_out": 372 });
  const sent = named(spans(), "send jobs");
  const counted = sent.map((span) => Number(span.attributes["messaging.batch.message_count"] ?? 1));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(500);
  for (const [i, span] of sent.entries()) expect(span.links.length).toBe(Math.min(counted[i]!, 128));
  expect(named(spans(), "create jobs").length).toBe(500);
});

test("without create spans a message carries its caller's; a trace context in its headers is kept", async () => {
  const { messaging, runtime, spans } = await bed({ createSpans: false });
  const kept = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const seen: (string | undefined)[] = [];
  messaging.consume(
    consumer(jobs, "work", { job: (_data, { traceparent }) => void seen.push(traceparent), other: () => {} }),
  );
  await messaging.start();
  await messaging.publish(jobs, "job", { n: 1 }, { headers: { traceparent: kept } });
  await runtime.advance("1s");
  expect(seen).toEqual([kept]);
  expect(named(spans(), "create jobs")).toEqual([]);
  const [process] = named(spans(), "process jobs");
  expect([process?.parentSpanContext?.spanId, process?.spanContext().traceId]).toEqual([
    "b".repeat(16),
    "a".repeat(32),
  ]);
});

test("a sampler sees the attributes before it decides; what is not sampled is carried as such", async () => {
  const asked: object[] = [];
  const tracerProvider = new TracerProvider({
    sampler: {
      shouldSample: (_context, _traceId, name, _kind, attributes) => {
        asked.push({ name, ...attributes });
        return { decision: 0 };
      },
      toString: () => "none",
    },
  });
  const { messaging, runtime } = await bed({ tracerProvider });
  const flags: (string | undefined)[] = [];
  messaging.consume(
    consumer(jobs, "work", {
      job: (_data, { traceparent }) => void flags.push(traceparent?.slice(-2)),
      other: () => {},
    }),
  );
  await messaging.start();
  await messaging.publish(jobs, "job", { n: 1 });
  await runtime.advance("1s");
  expect(flags).toEqual(["00"]);
  const what = { "messaging.system.name": "switchyard.memory", "messaging.destination.template": "jobs" };
  expect(asked).toEqual(
    expect.arrayContaining(
      ["create", "send", "process", "settle"].map((operation) =>
        expect.objectContaining({ ...what, name: `${operation} jobs`, "messaging.operation.type": operation }),
      ),
    ),
  );
});

test("telemetry that throws is told once for each method, and harms no message", async () => {
  const broken = () => {
    throw new Error("telemetry is broken");
  };
  const runtime = virtualRuntime();
  const printed: unknown[] = [];
  const said = vi.spyOn(console, "error").mockImplementation((line) => void printed.push(line));
  undo.push(() => said.mockRestore());
  const session = Object.fromEntries(
    ["publishing", "sending", "received", "handling", "settling", "lease", "event"].map((name) => [name, broken]),
  );
  const messaging = await connect({
    channels: [jobs],
    service: "shop",
    adapters: [memory],
    runtime,
    observe: () => {},
    telemetry: { open: () => session },
    config: { channels: { jobs: { model: "queue", on: "memory", groups: { work: {} } } } },
  });
  const seen: number[] = [];
  messaging.consume(consumer(jobs, "work", { job: ({ n }) => void seen.push(n), other: () => {} }));
  await messaging.start();
  for (const n of [1, 2]) await messaging.publish(jobs, "job", { n });
  await runtime.advance("1s");
  const stopped = messaging.stop();
  await runtime.advance("1m");
  await stopped;
  expect(seen).toEqual([1, 2]);
  expect(printed.filter((line) => line === "[switchyard] telemetry.handling() threw")).toHaveLength(1);
  expect(new Set(printed).size).toBe(printed.length);
});

test("metrics: the conventions' and ours, with bounded attributes", async () => {
  const { messaging, runtime, metrics } = await bed({ backlog: { every: "10s" } });
  messaging.consume(
    consumer(jobs, "work", {
      job: ({ n }) => {
        if (n === 2) throw Object.assign(new Error("at card 4111"), { code: `x-${n}` });
      },
      other: () => {},
    }),
  );
  await messaging.publish(jobs, "job", { n: 1 }, { id: "secret-id", headers: { tenant: "tenant-7" } });
  await messaging.publish(jobs, "job", { n: 2 });
  // It has waited once before anybody receives: the backlog says so.
  await runtime.advance("11s");
  const before = await metrics();
  expect(before.get("switchyard.backlog")).toContainEqual({
    value: 2,
    attributes: {
      "messaging.destination.template": "jobs",
      "messaging.consumer.group.name": "work",
      "switchyard.state": "ready",
    },
  });
  expect(before.get("switchyard.backlog.age")?.[0]?.value).toBeGreaterThan(0);
  await messaging.start();
  await runtime.advance("10s");
  const all = await metrics();
  const sum = (name: string) => all.get(name)?.reduce((total, { value }) => total + Number(value), 0);
  const count = (name: string) =>
    all.get(name)?.reduce((total, { value }) => total + (value as { count: number }).count, 0);
  // Two messages, and the copy of the dead letter; two deliveries, and one more for the retry.
  expect(sum("messaging.client.sent.messages")).toBe(3);
  expect(sum("messaging.client.consumed.messages")).toBe(3);
  expect(count("messaging.process.duration")).toBe(3);
  expect([sum("switchyard.retries"), sum("switchyard.dead_letters")]).toEqual([1, 1]);
  expect(sum("switchyard.in_flight")).toBe(0);
  expect(sum("switchyard.client.calls")).toBeGreaterThan(4);
  const allowed = [
    "error.type",
    "messaging.consumer.group.name",
    "messaging.destination.template",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.system.name",
    "switchyard.change",
    "switchyard.dead_letter",
    "switchyard.message.type",
    "switchyard.outcome",
    "switchyard.state",
  ];
  const used = [...all.values()].flat().flatMap(({ attributes }) => Object.keys(attributes));
  expect(used.filter((name) => !allowed.includes(name))).toEqual([]);
  const text = JSON.stringify([...all]);
  for (const secret of ["secret-id", "tenant-7", "4111", "x-2"]) expect(text).not.toContain(secret);
  expect(all.get("switchyard.retries")?.[0]?.attributes).toMatchObject({ "error.type": "_OTHER" });
});

test("the calls of the broker name its server, again once it is another; create and process name none", async () => {
  let server: { readonly address: string; readonly port?: number } | undefined;
  const adapter: typeof memory = {
    ...memory,
    open: async (...given) => Object.assign(await memory.open(...given), { server: () => server }),
  };
  const { messaging, runtime, spans } = await bed({}, {}, adapter);
  messaging.consume(consumer(jobs, "work", { job: () => {}, other: () => {} }));
  await messaging.start();
  for (const next of [undefined, { address: "one.example", port: 5671 }, { address: "two.example" }]) {
    server = next;
    await messaging.publish(jobs, "job", { n: 1 });
    await runtime.advance("1s");
  }
  const of = (name: string) =>
    named(spans(), `${name} jobs`).map(({ attributes }) => [attributes["server.address"], attributes["server.port"]]);
  const none = [undefined, undefined];
  const all = [none, ["one.example", 5671], ["two.example", undefined]];
  expect([of("send"), of("settle")]).toEqual([all, all]);
  expect(of("receive")).toEqual(expect.arrayContaining(all.slice(1)));
  expect([of("create"), of("process")]).toEqual([
    [none, none, none],
    [none, none, none],
  ]);
});

/** Keeps the log records that it is given. */
function logs() {
  const records: { readonly context: Context; readonly attributes: object; readonly eventName: string }[] = [];
  return { records, loggerProvider: { getLogger: () => ({ emit: (record: never) => void records.push(record) }) } };
}

test("what a handler throws is a log record in its span, without text; what it gives back or skips is none", async () => {
  const { records, loggerProvider } = logs();
  const { messaging, runtime, spans } = await bed({ loggerProvider });
  messaging.consume(
    consumer(jobs, "work", {
      job: ({ n }, { attempt }) => {
        if (n === 1 && attempt === 1) throw new TypeError("at card 4111");
        if (n === 2) throw new Skip("at card 4111");
        if (n === 3) throw new DeadLetter("at card 4111", { cause: new RangeError("at card 4111") });
      },
      other: () => {},
    }),
  );
  await messaging.start();
  for (const n of [1, 2, 3]) await messaging.publish(jobs, "job", { n });
  await runtime.advance("10s");
  const failed = named(spans(), "process jobs").filter((span) => span.status.code === 2);
  expect(records.map((record) => trace.getSpanContext(record.context)?.spanId)).toEqual(failed.map(idOf));
  const thrown = (type: string) => ({
    eventName: "messaging.process.exception",
    severityNumber: 17,
    attributes: { "exception.type": type, "exception.stacktrace": expect.any(String), "error.type": "_OTHER" },
  });
  expect(records).toMatchObject([thrown("TypeError"), thrown("RangeError")]);
  expect(
    JSON.stringify([records.map(({ attributes }) => attributes), failed.map((span) => span.attributes)]),
  ).not.toContain("4111");
  expect(failed.flatMap((span) => span.events)).toEqual([]);
});

test("each error of a batch is a record; without spans it is in the trace of its message", async () => {
  const { records, loggerProvider } = logs();
  const batch = await bed({ loggerProvider }, { groups: { work: { batch: { size: 3, wait: "1s" } } } });
  batch.messaging.consume(
    batchConsumer(jobs, "work", (all) => {
      for (const each of [...all].slice(1)) all.fail(each, new TypeError("no"));
    }),
  );
  await batch.messaging.start();
  const items = [1, 2, 3].map((n) => ({ type: "job" as const, data: { n } }));
  await batch.messaging.publishMany(jobs, items);
  await batch.runtime.advance("1500ms");
  const [process] = named(batch.spans(), "process jobs");
  expect(records.map((record) => trace.getSpanContext(record.context)?.spanId)).toEqual([idOf(process), idOf(process)]);

  const alone = logs();
  const single = await bed({ loggerProvider: alone.loggerProvider, tracerProvider: false });
  single.messaging.consume(
    consumer(jobs, "work", {
      job: () => {
        throw new TypeError("no");
      },
      other: () => {},
    }),
  );
  await single.messaging.start();
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  await single.messaging.publish(jobs, "job", { n: 1 }, { headers: { traceparent } });
  await single.runtime.advance("100ms");
  expect(alone.records.map((record) => trace.getSpanContext(record.context)?.spanId)).toEqual(["b".repeat(16)]);
});

test("a provider of logs is found where either API registers it", async () => {
  const { records, loggerProvider } = logs();
  const key = Symbol.for("io.opentelemetry.js.api.logs");
  const global = globalThis as { [key]?: unknown };
  const registers: [() => void, () => void][] = [
    [() => void openLogs.setGlobalLoggerProvider(loggerProvider as never), () => openLogs.disable()],
    [
      () => void (global[key] = (version: number) => (version === 1 ? loggerProvider : undefined)),
      () => delete global[key],
    ],
  ];
  for (const [register, unregister] of registers) {
    register();
    const { messaging, runtime } = await bed();
    unregister();
    messaging.consume(refusing);
    await messaging.start();
    await messaging.publish(jobs, "job", { n: 1 });
    await runtime.advance("1s");
    expect(records.splice(0)).toHaveLength(1);
  }
});

test("a position that is lost is counted, from 0 on: an alert on the increase sees the first", async () => {
  const { messaging, runtime, metrics } = await bed();
  messaging.consume(consumer(jobs, "work", { job: () => {}, other: () => {} }));
  await messaging.start();
  await runtime.advance("1s");
  const attributes = { "messaging.destination.template": "jobs", "messaging.consumer.group.name": "work" };
  for (const name of ["switchyard.positions.lost", "switchyard.blocked"])
    expect((await metrics()).get(name)).toEqual([{ value: 0, attributes }]);
  const reader = new Reader();
  const session = await otel({ meterProvider: new MeterProvider({ readers: [reader] }), tracerProvider: false }).open({
    ...{ service: "shop", runtime, channels: ["jobs"] },
    inFlight: () => [],
    depth: async () => [],
  });
  session.event?.({ type: "position-lost", level: "error", channel: "jobs", group: "work" });
  const [lost] = (await reader.collect()).resourceMetrics.scopeMetrics
    .flatMap((scope) => scope.metrics)
    .filter(({ descriptor }) => descriptor.name === "switchyard.positions.lost");
  expect(lost?.dataPoints.map((point) => [point.value, point.attributes])).toEqual([[1, attributes]]);
});

test("the SDK goes on exporting what is observed no more: the backlog says what is unknown, and a stop leaves zeros", async () => {
  let answers = true;
  const adapter: typeof memory = {
    ...memory,
    open: async (...given) => {
      const connection = await memory.open(...given);
      const depth = connection.depth!.bind(connection);
      const asked: typeof depth = (...of) => (answers ? depth(...of) : Promise.reject(new Error("no broker")));
      return Object.assign(connection, { depth: asked });
    },
  };
  const { messaging, runtime, metrics } = await bed({ backlog: { every: "10s" } }, {}, adapter);
  messaging.consume(consumer(jobs, "work", { job: () => new Promise(() => {}), other: () => {} }));
  await messaging.start();
  await messaging.publish(jobs, "job", { n: 1 });
  await runtime.advance("11s");
  const seen = async () => {
    const all = await metrics();
    const value = (name: string, state?: string) =>
      all.get(name)?.find(({ attributes }) => (attributes as Record<string, unknown>)["switchyard.state"] === state)
        ?.value;
    const names = ["switchyard.backlog", "switchyard.backlog.unknown"];
    return [...names.map((name) => value(name, "held")), value("switchyard.in_flight")];
  };
  expect(await seen()).toEqual([1, 0, 1]);
  answers = false;
  await runtime.advance("31s");
  expect(await seen()).toEqual([1, 1, 1]);
  answers = true;
  await runtime.advance("11s");
  expect(await seen()).toEqual([1, 0, 1]);
  const stopped = messaging.stop({ deadline: 1 });
  await runtime.advance("10s");
  await stopped;
  // An export at the end of the process has what was so, and a later one that it is over.
  expect(await seen()).toEqual([1, 0, 1]);
  expect(await seen()).toEqual([1, 1, 0]);
});

test("a connect() that fails closes the telemetry that it has opened", async () => {
  let closed = 0;
  const adapter: typeof memory = {
    ...memory,
    open: async () => {
      throw new Error("no");
    },
  };
  const telemetry = { open: () => ({ close: () => void closed++ }) };
  const config = { channels: { jobs: { model: "queue", on: "memory", groups: { work: {} } } } } as const;
  const connecting = connect({ channels: [jobs], service: "shop", adapters: [adapter], telemetry, config });
  await expect(connecting).rejects.toThrow('connection "memory" (memory) could not be opened');
  expect(closed).toBe(1);
});

test("five replicas, one of them told to report: the backlog is that of the group, not five times it", async () => {
  // One broker and one clock for all.
  const runtime = virtualRuntime();
  const shared = { connections: { main: { use: "memory", broker: "replicas" } } };
  const reporting = await bed({ backlog: { every: "10s" } }, {}, memory, { runtime, ...shared });
  const others = await Promise.all([1, 2, 3, 4].map(() => bed({}, {}, memory, { runtime, ...shared })));
  for (const n of [1, 2, 3]) await others[0]!.messaging.publish(jobs, "job", { n });
  await runtime.advance("11s");
  const all = await Promise.all(
    [reporting, ...others].map(async ({ metrics }) => (await metrics()).get("switchyard.backlog") ?? []),
  );
  const ready = all
    .flat()
    .filter(({ attributes }) => "ready" === (attributes as Record<string, unknown>)["switchyard.state"]);
  expect(ready.map(({ value }) => value)).toEqual([3]);
});

test("what reads dead letters and depths is no traffic: it is not counted and has no spans", async () => {
  const { messaging, runtime, metrics, spans } = await bed();
  messaging.consume(refusing);
  await messaging.start();
  await messaging.publish(jobs, "job", { n: 1 });
  await runtime.advance("10s");
  const counted = async () => {
    const all = await metrics();
    const names = ["messaging.client.sent.messages", "messaging.client.consumed.messages"];
    return [names.map((name) => all.get(name)), spans().length];
  };
  const before = await counted();
  const looked = messaging.deadLetters(jobs, "work").peek(10);
  await runtime.advance("1s");
  await expect(looked).resolves.toHaveLength(1);
  await messaging.depth(jobs, "work");
  await expect(counted()).resolves.toEqual(before);
});

test("started inside a span, and after a reconnect: nothing belongs to that span", async () => {
  const CUT = new Error("the connection is cut");
  let cut = false;
  let opened = 0;
  const adapter = intercept(memory, {
    lease: () => void opened++,
    receive: async (max, call) => {
      if (!cut) return call(max);
      cut = false;
      throw CUT;
    },
    classify: (cause) => (cause === CUT ? { kind: "permanent", code: "cut" } : undefined),
  });
  const { messaging, runtime, spans } = await bed({}, {}, adapter as typeof memory);
  const seen: (string | undefined)[] = [];
  messaging.consume(
    consumer(jobs, "work", {
      job: () => void seen.push(trace.getActiveSpan()?.spanContext().traceId),
      other: () => {},
    }),
  );
  const bootstrap = {
    traceId: "c".repeat(32),
    spanId: "d".repeat(16),
    traceFlags: 1,
  };
  await context.with(trace.setSpanContext(ROOT_CONTEXT, bootstrap), () => messaging.start());
  await messaging.publish(jobs, "job", { n: 1 });
  await runtime.advance("1s");
  cut = true;
  await messaging.publish(jobs, "job", { n: 2 });
  await runtime.advance("1m");
  await messaging.publish(jobs, "job", { n: 3 });
  await runtime.advance("1m");
  expect([seen.length, opened]).toEqual([3, 2]);
  const all = spans();
  expect(all.filter((span) => span.spanContext().traceId === bootstrap.traceId)).toEqual([]);
  // Each handler is in the trace of its message.
  expect(seen).toEqual(named(all, "create jobs").map((span) => span.spanContext().traceId));
});

test("hostile types and codes make no series of their own", async () => {
  const { messaging, runtime, metrics } = await bed();
  messaging.consume(
    consumer(jobs, "work", {
      job: ({ n }) => {
        throw new MessagingError(`code ${n}`, "x", { kind: "permanent" });
      },
      other: () => {},
    }),
  );
  await messaging.start();
  const sent = Array.from({ length: 50 }, (_, n) =>
    messaging.publish(
      jobs,
      "job",
      { n },
      {
        headers: {
          traceparent: `00-${String(n).padStart(32, "a")}-${"b".repeat(16)}-01`,
          tracestate: `a${n}=1,,=,x==${n}`,
          [`x-${n}`]: "1",
        },
      },
    ),
  );
  const refused = Promise.allSettled(
    Array.from({ length: 50 }, (_, n) => messaging.publish(jobs, `type${n}` as never, { n } as never)),
  );
  await runtime.advance("1m");
  await Promise.all(sent);
  await refused;
  for (const [name, series] of await metrics()) expect(series.length, name).toBeLessThan(8);
});

test('300 types that a handler of "*" gets are at most 200 values of an attribute, and one for the others', async () => {
  const runtime = virtualRuntime();
  const reader = new Reader();
  const types = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`stranger-${n}`, schema]));
  const many = channel("many", { messages: types });
  const messaging = await connect({
    channels: [many],
    service: "shop",
    adapters: [memory],
    runtime,
    observe: () => {},
    telemetry: otel({ tracerProvider: false, meterProvider: new MeterProvider({ readers: [reader] }) }),
    config: { channels: { many: { model: "queue", on: "memory", groups: { work: {} } } } },
  });
  let handled = 0;
  messaging.consume(consumer(many, "work", { "*": () => void handled++ } as never));
  await messaging.start();
  const published = Promise.all(Object.keys(types).map((type) => messaging.publish(many, type, { n: 1 })));
  await runtime.advance("1s");
  await published;
  const { resourceMetrics } = await reader.collect();
  const points = resourceMetrics.scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .find(({ descriptor }) => descriptor.name === "messaging.process.duration")!.dataPoints;
  expect([handled, points.reduce((sum, { value }) => sum + (value as { count: number }).count, 0)]).toEqual([300, 300]);
  const values = new Set(points.map(({ attributes }) => attributes["switchyard.message.type"]));
  expect(values.size).toBeLessThanOrEqual(201);
  expect(values).toContain("_OTHER");
  const stopped = messaging.stop();
  await runtime.advance("1m");
  await stopped;
});
