import { expect, test } from "vitest";
import { isMessagingError, type MessagingError } from "../errors.ts";
import {
  accept,
  bench,
  type Bench,
  dead,
  each,
  fault,
  held,
  message,
  reject,
  stall,
} from "./scripted-sender.test.kit.ts";
import type { SendOptions } from "./send-queue.ts";

const send = (at: Bench, name: string, key?: string, options?: SendOptions) =>
  at.queue.send(() => message(name, key), { id: name, ...options });
/** The error, or a failure of the test. */
const failed = (promise: Promise<unknown>): Promise<MessagingError> =>
  promise.then(
    () => expect.unreachable("it was accepted"),
    (error) => (isMessagingError(error) ? error : expect.unreachable(String(error))),
  );
const names = (n: number, prefix = "m") => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

test("what is sent in one tick leaves in full batches, at most as many at once as the driver takes", async () => {
  const at = bench();
  await Promise.all(names(1_000).map((name) => send(at, name)));
  expect(at.calls).toHaveLength(100);
  expect(at.most()).toBe(4);
  expect(at.calls.flatMap((call) => call.bodies).sort()).toEqual(names(1_000).sort());
});

test("a batch respects the driver's bytes", async () => {
  const at = bench({ capabilities: { maxBatch: { count: 10, bytes: 20_000 } }, size: () => 8_000 });
  await Promise.all(names(5).map((name) => send(at, name)));
  expect(at.calls.map((call) => call.bodies.length)).toEqual([2, 2, 1]);
});

test("what comes while all calls run forms the next batch", async () => {
  const at = bench({ capabilities: { concurrency: { send: 1, receive: 1 } } });
  const first = held();
  at.script.push(first.answer);
  const sent = [send(at, "a")];
  await at.runtime.settle();
  sent.push(send(at, "b"));
  await at.runtime.settle();
  sent.push(send(at, "c"));
  await at.runtime.settle();
  expect(at.calls.map((call) => call.bodies)).toEqual([["a"]]);
  first.release();
  await Promise.all(sent);
  expect(at.calls.map((call) => call.bodies)).toEqual([["a"], ["b", "c"]]);
});

test("each answer reaches its own message, and only the failed ones are sent again", async () => {
  const at = bench();
  at.script.push(each(undefined, fault("retryable"), undefined, fault("permanent", "bad-content")));
  const sent = names(4).map((name) => send(at, name));
  const [permanent] = await Promise.all([failed(sent[3] as Promise<unknown>), sent[0], sent[2]]);
  expect(permanent).toMatchObject({ code: "bad-content", kind: "permanent", id: "m3", channel: "orders" });
  await at.runtime.advance("1s");
  expect(await sent[1]).toEqual({ id: "broker-0" });
  expect(at.calls.map((call) => call.bodies)).toEqual([["m0", "m1", "m2", "m3"], ["m1"]]);
  expect(at.events).toMatchObject([{ type: "resend", connection: "main", channel: "orders" }]);
});

test("one message of a key is under way at a time, in call order, while other keys go on", async () => {
  const at = bench();
  at.script.push(each(fault("retryable")));
  const sent = [send(at, "a1", "a"), send(at, "a2", "a"), send(at, "b1", "b"), send(at, "a3", "a")];
  await sent[2];
  expect(at.calls.map((call) => call.bodies)).toEqual([["a1", "b1"]]);
  await at.runtime.advance("1s");
  await Promise.all(sent);
  expect(at.calls.map((call) => call.bodies)).toEqual([["a1", "b1"], ["a1"], ["a2"], ["a3"]]);
});

test("a gated message keeps its place in the order of its key", async () => {
  const at = bench();
  const gate = Promise.withResolvers<void>();
  const slow = send(at, "first", "k", { gate: gate.promise });
  const quick = send(at, "second", "k");
  await at.runtime.settle();
  expect(at.calls).toEqual([]);
  gate.resolve();
  await Promise.all([slow, quick]);
  expect(at.calls.map((call) => call.bodies)).toEqual([["first"], ["second"]]);
});

test("a gate that rejects fails its message only", async () => {
  const at = bench();
  const slow = failed(send(at, "first", "k", { gate: Promise.reject(new Error("no")) }));
  const quick = send(at, "second", "k");
  expect(await slow).toMatchObject({ code: "publish-failed", kind: "permanent" });
  await quick;
});

