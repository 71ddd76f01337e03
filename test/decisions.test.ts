/** The list of decision records is complete, and agrees with the records. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./support/workspace.ts";

const folder = join(root, "docs/decisions");
const read = (file: string): string => readFileSync(join(folder, file), "utf8");
const records = readdirSync(folder).filter((file) => file !== "README.md");

test("the list has every record, with its title, date and status as the record has them", () => {
  const rows = records.map((file) => {
    const [, title, status, date] = /^# (.+)\n\n(.+)\. (\d{4}-\d\d-\d\d)\.\n\n## Context\n/.exec(read(file)) ?? [];
    return `| [${file.slice(0, 4)}](${file}) | ${title} | ${date} | ${status} |`;
  });
  expect(
    read("README.md")
      .split("\n")
      .filter((line) => line.startsWith("| [")),
  ).toEqual(rows);
});

test("every accepted record says what it rests on, what follows, and what would change our mind", () => {
  const parts = ["Context", "Decision", "Consequences", "What would change our mind"];
  for (const file of records) {
    const headings = [...read(file).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    const superseded = read(file).split("\n")[2]?.startsWith("Superseded");
    expect(headings, file).toEqual(superseded ? parts.slice(0, 3) : parts);
  }
});

test("records are numbered without a gap", () => {
  const numbers = records.map((file) => file.slice(0, 5));
  expect(numbers).toEqual(records.map((_, index) => `${String(index + 1).padStart(4, "0")}-`));
});

test("a record that is superseded and the one that supersedes it name each other", () => {
  const links = (words: string, pair: (own: string, other: string) => string) =>
    records.flatMap((file) => {
      const status = read(file).split("\n")[2] ?? "";
      const [, other] = new RegExp(`\\b${words} \\[\\d+\\]\\(([^)]+)\\)`, "i").exec(status) ?? [];
      return other === undefined ? [] : [pair(file, other)];
    });
  const superseded = links("superseded by", (own, other) => `${own} by ${other}`);
  const superseding = links("supersedes", (own, other) => `${other} by ${own}`);
  expect(superseded.length).toBeGreaterThan(0);
  expect(new Set(superseding)).toEqual(new Set(superseded));
});
