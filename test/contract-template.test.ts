/** docs/adapters.md: the minimal adapter compiles as it is printed, and keeps the contract. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contract, type Harness } from "@switchyard/contract";
import { virtualRuntime } from "@switchyard/core/testing";
import { afterAll, describe, expect, test } from "vitest";
import { blocksOf } from "../scripts/document-blocks.ts";
import { run } from "./support/run.ts";
import { bin, root } from "./support/workspace.ts";

const folder = join(import.meta.dirname, ".tmp", `adapters-${process.pid}`);
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files = blocksOf(readFileSync(join(root, "docs/adapters.md"), "utf8")).filter(({ name }) => name !== undefined);
for (const { name, text } of files) writeFileSync(join(folder, name as string), text);

test("it compiles", async () => {
  const tsconfig = {
    extends: join(root, "test/tsconfig.json"),
    compilerOptions: { erasableSyntaxOnly: true, typeRoots: [join(root, "node_modules/@types")] },
    include: ["*.ts"],
    exclude: [],
    references: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  const { code, output } = await run(bin("tsc"), ["-p", folder], { cwd: root });
  expect(output).toBe("");
  expect(code).toBe(0);
}, 60_000);

const { default: harness } = (await import(join(folder, "array-harness.ts"))) as { readonly default: Harness };
contract(
  // Patience for machines that do much else.
  { ...harness, runtime: () => virtualRuntime({ patienceMs: 10_000 }) },
  {
    describe,
    test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 60_000 }, body), {
      skip: test.skip,
    }),
  },
);
