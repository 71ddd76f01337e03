import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { blocksOf } from "./support/readme-blocks.ts";
import { run } from "./support/run.ts";
import { bin, root, workspaces } from "./support/workspace.ts";

const readmes = [
  { title: "README.md", path: join(root, "README.md") },
  ...workspaces.map(({ short, folder }) => ({ title: `packages/${short}/README.md`, path: join(folder, "README.md") })),
].map((readme, index) => ({ ...readme, index, blocks: blocksOf(readFileSync(readme.path, "utf8")) }));

const folder = join(import.meta.dirname, ".tmp", `readme-${process.pid}`);
const folderOf = (index: number) => join(folder, String(index));
for (const { index, blocks } of readmes) {
  mkdirSync(folderOf(index), { recursive: true });
  for (const { name, text } of blocks) if (name !== undefined) writeFileSync(join(folderOf(index), name), text);
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("no TypeScript in a README goes unchecked: each block has a file name", () => {
  const nameless = readmes.flatMap(({ title, blocks }) =>
    blocks
      .filter(({ language, name }) => /^(ts|typescript|js|javascript)$/.test(language) && name === undefined)
      .map(() => title),
  );
  expect(nameless).toEqual([]);
  expect(readmes.flatMap(({ blocks }) => blocks.filter(({ runs }) => runs)).length).toBeGreaterThanOrEqual(3);
});

test("the TypeScript of every README compiles", async () => {
  const tsconfig = {
    extends: join(root, "test/tsconfig.json"),
    compilerOptions: { erasableSyntaxOnly: true, typeRoots: [join(root, "node_modules/@types")] },
    include: ["**/*.ts"],
    exclude: [],
    references: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  const { code, output } = await run(bin("tsc"), ["-p", folder], { cwd: root });
  expect(output).toBe("");
  expect(code).toBe(0);
}, 60_000);

const runs = readmes.flatMap(({ title, index, blocks }) => {
  const profiles = title === "README.md" ? [undefined, "fanout", "log"] : [undefined];
  const programs = blocks.filter((block) => block.runs);
  return programs.flatMap((block) => profiles.map((profile) => ({ ...block, title, index, profile })));
});

test.each(runs)("$title: $name runs (profile $profile) and prints what it says", async (program) => {
  const ran = await run("node", [program.name as string], {
    cwd: folderOf(program.index),
    env: { SWITCHYARD_PROFILE: program.profile },
    timeout: 30_000,
  });
  expect(ran.output).toBe(program.prints);
  expect(ran.code).toBe(0);
});

test.each(workspaces)("the README of $short names the package first and its licence last", ({ folder, manifest }) => {
  const text = readFileSync(join(folder, "README.md"), "utf8");
  expect(text.startsWith(`# ${manifest.name}\n`)).toBe(true);
  expect(text.endsWith(`\n${manifest.license}\n`)).toBe(true);
});

const documents = [
  ...["README.md", "CONTRIBUTING.md"].map((name) => join(root, name)),
  ...readdirSync(join(root, "docs")).map((name) => join(root, "docs", name)),
  ...workspaces.map(({ folder }) => join(folder, "README.md")),
].filter((path) => path.endsWith(".md"));

test("no link between our own documents leads nowhere", () => {
  const dead = documents.flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(path), target)))
      .map((target) => `${relative(root, path)}: ${target}`),
  );
  expect(dead).toEqual([]);
});
