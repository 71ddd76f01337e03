import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { answerWithin } from "./answer-within.ts";

const pending = new Promise<never>(() => {});

test("an answer ends the wait, whatever it is, and so does a refusal", async () => {
  const runtime = virtualRuntime();
  await expect(answerWithin(1_000, Promise.resolve(undefined), runtime, [undefined])).resolves.toBeUndefined();
  await expect(answerWithin(1_000, Promise.reject(new Error("no")), runtime, [])).rejects.toThrow("no");
});

test("the first signal that aborts ends the wait with its reason", async () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const answer = answerWithin(1_000, pending, virtualRuntime(), [one.signal, undefined, two.signal]);
  two.abort(new Error("cut"));
  await expect(answer).rejects.toThrow("cut");
  await expect(answerWithin(1_000, pending, virtualRuntime(), [two.signal])).rejects.toThrow("cut");
});

test("no answer in time is told once, as what passes", async () => {
  const runtime = virtualRuntime();
  let late = 0;
  const answer = answerWithin(1_000, pending, runtime, [], () => late++).catch((error: unknown) => error);
  await runtime.advance("999ms");
  expect(late).toBe(0);
  await runtime.advance("1ms");
  expect(await answer).toMatchObject({ kind: "retryable", code: "no-answer" });
  expect(late).toBe(1);
});
