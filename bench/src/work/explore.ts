/** Runs of a scenario: 20 messages, two effects each, one process. By the explorer, and by hand without faults, choices or invariants. */
import { connect, consumer } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import { explore } from "@switchyard/explore";
import { adapter } from "@switchyard/memory";
import { forgetBroker } from "@switchyard/memory/testing";
import { timed, type Work } from "../measured.ts";
import { jobs, message, silent } from "./messages.ts";

const MESSAGES = 20;
/** With fewer, most of a quick row would be measured before V8 has compiled it. */
const RUNS = 600;

/** The bank and the database of a run. */
function worldOf() {
  const charged = new Set<string>();
  const rows = new Set<string>();
  return {
    charged,
    rows,
    bank: { charge: (id: string) => void charged.add(id) },
    db: { save: (id: string) => void rows.add(id) },
  };
}

export const explored: Work = async () => {
  let seed = 0;
  const round = async () => {
    const { failure } = await explore(
      {
        channels: [jobs],
        processes: 1,
        world: worldOf,
        services: {
          work: ({ world: { bank, db } }) =>
            consumer(jobs, "work", {
              job: async (_data, { id }) => {
                await bank.charge(id);
                await db.save(id);
              },
            }),
        },
        play: async ({ publish }) => {
          for (let i = 0; i < MESSAGES; i++) await publish(jobs, "job", message(i));
        },
        eventually: { "all are saved": ({ rows }, { accepted }) => accepted.every(({ id }) => rows.has(id)) },
      },
      { seeds: RUNS - 1, seed: ++seed, budget: "10m" },
    );
    if (failure !== undefined) throw new Error(failure.text);
  };
  return { round: () => timed(RUNS, round), close: async () => {} };
};

/** What each run cannot do without: `connect()`, publishes, handlers that wait twice on a virtual clock. */
export const byHand: Work = async () => {
  const run = async (broker: string) => {
    const runtime = virtualRuntime({ quietTurns: 1 });
    const { rows, bank, db } = worldOf();
    const messaging = await connect({
      channels: [jobs],
      service: "bench",
      config: {
        connections: { memory: { use: adapter, broker } },
        channels: { jobs: { model: "queue", on: "memory", groups: { work: {} } } },
      },
      env: {},
      runtime,
      observe: silent,
    });
    messaging.consume(
      consumer(jobs, "work", {
        job: async (_data, { id }) => {
          await runtime.sleep(1);
          bank.charge(id);
          await runtime.sleep(1);
          db.save(id);
        },
      }),
    );
    await messaging.start();
    for (let i = 0; i < MESSAGES; i++) await messaging.publish(jobs, "job", message(i));
    await runtime.advance(MESSAGES * 2);
    if (rows.size < MESSAGES) throw new Error(`${rows.size} of ${MESSAGES} were saved`);
    forgetBroker(broker);
  };
  let made = 0;
  const round = async () => {
    for (let i = 0; i < RUNS; i++) await run(`bench-${++made}`);
  };
  return { round: () => timed(RUNS, round), close: async () => {} };
};
