import { channel, consumer } from "@switchyard/core";
import { resolveConfig, virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { forgetBroker } from "../broker/registry.ts";
import { adapter } from "../index.ts";

const orders = channel("orders", { messages: { placed: z.object({ order: z.string() }) } });
const config = {
  connections: { memory: { use: adapter } },
  channels: { orders: { model: "queue", on: "memory", groups: { billing: {} } } },
} as const;

test("a configuration resolved once connects to brokers that know nothing of each other", async () => {
  const resolved = await resolveConfig({ channels: [orders], service: "shop", config, env: {} });
  const seen: string[] = [];
  const runtime = virtualRuntime();
  for (const broker of ["first", "second"]) {
    const messaging = await resolved.connect({
      service: broker,
      runtime,
      observe: () => {},
      adapter,
      options: { broker },
    });
    messaging.consume(
      consumer(orders, "billing", { placed: ({ order }, { source }) => void seen.push(`${source} ${order}`) }),
    );
    await messaging.start();
    await messaging.publish(orders, "placed", { order: "o-1" });
    await runtime.settle();
    await messaging.stop();
    forgetBroker(broker);
  }
  expect(seen).toEqual(["first o-1", "second o-1"]);
  expect(resolved.explanation.channels["orders"]?.groups["billing"]?.hold).toBe("1m");
});

test("a mistake in it is refused when it is resolved", async () => {
  const wrong = { ...config, channels: { orders: { model: "queue", on: "nowhere" } } } as never;
  const resolving = resolveConfig({ channels: [orders], service: "shop", config: wrong, env: {} });
  await expect(resolving).rejects.toMatchObject({ code: "invalid-config" });
});
