/** `npm run bench`: see docs/performance.md. */
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { writeReport } from "./src/report.ts";
import type { RowResult } from "./src/run-row.ts";
import { runRow } from "./src/run-row.ts";
import { rows } from "./src/rows.ts";
import { startServers } from "./src/servers/start.ts";
import { lines } from "./src/table.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    strict: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--only ID]... [--quick] [--json FILE] [--strict] [--write]
  --only    rows whose id begins so: ${rows.map(({ id }) => id).join(", ")}
  --quick   fewer and shorter rounds, about six minutes in all
  --json    every round of every contender, as JSON
  --strict  exit 1 when a row misses its target
  --write   rewrite docs/performance.md and its plot from this run`);
  process.exit(0);
}

const chosen = rows.filter(({ id }) => values.only?.some((only) => id.startsWith(only)) ?? true);
if (chosen.length === 0) {
  console.error(
    `no row's id begins with ${values.only?.join(" or ")}; there are ${rows.map(({ id }) => id).join(", ")}`,
  );
  process.exit(2);
}
const servers = await startServers(chosen.flatMap((row) => row.servers ?? []));
const results: RowResult[] = [];
try {
  for (const row of chosen) {
    const result = await runRow(row, { quick: values.quick, servers: servers.urls, missing: servers.missing });
    results.push(result);
    console.log(`${lines(result).join("\n")}\n`);
  }
} finally {
  servers.close();
}

const machine = {
  node: process.version,
  processor: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  quick: values.quick,
};
const targets = results.flatMap((result) => result.targets);
const missed = targets.filter(({ met }) => !met).length;
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ machine, rows: results }, null, 2)}\n`);
if (values.write) await writeReport(results, machine);
console.log(`${targets.length - missed} targets met, ${missed} missed`);
process.exitCode = values.strict && missed > 0 ? 1 : 0;
