/**
 * `npm run chaos`: publishers and consumers as separate processes on a real broker, under a seeded schedule of faults, and an audit of
 * what became of every message (test/support/chaos, docs/reliability.md).
 *
 *   npm run chaos -- --minutes 10 --seed 7 --transport rabbit
 *
 * The seed gives the schedule. What happens between processes is up to the machine, so that a seed does not repeat a run exactly.
 */
import { parseArgs } from "node:util";
import { chaos } from "../test/support/chaos/run.ts";
import { type FaultKind, faultKinds } from "../test/support/chaos/schedule.ts";
import { type Mutant, mutants } from "../test/support/chaos/service.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
    transport: { type: "string", default: "rabbit" },
    rate: { type: "string", default: "100" },
    fault: { type: "string", multiple: true, default: [] },
    mutant: { type: "string" },
  },
});
const [minutes, seed, rate] = [Number(values.minutes), Number(values.seed), Number(values.rate)];
const kinds = values.fault.length === 0 ? faultKinds : (values.fault.filter((kind) => kind !== "none") as FaultKind[]);
const wrong =
  !(minutes > 0 && rate > 0 && Number.isInteger(seed)) ||
  values.transport !== "rabbit" ||
  kinds.some((kind) => !faultKinds.includes(kind)) ||
  (values.mutant !== undefined && !mutants.includes(values.mutant as Mutant));
if (wrong) {
  console.error(
    `usage: npm run chaos -- [--minutes M] [--seed S] [--transport rabbit] [--rate MESSAGES_PER_SECOND] [--fault KIND]... [--mutant NAME]\nfaults: ${faultKinds.join(", ")}, or none\nmutants: ${mutants.join(", ")}`,
  );
  process.exit(2);
}

const { findings, counts, faults, stories, folder, seconds } = await chaos({
  seconds: minutes * 60,
  seed,
  kinds,
  perSecond: rate,
  ...(values.mutant === undefined ? {} : { mutant: values.mutant as Mutant }),
  say: (line) => console.log(line),
});
const table = (rows: readonly (readonly (string | number)[])[]) =>
  rows.map(
    (row) => `| ${row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell)).join(" | ")} |`,
  );
console.log(`\n${seconds} seconds, seed ${seed}\n`);
console.log(["| class | messages |", "|---|--:|", ...table(Object.entries(counts))].join("\n"));
console.log(
  [
    "\n| fault | struck | effect seen |",
    "|---|--:|--:|",
    ...table(Object.entries(faults).map(([kind, { struck, shown }]) => [kind, struck, shown])),
  ].join("\n"),
);
if (findings.length === 0) console.log("\nNothing was lost, and every key was handled in order.");
else {
  console.error(`\n${findings.length} findings with seed ${seed}; the ledgers are in ${folder}`);
  for (const { what, id, why } of findings.slice(0, 50)) console.error(`- ${what}: ${id ?? ""} ${why}`);
  for (const text of stories) console.error(text);
  process.exitCode = 1;
}
