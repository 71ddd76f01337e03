/** Events in the lines of a real logger: Fastify's, which is pino. */
import { channel, connect, consumer, logEvents, type MessagingEvent } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import { adapter as memory } from "@switchyard/memory";
import fastify from "fastify";
import { expect, test } from "vitest";
import { z } from "zod";

const orders = channel("orders", { messages: { placed: z.object({ card: z.string() }) } });

/** What is logged of a service whose first handlers fail so often. */
async function logged(failures: number, level: string) {
  const runtime = virtualRuntime();
  const lines: string[] = [];
  const app = fastify({ logger: { level, stream: { write: (line: string) => void lines.push(line) } } });
  const events: MessagingEvent[] = [];
  const log = logEvents(app.log);
  const messaging = await connect({
    channels: [orders],
    service: "billing",
    adapters: [memory],
    runtime,
    observe: (event) => {
      events.push(event);
      log(event);
    },
    config: {
      channels: { orders: { model: "queue", on: "memory", groups: { billing: {} } } },
      policies: { default: { retry: { attempts: 2, first: "1s", max: "1s" } } },
    },
  });
  let left = failures;
  messaging.consume(
    consumer(orders, "billing", {
      placed: () => {
        if (left-- > 0) throw new Error("declined\n{}");
      },
    }),
  );
  await messaging.start();
  await messaging.publish(orders, "placed", { card: "4111" }, { headers: { tenant: "tenant-7" } });
  await runtime.advance("10s");
  const stopped = messaging.stop();
  await runtime.advance("10s");
  await stopped;
  await app.close();
  return { lines, events };
}

test("a service in order, and one that tries again and succeeds, write nothing at info", async () => {
  expect((await logged(0, "info")).lines).toEqual([]);
  expect((await logged(1, "info")).lines).toEqual([]);
});

test("each event is one line of JSON with the event's own fields, and never has a payload", async () => {
  const { lines, events } = await logged(2, "debug");
  const parsed = lines.map((line) => JSON.parse(line));
  expect(parsed.map(({ event }) => event)).toEqual(events.map(({ type }) => type));
  expect(parsed.map(({ event }) => event)).toEqual(expect.arrayContaining(["retry", "dead-letter"]));
  for (const [at, { type: _, level: __, ...fields }] of events.entries())
    expect(Object.keys(parsed[at])).toEqual(expect.arrayContaining(Object.keys(fields)));
  expect(parsed.find(({ event }) => event === "dead-letter")).toMatchObject({
    level: 40,
    channel: "orders",
    group: "billing",
    attempt: 2,
    code: "attempts-exhausted",
    error: { type: "Error", message: "declined {}" },
  });
  for (const line of lines) {
    expect(line.trimEnd()).not.toContain("\n");
    for (const secret of ["4111", "tenant-7"]) expect(line).not.toContain(secret);
  }
});
