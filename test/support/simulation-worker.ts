/** A core's share of the simulation. Gives what `simulate()` gives, and tells how far it is. */
import { parentPort, workerData } from "node:worker_threads";
import { simulate } from "./simulation-run.ts";

const { runs, seed } = workerData as { readonly runs: number; readonly seed: number };
const result = await simulate({ runs, seed, progress: (made) => parentPort!.postMessage({ made }) });
parentPort!.postMessage({ result });
