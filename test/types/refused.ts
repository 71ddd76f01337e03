/**
 * Every wrong use that must not compile. `tsc -b` proves that each is an error; refused.test.ts proves that the error says
 * what follows `@ts-expect-error`.
 */
import {
  batchConsumer,
  type Channel,
  channel,
  connect,
  consumer,
  defineConfig,
  type InputOf,
  type Messaging,
  middleware,
  type Publisher,
} from "@switchyard/core";
import { memory } from "@switchyard/memory";
import { deliver } from "@switchyard/memory/testing";
import { sqs } from "@switchyard/sqs";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  allMessaging,
  clicks,
  cloud,
  orders,
  ordersMessaging,
  queueOnly,
  uploads,
  uploadsMessaging,
} from "./samples.ts";

const one = z.object({ id: z.string() });
const placed = { orderId: "o-1", customerId: "c-9", cents: 4200, placedAt: "2026-01-01T00:00:00Z" };
const upload = { videoId: "v-1", url: "https://example.com/v.mp4" };

export function channels(): void {
  // @ts-expect-error "Orders" is not kebab-case; write a name like "video-uploads"
  channel("Orders", { messages: { one } });
  // @ts-expect-error "video_uploads" is not kebab-case
  channel("video_uploads", { messages: { one } });
  // @ts-expect-error "*" means every type; give the type a name
  channel("c", { messages: { "*": one } });
  // @ts-expect-error Property 'messages' is missing
  channel("c", {});
  // @ts-expect-error 'id' does not exist in type 'StandardSchemaV1<unknown, unknown>'
  channel("c", { messages: { one: { id: "string" } } });
  // @ts-expect-error 'orderingkey' does not exist
  channel("c", { messages: { one }, orderingkey: "id" });
}

export function json(): void {
  // @ts-expect-error "placed": JSON cannot carry at (Date); let the schema's input be JSON and decode it to the output
  channel("c", { messages: { placed: z.object({ at: z.date() }) } });
  // @ts-expect-error "placed": JSON cannot carry lines[].price (bigint)
  channel("c", { messages: { placed: z.object({ lines: z.array(z.object({ price: z.bigint() })) }) } });
  // @ts-expect-error "placed": JSON cannot carry tags (Map)
  channel("c", { messages: { one, placed: z.object({ tags: z.map(z.string(), z.string()) }) } });
  // @ts-expect-error "placed": JSON cannot carry image (bytes)
  channel("c", { messages: { placed: z.object({ image: z.instanceof(Uint8Array) }) } });
  // @ts-expect-error "placed": JSON cannot carry at (Date)
  channel("c", { messages: { placed: v.object({ at: v.optional(v.date()) }) } });
  // @ts-expect-error "placed": JSON cannot carry at (Date)
  channel("c", { messages: { placed: type({ at: "Date" }) } });
  // @ts-expect-error "placed": JSON cannot carry Date
  channel("c", { messages: { placed: z.date() } });
}

export function orderingKeys(): void {
  const two = z.object({ other: z.string(), count: z.int() });
  // @ts-expect-error Type '"customer"' is not assignable to type '"id" |
  channel("c", { messages: { one }, orderingKey: "customer" });
  // @ts-expect-error Type 'string' is not assignable to type 'Absent | ((message:
  channel("c", { messages: { one, two }, orderingKey: "id" });
  // @ts-expect-error Type '"count"' is not assignable to type '"other"
  channel("c", { messages: { two }, orderingKey: "count" });
  // @ts-expect-error Property 'customer' does not exist
  channel("c", { messages: { one }, orderingKey: (message) => message.data.customer });
  // @ts-expect-error Type 'number' is not assignable to type 'string'
  channel("c", { messages: { two }, orderingKey: (message) => message.data.count });
}

export function needs(): void {
  // @ts-expect-error unknown need "deley"; allowed: delay
  channel("c", { messages: { one }, needs: { fairness: true, deley: "5m" } });
  // @ts-expect-error Type '"5 minutes"' is not assignable to type 'Duration
  channel("c", { messages: { one }, needs: { delay: "5 minutes" } });
  // @ts-expect-error Type 'false' is not assignable to type 'true'
  channel("c", { messages: { one }, needs: { replay: false } });
  // @ts-expect-error Type '"two"' is not assignable to type '"one"
  channel("c", { messages: { one }, foreign: "two" });
}

