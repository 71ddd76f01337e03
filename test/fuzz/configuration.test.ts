/** Configurations with anything anywhere: a plan, or one error that lists what is wrong and tells no secret. */
import { channel, plan } from "@switchyard/core";
import { adapter as memory } from "@switchyard/memory";
import { expect, test } from "vitest";
import { z } from "zod";
import { fuzz, type Random } from "../support/fuzz.ts";

const orders = channel("orders", { messages: { placed: z.object({ id: z.string() }) } });
const SECRET = "hunter2-and-more";
const SECRETS = [
  `amqp://user:${SECRET}@host`,
  `https://${SECRET}@host/queue`,
  { url: `amqp://user:${SECRET}@host` },
  { password: SECRET },
  { credentials: { secretAccessKey: SECRET } },
  "${SECRET}",
  "amqp://u:${SECRET}@h",
];

const base = () => ({
  prefix: "dev",
  connections: { broker: { use: "memory" } },
  channels: { orders: { model: "queue", on: "broker", groups: { billing: { concurrency: 2 } } } },
  policies: { default: { retry: { attempts: 3, backoff: "exponential", first: "1s", max: "5m" }, deadLetter: true } },
  profiles: { prod: { channels: { orders: { model: "pubsub" } } } },
});
const WORDS = [
  "use",
  "on",
  "model",
  "groups",
  "retry",
  "attempts",
  "hold",
  "maxInFlight",
  "native",
  "address",
  "prefix",
  "profiles",
  "*",
  "orders",
  "billing",
  "null",
];

/** Puts something somewhere. A prefix is part of every name on the broker, and is shown also when it comes from the environment. */
function spoil(value: Record<string, unknown>, random: Random): void {
  const names = Object.keys(value);
  const name = random.below(4) === 0 || names.length === 0 ? random.of(WORDS) : random.of(names);
  const inner = value[name];
  if (typeof inner === "object" && inner !== null && !ArrayBuffer.isView(inner) && random.below(4) !== 0)
    return spoil(inner as Record<string, unknown>, random);
  const given =
    random.below(3) === 0 ? random.of(SECRETS) : random.below(3) === 0 ? random.text(WORDS) : random.value();
  if (name === "prefix" && given === "${SECRET}") return;
  Object.defineProperty(value, name, { value: given, enumerable: true, configurable: true, writable: true });
}

test("anything anywhere", { timeout: 120_000 }, () =>
  fuzz(async (random) => {
    const config = base();
    for (let count = 1 + random.below(3); count > 0; count--) spoil(config, random);
    const profile = random.below(3) === 0 ? { profile: "prod" } : {};
    const input = { channels: [orders], service: "fuzz", config, adapters: [memory], env: { SECRET }, ...profile };
    try {
      const { explanation } = (await plan(input as never)) as { explanation?: unknown };
      expect(JSON.stringify(explanation ?? "")).not.toContain(SECRET);
    } catch (error) {
      expect(error).toMatchObject({ name: "MessagingError" });
      expect(["invalid-config", "adapter-not-found", "missing-dependency"]).toContain((error as { code: string }).code);
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(SECRET);
    }
  }, 0.1),
);