test("a failed message does not block a later send of its key", async () => {
  const at = bench();
  at.script.push(each(fault("permanent")));
  const first = failed(send(at, "first", "k"));
  const second = send(at, "second", "k");
  expect(await first).toMatchObject({ kind: "permanent" });
  await second;
  expect(at.calls.map((call) => call.bodies)).toEqual([["first"], ["second"]]);
});

test("ambiguity is sticky: a certain failure afterwards does not undo it", async () => {
  const at = bench();
  at.script.push(each(fault("ambiguous", "reply-lost")), each(fault("permanent", "bad-content")));
  const sent = failed(send(at, "m"));
  await at.runtime.advance("1s");
  expect(await sent).toMatchObject({ code: "bad-content", kind: "ambiguous" });
});

test("ambiguous, then throttled until the time is over, is ambiguous", async () => {
  const at = bench({ fallback: reject(fault("throttled", "slow-down")) });
  at.script.push(each(fault("ambiguous", "reply-lost")));
  const sent = failed(send(at, "m"));
  await at.runtime.advance("31s");
  expect(await sent).toMatchObject({ kind: "ambiguous" });
});

test("ambiguous, then accepted, is accepted", async () => {
  const at = bench();
  at.script.push(reject(fault("ambiguous")));
  const sent = send(at, "m");
  await at.runtime.advance("1s");
  expect(await sent).toEqual({ id: "broker-0" });
});

test.each(["auth", "config", "permanent"] as const)("%s fails at once", async (kind) => {
  const at = bench();
  at.script.push(reject(fault(kind)));
  expect(await failed(send(at, "m"))).toMatchObject({ kind, code: kind });
  expect(at.calls).toHaveLength(1);
});

test("resends stop when the time is over, and the last failure is told", async () => {
  const at = bench({ fallback: reject(fault("retryable", "broker-restarting")) });
  const sent = failed(send(at, "m", undefined, { timeoutMs: 5_000 }));
  await at.runtime.advance("5s");
  expect(await sent).toMatchObject({ kind: "retryable", code: "broker-restarting" });
  expect(at.calls.length).toBeGreaterThan(2);
  expect(at.runtime.pending).toBe(0);
});

test("a driver that never answers does not hang a send: ambiguous when its time is over, and its signal aborted", async () => {
  const at = bench({ plan: { timeoutMs: 3_000 } });
  at.script.push(stall);
  const sent = failed(send(at, "m"));
  await at.runtime.advance("2999ms");
  expect(at.calls[0]?.signal.aborted).toBe(false);
  await at.runtime.advance("1ms");
  expect(await sent).toMatchObject({ code: "publish-timeout", kind: "ambiguous" });
  expect(at.calls[0]?.signal.aborted).toBe(true);
  await send(at, "next");
});

test("a call goes on while somebody waits for one of its messages", async () => {
  const at = bench();
  const call = held();
  at.script.push(call.answer);
  const hasty = failed(send(at, "hasty", undefined, { timeoutMs: 1_000 }));
  const patient = send(at, "patient");
  await at.runtime.advance("2s");
  expect(await hasty).toMatchObject({ kind: "ambiguous" });
  expect(at.calls[0]?.signal.aborted).toBe(false);
  call.release();
  await patient;
  expect(at.calls).toHaveLength(1);
});

test("a driver that ignores its signal loses its sender, not the queue", async () => {
  const at = bench({ plan: { timeoutMs: 1_000 }, capabilities: { concurrency: { send: 1, receive: 1 } } });
  at.script.push(dead);
  const first = failed(send(at, "first"));
  await at.runtime.advance("1s");
  expect((await first).kind).toBe("ambiguous");
  const second = send(at, "second", undefined, { timeoutMs: 5_000 });
  await at.runtime.advance("1s");
  await second;
  expect([at.opened(), at.closed()]).toEqual([2, 1]);
});

test("aborting the caller's signal: certain before it was handed over, ambiguous afterwards", async () => {
  const at = bench();
  const controller = new AbortController();
  at.script.push(stall);
  const under = failed(send(at, "a1", "a", { signal: controller.signal }));
  const waiting = failed(send(at, "a2", "a", { signal: controller.signal }));
  await at.runtime.settle();
  controller.abort();
  expect(await under).toMatchObject({ code: "aborted", kind: "ambiguous" });
  expect(await waiting).toMatchObject({ code: "aborted", kind: "retryable" });
  expect(await failed(send(at, "late", undefined, { signal: controller.signal }))).toMatchObject({ kind: "retryable" });
  expect(at.calls).toHaveLength(1);
});

