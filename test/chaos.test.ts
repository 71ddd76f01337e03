/** Seconds of `npm run chaos` on every transport: nothing is found in what we ship, and planted losses are. */
import { afterAll, describe, expect, test } from "vitest";
import { Brokers } from "./support/chaos/broker.ts";
import { type ChaosOptions, type ChaosReport, chaos } from "./support/chaos/run.ts";
import type { FaultKind } from "./support/chaos/schedule.ts";
import type { Mutant } from "./support/chaos/service.ts";
import type { Transport } from "./support/chaos/transports.ts";
import { type Rabbit, skipped } from "./support/rabbit.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";

const brokers = new Brokers();
afterAll(() => brokers.close());

/** Others use the node too: it is neither restarted nor stopped here. */
async function shared(transport: Transport): Promise<{ rabbit?: Rabbit }> {
  if (transport !== "rabbit") return {};
  const ctl = () => Promise.reject(new Error("shared"));
  return { rabbit: { ...(await sharedRabbit()), own: false, ctl, restart: ctl, close: async () => {} } };
}

/** Runs side by side: each is five processes, which mostly wait. */
const AT_ONCE = 3;
let running = 0;
const waiting: (() => void)[] = [];

/** Few processes: two of a role only where one of them is to be ended. */
async function run(options: Omit<ChaosOptions, "brokers" | "cast">): Promise<ChaosReport> {
  const { kinds = [], transport } = options;
  const cast = {
    publishers: kinds.includes("kill-publisher") ? 2 : 1,
    workers: 2,
    relays: kinds.includes("kill-relay") ? 2 : 1,
  };
  if (running++ >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await chaos({ ...options, cast, brokers, ...(await shared(transport)) });
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/** Each kind on one transport at least; `npm run chaos` has them all on each. */
const SHORT: Readonly<Record<Transport, readonly FaultKind[]>> = {
  rabbit: ["kill-worker", "kill-publisher", "cut"],
  sqs: ["kill-worker", "kill-relay", "fail-entries"],
  "sqs-fifo": ["lose-replies", "throttle", "kill-publisher"],
  sns: ["server-errors", "cut-store", "kill-worker"],
  kinesis: ["kill-worker", "reshard", "lose-replies"],
};
const here = (Object.keys(SHORT) as Transport[]).filter((transport) => transport !== "rabbit" || !skipped);

describe.concurrent("a short chaos run", { timeout: 900_000 }, () => {
  test.each(here)(
    "on %s finds nothing: all that was accepted is handled, in order, and has its effect once",
    async (transport) => {
      const seed = 7;
      const kinds = SHORT[transport];
      const { findings, stories, counts, folder } = await run({ transport, seconds: 12, seed, kinds, perSecond: 20 });
      expect(findings, [`seed ${seed}, journals in ${folder}`, ...stories].join("\n")).toEqual([]);
      expect(counts.accepted).toBeGreaterThan(50);
    },
  );
});

/** What is broken, where, and what of the faults brings it to light. */
const PLANTED: readonly (readonly [Mutant, Transport, readonly FaultKind[]])[] = [
  ["ack-before-handling", "sqs", ["kill-worker"]],
  ["drops-retries", "sqs", []],
  ["ack-before-copy", "sqs", ["kill-worker", "throttle"]],
  ["checkpoint-past-a-failure", "kinesis", ["kill-worker"]],
  ["mark-before-commit", "sqs", ["kill-worker"]],
  ["delete-before-accept", "sqs", ["kill-relay", "throttle"]],
];

describe.concurrent("a chaos run", { timeout: 900_000 }, () => {
  test.each(PLANTED)("finds within five runs what is lost by a service that %s", async (mutant, transport, kinds) => {
    for (let seed = 1; seed <= 5; seed++) {
      const options = { transport, seconds: 8, seed, mutant, kinds, poison: 40, perSecond: 20, patienceMs: 8_000 };
      const { findings, stories } = await run(options);
      if (!findings.some(({ what }) => what === "lost")) continue;
      expect(stories[0]).toContain("accepted");
      return;
    }
    expect.fail("found nothing");
  });
});
