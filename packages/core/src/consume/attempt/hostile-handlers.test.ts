import { expect, test } from "vitest";
import { DeadLetter, Retry, Skip } from "../../api/verdicts.ts";
import { runHandler, throughMiddleware, verdictFor } from "./run.ts";
import { gate, rig } from "../../fixtures/scripted-receiver.ts";

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const trap = () =>
  Object.defineProperty({}, "name", {
    get() {
      throw new Error("no name");
    },
  });

test.each([
  ["undefined", () => undefined],
  ["null", () => null],
  ["a string", () => "no"],
  ["a frozen error", () => Object.freeze(new Error("no"))],
  ["a revoked proxy", revoked],
  ["a getter that throws", trap],
  ["a DeadLetter whose reason is no text", () => new DeadLetter({ not: "text" } as unknown as string)],
])("%s thrown is a failed attempt; its place comes free and the next message is handled", async (_name, thrown) => {
  for (const later of [false, true]) {
    const seen: unknown[] = [];
    const { runner, lease, message, runtime, context } = rig({
      plan: { concurrency: 1 },
      handler: (_: unknown, { id }: { id: string }) => {
        seen.push(id);
        if (seen.length > 1) return undefined;
        if (later) return Promise.reject(thrown());
        throw thrown();
      },
    });
    lease.push(message(1), message(2));
    await runner.start();
    await runtime.settle();
    expect(seen.slice(0, 2)).toEqual(["id-r1", "id-r2"]);
    expect(context.budget.held).toBe(0);
  }
});

test("a DeadLetter's reason is text whatever it was made of", () => {
  expect(verdictFor(new DeadLetter(5 as unknown as string))).toMatchObject({ verdict: "deadLetter", reason: "5" });
});

test("a type named as something every object has gets its handler, not the object's", () => {
  const seen: unknown[] = [];
  const handlers = { "*": (data: unknown) => void seen.push(data) };
  const consumer = { handlers, options: {} } as unknown as Parameters<typeof runHandler>[0];
  expect(runHandler(consumer, "toString", 1, {})).toEqual({ verdict: "ack" });
  expect(seen).toEqual([1]);
});

const around = (run: (delivery: object, next: () => Promise<void>) => unknown) =>
  [{ "~switchyard": "middleware", run }] as unknown as Parameters<typeof throughMiddleware>[0];

test("a middleware that does not wait for next() neither acknowledges early nor hides a failure", async () => {
  const slow = gate();
  let over = false;
  const forgetful = around((_delivery, next) => void next());
  const attempt = throughMiddleware(forgetful, {}, () => slow.promise).then(() => {
    over = true;
  });
  await Promise.resolve();
  expect(over).toBe(false);
  slow.open();
  await attempt;
  expect(over).toBe(true);
  const failing = throughMiddleware(forgetful, {}, () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
});

test("a middleware that catches what next() throws has handled it", async () => {
  const forgiving = around((_delivery, next) => next().catch(() => undefined));
  await throughMiddleware(forgiving, {}, () => Promise.reject(new Error("no")));
  const trying = around(async (_delivery, next) => {
    try {
      await next();
    } catch {
      return;
    }
  });
  expect(await throughMiddleware(trying, {}, () => Promise.reject(new Error("no")))).toBeUndefined();
});

test("next() after the middleware has ended is refused: the message is settled", async () => {
  let late!: () => unknown;
  const attempt = throughMiddleware(
    around((_delivery, next) => {
      late = next;
    }),
    {},
    () => undefined,
  );
  await expect(attempt).rejects.toMatchObject({ code: "next-not-called" });
  expect(late).toThrow("after it had ended");
});

test.each([
  ["a single handler", false],
  ["a batch", true],
])("a middleware of %s that forgets next() has failed, and the handler has not run", async (_name, batched) => {
  let handled = 0;
  const { runner, lease, message, runtime, dead, events } = rig({
    options: { use: around(async () => undefined) },
    policy: { retry: { attempts: 2, backoff: "constant", firstMs: 10, maxMs: 10 } },
    ...(batched ? { batch: () => void handled++ } : { handler: () => void handled++ }),
  });
  lease.push(message(1));
  await runner.start();
  await runtime.settle();
  expect(lease.settled).toMatchObject([{ action: "retry" }]);
  lease.push(message(1, { attempt: 2 }));
  await runtime.advance("1s");
  expect(handled).toBe(0);
  expect(dead).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({
    type: "dead-letter",
    reason: expect.stringContaining("without calling next()"),
  });
});

test.each([
  ["thrown by a middleware", { options: { use: around(async () => Promise.reject(new Skip("a duplicate"))) } }],
  ["returned by a middleware", { options: { use: around(async () => new Skip("a duplicate")) } }],
  ["thrown by the handler", { handler: () => Promise.reject(new Skip("a duplicate")) }],
  ["returned by the handler", { handler: () => new Skip("a duplicate") }],
  [
    "given to batch.fail",
    {
      batch: (batch: Iterable<object> & { fail: (one: object, error: unknown) => void }) => {
        for (const one of batch) batch.fail(one, new Skip("a duplicate"));
      },
    },
  ],
])("Skip %s settles the message and says so", async (_name, options) => {
  const { runner, lease, message, runtime, dead, events } = rig({ handler: () => {}, ...options });
  lease.push(message(1));
  await runner.start();
  await runtime.settle();
  expect(lease.settled).toEqual([{ receipt: "r1", action: "ack" }]);
  expect(dead).toEqual([]);
  expect(events).toMatchObject([{ type: "skipped", level: "info", by: "handler", reason: "a duplicate", id: "id-r1" }]);
});

test("a verdict that a handler returns counts as thrown", () => {
  const consumer = { handlers: { m: () => new Retry() }, options: {} } as unknown as Parameters<typeof runHandler>[0];
  expect(runHandler(consumer, "m", 1, {})).toMatchObject({ verdict: "retry" });
});
