import { type AnyChannel, channel, connect, consumer } from "@switchyard/core";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const zodTime = z.codec(z.iso.datetime(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() });
const valibotTime = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((s) => new Date(s)),
);

const vendors = [
  [
    "zod",
    channel("by-zod", { messages: { paid: z.object({ at: zodTime, lines: z.array(z.object({ cents: z.int() })) }) } }),
  ],
  [
    "zod, asynchronous",
    channel("by-async", {
      messages: {
        paid: z.object({
          at: zodTime,
          lines: z.array(z.object({ cents: z.int().refine(async (cents) => cents > 0) })),
        }),
      },
    }),
  ],
  [
    "valibot",
    channel("by-valibot", {
      messages: { paid: v.object({ at: valibotTime, lines: v.array(v.object({ cents: v.number() })) }) },
    }),
  ],
  [
    "arktype",
    channel("by-arktype", {
      messages: { paid: type({ at: "string.date.iso.parse", lines: type({ cents: "number" }).array() }) },
    }),
  ],
] as const satisfies readonly (readonly [string, AnyChannel])[];

describe.each(vendors)("%s", (_vendor, its) => {
  // The four are alike in their types; one stands for all.
  const payments = its as (typeof vendors)[0][1];
  const config = { prefix: "dev", channels: { "*": { model: "queue", on: "memory", groups: { books: {} } } } } as const;
  const at = "2026-01-02T03:04:05.000Z";

  test("the handler gets the output of the input that was published", async () => {
    await using messaging = await connect({ channels: [payments], service: "shop", config, env: {} });
    const got = Promise.withResolvers<unknown>();
    messaging.consume(consumer(payments, "books", { paid: (payment) => got.resolve(payment) }));
    await messaging.start();
    await messaging.publish(payments, "paid", { at, lines: [{ cents: 1 }] });
    expect(await got.promise).toEqual({ at: new Date(at), lines: [{ cents: 1 }] });
  });

  test("a wrong message is refused at the publisher, with the path of the field", async () => {
    await using messaging = await connect({ channels: [payments], service: "shop", config, env: {} });
    const lines = [{ cents: 1 }, { cents: "two" as unknown as number }];
    await expect(messaging.publish(payments, "paid", { at, lines })).rejects.toMatchObject({
      code: "invalid-message",
      kind: "permanent",
      problems: [{ path: "lines[1].cents", message: expect.stringContaining("number") }],
    });
  });
});
