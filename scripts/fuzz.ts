/**
 * `npm run fuzz`: every decoder on mutated samples (test/support/fuzz), a million inputs each unless told otherwise.
 *
 *   npm run fuzz -- --decoder amqp-message --inputs 1000000 --seed 1
 *
 * The same seed gives the same inputs. A failure says the seed of its input.
 *
 * `npm run fuzz -- --differential 60`: memory as each broker against that broker (test/support/differential), so many minutes in all.
 *
 * `npm run fuzz -- --services 10000`: so many runs of each correct service of the tests of explore, which must raise no alarm.
 *
 * `npm run fuzz -- --simulation 1000000`: that many runs of the simulation of the whole (test/support/simulation.ts) on all cores.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { decoders } from "../test/support/fuzz/decoders.ts";
import { fuzzDecoder } from "../test/support/fuzz/run.ts";
import type { Simulated } from "../test/support/simulation-run.ts";

/** Comparisons of one fake with its broker beside each other. */
const BESIDE = 4;
/** Scenarios between the first ones of two cores: more than a core ever comes to. */
const APART = 10_000_000;

const { values } = parseArgs({
  options: {
    decoder: { type: "string", multiple: true, default: [] },
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    simulation: { type: "string" },
    differential: { type: "string" },
    services: { type: "string" },
    cores: { type: "string", default: String(availableParallelism()) },
  },
});
if (values.simulation !== undefined) {
  const wanted = [values.simulation, values.cores, values.seed].map(Number) as [number, number, number];
  if (!wanted.every((number) => Number.isInteger(number) && number > 0)) {
    console.error("usage: npm run fuzz -- --simulation RUNS [--cores N] [--seed S]");
    process.exit(2);
  }
  process.exit(await simulateOn(...wanted));
}
if (values.differential !== undefined) {
  const [minutes, seed] = [Number(values.differential), Number(values.seed)];
  if (!(minutes > 0 && Number.isInteger(seed))) {
    console.error("usage: npm run fuzz -- --differential MINUTES [--seed S]");
    process.exit(2);
  }
  process.exit(await differ(minutes, seed));
}
if (values.services !== undefined) {
  const [runs, seed] = [Number(values.services), Number(values.seed)];
  if (!(Number.isInteger(runs) && runs > 0 && Number.isInteger(seed))) {
    console.error("usage: npm run fuzz -- --services RUNS [--seed S]");
    process.exit(2);
  }
  process.exit(await exploreServices(runs, seed));
}
const names = decoders.map(({ name }) => name);
const wanted = values.decoder.length === 0 ? names : values.decoder;
const unknown = wanted.filter((name) => !names.includes(name));
const inputs = Number(values.inputs);
const seed = Number(values.seed);
if (unknown.length > 0 || !(Number.isInteger(inputs) && inputs > 0 && Number.isInteger(seed))) {
  console.error(`usage: npm run fuzz -- [--decoder NAME]... [--inputs N] [--seed S]\ndecoders: ${names.join(", ")}`);
  process.exit(2);
}

console.log(
  `| decoder | inputs | refused | read | as ours | CPU seconds | slowest ms | most bytes |\n|---|--:|--:|--:|--:|--:|--:|--:|`,
);
let failed = 0;
for (const decoder of decoders) {
  if (!wanted.includes(decoder.name)) continue;
  const share = inputs === 1 ? 1 : (decoder.share ?? 1);
  try {
    const {
      inputs: given,
      read,
      events,
      cpuMs,
      slowestMs,
      largest,
    } = fuzzDecoder(decoder, Math.ceil(inputs * share), seed);
    const cells = [
      decoder.name,
      given,
      given - read,
      read,
      events,
      (cpuMs / 1_000).toFixed(1),
      slowestMs.toFixed(1),
      largest,
    ];
    console.log(
      `| ${cells.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell)).join(" | ")} |`,
    );
  } catch (error) {
    failed++;
    console.error(error instanceof Error ? error.message : error);
  }
}
process.exitCode = failed === 0 ? 0 : 1;

/** Runs the simulation on some cores. Gives the exit code. */
async function simulateOn(runs: number, cores: number, seed: number): Promise<number> {
  const began = process.cpuUsage();
  const made = new Array<number>(cores).fill(0);
  const total = () => made.reduce((sum, each) => sum + each, 0);
  const share = (core: number) => Math.floor(runs / cores) + (core < runs % cores ? 1 : 0);
  const results = await Promise.all(
    made.map(
      (_, core) =>
        new Promise<Simulated>((resolve, reject) => {
          const worker = new Worker(new URL("../test/support/simulation-worker.ts", import.meta.url), {
            workerData: { runs: share(core), seed: seed + core * APART },
          });
          worker.on("error", reject);
          worker.on("message", (told: { readonly made?: number; readonly result?: Simulated }) => {
            if (told.result !== undefined) return resolve(told.result);
            const before = total();
            made[core] = told.made!;
            if (Math.floor(before / 10_000) < Math.floor(total() / 10_000)) console.log(`${total()} runs`);
          });
        }),
    ),
  );
  const { user, system } = process.cpuUsage(began);
  const rare: Record<string, number> = {};
  for (const result of results)
    for (const [name, count] of Object.entries(result.rare)) rare[name] = (rare[name] ?? 0) + count;
  console.log(`${total()} runs in ${((user + system) / 1e6).toFixed(0)} s of CPU time on ${cores} cores`);
  for (const [name, count] of Object.entries(rare)) console.log(`${count}: ${name}`);
  for (const { failure } of results)
    if (failure !== undefined) console.error(`scenario ${failure.seed}: ${failure.text}\n`);
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

/** Every fake against its broker, one after the other. */
async function differ(minutes: number, seed: number): Promise<number> {
  const [{ awsPairs, comparePair, rabbitPairs }, { startRabbit }] = await Promise.all([
    import("../test/support/differential/pairs.ts"),
    import("../test/support/rabbit.ts"),
  ]);
  const rabbit = await startRabbit();
  const pairs = [...awsPairs, ...rabbitPairs(rabbit.url)];
  const forMs = (minutes * 60_000) / pairs.length;
  console.log("| memory as | runs | operations |\n|---|--:|--:|");
  let failed = 0;
  for (const pair of pairs) {
    try {
      const same = await comparePair(pair, seed, forMs, BESIDE);
      console.log(`| ${pair.name} | ${same.runs} | ${same.operations} |`);
    } catch (error) {
      failed++;
      console.error(`${pair.name}: ${String(error)}`);
    }
  }
  await rabbit.close();
  return failed === 0 ? 0 : 1;
}

/** Explores the services of the tests that are right, one after the other. Gives the exit code. */
async function exploreServices(runs: number, seed: number): Promise<number> {
  const [{ explore }, { PLANTED }] = await Promise.all([
    import("../packages/explore/src/index.ts"),
    import("../packages/explore/src/fixtures/planted.ts"),
  ]);
  console.log("| the service without | runs | CPU seconds | alarms |\n|---|--:|--:|--:|");
  let failed = 0;
  for (const { name, mended } of PLANTED) {
    const began = process.cpuUsage();
    // The calm run comes on top.
    const report = await explore(mended, { seeds: runs - 1, seed, budget: "24h", onFailure: "return" });
    const { user, system } = process.cpuUsage(began);
    const alarms = report.failure === undefined ? 0 : 1;
    console.log(`| ${name} | ${report.runs} | ${((user + system) / 1e6).toFixed(0)} | ${alarms} |`);
    if (report.failure === undefined) continue;
    failed++;
    console.error(`${report.failure.text}\n`);
  }
  return failed === 0 ? 0 : 1;
}
