import { expect, test } from "vitest";
import { rig, Scripted } from "../../fixtures/scripted-receiver.ts";

test("what is published in the tick in which a handler ends leaves before its settlement", async () => {
  const order: string[] = [];
  const { runner, lease, message, runtime, context } = rig({
    // A caller that awaits the handler goes on after it.
    handler: () => queueMicrotask(publish),
    deadAnswer: () => void order.push("published"),
  });
  lease.settleAnswer = () => void order.push("settled");
  const { deadLetters } = context;
  const publish = () => void deadLetters?.send(() => message(0).message);
  // The first one opens the sender.
  publish();
  await runner.start();
  await runtime.settle();
  lease.push(message(1));
  await runtime.settle();
  expect(order).toEqual(["published", "published", "settled"]);
});

test.each(["auth", "permanent", "config", "throttled", "retryable"] as const)(
  "a settlement that fails as %s is tried again while the hold lasts",
  async (kind) => {
    const { runner, lease, message, runtime, events, context } = rig({ handler: () => {} });
    let refusals = 3;
    lease.settleAnswer = () => (refusals-- > 0 ? { cause: new Scripted(kind) } : undefined);
    lease.push(message(1, { deadlineMs: 8_000 }));
    await runner.start();
    await runtime.advance("100ms");
    expect(context.troubles.list()).toMatchObject([
      { needsPerson: kind !== "throttled" && kind !== "retryable", text: expect.stringContaining(`scripted-${kind}`) },
    ]);
    await runtime.advance("3s");
    expect(lease.settled).toHaveLength(4);
    expect(events.filter(({ type }) => type === "lost")).toEqual([]);
    expect(context.troubles.list()).toEqual([]);
  },
);

test("the last try comes shortly before the hold ends, and the loss says why", async () => {
  const { runner, lease, message, runtime, events } = rig({ handler: () => {} });
  lease.settleAnswer = () => ({ cause: new Scripted("auth", "credentials-expired") });
  lease.push(message(1, { deadlineMs: 8_000 }));
  await runner.start();
  await runtime.advance("7700ms");
  expect(events.filter(({ type }) => type === "lost")).toEqual([]);
  const before = lease.settled.length;
  await runtime.advance("200ms");
  expect(lease.settled).toHaveLength(before + 1);
  expect(events.filter(({ type }) => type === "lost")).toEqual([
    expect.objectContaining({ during: "settling", error: expect.objectContaining({ code: "credentials-expired" }) }),
  ]);
});

test("a hold that is gone is not settled again", async () => {
  const { runner, lease, message, runtime } = rig({ handler: () => {} });
  lease.settleAnswer = () => ({ cause: new Scripted("lost", "receipt-invalid") });
  lease.push(message(1, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("1m");
  expect(lease.settled).toHaveLength(1);
});
