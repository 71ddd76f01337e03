/** The commands of a documented page, and what the page says that they print. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace.ts";

export interface Step {
  /** The words after `switchyard`. */
  readonly words: readonly string[];
  /** The lines below it, without their `# `. */
  readonly prints: readonly string[];
}

/** The commands of the `sh` blocks below a heading. */
export function stepsOf(page: string, heading: string): readonly Step[] {
  const text = readFileSync(join(root, page), "utf8");
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`${page} has no "## ${heading}"`);
  const section = text.slice(start + 1).split(/\n## /)[0]!;
  return [...section.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = ""]) => {
    const steps: { words: string[]; prints: string[] }[] = [];
    for (const line of block
      .replaceAll(/\\\n\s*/g, "")
      .trim()
      .split("\n")) {
      if (line.startsWith("# ")) steps.at(-1)!.prints.push(line.slice(2));
      else steps.push({ words: wordsOf(line), prints: [] });
    }
    return steps;
  });
}

/** As a shell splits them, with single quotes. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!).slice(1);
