import { expect, test } from "vitest";
import { DeadLetter } from "../verdicts.ts";
import { runHandler, throughMiddleware, verdictFor } from "./attempt.ts";
import { gate, rig } from "./scripted-receiver.test.kit.ts";

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
  await throughMiddleware(
    around((_delivery, next) => {
      late = next;
    }),
    {},
    () => undefined,
  );
  expect(late).toThrow("after it had ended");
});
