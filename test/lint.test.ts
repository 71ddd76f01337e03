import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));

/** A file that must be refused, and by which rule; `undefined`: that must pass. */
const cases: readonly (readonly [path: string, code: string, rule: string | undefined])[] = [
  ["packages/sqs/src/a1.ts", "export const at = Date.now();", "runtime"],
  ["packages/sqs/src/a2.ts", "export const at = new Date();", "runtime"],
  ["packages/sqs/src/a3.ts", "export const at = performance.now();", "runtime"],
  ["packages/sqs/src/a4.ts", "setTimeout(() => undefined, 1);", "runtime"],
  ["packages/sqs/src/a5.ts", "globalThis.setInterval(() => undefined, 1);", "runtime"],
  [
    "packages/sqs/src/a6.ts",
    "const later = setImmediate;\nexport const run = () => later(() => undefined);",
    "runtime",
  ],
  ["packages/sqs/src/a7.ts", "process.nextTick(() => undefined);", "runtime"],
  ["packages/sqs/src/a8.ts", "export const dice = Math.random;", "runtime"],
  ["packages/sqs/src/a9.ts", "export const id = crypto.randomUUID();", "runtime"],
  ["packages/sqs/src/b1.ts", 'import { randomUUID } from "node:crypto";\nexport const id = randomUUID();', "runtime"],
  ["packages/sqs/src/b2.ts", 'import * as all from "node:crypto";\nexport const id = all;', "runtime"],
  ["packages/sqs/src/b3.ts", 'import { setTimeout as wait } from "node:timers/promises";\nawait wait(1);', "runtime"],
  ["packages/sqs/src/b4.ts", "export const signal = AbortSignal.timeout(1);", "runtime"],
  ["packages/core/src/b5.ts", "export const at = globalThis.Date.now();", "runtime"],
  ["packages/sqs/src/fine1.ts", "export const at = (ms: number) => new Date(ms).toISOString();", undefined],
  [
    "packages/sqs/src/fine2.ts",
    'import { createHash } from "node:crypto";\nexport const h = createHash("md5");',
    undefined,
  ],
  ["packages/sqs/src/fine3.ts", "export const f = (o: { setTimeout(): void }) => o.setTimeout();", undefined],
  ["packages/sqs/src/fine.test.ts", "export const at = Date.now();", undefined],
  ["packages/core/src/runtime/system-runtime.ts", "export const at = Date.now();", undefined],
  ["packages/core/src/c1.ts", 'export { sqs } from "@switchyard/sqs";', "boundaries"],
  ["packages/core/src/c2.ts", 'export const load = () => import("@switchyard/memory");', "boundaries"],
  ["packages/sqs/src/c3.ts", 'export * from "@switchyard/memory";', "boundaries"],
  ["packages/memory/src/c4.ts", 'export type { Sqs } from "@switchyard/sqs";', "boundaries"],
  ["packages/sqs/src/c5.ts", 'export * from "../../core/src/driver/index.ts";', "boundaries"],
  ["packages/core/src/wire/r1.ts", 'export type { Plan } from "../config/resolve/names.ts";', "rooms"],
  ["packages/core/src/consume/lease/r2.ts", 'export { run } from "../attempt/run.ts";', "rooms"],
  ["packages/core/src/api/r3.ts", 'export const load = () => import("../index.ts");', "rooms"],
  ["packages/core/src/base/r4.ts", 'export { thing } from "../attic/thing.ts";', "rooms"],
  ["packages/amqp/src/names.ts", 'export type { Options } from "./message.ts";', "rooms"],
  ["packages/amqp/src/fast/r5.ts", 'export { connect } from "../connection.ts";', "rooms"],
  ["packages/amqp/src/fast/fine9.ts", 'export { names } from "../names.ts";', undefined],
  ["packages/core/src/config/fine7.ts", 'export type { Section } from "./layers/section.ts";', undefined],
  ["packages/core/src/consume/lease/fine8.test.ts", 'export type { Plan } from "../attempt/run.ts";', undefined],
  ["packages/sqs/src/deep/fine4.ts", 'export type { Driver } from "../driver.ts";', undefined],
  ["packages/sns/src/fine5.ts", 'export { sqs } from "@switchyard/sqs";', undefined],
  [
    "packages/aws/src/fine6.ts",
    'export { sqs } from "@switchyard/sqs";\nexport * from "@switchyard/core/driver";',
    undefined,
  ],
  ["packages/sqs/src/d1.ts", "const work = async () => 1;\nwork();", "no-floating-promises"],
  ["packages/sqs/src/d2.ts", "[1].forEach(async () => undefined);", "no-misused-promises"],
];

const execute = (file: string, args: readonly string[], cwd: string) =>
  new Promise<string>((resolve) => execFile(file, args, { cwd, maxBuffer: 1 << 24 }, (_, stdout) => resolve(stdout)));

let folder: string;
const found = new Map<string, string[]>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-lint-"));
  await cp(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  await cp(join(root, "scripts/lint"), join(folder, "scripts/lint"), { recursive: true });
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        strict: true,
        noEmit: true,
        allowImportingTsExtensions: true,
      },
      include: ["packages"],
    }),
  );
  for (const [path, code] of cases) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${code}\n`);
  }
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const output = await execute(join(root, "node_modules/.bin/oxlint"), ["-f", "json"], folder);
  const report: { diagnostics: { code: string; filename: string }[] } = JSON.parse(output);
  for (const { code, filename } of report.diagnostics) {
    const path = filename.replaceAll("\\", "/");
    found.set(path, [...(found.get(path) ?? []), code]);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(cases.filter(([, , rule]) => rule !== undefined))("%s: %j is refused", (path, _, rule) => {
  expect(found.get(path)?.join()).toContain(rule);
});

test.each(cases.filter(([, , rule]) => rule === undefined))("%s: %j passes", (path) => {
  expect(found.get(path)).toBeUndefined();
});
