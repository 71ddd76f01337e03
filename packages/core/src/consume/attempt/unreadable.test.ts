import { expect, test } from "vitest";
import { MessagingError } from "../../api/errors.ts";
import { Pipeline } from "../../content/pipeline.ts";
import { rig, type RigOptions } from "../../fixtures/scripted-receiver.ts";
import type { Reading } from "../../pipeline/content.ts";
import type { ClaimCheck } from "../../pipeline/extension.ts";
import { BodyReader } from "../lease/body-reader.ts";

type Read = (how: Reading) => void | Promise<void>;

/** A group whose channel has a claim check that a test decides. */
function reading(read: Read, options: RigOptions = {}) {
  const made = rig(options);
  const claimCheck = {
    name: "claim-check",
    read: (content: object, _: object, how: Reading) => read(how)?.then(() => content) ?? content,
  } as unknown as ClaimCheck;
  const bodies = new BodyReader(new Pipeline({ channel: "orders", claimCheck }), 1_000, "orders");
  Object.assign(made.context, { bodies });
  return made;
}

const unavailable = (giveUpAfterMs?: number) =>
  new MessagingError("keys-throttled", "not now", { kind: "throttled", giveUpAfterMs });

test.each(["single", "batch"])("a message lost while its body is read is not dead-lettered: %s", async (kind) => {
  const { runner, lease, message, runtime, dead, events } = reading(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    kind === "batch" ? { batch: () => {} } : { handler: () => {} },
  );
  lease.push(message(0));
  await runner.start();
  await runtime.settle();
  lease.lose();
  await runtime.settle();
  expect(dead).toEqual([]);
  expect(events.filter(({ type }) => type === "dead-letter")).toEqual([]);
});

test("a trouble of reading is over once a message can be read, and a later one has its own time", async () => {
  let fault: MessagingError | undefined = unavailable();
  let calls = 0;
  const { runner, lease, message, runtime, dead, context } = reading(
    () => {
      if (fault !== undefined) throw fault;
    },
    {
      handler: () => {
        if (++calls > 1) return;
        fault = unavailable(60_000);
        throw new Error("try again");
      },
      capabilities: { retryDelayMs: 0 },
    },
  );
  lease.push(message(0));
  await runner.start();
  await runtime.settle();
  expect(context.troubles.list()).toHaveLength(1);
  fault = undefined;
  await runtime.advance("2s");
  expect(calls).toBe(1);
  expect(context.troubles.list()).toEqual([]);
  // The first trouble was a minute ago; the second began just now.
  await runtime.advance("59s");
  expect([calls, dead.length]).toEqual([1, 0]);
  fault = undefined;
  await runtime.advance("20s");
  expect([calls, dead.length]).toEqual([2, 0]);
});

test("a step that fails in an unknown way keeps the message for a while, and gives it up with a code of its own", async () => {
  const { runner, lease, message, runtime, dead, events } = reading(() => Promise.reject(new TypeError("socket")), {
    handler: () => {},
  });
  lease.push(message(0));
  await runner.start();
  await runtime.advance("14m");
  expect([dead.length, events.map(({ type }) => type)]).toEqual([0, ["unreadable"]]);
  await runtime.advance("2m");
  expect(dead).toHaveLength(1);
  expect(events.find(({ type }) => type === "dead-letter")).toMatchObject({ code: "step-failed" });
});

test("a message that waits for room for its body is handled within the drain of a stop", async () => {
  const hold = Promise.withResolvers<void>();
  const { runner, lease, message, runtime } = reading((how) => how.reserve(800), {
    handler: () => hold.promise,
    plan: { concurrency: 2 },
  });
  lease.push(message(0), message(1));
  await runner.start();
  await runtime.settle();
  const stopping = runner.stop(new AbortController().signal);
  await runtime.settle();
  hold.resolve();
  await runtime.advance("1s");
  await stopping;
  expect(lease.settled.map(({ action }) => action).sort()).toEqual(["ack", "ack"]);
});

test("two bodies of a batch that do not fit together come in two batches, also in a group without a pipeline", async () => {
  const batches: number[] = [];
  const made = rig({
    batch: (batch: { size: number }) => void batches.push(batch.size),
    plan: { batch: { size: 2, waitMs: 0 } },
  });
  const claimCheck = {
    read: (content: { claim?: unknown }, _: object, how: Reading) =>
      Promise.resolve(how.reserve(800)).then(() => ({ ...content, claim: undefined })),
  } as unknown as ClaimCheck;
  const bodies = new BodyReader(new Pipeline({ channel: "orders", claimCheck }), 1_000, "orders");
  Object.assign(made.context, { loadBodies: async () => bodies });
  const processed = (n: number) => {
    const delivery = made.message(n);
    const ce = JSON.parse(delivery.message.headers["ce"]!) as object;
    const carried = { dataref: "x:y", datarefsize: 800, datarefsha256: "z" };
    const headers = { ...delivery.message.headers, ce: JSON.stringify({ ...ce, ...carried }) };
    return { ...delivery, message: { ...delivery.message, headers } };
  };
  made.lease.push(processed(0), processed(1));
  await made.runner.start();
  await made.runtime.advance("1s");
  expect(batches).toEqual([1, 1]);
});
