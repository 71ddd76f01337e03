import {
  type AnyChannel,
  batchConsumer,
  type Channel,
  channel,
  consumer,
  defineConfig,
  type Delivery,
  type InputOf,
  type Messaging,
  middleware,
  type OutputOf,
  type PayloadOf,
  type PublishManyResult,
  type Publisher,
  type TypeOf,
} from "@switchyard/core";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type allMessaging, type cloud, orders, time, uploads } from "./samples.ts";

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}

describe("channel() infers the wire and the handler's side of each message", () => {
  const expected = <
    C extends Channel<
      string,
      { at: { in: { at: string; n?: number | undefined }; out: { at: Date; n?: number | undefined } } }
    >,
  >(
    of: C,
  ) => Object.keys(of.messages);

  test("zod", () => {
    const made = channel("zod", { messages: { at: z.object({ at: time, n: z.number().optional() }) } });
    expectTypeOf<InputOf<typeof made, "at">>().toEqualTypeOf<{ at: string; n?: number | undefined }>();
    expectTypeOf<OutputOf<typeof made>["at"]>().toEqualTypeOf<Date>();
    expect(expected(made)).toEqual(["at"]);
  });

  test("valibot", () => {
    const at = v.pipe(
      v.string(),
      v.transform((text) => new Date(text)),
    );
    const made = channel("valibot", { messages: { at: v.object({ at, n: v.optional(v.number()) }) } });
    expectTypeOf<InputOf<typeof made, "at">["at"]>().toEqualTypeOf<string>();
    expectTypeOf<OutputOf<typeof made>["at"]>().toEqualTypeOf<Date>();
    expect(expected(made)).toEqual(["at"]);
  });

  test("arktype", () => {
    const made = channel("arktype", { messages: { at: type({ at: "string.date.iso.parse", "n?": "number" }) } });
    expectTypeOf<InputOf<typeof made, "at">["at"]>().toEqualTypeOf<string>();
    expectTypeOf<OutputOf<typeof made>["at"]>().toEqualTypeOf<Date>();
    expect(expected(made)).toEqual(["at"]);
  });

  test("the three in one channel, with an ordering key they share", () => {
    const made = channel("mixed", {
      messages: {
        a: z.object({ id: z.string() }),
        b: v.object({ id: v.string(), n: v.number() }),
        c: type({ id: "string" }),
      },
      orderingKey: "id",
    });
    expectTypeOf<TypeOf<typeof made>>().toEqualTypeOf<"a" | "b" | "c">();
    expect(made.orderingKey).toBe("id");
  });

  test("an ordering key as a function gets a union that its type narrows", () => {
    const made = channel("by-function", {
      messages: { a: z.object({ x: z.string() }), b: z.object({ y: z.string() }) },
      orderingKey: (message) => (message.type === "a" ? message.data.x : message.data.y),
    });
    expect(typeof made.orderingKey).toBe("function");
  });

  test("what JSON carries is allowed: recursion, records, unions, unknown, any, and a whole message of bytes", () => {
    const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(tree) }));
    const made = channel("json", {
      messages: {
        tree,
        json: z.json(),
        record: z.record(z.string(), z.union([z.string(), z.null(), z.array(z.tuple([z.int(), z.boolean()]))])),
        unknown: z.object({ extra: z.unknown() }),
        any: z.any(),
        bytes: z.instanceof(Uint8Array),
      },
    });
    expect(Object.keys(made.messages)).toHaveLength(6);
  });

  test("its type is flattened: it names no schema library", () => {
    expectTypeOf(uploads).toEqualTypeOf<
      Channel<
        "video-uploads",
        {
          readonly "video.uploaded": {
            readonly in: { videoId: string; url: string };
            readonly out: { videoId: string; url: string };
          };
        },
        "delay"
      >
    >();
    expect(uploads.needs).toEqual({ delay: "15m" });
  });

  test("foreign may be a function of the raw message, its parsed body among it", () => {
    const made = channel("migrated", {
      messages: { a: z.object({ type: z.string() }) },
      foreign: (raw) => raw.body.type,
    });
    expect((made.foreign as (raw: unknown) => unknown)({ body: { type: "a" } })).toBe("a");
  });
});

