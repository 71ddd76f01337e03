/** The tables of native settings in docs/transports: each key that an adapter checks, what it takes in the words of its refusal, and its comment. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Destination } from "@switchyard/core/driver";
import { adapter as amqp } from "@switchyard/amqp";
import { adapter as kinesis } from "@switchyard/kinesis";
import { adapter as sns } from "@switchyard/sns";
import { adapter as sqs } from "@switchyard/sqs";
import { root } from "../../test/support/workspace.ts";
import { cell, code, declarationOf, type Node, sourceOf } from "./source.ts";

interface Table {
  /** The comments around the table name it. */
  readonly name: string;
  readonly page: string;
  readonly file: string;
  readonly of: string;
  readonly problems: (of: Destination, options: never) => readonly string[];
  /** A place to which most of the settings belong. */
  readonly at: Pick<Destination, "model" | "ordered"> & Partial<Destination>;
}

const QUEUE = { model: "queue", ordered: true, group: "billing" } as const;
const STREAM = { model: "stream", ordered: false, group: "billing" } as const;

const TABLES: readonly Table[] = [
  {
    name: "settings of a queue",
    page: "docs/transports/sqs.md",
    file: "packages/sqs/src/native.ts",
    of: "CHECKS",
    problems: sqs.nativeProblems!,
    at: QUEUE,
  },
  {
    name: "settings of a channel",
    page: "docs/transports/sns.md",
    file: "packages/sns/src/native.ts",
    of: "TOPIC",
    problems: sns.nativeProblems!,
    at: { model: "pubsub", ordered: true },
  },
  {
    name: "settings of a group",
    page: "docs/transports/sns.md",
    file: "packages/sns/src/native.ts",
    of: "GROUP",
    problems: sns.nativeProblems!,
    at: { model: "pubsub", ordered: true, group: "billing" },
  },
  {
    name: "settings of a stream",
    page: "docs/transports/kinesis.md",
    file: "packages/kinesis/src/native.ts",
    of: "CHECKS",
    problems: kinesis.nativeProblems!,
    at: STREAM,
  },
  {
    name: "settings of a queue or a stream",
    page: "docs/transports/rabbitmq.md",
    file: "packages/amqp/src/native.ts",
    of: "CHECKS",
    problems: amqp.nativeProblems!,
    at: QUEUE,
  },
];

/** The pages with their tables as the sources have them. What stands around a table is written by hand. */
export function nativePages(): readonly { readonly path: string; readonly text: string }[] {
  return [...new Set(TABLES.map(({ page }) => page))].map((path) => {
    let text = readFileSync(join(root, path), "utf8");
    for (const table of TABLES.filter(({ page }) => page === path)) text = replaced(text, table);
    return { path, text };
  });
}

function replaced(text: string, table: Table): string {
  const first = `<!-- The ${table.name}, written by \`npm run docs:reference\` from ${table.file}. Change that. -->\n`;
  const last = `\n<!-- End of the ${table.name}. -->`;
  const [from, to] = [text.indexOf(first), text.indexOf(last)];
  if (from < 0 || to < from) throw new Error(`${table.page} has no place for the ${table.name}: ${first}${last}`);
  return `${text.slice(0, from + first.length)}\n${tableOf(table)}\n${text.slice(to)}`;
}

function tableOf(table: Table): string {
  const source = sourceOf(table.file);
  const { properties } = declarationOf(source, table.of).declaration["init"] as { properties: readonly Node[] };
  const rows = properties.map((property) => {
    const key = property["key"].name as string;
    const doc = source.docOf(property);
    const [, meaning, fallback] = /^(.*)\s+Default: (.+)\.$/s.exec(doc ?? "") ?? [];
    if (meaning === undefined || fallback === undefined)
      throw new Error(`${table.file}: say what ${key} means, and "Default: ..." at the end`);
    return `| ${code(key)} | ${cell(valueOf(table, key))} | ${cell(fallback)} | ${cell(meaning)} |`;
  });
  return ["| key | value | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

/** What the adapter says a setting takes, when it gets something else. */
function valueOf({ problems, at, file }: Table, key: string): string {
  const native = { kmsKey: "alias/key", [key]: Number.NaN };
  const of: Destination = { channel: "orders", base: "prod_orders", name: "prod_orders_billing", native, ...at };
  const problem = problems(of, {} as never).find((each) => each.startsWith(`native.${key}: `));
  if (problem === undefined) throw new Error(`${file}: ${key} takes anything`);
  return problem.slice(`native.${key}: `.length);
}
