/** docs/contract.md: every case stands under its clause, and what the code cites is there. */
import { readFile } from "node:fs/promises";
import { glob } from "node:fs/promises";
import { expect, test } from "vitest";
import { PAGE, withCases } from "../scripts/contract-page.ts";

const ROOT = new URL("..", import.meta.url).pathname;

test("the contract's page lists the cases as they are: npm run contract:page", async () => {
  const page = await readFile(PAGE, "utf8");
  expect(withCases(page)).toBe(page);
});

test("clauses and driver rules that the code cites are on the page", async () => {
  const page = await readFile(PAGE, "utf8");
  const clauses = new Set([...page.matchAll(/^## (C\d+) /gm)].map(([, id]) => id));
  const rules = new Set([...page.matchAll(/^(\d+)\. \*\*/gm)].map(([, id]) => id));
  const cited: string[] = [];
  for await (const file of glob("packages/*/src/**/*.ts", { cwd: ROOT })) {
    const text = await readFile(`${ROOT}${file}`, "utf8");
    for (const [where, clause] of text.matchAll(/\bcontract (C\d+)/g))
      if (!clauses.has(clause)) cited.push(`${file}: ${where}`);
    for (const [where, rule] of text.matchAll(/\bdriver rule (\d+)/g))
      if (!rules.has(rule)) cited.push(`${file}: ${where}`);
    for (const [where] of text.matchAll(/\bseam rule \d+/g)) cited.push(`${file}: ${where}, which is a driver rule`);
  }
  expect(cited).toEqual([]);
});