describe("consumers", () => {
  test("a handler gets the schema's output and a delivery of its type", () => {
    const made = consumer(orders, "billing", {
      "order.placed": (order, delivery) => {
        expectTypeOf(order.placedAt).toEqualTypeOf<Date>();
        expectTypeOf(delivery.type).toEqualTypeOf<"order.placed">();
        expectTypeOf(delivery.data).toEqualTypeOf(order);
      },
      "order.cancelled": async (order) => order.orderId,
    });
    expectTypeOf(made.channel).toEqualTypeOf(orders);
    expect(Object.keys(made.handlers)).toEqual(["order.placed", "order.cancelled"]);
  });

  test('"*" gets what no other entry handles, as a union', () => {
    const made = consumer(orders, "billing", {
      "order.placed": "ignore",
      "*": (order, delivery) => {
        expectTypeOf(order).toEqualTypeOf<{ orderId: string; customerId: string }>();
        expectTypeOf(delivery.type).toEqualTypeOf<"order.cancelled">();
      },
    });
    const all = consumer(orders, "audit", {
      "*": (_order, delivery) => {
        expectTypeOf(delivery.type).toEqualTypeOf<TypeOf<typeof orders>>();
        if (delivery.type === "order.placed") expectTypeOf(delivery.data.placedAt).toEqualTypeOf<Date>();
      },
    });
    expect([made.handlers["order.placed"], typeof all.handlers["*"]]).toEqual(["ignore", "function"]);
  });

  test("a batch's deliveries narrow by type, in filter too", () => {
    const made = batchConsumer(orders, "analytics", (batch) => {
      const placed = [...batch].filter((delivery) => delivery.type === "order.placed");
      expectTypeOf(placed).toEqualTypeOf<Delivery<typeof orders, "order.placed">[]>();
      for (const delivery of placed) batch.fail(delivery, new Error(delivery.data.placedAt.toISOString()));
    });
    expect(made.kind).toBe("batch");
  });
});

describe("middleware", () => {
  const transaction = <T>(run: (tx: { readonly query: string }) => Promise<T>) => run({ query: "begin" });

  test("what it passes to next() is on the delivery, of all in the list", () => {
    const inTransaction = middleware((_delivery, next) => transaction((tx) => next({ tx })));
    const timed = middleware(async (_delivery, next) => {
      await next();
    });
    const user = middleware<{ user: string }>(async (_delivery, next) => {
      const passed = await next({ user: "u-1" });
      return passed;
    });
    const made = consumer(
      orders,
      "billing",
      {
        "*": (_order, delivery) => {
          expectTypeOf(delivery.tx.query).toEqualTypeOf<string>();
          expectTypeOf(delivery.user).toEqualTypeOf<string>();
        },
      },
      { use: [inTransaction, timed, user] },
    );
    const batches = batchConsumer(orders, "b", (batch) => [...batch].map((delivery) => delivery.tx.query), {
      use: [inTransaction],
    });
    expect([made.options.use?.length, batches.options.use?.length]).toEqual([3, 1]);
  });
});

describe("publishers", () => {
  test("messaging of several channels is a publisher of each, and of them all", () => {
    type Each = typeof allMessaging extends Publisher<typeof orders> ? true : false;
    type All = typeof allMessaging extends Publisher<typeof orders | typeof uploads> ? true : false;
    const both: [Each, All] = [true, true];
    expect(both).toEqual([true, true]);
  });

  test("a parameter of the type Messaging takes every messaging", () => {
    const status = (messaging: Messaging) => messaging.health().status;
    const stop = (messaging: Messaging<typeof orders>) => messaging.stop();
    expectTypeOf(status).toBeCallableWith({} as typeof allMessaging);
    expectTypeOf(status).toBeCallableWith({} as Messaging<AnyChannel>);
    expectTypeOf(stop).toBeCallableWith({} as typeof allMessaging);
    expect([status.length, stop.length]).toEqual([1, 1]);
  });

  test("code can be written for any publisher", async () => {
    type Ping = { ping: { in: { n: number }; out: { n: number } } };
    const ping = async <C extends Channel<string, Ping>>(publisher: Publisher<C>, to: C) =>
      publisher.publishMany(to, []);
    const made = channel("pings", { messages: { ping: z.object({ n: z.number() }) } });
    const fake: Publisher<typeof made> = { publish: async () => ({ id: "1" }), publishMany: async () => [] };
    const results = await ping(fake, made);
    expectTypeOf(results).toEqualTypeOf<readonly PublishManyResult[]>();
    expect(results).toEqual([]);
  });

  test("a type that is one of several takes data that is right for each, alone and in publishMany", async () => {
    const placed = { orderId: "o-1", customerId: "c-9", cents: 4200, placedAt: "2026-01-01T00:00:00Z" };
    const either = (publisher: Publisher<typeof orders>, type: TypeOf<typeof orders>, data: InputOf<typeof orders>) => {
      const one =
        type === "order.placed" ? publisher.publish(orders, type, placed) : publisher.publish(orders, type, data);
      return [one, publisher.publish(orders, type, placed), publisher.publishMany(orders, [{ type, data: placed }])];
    };
    const fake: Publisher<typeof orders> = { publish: async () => ({ id: "1" }), publishMany: async () => [] };
    expect(await Promise.all(either(fake, "order.placed", placed))).toEqual([{ id: "1" }, { id: "1" }, []]);
  });

  test("a wrapper may leave channel and type open, its data being InputOf", async () => {
    const orderly = <K extends TypeOf<typeof orders>>(
      to: Publisher<typeof orders>,
      type: K,
      data: InputOf<typeof orders, K>,
    ) => to.publish(orders, type, data);
    const any = <C extends Channel, K extends TypeOf<C>>(to: Publisher<C>, channel: C, type: K, data: InputOf<C, K>) =>
      to.publish(channel, type, data);
    const fake: Publisher<typeof orders> = { publish: async (_, type) => ({ id: type }), publishMany: async () => [] };
    const data = { orderId: "o-1", customerId: "c-9" };
    expect(await orderly(fake, "order.cancelled", data)).toEqual({ id: "order.cancelled" });
    expect(await any(fake, orders, "order.cancelled", data)).toEqual({ id: "order.cancelled" });
    expectTypeOf<PayloadOf<typeof orders, "order.cancelled">>().toEqualTypeOf<
      InputOf<typeof orders, "order.cancelled">
    >();
  });

  test("a class for any channel can implement one", async () => {
    const published: string[] = [];
    class Recording implements Publisher<AnyChannel> {
      async publish(channel: AnyChannel, type: string, _data: unknown) {
        published.push(`${channel.name} ${type}`);
        return { id: "1" };
      }
      async publishMany(_channel: AnyChannel, messages: readonly { readonly type: string }[]) {
        return messages.map(() => ({ ok: true as const, id: "1" }));
      }
    }
    const recording: Publisher<typeof orders> = new Recording();
    await recording.publish(orders, "order.cancelled", { orderId: "o-1", customerId: "c-9" });
    expect(published).toEqual(["orders order.cancelled"]);
  });

  test("a channel that another copy of this package declared has the same types", () => {
    type Types = { readonly ping: { readonly in: { n: number }; readonly out: { n: number } } };
    interface Elsewhere {
      readonly name: "pings";
      readonly messages: { readonly ping: Channel<"pings", Types>["messages"]["ping"] };
      readonly needs: { readonly delay?: "1m" };
      readonly [Symbol.species]?: { readonly messages: Types; readonly needs: "delay" };
    }
    type Same = Elsewhere extends Channel<"pings", Types, "delay"> ? true : false;
    expectTypeOf<Same>().toEqualTypeOf<true>();
    expectTypeOf<InputOf<Elsewhere, "ping">>().toEqualTypeOf<{ n: number }>();
    expectTypeOf<Parameters<Publisher<Elsewhere>["publish"]>[0]>().toExtend<AnyChannel>();
  });

  test("the result of each message says by ok what else it has", () => {
    const idOf = (result: PublishManyResult) => (result.ok ? result.position : result.error.code);
    expect(idOf({ ok: true, id: "1", position: "7" })).toBe("7");
  });
});

