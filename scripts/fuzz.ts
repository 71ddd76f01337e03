/**
 * `npm run fuzz`: every decoder on mutated samples (test/support/fuzz), a million inputs each unless told otherwise.
 *
 *   npm run fuzz -- --decoder amqp-message --inputs 1000000 --seed 1
 *
 * The same seed gives the same inputs. A failure says the seed of its input.
 */
import { parseArgs } from "node:util";
import { decoders } from "../test/support/fuzz/decoders.ts";
import { fuzzDecoder } from "../test/support/fuzz/run.ts";

const { values } = parseArgs({
  options: {
    decoder: { type: "string", multiple: true, default: [] },
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
  },
});
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
