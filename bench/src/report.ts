import { readFile, writeFile } from "node:fs/promises";
import { costTable } from "./cost.ts";
import { kinesisCost, snsCost } from "./cost-streams.ts";
import { plot } from "./plot.ts";
import type { RowResult } from "./run-row.ts";
import { figure, unitOf, verdict } from "./table.ts";

export interface Machine {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly quick: boolean;
}

const DOCS = new URL("../../docs/", import.meta.url);
const PAGE = new URL("performance.md", DOCS);

/** Rewrites what is measured in docs/performance.md, between its marks, and the plot; the words around it are a person's. */
export async function writeReport(results: readonly RowResult[], machine: Machine): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const sections = {
    machine: [describe(machine)],
    table: table(results),
    cost: costTable(results),
    "cost-sns": snsCost(results),
    "cost-kinesis": kinesisCost(results),
  };
  let written = page;
  for (const [name, lines] of Object.entries(sections)) if (lines.length > 0) written = between(written, name, lines);
  await writeFile(PAGE, written);
  await writeFile(new URL("performance.svg", DOCS), plot(results));
}

function between(page: string, name: string, lines: readonly string[]): string {
  const from = `<!-- measured: ${name} -->`;
  const to = `<!-- end: ${name} -->`;
  const start = page.indexOf(from);
  const end = page.indexOf(to);
  if (start < 0 || end < start) throw new Error(`docs/performance.md has no ${from} ... ${to}`);
  return `${page.slice(0, start + from.length)}\n${lines.join("\n")}\n${page.slice(end)}`;
}

function describe({ node, processor, cores, memoryGiB, quick }: Machine): string {
  return `Node ${node}, ${processor}, ${cores} cores, ${memoryGiB} GiB; ${quick ? "a quick run (`--quick`)" : "a full run"}.`;
}

function table(results: readonly RowResult[]): string[] {
  const lines = ["| work | who | measured | target |", "|---|---|---|---|"];
  for (const { id, title, contenders, targets } of results) {
    contenders.forEach(({ name, error, values, spreads }, i) => {
      const figures = Object.entries(values).map(
        ([metric, value]) => `${figure(value)} ${unitOf(metric)} ± ${((spreads[metric] ?? 0) * 100).toFixed(0)} %`,
      );
      const measured =
        error === undefined ? figures.join("<br>") : `cannot run: ${error.replaceAll("|", "\\|").slice(0, 160)}`;
      const goals =
        i > 0 ? "" : targets.map((target) => `${target.met ? "" : "**missed** "}${verdict(target)}`).join("<br>");
      lines.push(`| ${i > 0 ? "" : `${title} (\`${id}\`)`} | ${name} | ${measured} | ${goals} |`);
    });
  }
  return lines;
}
