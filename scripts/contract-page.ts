/** `npm run contract:page`: writes the cases of each clause into docs/contract.md. */
import { readFile, writeFile } from "node:fs/promises";
import { cases } from "@switchyard/contract";

export const PAGE = new URL("../docs/contract.md", import.meta.url);

/** The page with its lists as the cases are now. Throws for a clause that has no place on it. */
export function withCases(page: string): string {
  const placed = new Set<string>();
  const text = page.replace(/<!-- cases (\S+) -->\n(?:\n- [^\n]*(?:\n- [^\n]*)*\n)?/g, (_, clause: string) => {
    placed.add(clause);
    const lines = cases
      .filter((one) => one.clause === clause)
      .map(({ id, title }) => `- \`${id}\`: ${title.replace(/\s+/g, " ")}`);
    return `<!-- cases ${clause} -->\n${lines.length === 0 ? "" : `\n${lines.join("\n")}\n`}`;
  });
  const missing = cases.find(({ clause }) => !placed.has(clause));
  if (missing !== undefined) throw new Error(`docs/contract.md has no place for clause ${missing.clause}`);
  return text;
}

if (import.meta.main) await writeFile(PAGE, withCases(await readFile(PAGE, "utf8")));
