import { expect, test } from "vitest";
import { gate, rig, Scripted } from "../../fixtures/scripted-receiver.ts";

const LOG = {
  settleResult: "checkpoint",
  retryDelayMs: 0,
  holdExtend: false,
  attempts: "local",
  groupMembership: "leases",
} as const;

test("a checkpoint never passes a record that is not settled", async () => {
  const gates = Array.from({ length: 5 }, gate);
  const { runner, lease, message, runtime } = rig({ capabilities: LOG, handler: (i: number) => gates[i]?.promise });
  lease.push(...gates.map((_, i) => message(i, { receipt: `p${i}` })));
  await runner.start();
  for (const i of [1, 2, 4]) gates[i]?.open();
  await runtime.advance("5s");
  expect(lease.settled).toEqual([]);
  gates[0]?.open();
  await runtime.advance("1s");
  expect(lease.settled).toEqual([{ receipt: "p2", action: "ack" }]);
  gates[3]?.open();
  await runtime.settle();
  expect(lease.settled.at(-1)).toEqual({ receipt: "p4", action: "ack" });
});

test("checkpoints are at most one a second while records run", async () => {
  const stuck = gate();
  const { runner, lease, message, runtime } = rig({
    capabilities: LOG,
    handler: (i: number) => (i === 99 ? stuck.promise : undefined),
  });
  await runner.start();
  for (let i = 0; i < 50; i++) lease.push(message(i));
  lease.push(message(99));
  await runtime.settle();
  await runtime.advance("900ms");
  expect(lease.settled.length).toBeLessThanOrEqual(2);
});

test("a failed record is retried in place, without end of the log for the others", async () => {
  const seen: number[] = [];
  const { runner, lease, message, runtime, dead } = rig({
    capabilities: LOG,
    policy: { exhausted: "park" },
    handler: (i: number) => {
      seen.push(i);
      if (i === 0) throw new Error("no");
    },
  });
  lease.push(message(0), message(1), message(2));
  await runner.start();
  await runtime.advance("3s");
  expect(seen).toEqual([0, 1, 2, 0, 0]);
  expect(dead).toHaveLength(1);
  expect(lease.settled.at(-1)).toEqual({ receipt: "r3", action: "ack" });
});

test("where order is the partition's, everything waits behind a failure", async () => {
  const seen: number[] = [];
  let fail = true;
  const { runner, lease, message, runtime } = rig({
    capabilities: { ...LOG, ordering: "partition" },
    ordered: true,
    handler: (i: number) => {
      seen.push(i);
      if (fail) {
        fail = false;
        throw new Error("no");
      }
    },
  });
  lease.push(message(0, { key: "a" }), message(1, { key: "b" }));
  await runner.start();
  await runtime.settle();
  expect(seen).toEqual([0]);
  await runtime.advance("1s");
  expect(seen).toEqual([0, 0, 1]);
});

test("a stuck record holds at most the window", async () => {
  const { runner, lease, message, runtime } = rig({
    capabilities: LOG,
    plan: { maxInFlight: 4 },
    handler: (i: number) => (i === 0 ? gate().promise : undefined),
  });
  lease.push(...Array.from({ length: 500 }, (_, i) => message(i)));
  await runner.start();
  await runtime.settle();
  const read = 500 - (await drainReady(lease));
  expect(read).toBe(40);
});

async function drainReady(lease: {
  receive: (max: number, wait: number, signal: AbortSignal) => Promise<readonly unknown[] | null>;
}): Promise<number> {
  return (await lease.receive(1_000, 0, new AbortController().signal))?.length ?? 0;
}

test("the end of a shard: what is held is handled and stored, then the lease is released as drained", async () => {
  const slow = gate();
  const { runner, lease, message, runtime } = rig({ capabilities: LOG, handler: () => slow.promise });
  lease.push(message(0), message(1));
  await runner.start();
  await runtime.settle();
  lease.end();
  await runtime.advance("30s");
  expect(lease.released).toBeUndefined();
  slow.open();
  await runtime.settle();
  expect(lease.settled.at(-1)).toEqual({ receipt: "r2", action: "ack" });
  expect(lease.released).toBe("drained");
});

test("a checkpoint refused as lost ends the lease: it is not tried again", async () => {
  const { runner, lease, message, runtime, opens } = rig({ capabilities: LOG, handler: () => {} });
  lease.settleAnswer = () => ({ cause: new Scripted("lost", "lease-lost") });
  lease.push(message(0));
  await runner.start();
  await runtime.settle();
  expect(lease.settled).toHaveLength(1);
  expect(runner.problem).toContain("lease-lost");
  lease.settleAnswer = () => undefined;
  await runtime.advance("20s");
  expect(opens()).toBe(2);
});

test("a record that ended earlier tenures is run alone, with a checkpoint after it", async () => {
  const seen: number[] = [];
  const { runner, lease, message, runtime } = rig({ capabilities: LOG, handler: (i: number) => void seen.push(i) });
  const first = gate();
  lease.receive = ((real) => async (max: number, wait: number, signal: AbortSignal) => {
    await first.promise;
    return real(max, wait, signal);
  })(lease.receive.bind(lease));
  lease.push(message(0, { attempt: 3 }), message(1), message(2));
  await runner.start();
  first.open();
  await runtime.advance("2s");
  expect(seen).toEqual([0, 1, 2]);
  expect(lease.settled.map(({ receipt }) => receipt)).toContain("r3");
});