describe("defineConfig", () => {
  test("is the configuration it was given", () => {
    const aws = (() => ({ use: "aws" })) as unknown as typeof cloud;
    const config = {
      prefix: "dev",
      connections: { aws: aws({ region: "eu-west-1" }), rabbit: { use: "amqp", url: "amqps://rabbit" } },
      channels: {
        orders: { model: "pubsub", on: "aws", groups: { billing: { concurrency: 20 }, analytics: {} } },
        "video-uploads": { model: "queue", on: "aws", groups: { encoder: {} } },
      },
      policies: {
        default: { retry: { attempts: 5, backoff: "exponential", first: "1s", max: "5m" }, deadLetter: true },
      },
      profiles: {
        test: { channels: { "*": { on: "memory" } } },
        other: { connections: { aws: { region: "us-east-1" } } },
        onprem: { channels: { orders: { on: "rabbit" }, "video-uploads": { model: "stream", on: "rabbit" } } },
        replay: { channels: { orders: { model: "stream" } } },
      },
    } as const;
    expect(defineConfig([orders, uploads], config)).toBe(config);
  });

  test("takes connections by name, which the compiler cannot check", () => {
    const config = defineConfig([orders, uploads], {
      connections: { aws: { use: "aws", region: "eu-west-1" } },
      channels: { "*": { model: "stream", on: "aws", groups: { all: {} } } },
    });
    expect(config.channels).toHaveProperty("*");
  });

  test("a later layer wins over an earlier one, and a name over the star within a layer", () => {
    const connections = { aws: { use: "aws" } as unknown as ReturnType<typeof cloud> };
    const config = defineConfig([uploads], {
      connections,
      channels: { "*": { model: "stream", on: "aws" }, "video-uploads": { model: "queue", groups: { encoder: {} } } },
      profiles: { named: { channels: { "*": { model: "stream" }, "video-uploads": { model: "queue" } } } },
    });
    expect(config.profiles).toHaveProperty("named");
  });

  test("a profile may remove with null, and a group that is gone counts no more", () => {
    const config = defineConfig([uploads], {
      connections: { aws: { use: "aws" } as unknown as ReturnType<typeof cloud> },
      channels: { "video-uploads": { model: "queue", on: "aws", retention: "2d", groups: { encoder: {} } } },
      profiles: {
        renamed: { channels: { "video-uploads": { retention: null, groups: { encoder: null, transcoder: {} } } } },
        none: { drain: null, policies: null, channels: { "video-uploads": null } },
      },
    });
    expect(config.profiles).toHaveProperty("renamed");
  });
});
