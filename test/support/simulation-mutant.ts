/** A process with one mutant in it: `node simulation-mutant.ts INDEX RUNS` prints after how many runs the simulation found it. */
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { SIMULATION_MUTANTS } from "./simulation-mutants.ts";

const [index, runs] = process.argv.slice(2).map(Number) as [number, number];
const { file, from, to } = SIMULATION_MUTANTS[index]!;
const url = new URL(`../../${file}`, import.meta.url).href;
let changed = 0;
registerHooks({
  load: (asked, context, next) => {
    const loaded = next(asked, context);
    if (asked !== url) return loaded;
    const text = Buffer.from(loaded.source as Uint8Array).toString();
    if (text.split(from).length !== 2) throw new Error(`${fileURLToPath(url)} does not hold once: ${from}`);
    changed++;
    return { ...loaded, source: text.replace(from, () => to) };
  },
});
const { simulate } = await import("./simulation-run.ts");
const found = (took: number, name: string | undefined, text: string | undefined) =>
  void process.stdout.write(`${JSON.stringify({ runs: took, name, text: text?.split("\n")[0] })}\n`);
let made = 0;
// What ends the process has been found, too.
process.once("uncaughtException", (error) => {
  found(made, "uncaught", String(error));
  process.exit(0);
});
const { failure, runs: took } = await simulate({ runs, shrink: "0s", progress: (total) => (made = total) });
if (changed !== 1) throw new Error(`${file} was not loaded`);
found(took, failure?.name, failure?.text);
