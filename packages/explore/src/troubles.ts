/** Disturbances from outside in a run: a cut, a deployment, a newcomer, a jump of a clock, a death between two steps, a split of a partition. */
import { control } from "@switchyard/memory/testing";
import { SITE } from "./choices.ts";
import type { Processes } from "./processes.ts";
import type { RunState } from "./state.ts";

/** At most, in one run. */
const TROUBLES = 2;
const AFTER_MS = [1, 3, 10, 1_000, 31_000];
const JUMPS_MS = [-3_600_000, 3_600_000, 90_000];
/** A stream is not split further than this. */
const MOST_PARTITIONS = 8;

/** Chooses what will happen, and when. */
export function trouble(state: RunState, processes: Processes): void {
  for (let number = 1; number <= TROUBLES; number++) plan(state, processes, number);
  planTurn(state, processes);
}

/** The number of the disturbance at a turn, among the others, and the share of runs that have one. */
const AT_TURN = TROUBLES + 1;
const TURNS = 0.1;

/**
 * Chooses what happens at a turn of the clock, where every process waits for something: as likely at any that the calm course has. So a
 * process may also die or be replaced while it does nothing at all, long after the run began.
 */
function planTurn(state: RunState, processes: Processes): void {
  const { choices, clock, faults, prepared } = state;
  if (prepared.turns === 0) return;
  const kind = choices.chooseApart(SITE.trouble, AT_TURN, 4, TURNS);
  if (kind === 0) return;
  // The calm course that a replay has made may have fewer turns than that of the search.
  const turns = choices.repeats ? Number.POSITIVE_INFINITY : prepared.turns;
  const turn = 1 + choices.chooseApart(SITE.when, AT_TURN, turns, 1);
  const whom = choices.chooseApart(SITE.whom, AT_TURN, 8, 1);
  clock.atTurn(turn, () => {
    const workers = [...processes.living.keys()];
    const worker = workers[whom % workers.length];
    if (kind === 1 && faults.join) processes.join(whom);
    else if (worker === undefined) return;
    else if (kind === 2 && faults.crash) worker.dieWaiting();
    else if (kind === 3 && faults.restart) {
      state.chose("restart", () => `${worker.name} is stopped, as for a deployment`);
      processes.redeploy(worker);
    }
  });
}

function plan(state: RunState, processes: Processes, number: number): void {
  const { choices, clock, faults } = state;
  const kind = choices.choose(SITE.trouble, number, 8, 2);
  if (kind === 0) return;
  const after = AFTER_MS[choices.choose(SITE.when, number, AFTER_MS.length, 10)]!;
  const whom = choices.choose(SITE.whom, number, 8, 10);
  const jump = JUMPS_MS[whom % JUMPS_MS.length]!;
  clock.timer(processes.outside, after, () => {
    const workers = [...processes.living.keys()];
    const worker = workers[whom % workers.length];
    if (worker === undefined) return;
    if (kind === 1 && faults.cut) {
      state.chose("cut", () => `the connection of ${worker.name} is cut`);
      worker.seam.cut();
    } else if (kind === 2 && faults.restart) {
      state.chose("restart", () => `${worker.name} is stopped, as for a deployment`);
      processes.redeploy(worker);
    } else if (kind === 3 && faults.clock) {
      state.chose("clock", () => `the wall clock of ${worker.name} jumps by ${jump / 60_000} min`);
      worker.skewMs += jump;
    } else if (kind === 4 && faults.crash) worker.die("between two steps");
    else if (kind >= 5 && faults.reshard) reshard(state, processes, whom, kind);
  });
}

/** Splits a partition of a stream, merges two, or gives one to another process. Across the first two there is no order. */
function reshard(state: RunState, { outsider }: Processes, whom: number, kind: number): void {
  const { broker, ledger } = state;
  const controls = control(broker);
  const streams = Object.entries(outsider.explain().channels).filter(([, { model }]) => model === "stream");
  const [name, channel] = streams[whom % streams.length] ?? [];
  if (controls === undefined || name === undefined || channel === undefined) return;
  const partitions = controls.partitions(channel.address);
  const at = whom % partitions.length;
  const partition = partitions[at];
  if (partition === undefined) return;
  if (kind === 5 && partitions.length <= MOST_PARTITIONS) {
    state.chose("reshard", () => `partition ${partition} of ${name} is split`);
    ledger.resharded(name);
    controls.split(channel.address, partition);
  } else if (kind === 6 && at + 1 < partitions.length) {
    state.chose("reshard", () => `partitions ${partition} and ${partitions[at + 1]} of ${name} are merged`);
    ledger.resharded(name);
    controls.merge(channel.address, partition, partitions[at + 1]!);
  } else if (kind === 7) {
    const groups = Object.keys(channel.groups);
    const group = groups[whom % groups.length]!;
    state.chose("reshard", () => `partition ${partition} of ${name} is taken from its reader in group ${group}`);
    void controls.revoke(channel.address, group, partition);
  }
}