export async function publishing(): Promise<void> {
  // @ts-expect-error Argument of type '"order.lost"' is not assignable to parameter of type '"order
  await ordersMessaging.publish(orders, "order.lost", placed);
  // @ts-expect-error Type 'string' is not assignable to type 'number'
  await ordersMessaging.publish(orders, "order.placed", { ...placed, cents: "4200" });
  // @ts-expect-error Property 'customerId' is missing
  await ordersMessaging.publish(orders, "order.cancelled", { orderId: "o-1" });
  // @ts-expect-error 'why' does not exist
  await ordersMessaging.publish(orders, "order.cancelled", { orderId: "o-1", customerId: "c-9", why: "?" });
  // @ts-expect-error Type 'Date' is not assignable to type 'string'
  await ordersMessaging.publish(orders, "order.placed", { ...placed, placedAt: new Date() });
  // @ts-expect-error "video-uploads" is not connected; add it to connect({ channels })
  await ordersMessaging.publish(uploads, "video.uploaded", upload);
  // @ts-expect-error "video-uploads" is not connected; add it to connect({ channels })
  await ordersMessaging.publishMany(uploads, []);
  // @ts-expect-error Refused<"\"orders\" does not declare delay; add needs: { delay: \"15m\" }">
  await ordersMessaging.publish(orders, "order.placed", placed, { delay: "1m" });
  // @ts-expect-error Refused<"\"video-uploads\" does not declare fairness; add needs: { fairness: true }">
  await uploadsMessaging.publish(uploads, "video.uploaded", upload, { fairnessKey: "tenant" });
  // @ts-expect-error Type '"1 hour"' is not assignable to type 'Date | Duration
  await uploadsMessaging.publish(uploads, "video.uploaded", upload, { expires: "1 hour" });
  // @ts-expect-error Type 'number' is not assignable to type 'string'
  await uploadsMessaging.publish(uploads, "video.uploaded", upload, { headers: { retries: 1 } });
  // @ts-expect-error Property 'videoId' is missing
  await allMessaging.publishMany(uploads, [{ type: "video.uploaded", data: { url: "x" } }]);
  // @ts-expect-error is missing the following properties
  await allMessaging.publishMany(orders, [{ type: "order.placed", data: { orderId: "o", customerId: "c" } }]);
  const [first] = await allMessaging.publishMany(orders, [{ type: "order.placed", data: placed }]);
  // @ts-expect-error Property 'error' does not exist
  first?.error.code;
}

export async function severalTypes(
  type: "order.placed" | "order.cancelled",
  data: InputOf<typeof orders>,
): Promise<void> {
  const cancelled = { orderId: "o-1", customerId: "c-9" };
  // @ts-expect-error the type is one of "order.cancelled", "order.placed": narrow it first, or give data that is right for each
  await ordersMessaging.publish(orders, type, cancelled);
  // @ts-expect-error the type is one of "order.cancelled", "order.placed": narrow it first
  await ordersMessaging.publish(orders, type, data);
  // @ts-expect-error Type '"order.cancelled" | "order.placed"' is not assignable to type '"order.placed"'
  await ordersMessaging.publishMany(orders, [{ type, data: cancelled }]);
  // @ts-expect-error the type is one of "order.cancelled", "order.placed": narrow it first
  await deliver(consumer(orders, "billing", { "*": "ignore" }), type, cancelled);
  // @ts-expect-error the type is one of "number", "text": narrow it first
  await mixedMessaging.publish(mixed, Math.random() > 0.5 ? "text" : "number", "text");
}
const mixed = channel("mixed", { messages: { text: z.string(), number: z.number() } });
declare const mixedMessaging: Publisher<typeof mixed>;

declare const anyMessaging: Messaging;

export function dependencies(bill: (publisher: Publisher<typeof orders>) => void): void {
  // @ts-expect-error Type '"orders"' is not assignable to type '"video-uploads"'
  bill(uploadsMessaging);
  // @ts-expect-error is not assignable to parameter of type 'Publisher<
  consumeWith(ordersMessaging);
  // @ts-expect-error "orders" is not one of this type's channels; name them, as in Messaging<typeof orders>
  void anyMessaging.depth(orders);
  // @ts-expect-error "video-uploads" is not connected; add it to connect({ channels })
  ordersMessaging.consume(consumer(uploads, "encoder", { "*": "ignore" }));
  // @ts-expect-error "video-uploads" is not connected; add it to connect({ channels })
  void ordersMessaging.depth(uploads);
  // @ts-expect-error "video-uploads" is not connected; add it to connect({ channels })
  ordersMessaging.deadLetters(uploads, "encoder");
  // @ts-expect-error "clicks" is not connected; add it to connect({ channels })
  void ordersMessaging.replay(clicks, "all", "earliest");
  // @ts-expect-error "orders" is another channel than the connected one of that name
  void ordersMessaging.depth(otherOrders);
  // @ts-expect-error Property 'service' is missing
  void connect({ channels: [orders] });
}
declare const otherOrders: Channel<"orders", { other: { in: string; out: string } }, never>;
declare function consumeWith(publisher: Publisher<typeof orders | typeof uploads>): void;

