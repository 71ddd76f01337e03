import { expect, test } from "vitest";
import { Retry } from "../../api/verdicts.ts";
import { gate, rig, Scripted } from "../../fixtures/scripted-receiver.ts";

test("stopped before it has started, start() rejects at once and leaves no timer", async () => {
  const { runner, runtime, stop } = rig({
    handler: () => {},
    openFaults: Array(1_000).fill(new Scripted("retryable", "unreachable")),
  });
  const refused = runner.start().catch((error: unknown) => error);
  await runtime.settle();
  await stop(0);
  expect(await refused).toMatchObject({ code: "closed", kind: "closed" });
  expect(runtime.pending).toBeLessThanOrEqual(1);
});

test("a lease that comes after stop is not read, and stop does not spin", async () => {
  const { runner, lease, message, stop } = rig({ handler: () => {} });
  let receives = 0;
  lease.receive = async () => {
    receives++;
    return [message(receives)];
  };
  const started = runner.start();
  await started;
  await stop(25_000);
  expect(receives).toBeLessThanOrEqual(1);
});

test("a handler that never ends does not keep settlements, checkpoints or timers behind", async () => {
  const { runner, lease, message, runtime, stop } = rig({
    plan: { concurrency: 2 },
    handler: (_: unknown, { id }: { id: string }) => (id === "id-r2" ? gate().promise : undefined),
  });
  lease.push(message(1, { deadlineMs: 60_000 }), message(2, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.settle();
  const stopped = stop(3_000);
  await runtime.advance("3s");
  expect((await stopped).abandoned).toBe(1);
  expect(lease.settled).toEqual([{ receipt: "r1", action: "ack" }]);
  expect(lease.released).toBe("stopping");
  expect(runtime.pending).toBe(0);
});

test("settlements that fail to the last leave no timer behind", async () => {
  const { runner, lease, message, runtime, stop } = rig({ handler: () => {} });
  lease.settle = async (batch) => batch.map(() => ({ cause: new Scripted("retryable") }));
  lease.push(message(1, { deadlineMs: 600_000 }));
  await runner.start();
  await runtime.settle();
  const stopped = stop(1_000);
  await runtime.advance("4s");
  await stopped;
  expect(runtime.pending).toBe(0);
});

test("a receiver that cannot be closed does not keep stop() from ending well", async () => {
  const { runner, runtime, stop, context, lease, message } = rig({ handler: () => gate().promise });
  const open = context.connection.receiver.bind(context.connection);
  context.connection.receiver = async (...given) => {
    const receiver = await open(...given);
    receiver.close = () => Promise.reject(new Error("cannot close"));
    return receiver;
  };
  lease.push(message(1));
  await runner.start();
  await runtime.settle();
  const stopped = stop(0);
  await runtime.advance("5s");
  expect((await stopped).abandoned).toBe(1);
});

test("a Retry with a delay that only this process could keep is given back at stop, not dead-lettered", async () => {
  const slow = gate();
  const { runner, lease, message, runtime, stop, dead } = rig({
    capabilities: { settleResult: "checkpoint" },
    handler: async () => {
      await slow.promise;
      throw new Retry({ delay: "1h" });
    },
  });
  lease.push(message(1));
  await runner.start();
  await runtime.settle();
  const stopped = stop(25_000);
  await runtime.settle();
  slow.open();
  await runtime.settle();
  await stopped;
  expect(dead).toEqual([]);
  expect(lease.settled).toEqual([]);
});

test("a lease that is lost starts nothing more, not even what waited behind a key", async () => {
  const seen: string[] = [];
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    policy: { retry: { attempts: 5, backoff: "constant", firstMs: 60_000, maxMs: 60_000 } },
    handler: (_: unknown, { id }: { id: string }) => {
      seen.push(id);
      throw new Error("no");
    },
  });
  lease.push(message(1, { key: "k" }), message(2, { key: "k" }));
  await runner.start();
  await runtime.settle();
  lease.lose();
  await runtime.settle();
  expect(seen).toEqual(["id-r1"]);
});

test("a hold that cannot be extended is given up its margin before the end, never later", async () => {
  let lostAt: number | undefined;
  const { runner, lease, message, runtime } = rig({
    handler: (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener("abort", () => {
        lostAt = runtime.elapsed;
      });
      return gate().promise;
    },
  });
  lease.extendAnswer = () => ({ cause: new Scripted("retryable") });
  lease.push(message(1, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("61s");
  expect(lostAt).toBe(54_000);
});
