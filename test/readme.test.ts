import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { blocksOf } from "../scripts/document-blocks.ts";
import { run } from "./support/run.ts";
import { root, workspaces } from "./support/workspace.ts";

const pages = globSync("docs/**/*.md", { cwd: root, exclude: (path) => /node_modules|\.vitepress/.test(path) }).sort();
const readmes = [
  { title: "README.md", path: join(root, "README.md") },
  ...workspaces.map(({ short, folder }) => ({ title: `packages/${short}/README.md`, path: join(folder, "README.md") })),
  ...pages.map((page) => ({ title: page, path: join(root, page) })),
].map((readme, index) => ({ ...readme, index, blocks: blocksOf(readFileSync(readme.path, "utf8")) }));

const folder = join(import.meta.dirname, ".tmp", `readme-${process.pid}`);
const folderOf = (index: number) => join(folder, String(index));
for (const { index, blocks } of readmes) {
  mkdirSync(folderOf(index), { recursive: true });
  for (const { name, text } of blocks) if (name !== undefined) writeFileSync(join(folderOf(index), name), text);
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("at least three programs of the READMEs are run", () => {
  expect(readmes.flatMap(({ blocks }) => blocks.filter(({ runs }) => runs)).length).toBeGreaterThanOrEqual(3);
});

const runs = readmes.flatMap(({ title, index, blocks }) => {
  const profiles = title === "README.md" ? [undefined, "fanout", "log"] : [undefined];
  const programs = blocks.filter((block) => block.runs);
  return programs.flatMap((block) => profiles.map((profile) => ({ ...block, title, index, profile })));
});

test.each(runs)("$title: $name runs (profile $profile) and prints what it says", async (program) => {
  const ran = await run("node", [program.name as string], {
    cwd: folderOf(program.index),
    env: { SWITCHYARD_PROFILE: program.profile },
  });
  expect(ran.output).toBe(program.prints);
  expect(ran.code).toBe(0);
});

test.each(workspaces)("the README of $short names the package first and its licence last", ({ folder, manifest }) => {
  const text = readFileSync(join(folder, "README.md"), "utf8");
  expect(text.startsWith(`# ${manifest.name}\n`)).toBe(true);
  expect(text.endsWith(`\n${manifest.license}\n`)).toBe(true);
});