export function consumers(): void {
  // @ts-expect-error not handled: order.cancelled, order.placed; add it, or "*": "ignore"
  consumer(orders, "billing", {});
  // @ts-expect-error not handled: order.cancelled; add it, or "*": "ignore"
  consumer(orders, "billing", { "order.placed": () => {} });
  // @ts-expect-error "order.lost" is not a type of "orders"; it has "order.cancelled", "order.placed"
  consumer(orders, "billing", { "*": "ignore", "order.lost": () => {} });
  // @ts-expect-error "order.placd" is not a type of "orders"; it has "order.cancelled", "order.placed"
  consumer(orders, "billing", { "order.placd": (order, delivery) => [order, delivery], "order.cancelled": "ignore" });
  // @ts-expect-error Type '"skip"' is not assignable
  consumer(orders, "billing", { "*": "skip" });
  // @ts-expect-error Property 'total' does not exist
  consumer(orders, "billing", { "order.placed": (order) => order.total, "*": "ignore" });
  // @ts-expect-error Argument of type 'Date' is not assignable to parameter of type 'string'
  consumer(orders, "billing", { "order.placed": (order) => Date.parse(order.placedAt), "*": "ignore" });
  // @ts-expect-error Property 'placedAt' does not exist
  consumer(orders, "billing", { "*": (order) => order.placedAt });
  // @ts-expect-error Property 'tx' does not exist
  consumer(orders, "billing", { "*": (_order, delivery) => delivery.tx });
  // @ts-expect-error 'concurency' does not exist
  consumer(orders, "billing", { "*": "ignore" }, { concurency: 3 });
  // @ts-expect-error is not assignable to type 'Middleware
  consumer(orders, "billing", { "*": "ignore" }, { use: [(_delivery: unknown, next: () => Promise<void>) => next()] });
}

export function batches(): void {
  // @ts-expect-error Property 'placedAt' does not exist
  batchConsumer(orders, "analytics", (batch) => [...batch].map((delivery) => delivery.data.placedAt));
  // @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'AnyDelivery'
  batchConsumer(orders, "analytics", (batch) => batch.fail("o-1", new Error("no")));
  // @ts-expect-error Type '"soon"' is not assignable to type 'Duration
  batchConsumer(orders, "analytics", () => {}, { batch: { wait: "soon" } });
  // @ts-expect-error 'discard' does not exist
  batchConsumer(orders, "analytics", () => {}, { discard: true });
}

export function middlewares(): void {
  // @ts-expect-error Type 'undefined' is not assignable to type 'Passed<{ user: string; }>'
  middleware<{ user: string }>(async (_delivery, next) => void (await next()));
  // @ts-expect-error next() cannot replace delivery.data
  middleware((_delivery, next) => next({ data: 1 }));
  // @ts-expect-error Type 'number' is not assignable to type 'string'
  middleware<{ user: string }>(async (_delivery, next) => next({ user: 1 }));
}

export function configurations(): void {
  const connections = { aws: cloud({ region: "eu-west-1" }), old: queueOnly() };
  const groups = { a: {} };
  const several = { a: {}, b: {} };
  // @ts-expect-error "video-uploads" needs delay; a stream on "aws" cannot keep it
  defineConfig([uploads], { connections, channels: { "video-uploads": { model: "stream", on: "aws", groups } } });
  // @ts-expect-error "video-uploads" needs delay; a pubsub on "aws" cannot keep it
  defineConfig([orders, uploads], { connections, channels: { "*": { model: "pubsub", on: "aws", groups } } });
  // @ts-expect-error "clicks" needs replay; a queue on "aws" cannot keep it
  defineConfig([clicks], { connections, channels: { clicks: { model: "queue", on: "aws", groups } } });
  // @ts-expect-error "clicks" needs fairness; a stream on "aws" cannot keep it
  defineConfig([clicks], { connections, channels: { clicks: { model: "stream", on: "aws", groups } } });
  // @ts-expect-error "clicks" needs fairness, replay; a queue on "old" cannot keep it
  defineConfig([clicks], { connections, channels: { clicks: { model: "queue", on: "old", groups } } });
  // @ts-expect-error "orders" is a stream; "old" has queue
  defineConfig([orders], { connections, channels: { orders: { model: "stream", on: "old", groups } } });
  // @ts-expect-error "orders" is on "asw", which is not a connection; connections are "aws", "memory", "old"
  defineConfig([orders], { connections, channels: { orders: { model: "queue", on: "asw", groups } } });
  // @ts-expect-error "ordesr" is not one of the channels "orders"
  defineConfig([orders], { connections, channels: { ordesr: { model: "queue", on: "aws", groups } } });
  // @ts-expect-error "orders" is a queue with the groups "a", "b"; a queue has one, pubsub and stream have several
  defineConfig([orders], { connections, channels: { orders: { model: "queue", on: "aws", groups: several } } });
  // @ts-expect-error Type '"topic"' is not assignable to type 'Model
  defineConfig([orders], { connections, channels: { orders: { model: "topic", on: "aws", groups } } });
  // @ts-expect-error unknown key "modle"; allowed: "address", "atRest", "claimCheck"
  defineConfig([orders], { connections, channels: { orders: { modle: "queue", on: "aws", groups } } });
  // @ts-expect-error 'concurency' does not exist in type 'GroupInput<never>'. Did you mean to write 'concurrency'?
  defineConfig([orders], { connections, channels: { orders: { groups: { a: { concurency: 3 } } } } });
  // @ts-expect-error Property 'use' is missing
  defineConfig([orders], { connections: { aws: { region: "eu-west-1" } } });
  // @ts-expect-error unknown key "chanels"; allowed:
  defineConfig([orders], { connections, chanels: {} });
}

