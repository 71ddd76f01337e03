/** Disturbances from outside in a run: a cut, a deployment, a jump of a clock, a death between two steps, a split of a partition. */
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
}

function plan(state: RunState, processes: Processes, number: number): void {
  const { choices, clock, story, faults } = state;
  const kind = choices.choose(SITE.trouble, number, 6);
  if (kind === 0) return;
  const after = AFTER_MS[choices.choose(SITE.when, number, AFTER_MS.length, 10)]!;
  const whom = choices.choose(SITE.whom, number, 8, 10);
  const jump = JUMPS_MS[whom % JUMPS_MS.length]!;
  clock.timer(processes.outside, after, () => {
    const workers = [...processes.living.keys()];
    const worker = workers[whom % workers.length];
    if (worker === undefined) return;
    if (kind === 1 && faults.cut) {
      story.tell(() => `the connection of ${worker.name} is cut`, 0, true);
      worker.seam.cut();
    } else if (kind === 2 && faults.restart) {
      story.tell(() => `${worker.name} is stopped, as for a deployment`, 0, true);
      processes.redeploy(worker);
    } else if (kind === 3 && faults.clock) {
      story.tell(() => `the wall clock of ${worker.name} jumps by ${jump / 60_000} min`, 0, true);
      worker.skewMs += jump;
    } else if (kind === 4 && faults.crash) worker.die("between two steps");
    else if (kind === 5 && faults.reshard) split(state, processes, whom);
  });
}

/** Splits a partition of a stream. Between the partitions before and after it there is no order. */
function split({ broker, story, ledger }: RunState, processes: Processes, whom: number): void {
  const controls = control(broker);
  const streams = Object.entries(processes.outsider.explain().channels).filter(([, { model }]) => model === "stream");
  const [name, { address }] = streams[whom % streams.length] ?? ["", { address: "" }];
  const partitions = address === "" ? [] : (controls?.partitions(address) ?? []);
  const partition = partitions[whom % partitions.length];
  if (controls === undefined || partition === undefined || partitions.length > MOST_PARTITIONS) return;
  story.tell(() => `partition ${partition} of ${name} is split`, 0, true);
  ledger.resharded(name);
  controls.split(address, partition);
}
