/** Starting, stopping and what may happen meanwhile, as an application does it; and as a process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { channel, connect, consumer, type Observe } from "@switchyard/core";
import { control, testbed } from "@switchyard/memory/testing";
import { describe, expect, test, vi } from "vitest";
import { type } from "arktype";

const jobs = channel("jobs", { messages: { job: type({ n: "number" }) } });
const pages = channel("pages", { messages: { page: type({ n: "number" }) }, orderingKey: () => "k" });
const config = (broker: string) =>
  ({
    connections: { memory: { use: "memory", broker } },
    channels: { jobs: { model: "pubsub", on: "memory", groups: { one: {}, two: {} } } },
  }) as const;
const connected = (broker: string, observe?: Observe) =>
  connect({ channels: [jobs], service: "test", config: config(broker), ...(observe && { observe }) });

describe("an application", () => {
  test("takes a consumer while it starts", async () => {
    await using messaging = await connected("while-it-starts");
    const started = messaging.start();
    const handled = new Promise<number>((resolve) => {
      messaging.consume(consumer(jobs, "one", { job: ({ n }) => resolve(n) }));
    });
    await started;
    await messaging.publish(jobs, "job", { n: 1 });
    expect(await handled).toBe(1);
  });

  test("rejects, never throws, what comes after stop; stop is the same however often and whenever", async () => {
    const messaging = await connected("after-stop");
    messaging.consume(consumer(jobs, "one", { job: () => {} }));
    const [, first, second] = await Promise.allSettled([messaging.start(), messaging.stop(), messaging.stop()]);
    expect(first).toMatchObject({ status: "fulfilled", value: { abandoned: 0 } });
    expect(second).toEqual(first);
    await expect(messaging.start()).rejects.toMatchObject({ code: "closed", kind: "closed" });
    await expect(messaging.run()).rejects.toMatchObject({ code: "closed" });
    await expect(messaging.publish(jobs, "job", { n: 1 })).rejects.toMatchObject({ code: "closed" });
    expect(() => messaging.consume(consumer(jobs, "two", { job: () => {} }))).toThrow("connect() again");
  });

  test("goes on after a stop whose deadline is no duration", async () => {
    await using messaging = await connected("no-duration");
    const wrong = messaging.stop({ deadline: "soon" as unknown as "1s" });
    await expect(wrong).rejects.toMatchObject({ message: expect.stringContaining("stop({ deadline })") });
    expect(messaging.health().state).toBe("connected");
    expect(await messaging.publish(jobs, "job", { n: 1 })).toHaveProperty("id");
  });

  test("lets handlers publish while they drain, and nobody afterwards", async () => {
    const messaging = await connected("drain");
    const begun = Promise.withResolvers<void>();
    const open = Promise.withResolvers<void>();
    let published: unknown;
    messaging.consume(
      consumer(jobs, "one", {
        job: async () => {
          begun.resolve();
          await open.promise;
          published = await messaging.publish(jobs, "job", { n: 2 });
        },
      }),
    );
    await messaging.start();
    await messaging.publish(jobs, "job", { n: 1 });
    await begun.promise;
    const stopped = messaging.stop();
    open.resolve();
    expect(await stopped).toMatchObject({ completed: 1, abandoned: 0 });
    expect(published).toHaveProperty("id");
  });

  test("ends run() when it is stopped by other hands, and when it is told to before it has started", async () => {
    const one = await connected("other-hands");
    const running = one.run();
    await one.start();
    const report = await one.stop();
    expect(await running).toEqual(report);
    const broker = "never-answers";
    await using publisher = await connected(broker);
    await publisher.publish(jobs, "job", { n: 1 });
    const two = await connected(broker);
    two.consume(consumer(jobs, "one", { job: () => {} }));
    control(broker)?.faults.failReceive(1_000_000);
    const told = new AbortController();
    const late = two.run({ signal: told.signal });
    told.abort();
    expect(await late).toMatchObject({ abandoned: 0 });
  });

  test("rejects run() when start() fails, whoever else started it, and not when it was stopped first", async () => {
    const nowhere = async () => {
      const messaging = await connect({
        channels: [jobs],
        service: "test",
        config: {
          ...config("run-fails"),
          connections: { memory: { use: "memory", broker: "run-fails", provision: "off" } },
        },
      });
      messaging.consume(consumer(jobs, "one", { job: () => {} }));
      return messaging;
    };
    const alone = await nowhere();
    await expect(alone.run()).rejects.toMatchObject({ kind: "config" });
    expect(alone.health().state).toBe("stopped");
    const both = await nowhere();
    const [started, ran] = await Promise.allSettled([both.start(), both.run()]);
    expect(ran).toMatchObject({ status: "rejected", reason: (started as PromiseRejectedResult).reason });
    const signal = AbortSignal.abort();
    expect(await (await nowhere()).run({ signal })).toMatchObject({ abandoned: 0 });
  });

  test("is not harmed by an observer that throws or rejects", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    for (const observe of [
      () => {
        throw new Error("rude");
      },
      (async () => Promise.reject(new Error("rude"))) as unknown as Observe,
    ]) {
      const messaging = await connected(`rude-${said.mock.calls.length}`, observe);
      const handled = new Promise((resolve) => {
        messaging.consume(
          consumer(jobs, "one", { job: ({ n }, { attempt }) => (attempt === 1 ? fail() : resolve(n)) }),
        );
      });
      await messaging.start();
      await messaging.publish(jobs, "job", { n: 1 });
      expect(await handled).toBe(1);
      await messaging.stop();
    }
    expect(said.mock.calls.length).toBeGreaterThan(1);
    said.mockRestore();
  });
});

function fail(): never {
  throw new Error("no");
}

describe("dead letters", () => {
  test("by the thousand are shown and redriven once each, though they die again meanwhile", async () => {
    const policy = { retry: { attempts: 1 } } as const;
    await using bed = await testbed({ channels: [pages], policy, model: "queue", patience: "30s" });
    let handled = 0;
    bed.messaging.consume(consumer(pages, "one", { page: () => (handled++, fail()) }));
    await bed.messaging.start();
    const many = Array.from({ length: 2_000 }, (_, n) => ({ type: "page" as const, data: { n } }));
    const sent = await bed.messaging.publishMany(pages, many);
    await bed.settled();
    expect(handled).toBe(2_000);
    const box = bed.messaging.deadLetters(pages, "one");
    const shown = await box.peek(500);
    expect(shown.map(({ id }) => id)).toEqual(sent.slice(0, 500).map(({ id }) => id));
    expect(await box.redrive()).toMatchObject({ moved: 2_000, failed: 0 });
    await bed.settled();
    expect(handled).toBe(4_000);
    expect(bed.dead(pages, "one")).toHaveLength(2_000);
    const gaps = bed.events.filter((event) => event.type === "order-gap" && event.reason === "redrive");
    expect(gaps).toHaveLength(2_000);
  });
});

describe("a process", () => {
  const service = new URL("support/drain-service.ts", import.meta.url).pathname;

  async function told(mode: string, after: Readonly<Record<string, readonly NodeJS.Signals[]>>) {
    const child = spawn(process.execPath, ["--conditions=@switchyard/source", service, mode], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      for (const signal of after[line] ?? []) {
        child.kill(signal);
        // Two signals of a kind at once are one.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return { lines, code: child.exitCode, signal: child.signalCode };
  }

  test("drains on SIGTERM and ends by itself with 0", async () => {
    const { lines, code } = await told("drains", { began: ["SIGTERM"] });
    expect(lines).toEqual(["began", "handled", expect.stringContaining('"completed":1')]);
    expect(JSON.parse(lines[2] as string)).toMatchObject({ released: 1, abandoned: 0 });
    expect(code).toBe(0);
  });

  test("gives up its handlers at a second signal", async () => {
    // Its own drain deadline is further away than the test's.
    const { lines, code } = await told("never ends", { began: ["SIGTERM", "SIGINT"] });
    expect(lines.slice(0, 2)).toEqual(["began", "aborted"]);
    expect(JSON.parse(lines[2] as string)).toMatchObject({ abandoned: 1 });
    expect(code).toBe(0);
  });
});
