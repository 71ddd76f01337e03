import { expect, test } from "vitest";
import {
  accept,
  type Answer,
  bench,
  dead,
  each,
  failed,
  fault,
  held,
  message,
  names,
  reject,
  send,
  stall,
} from "../../fixtures/scripted-sender.ts";

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

test("a call goes on while a caller awaits one of its messages", async () => {
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

test("a sender that offers less than declared is refused by name", async () => {
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

test("one throttled shard keeps only its own messages waiting", async () => {
  const at = bench();
  at.script.push(each({ ...fault("throttled", "shard-full", 2_000), partial: true }));
  const [hot, cold] = [send(at, "hot", "a"), send(at, "cold", "b")];
  await at.runtime.advance("1ms");
  expect(await cold).toEqual({ id: "broker-1" });
  const later = send(at, "later", "c");
  await at.runtime.advance("1ms");
  expect(await later).toEqual({ id: "broker-0" });
  await at.runtime.advance("1900ms");
  expect(at.calls).toHaveLength(2);
  await at.runtime.advance("1s");
  expect(await hot).toEqual({ id: "broker-0" });
});

test("an opening given up for want of an answer fails nobody who still has time, and its reason is not ours", async () => {
  const at = bench({ plan: { timeoutMs: 3_000 } });
  // As drivers do: the abort is what they are told, and all they can say.
  at.opening = (signal) =>
    new Promise((_, rejected) => signal.addEventListener("abort", () => rejected(fault("closed", "aborted"))));
  const first = failed(send(at, "first"));
  await at.runtime.advance("2s");
  const second = failed(send(at, "second"));
  await at.runtime.advance("1s");
  expect(await first).toMatchObject({ code: "publish-timeout", kind: "retryable" });
  await at.runtime.advance("1999ms");
  const [answer] = await Promise.race([second.then((error) => [error]), Promise.resolve([undefined])]);
  expect(answer).toBeUndefined();
  expect(at.queue.trouble).toMatchObject({ needsPerson: false });
  await at.runtime.advance("1ms");
  expect(await second).toMatchObject({
    code: "publish-timeout",
    kind: "retryable",
    message: expect.stringContaining("no answer"),
  });
});

test("a destination that refuses is in trouble until it takes a message; one that may have mended, for a minute", async () => {
  const at = bench();
  at.opens.push(() => Promise.reject(fault("config", "queue-not-found")));
  await failed(send(at, "m"));
  await at.runtime.advance("5m");
  expect(at.queue.trouble).toMatchObject({ needsPerson: true, text: expect.stringContaining("queue-not-found") });
  await send(at, "m");
  expect(at.queue.trouble).toBeUndefined();
  at.script.push(reject(fault("throttled", "slow-down")));
  await failed(send(at, "m", undefined, { timeoutMs: 1 }));
  expect(at.queue.trouble).toMatchObject({ needsPerson: false });
  await at.runtime.advance("61s");
  expect(at.queue.trouble).toBeUndefined();
  at.script.push(reject(fault("permanent", "bad-content")));
  await failed(send(at, "m"));
  expect(at.queue.trouble).toBeUndefined();
});

/** Refuses a batch as a whole, as an endpoint does that takes fewer messages, or finds one of them wrong. */
const refuseWhen =
  (wrong: (bodies: readonly unknown[]) => boolean): Answer =>
  (batch, signal) =>
    wrong(batch.map(({ body }) => JSON.parse(body as string)))
      ? Promise.reject(fault("permanent", "batch-too-long"))
      : accept(batch, signal);

test("a batch refused as a whole is halved and sent again, and no message of it has failed", async () => {
  const at = bench({ fallback: refuseWhen((bodies) => bodies.length > 3) });
  const sent = names(10).map((name) => send(at, name));
  await at.runtime.advance("0s");
  await Promise.all(sent);
  const taken = at.calls.filter(({ bodies }) => bodies.length <= 3).flatMap(({ bodies }) => bodies);
  expect(new Set(taken)).toEqual(new Set(names(10)));
  expect(taken).toHaveLength(10);
});

test("only the message that is refused alone is refused for good, and batches grow again", async () => {
  const at = bench({ fallback: refuseWhen((bodies) => bodies.includes("m4")) });
  const sent = names(10).map((name) => (name === "m4" ? failed(send(at, name)) : send(at, name)));
  await at.runtime.advance("0s");
  const answers = await Promise.all(sent);
  expect(answers[4]).toMatchObject({ kind: "permanent", code: "batch-too-long", id: "m4" });
  expect(at.events.some(({ type }) => type === "resend")).toBe(true);
  await Promise.all(names(40, "n").map((name) => send(at, name)));
  await Promise.all(names(40, "o").map((name) => send(at, name)));
  expect(at.calls.at(-1)?.bodies).toHaveLength(10);
});

test("a halved batch keeps the order of each key", async () => {
  const at = bench({ fallback: refuseWhen((bodies) => bodies.length > 1) });
  const all = names(12);
  await Promise.all(all.map((name, i) => send(at, name, `k${i % 3}`)));
  const accepted = at.calls.filter(({ bodies }) => bodies.length === 1).map(({ bodies }) => bodies[0]);
  for (const key of [0, 1, 2])
    expect(accepted.filter((name) => all.indexOf(name as string) % 3 === key)).toEqual(
      all.filter((_, i) => i % 3 === key),
    );
});