export function encryption(): void {
  const connections = { aws: cloud() };
  const secret = channel("secret", { messages: { one }, needs: { encryption: true } });
  const on = { model: "queue", on: "aws", groups: { main: {} } } as const;
  const keys = { shop: { use: "local" } };
  const encrypt = { keys: "shop" } as const;
  defineConfig([secret], { connections, keys, channels: { secret: { ...on, encrypt } } });
  defineConfig([secret], { connections, keys, channels: { "*": { encrypt }, secret: on } });
  const until = { ...encrypt, accept: "optional", until: "2027-02-01" } as const;
  defineConfig([secret], { connections, keys, channels: { secret: { ...on, encrypt: until } } });
  // @ts-expect-error "secret" needs encryption; set encrypt: { keys: ... }
  defineConfig([secret], { connections, keys, channels: { secret: on } });
  const base = { connections, keys, channels: { secret: { ...on, encrypt } } } as const;
  // @ts-expect-error "secret" needs encryption; set encrypt: { keys: ... }
  defineConfig([secret], { ...base, profiles: { p: { channels: { secret: { encrypt: null } } } } });
  // @ts-expect-error "secret" needs encryption, and accept: "optional" must end; set until to a date
  defineConfig([secret], { ...base, profiles: { p: { channels: { secret: { encrypt: { accept: "optional" } } } } } });
}

export function profiles(): void {
  const base = {
    connections: { aws: cloud(), old: queueOnly() },
    channels: { "video-uploads": { model: "queue", on: "aws", groups: { encoder: {} } } },
  } as const;
  // @ts-expect-error "video-uploads" needs delay; a stream on "aws" cannot keep it
  defineConfig([uploads], { ...base, profiles: { p: { channels: { "video-uploads": { model: "stream" } } } } });
  // @ts-expect-error "video-uploads" needs delay; a stream on "aws" cannot keep it
  defineConfig([uploads], { ...base, profiles: { p: { channels: { "*": { model: "stream" } } } } });
  // @ts-expect-error "video-uploads" is on "onprem", which is not a connection; connections are
  defineConfig([uploads], { ...base, profiles: { p: { channels: { "*": { on: "onprem" } } } } });
  // @ts-expect-error "video-uploads" is a pubsub; "old" has queue
  defineConfig([uploads], { ...base, profiles: { p: { channels: { "*": { model: "pubsub", on: "old" } } } } });
  // @ts-expect-error "video-uploads" is a queue with the groups "encoder", "more"
  defineConfig([uploads], { ...base, profiles: { p: { channels: { "video-uploads": { groups: { more: {} } } } } } });
  // @ts-expect-error "uploads" is not one of the channels "video-uploads"
  defineConfig([uploads], { ...base, profiles: { p: { channels: { uploads: { on: "old" } } } } });
  // @ts-expect-error 'modle' does not exist in type 'ChannelInput<null>'. Did you mean to write 'model'?
  defineConfig([uploads], { ...base, profiles: { p: { channels: { "*": { modle: "queue" } } } } });
}

export function adapters(): void {
  const connections = { real: sqs({ region: "eu-west-1" }), local: memory() };
  const channels = { "*": { model: "queue", on: "real", groups: { g: {} } } } as const;
  defineConfig([orders, uploads], {
    connections,
    channels,
    profiles: { test: { channels: { "*": { on: "local" } } } },
  });
  // @ts-expect-error "orders" is a pubsub; "real" has queue
  defineConfig([orders], { connections, channels: { orders: { model: "pubsub", on: "real", groups: { g: {} } } } });
  // @ts-expect-error "video-uploads" needs delay; a stream on "local" cannot keep it
  defineConfig([uploads], { connections, channels: { "*": { model: "stream", on: "local", groups: { g: {} } } } });
}
