import { expect, test, vi } from "vitest";
import { accept, bench, dead, each, failed, fault, held, names, send, stall } from "../../fixtures/scripted-sender.ts";
import type { SendOptions } from "./send-queue.ts";

test("what is sent in one tick leaves in full batches, at most as many at once as the driver takes", async () => {
  const at = bench();
  await Promise.all(names(1_000).map((name) => send(at, name)));
  expect(at.calls).toHaveLength(100);
  expect(at.most()).toBe(4);
  expect(new Set(at.calls.flatMap((call) => call.bodies))).toEqual(new Set(names(1_000)));
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

test("close does not wait forever for a driver that ignores its signal", async () => {
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

test("a call that leaves nothing to send takes no further turn of the event loop", async () => {
  const at = bench();
  await send(at, "opens the sender");
  await at.runtime.settle();
  const turns = vi.spyOn(at.runtime, "defer");
  await send(at, "m");
  await at.runtime.settle();
  expect(turns).toHaveBeenCalledTimes(1);
});
