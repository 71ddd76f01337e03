/** Data goes to stdout, as text or as JSON. All talk goes to stderr. */
import { styleText } from "node:util";
import type { Io } from "./io.ts";
import { visible } from "./visible.ts";

/** The version of every JSON shape. A field may be added without a new one. */
export const SHAPE = 1;

type Style = Parameters<typeof styleText>[0];

export class Output {
  readonly json: boolean;
  /** Someone looks at stdout. */
  readonly live: boolean;
  readonly #io: Io;
  #passing: { clear(): void } | undefined;

  constructor(io: Io, json: boolean) {
    this.#io = io;
    this.json = json;
    this.live = io.stdout.isTTY === true && !json;
  }

  /** One document. */
  document(verb: string, value: object): void {
    this.#write(`${JSON.stringify({ version: SHAPE, verb, ...value }, undefined, 2)}\n`);
  }

  /** One line of a list that grows. */
  record(verb: string, value: object): void {
    this.#write(`${JSON.stringify({ version: SHAPE, verb, ...value })}\n`);
  }

  /** A line of text. Values from brokers must have passed `visible`. */
  line(text = ""): void {
    this.#write(`${text}\n`);
  }

  /** A table whose first row is its head. */
  table(rows: readonly (readonly Cell[])[], indent = ""): void {
    // A terminal without a size says 0.
    const width = this.live && this.#io.stdout.columns ? this.#io.stdout.columns - indent.length : undefined;
    for (const line of tableOf(rows, width)) this.line(indent + line);
  }

  talk(text: string): void {
    this.#passing?.clear();
    this.#io.stderr.write(`${text}\n`);
  }

  /** Colour and weight, where someone sees them. As in Node itself, FORCE_COLOR wins over NO_COLOR, and both over the terminal. */
  style(style: Style, text: string): string {
    return coloured(this.#io) ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Takes back what was drawn, to draw it anew. */
  clear(): void {
    this.#write("\u001b[H\u001b[J");
  }

  /** What is drawn besides, and taken away before anything else is written. */
  follow(passing: { clear(): void }): void {
    this.#passing = passing;
  }

  #write(text: string): void {
    this.#passing?.clear();
    this.#io.stdout.write(text);
  }
}

function coloured({ stdout, env }: Pick<Io, "stdout" | "env">): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: without = "", TERM: terminal } = env;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return without === "" && stdout.isTTY === true && terminal !== "dumb";
}

/** Undefined: nobody knows. */
export type Cell = string | number | undefined;

/** The least that is left of a last column that is cut. */
const LEAST = 20;

/**
 * Columns as wide as their widest cell. Numbers stand on the right. `width`: of the terminal. The last column is cut to fit, down to 20
 * characters: it has the longest texts, and a line that is broken is no table.
 */
export function tableOf(rows: readonly (readonly Cell[])[], width = Number.POSITIVE_INFINITY): readonly string[] {
  const texts = rows.map((row) => row.map((cell) => (cell === undefined ? "-" : visible(String(cell)))));
  const columns = Math.max(0, ...texts.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)));
  const others = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const last = Math.max(LEAST, width - others);
  const cut = (text: string, at: number): string =>
    at === columns - 1 && text.length > last ? `${text.slice(0, last - 1)}…` : text;
  const right = widths.map((_, at) => rows.slice(1).some((row) => typeof row[at] === "number"));
  return texts.map((row) =>
    row
      .map((text, at) => (right[at] === true ? text.padStart(widths[at]!) : cut(text, at).padEnd(widths[at]!)))
      .join("  ")
      .trimEnd(),
  );
}