test("throttling holds the whole queue for as long as the broker asks, and halves what runs at once", async () => {
  const at = bench();
  at.script.push(...Array.from({ length: 4 }, () => reject(fault("throttled", "slow-down", 2_000))));
  const sent = names(40).map((name) => send(at, name));
  await at.runtime.settle();
  expect(at.calls).toHaveLength(4);
  await at.runtime.advance("1999ms");
  expect(at.calls).toHaveLength(4);
  const first = held();
  at.script.push(first.answer);
  await at.runtime.advance("2s");
  expect(at.calls).toHaveLength(5);
  first.release();
  await Promise.all(sent);
});

test("too large is known before anything is sent: 4 KiB of the limit are kept", async () => {
  const at = bench({ capabilities: { maxMessageBytes: 10_000 }, size: (m) => Number(m.headers["size"]) });
  const sized = (size: number, options?: SendOptions) =>
    at.queue.send(() => ({ body: '"m"', headers: { size: String(size) } }), options);
  await sized(10_000 - 4_096);
  const error = await failed(sized(10_000 - 4_095));
  expect(error).toMatchObject({ code: "too-large", kind: "permanent" });
  expect(error.message).toContain("5904");
  await sized(10_000, { reserve: true });
  expect(await failed(sized(10_001, { reserve: true }))).toMatchObject({ code: "too-large" });
  expect(at.calls).toHaveLength(2);
});

test("beyond the pending count a send waits its turn", async () => {
  const at = bench({ plan: { maxPending: 2 } });
  const first = held();
  at.script.push(first.answer);
  const sent = names(4).map((name) => send(at, name));
  await at.runtime.settle();
  expect(at.calls.map((call) => call.bodies)).toEqual([["m0", "m1"]]);
  first.release();
  await Promise.all(sent);
  expect(at.calls.map((call) => call.bodies)).toEqual([
    ["m0", "m1"],
    ["m2", "m3"],
  ]);
});

test("beyond the pending bytes a send is refused where the plan says so", async () => {
  const at = bench({ plan: { maxPendingBytes: 1_000, whenFull: "reject" } });
  const big = (name: string) => send(at, name + "x".repeat(300));
  const sent = [big("a"), failed(big("b"))];
  expect(await sent[1]).toMatchObject({ code: "backpressure", kind: "retryable" });
  await sent[0];
  await big("c");
});

test("waiting for room counts against the time budget", async () => {
  const at = bench({ plan: { maxPending: 1 }, fallback: stall });
  const first = failed(send(at, "first"));
  const second = failed(send(at, "second", undefined, { timeoutMs: 2_000 }));
  await at.runtime.advance("2s");
  expect(await second).toMatchObject({ code: "backpressure", kind: "retryable" });
  await at.runtime.advance("28s");
  await first;
});

test("a failing opening is tried again within the budget", async () => {
  const at = bench();
  at.opens.push(() => Promise.reject(fault("retryable", "refused")));
  const sent = send(at, "m");
  await at.runtime.advance("1s");
  expect(await sent).toEqual({ id: "broker-0" });
  expect(at.opened()).toBe(2);
});

test("an opening that cannot succeed fails everything that waits for it, and is tried afresh by the next", async () => {
  const at = bench();
  at.opens.push(() => Promise.reject(fault("config", "queue-not-found")));
  const errors = await Promise.all([failed(send(at, "m0")), failed(send(at, "m1", "k")), failed(send(at, "m2", "k"))]);
  expect(errors.map((error) => [error.code, error.kind])).toEqual(Array(3).fill(["queue-not-found", "config"]));
  await send(at, "later");
  expect(at.opened()).toBe(2);
});

test("an opening that never answers ends as not accepted", async () => {
  const at = bench({ plan: { timeoutMs: 1_000 } });
  at.opens.push(() => new Promise(() => {}));
  const sent = failed(send(at, "m"));
  await at.runtime.advance("1s");
  expect(await sent).toMatchObject({ code: "publish-timeout", kind: "retryable" });
  await send(at, "next");
});

