import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import type { DriverEvent } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import type { AmqpModel } from "../sdk.ts";
import { Link } from "./link.ts";

class Model extends EventEmitter {
  readonly connection = { stream: { destroy: () => {} }, serverProperties: { product: "RabbitMQ", version: "4.3.6" } };
  async createChannel() {
    return Object.assign(new EventEmitter(), { close: async () => {} });
  }
  async createConfirmChannel() {
    return this.createChannel();
  }
  async close() {}
}

const refused = () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" });

function linkTo(urls: readonly string[], answer: (url: string) => Model | Error, seed = 1) {
  const runtime = virtualRuntime({ seed });
  const dials: { url: string; at: number }[] = [];
  const events: DriverEvent[] = [];
  const models: Model[] = [];
  const dial = async (url: string): Promise<AmqpModel> => {
    dials.push({ url, at: runtime.elapsed });
    const answered = answer(url);
    if (answered instanceof Error) throw answered;
    models.push(answered);
    return answered as unknown as AmqpModel;
  };
  const report = (event: DriverEvent) => events.push(event);
  const link = new Link({
    name: "billing publish",
    urls,
    connectTimeoutMs: 1_000,
    dial,
    fast: undefined,
    runtime,
    report,
  });
  return { link, runtime, dials, events, models };
}

/** Opens a channel again and again, as core does, until time is over. */
async function persistently(at: ReturnType<typeof linkTo>, seconds: number): Promise<void> {
  let over = false;
  const trying = (async () => {
    while (!over) await at.link.channel(false, undefined).catch(() => turn());
  })();
  await at.runtime.advance(`${seconds}s`);
  over = true;
  await at.link.close();
  await trying;
}

test("attempts are spaced by a doubling wait with jitter, up to ten seconds", async () => {
  const waits = async (seed: number) => {
    const at = linkTo(["amqp://a"], refused, seed);
    await persistently(at, 60);
    return at.dials.slice(1).map(({ at: when }, n) => when - at.dials[n]!.at);
  };
  const [one, two] = [await waits(1), await waits(2)];
  for (const [n, wait] of one.entries()) {
    const bound = Math.min(100 * 2 ** n, 10_000);
    expect(wait).toBeGreaterThanOrEqual(bound / 2);
    expect(wait).toBeLessThanOrEqual(bound);
  }
  expect(one.length).toBeGreaterThan(7);
  expect(one.slice(0, 5)).not.toEqual(two.slice(0, 5));
});

test("a crowd of openings makes one attempt", async () => {
  const at = linkTo(["amqp://a"], () => new Model());
  await Promise.all(Array.from({ length: 20 }, () => at.link.channel(true, undefined)));
  expect(at.dials).toHaveLength(1);
});

test("an address that does not answer gives way to the next, in one round; so does one that answered before", async () => {
  let down = "amqp://a";
  const at = linkTo(["amqp://a", "amqp://b"], (url) => (url === down ? refused() : new Model()));
  await at.link.channel(false, undefined);
  expect(at.dials.map(({ url }) => url)).toEqual(["amqp://a", "amqp://b"]);
  down = "amqp://b";
  at.models[0]!.emit("close", new Error("gone"));
  await at.link.channel(false, undefined);
  expect(at.dials.map(({ url }) => url)).toEqual(["amqp://a", "amqp://b", "amqp://b", "amqp://a"]);
  expect(at.events.map(({ type }) => type)).toEqual(["down", "up"]);
});

test("a connection that broke is opened again without being asked, until it is closed", async () => {
  let away = false;
  const at = linkTo(["amqp://a"], () => (away ? refused() : new Model()));
  await at.link.channel(true, undefined);
  away = true;
  at.models[0]!.emit("close", new Error("gone"));
  await at.runtime.advance("1m");
  expect(at.dials.length).toBeGreaterThan(5);
  expect(at.events.map(({ type }) => type)).toEqual(["down"]);
  away = false;
  await at.runtime.advance("10s");
  expect(at.events.map(({ type }) => type)).toEqual(["down", "up"]);
  const dials = at.dials.length;
  await at.link.close();
  away = true;
  await at.runtime.advance("1m");
  expect(at.dials).toHaveLength(dials);
});

test("a broker that accepts connections and closes them at once is not dialled without a pause", async () => {
  const at = linkTo(["amqp://a"], () => {
    const model = new Model();
    void turn().then(() => model.emit("close", new Error("gone")));
    return model;
  });
  await at.link.channel(true, undefined);
  await turn();
  await at.runtime.advance("10s");
  await at.link.close();
  expect(at.dials.length).toBeGreaterThan(5);
  expect(at.dials.length).toBeLessThan(25);
});

test.each([
  ["a refused login", Object.assign(new Error("403 (ACCESS-REFUSED)"), {})],
  ["a virtual host that is not there", Object.assign(new Error("530 (NOT-ALLOWED) vhost x not found"), {})],
  ["a certificate that is not trusted", Object.assign(new Error("self"), { code: "SELF_SIGNED_CERT_IN_CHAIN" })],
])("%s is told at once, without a look at the other addresses", async (_, error) => {
  const at = linkTo(["amqp://a", "amqp://b"], () => error);
  await expect(at.link.channel(false, undefined)).rejects.toMatchObject({
    cause: error,
    told: { where: "at amqp://a" },
  });
  expect(at.dials).toHaveLength(1);
  expect(at.runtime.elapsed).toBe(0);
});

test("a broker that stops answering is dropped, and the next call has another connection", async () => {
  const at = linkTo(["amqp://a"], () => new Model());
  const channel = await at.link.channel(false, undefined);
  const asked = channel.rpc(() => new Promise(() => {}));
  asked.catch(() => {});
  await at.runtime.advance("20s");
  await expect(asked).rejects.toMatchObject({ code: "no-answer" });
  expect(channel.over.aborted).toBe(true);
  await at.link.channel(false, undefined);
  expect(at.dials).toHaveLength(2);
});

test("a blocked connection says so, and is not taken for dead", async () => {
  const at = linkTo(["amqp://a"], () => new Model());
  await at.link.channel(true, undefined);
  at.models[0]!.emit("blocked", "low on memory");
  expect(at.link.blocked).toBe("low on memory");
  at.models[0]!.emit("unblocked");
  expect(at.link.blocked).toBeUndefined();
  expect(at.events.map(({ type }) => type)).toEqual(["blocked", "unblocked"]);
});

test("what the broker is, as it says", async () => {
  const at = linkTo(["amqp://a"], () => new Model());
  expect(await at.link.product(undefined)).toEqual({ name: "RabbitMQ", version: "4.3.6" });
});
