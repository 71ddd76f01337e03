import { expect, it } from "vitest";
import { MessagingError } from "../api/errors.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";
import { retried } from "./retried.ts";

const fails = (kind: "retryable" | "throttled" | "ambiguous" | "auth", retryAfterMs?: number) =>
  new MessagingError("busy", "plan: busy", { kind, retryAfterMs });
const never = new AbortController().signal;

it("tries again after faults that pass, no earlier than the broker asks, and gives the result", async () => {
  const runtime = virtualRuntime();
  const errors = [fails("throttled", 3_000), fails("ambiguous"), fails("retryable")];
  let result: string | undefined;
  const run = async () => {
    const error = errors.shift();
    if (error !== undefined) throw error;
    return "done";
  };
  void retried(runtime, never, run).then((value) => (result = value));
  await runtime.advance(2_999);
  expect(errors.length).toBe(2);
  await runtime.advance(2_000);
  expect(result).toBe("done");
});

it("gives up after six tries and says so", async () => {
  const runtime = virtualRuntime();
  let tries = 0;
  const giving = retried(runtime, never, async () => {
    tries++;
    throw fails("retryable");
  }).catch((error: unknown) => error);
  await runtime.advance(60_000);
  expect(await giving).toMatchObject({
    code: "busy",
    kind: "retryable",
    message: expect.stringMatching(/tried 6 times within/),
  });
  expect(tries).toBe(6);
});

it("does not try again what does not pass by itself, nor after the signal", async () => {
  const runtime = virtualRuntime();
  const auth = fails("auth");
  await expect(retried(runtime, never, () => Promise.reject(auth))).rejects.toBe(auth);
  const stop = new AbortController();
  const busy = fails("retryable");
  const stopped = retried(runtime, stop.signal, () => Promise.reject(busy)).catch((error: unknown) => error);
  await runtime.settle();
  stop.abort();
  expect(await stopped).toBe(busy);
});