test("a sender that keeps less than declared is refused by name", async () => {
  const at = bench({
    capabilities: { ordering: "none", delayedPublishMs: 0 },
    expected: { ordering: "key", delayedPublishMs: 900_000 },
  });
  const error = await failed(send(at, "m"));
  expect(error).toMatchObject({ code: "capability-missing", kind: "config" });
  expect(error.message).toContain("ordering is none, declared key; delayedPublishMs is 0, declared 900000");
  expect([at.calls.length, at.closed()]).toEqual([0, 1]);
});

test("a message is made again for a sender whose headers differ from what was expected", async () => {
  const at = bench({ capabilities: { headers: 10 }, expected: { headers: 0 } });
  await at.queue.send((capabilities) => message(`for ${capabilities.headers}`));
  expect(at.calls[0]?.bodies).toEqual(["for 10"]);
});

test("a result the driver left out is ambiguous, not lost", async () => {
  const at = bench();
  at.script.push(async () => [{ id: "only" }]);
  const sent = [send(at, "m0"), send(at, "m1")];
  await sent[0];
  await at.runtime.advance("1s");
  await sent[1];
  expect(at.calls.map((call) => call.bodies)).toEqual([["m0", "m1"], ["m1"]]);
});

test("a sender closed under us is opened again", async () => {
  const at = bench();
  at.script.push(reject(fault("closed")));
  const sent = send(at, "m");
  await at.runtime.advance("1s");
  await sent;
  expect([at.opened(), at.closed()]).toEqual([2, 1]);
});

test("flush waits for what is under way, or for its signal", async () => {
  const at = bench();
  const call = held();
  at.script.push(call.answer);
  const sent = send(at, "m");
  let flushed = false;
  const flushing = at.queue.flush(new AbortController().signal).then(() => (flushed = true));
  const deadline = new AbortController();
  const shortened = at.queue.flush(deadline.signal);
  await at.runtime.settle();
  deadline.abort();
  await shortened;
  expect(flushed).toBe(false);
  call.release();
  await Promise.all([sent, flushing]);
  expect(flushed).toBe(true);
});

test("close: what runs is ambiguous, what waits and what comes is closed, and no timer is left", async () => {
  const at = bench();
  at.script.push(stall);
  const under = failed(send(at, "a1", "a"));
  const waiting = failed(send(at, "a2", "a"));
  await at.runtime.settle();
  await Promise.all([at.queue.close(), at.queue.close()]);
  expect(await under).toMatchObject({ kind: "ambiguous" });
  expect(await waiting).toMatchObject({ code: "closed", kind: "closed" });
  expect(await failed(send(at, "late"))).toMatchObject({ code: "closed" });
  expect([at.closed(), at.runtime.pending, at.queue.unresolved]).toEqual([1, 0, 0]);
});

test("close does not wait for ever for a driver that ignores its signal", async () => {
  const at = bench();
  at.script.push(dead);
  const under = failed(send(at, "m"));
  await at.runtime.settle();
  const closing = at.queue.close();
  await at.runtime.advance("1s");
  await closing;
  expect((await under).kind).toBe("ambiguous");
});

test("ready opens once, tells what is wrong, and obeys its signal", async () => {
  const at = bench();
  at.opens.push(
    () => Promise.reject(fault("auth", "access-denied")),
    () => new Promise(() => {}),
  );
  expect(await failed(at.queue.ready(new AbortController().signal))).toMatchObject({
    kind: "auth",
    code: "access-denied",
  });
  const controller = new AbortController();
  const given = failed(at.queue.ready(controller.signal));
  controller.abort();
  expect(await given).toMatchObject({ code: "aborted" });
  const [one, two] = await Promise.all([
    at.queue.ready(new AbortController().signal),
    at.queue.ready(new AbortController().signal),
  ]);
  expect(one).toBe(two);
  expect(at.opened()).toBe(3);
});

test("an accepted position is handed on", async () => {
  const at = bench();
  at.script.push(async (batch, signal) =>
    (await accept(batch, signal)).map((sent) => ({ ...sent, position: "7" }) as never),
  );
  expect(await send(at, "m")).toEqual({ id: "broker-0", position: "7" });
});

test("nothing keeps the process alive once all is accepted", async () => {
  const at = bench();
  await Promise.all(names(25).map((name) => send(at, name)));
  expect(at.runtime.pending).toBe(0);
});
