/** Mutated messages of every broker's form through a real consumer: each is handled, or is a dead letter that says why. */
import { channel, connect, consumer } from "@switchyard/core";
import type { Destination, SenderDriver } from "@switchyard/core/driver";
import { adapter as memory } from "@switchyard/memory";
import { expect, test } from "vitest";
import { z } from "zod";
import { messageForms } from "../support/fuzz/decoders.ts";
import { prototypes, Random } from "../support/fuzz.ts";
import { Mutation } from "../support/fuzz/mutation.ts";

const EACH = 300;
const CODES = ["invalid-message", "unknown-type", "not-json", "foreign-message"];
const orders = channel("orders", {
  // A recursive schema: what is nested deep must not end the process.
  messages: { "order.placed": z.object({ cents: z.number() }), t: z.json() },
  foreign: ({ type }) => type ?? "t",
});

test("each is handled or dead-lettered with its reason, and the next goes on", { timeout: 120_000 }, async () => {
  const before = prototypes();
  const inputs = messageForms.flatMap((form) => {
    const mutation = new Mutation(form.samples, form.free ?? [], ["headers", "MessageAttributes"]);
    return Array.from({ length: EACH }, (_, seed) => form.receive(mutation.next(new Random(seed + 1))));
  });
  const messages = inputs
    .flat()
    .map(({ body, headers, type }) => ({ body, headers, ...(type !== undefined && { type }) }));
  // The place that core sends to and the connection it uses, noted on the way.
  let sender: SenderDriver | undefined;
  const adapter: typeof memory = {
    ...memory,
    open: async (...given) => {
      const connection = await memory.open(...given);
      const { receiver } = connection;
      return Object.assign(connection, {
        receiver: async (from: Destination, ...more: [never, AbortSignal]) => {
          if (from.dead !== true) sender ??= await connection.sender(from, more[1]);
          return receiver.call(connection, from, ...more);
        },
      });
    },
  };
  const config = {
    prefix: "test",
    connections: { memory: { use: "memory" } },
    channels: { orders: { model: "queue", on: "memory", groups: { billing: { concurrency: 8 } } } },
  } as const;
  const events: { readonly type: string; readonly code?: string; readonly reason?: string; readonly level: string }[] =
    [];
  let handled = 0;
  const messaging = await connect({
    channels: [orders],
    service: "test",
    config,
    adapters: [adapter],
    observe: (event) => void events.push(event),
  });
  const count = () => void handled++;
  messaging.consume(consumer(orders, "billing", { "order.placed": count, t: count }));
  await messaging.start();

  for (const message of messages) {
    const [sent] = await sender!.send([message], AbortSignal.timeout(60_000));
    expect(sent!.cause).toBeUndefined();
  }
  const ended = () => events.filter(({ type }) => type === "dead-letter" || type === "expired").length + handled;
  await expect.poll(ended, { timeout: 60_000 }).toBe(messages.length);

  const dead = events.filter(({ type }) => type === "dead-letter");
  expect(handled).toBeGreaterThan(messages.length / 10);
  expect(dead.length).toBeGreaterThan(messages.length / 10);
  for (const { code, reason } of dead) {
    expect(CODES).toContain(code);
    expect(reason).toMatch(/\S/);
  }
  expect(events.filter(({ level }) => level === "error")).toEqual([]);
  expect(messaging.health().status).toBe("green");
  const copies = await messaging.deadLetters(orders, "billing").peek(dead.length);
  expect(copies.map(({ reason, code }) => `${code} ${reason}`).toSorted()).toEqual(
    dead.map(({ reason, code }) => `${code} ${reason}`).toSorted(),
  );
  expect(prototypes()).toEqual(before);
  await messaging.stop();
});
