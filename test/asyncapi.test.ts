/** AsyncAPI documents of channels whose schemas are of several libraries. */
import { Parser } from "@asyncapi/parser";
import { adapter as amqp } from "@switchyard/amqp";
import { asyncapi } from "@switchyard/cli";
import { channel, explain } from "@switchyard/core";
import { type } from "arktype";
import * as v from "valibot";
import { expect, test } from "vitest";
import { z } from "zod";

const orders = channel("orders", {
  messages: {
    placed: z.object({ order: z.string() }),
    paid: type({ order: "string" }),
    lost: v.object({ order: v.string() }),
    // JSON Schema cannot say it.
    never: z.object({ order: z.custom<string>() }),
  },
});

test("payloads come from the schemas themselves; a schema that gives none has an empty payload that says why", async () => {
  const config = {
    prefix: "dev",
    connections: { rabbit: { use: "amqp", url: "amqp://127.0.0.1:1", leases: "memory" } },
    channels: { orders: { model: "stream", on: "rabbit", partitions: 2, groups: { billing: {} } } },
  };
  const explanation = await explain({ channels: [orders], adapters: [amqp], config, service: "shop" });
  const made = asyncapi({ explanation, channels: [orders] });
  const payload = { type: "object", properties: { order: { type: "string" } }, required: ["order"] };
  expect(made.components.messages).toMatchObject({
    "orders.placed": { payload },
    "orders.paid": { payload },
    "orders.lost": { payload: {}, description: 'The schema of "lost" (valibot) gives no JSON Schema.' },
    "orders.never": { payload: {}, description: expect.stringContaining('"never" cannot be written as JSON Schema') },
  });
  expect(made.channels["orders"]).toMatchObject({ bindings: { "x-rabbitmq-stream": { stream: "dev_orders" } } });
  const found = await new Parser().validate(JSON.stringify(made));
  expect(found.filter(({ code }) => code !== "asyncapi-latest-version")).toEqual([]);
});
