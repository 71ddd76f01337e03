import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const here = fileURLToPath(new URL("./", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
/** Errors outside the file are for `tsc -b` to report. */
const ELSEWHERE = 0;
const MARK = "// @ts-expect-error ";

/** The compiler's errors by line, with the directives that would hide them taken out. */
async function errorsOf(source: string): Promise<ReadonlyMap<number, string>> {
  const folder = await mkdtemp(join(tmpdir(), "switchyard-types-"));
  try {
    await symlink(join(root, "node_modules"), join(folder, "node_modules"), "dir");
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(join(folder, "samples.ts"), await readFile(join(here, "samples.ts"), "utf8"));
    await writeFile(join(folder, "refused.ts"), source.replaceAll(MARK, "// "));
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(options));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const output = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [tsc, "-p", folder, "--pretty", "false"],
        { cwd: folder, maxBuffer: 2 ** 26 },
        (_failed, out) => resolve(out),
      );
    });
    return byLine(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const options = {
  extends: join(root, "tsconfig.json"),
  compilerOptions: {
    composite: false,
    noEmit: true,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    noErrorTruncation: true,
    customConditions: ["@switchyard/source"],
    typeRoots: [join(root, "node_modules/@types")],
  },
  files: ["refused.ts"],
  references: [],
};

function byLine(output: string): ReadonlyMap<number, string> {
  const errors = new Map<number, string>();
  let line = ELSEWHERE;
  for (const text of output.split("\n")) {
    const start = /^(\S+)\((\d+),\d+\): error/.exec(text);
    if (start !== null) line = start[1] === "refused.ts" ? Number(start[2]) : ELSEWHERE;
    errors.set(line, `${errors.get(line) ?? ""}${text}\n`);
  }
  return errors;
}

describe("a wrong use does not compile, and the compiler says why", async () => {
  const source = await readFile(join(here, "refused.ts"), "utf8");
  const expected = source.split("\n").flatMap((text, index) => {
    const at = text.indexOf(MARK);
    return at < 0
      ? []
      : [{ line: index + 2, text: text.slice(at + MARK.length), code: source.split("\n")[index + 1]?.trim() ?? "" }];
  });
  const errors = await errorsOf(source);

  test("nothing else is wrong", () => {
    const lines = new Set(expected.map(({ line }) => line));
    expect([...errors].filter(([line]) => line !== ELSEWHERE && !lines.has(line))).toEqual([]);
    expect(expected.length).toBeGreaterThan(60);
  });

  test.each(expected.map(({ line, text, code }) => [code, line, text] as const))("%s", (_code, line, text) => {
    const error = (errors.get(line) ?? "").replaceAll('\\"', '"');
    expect(error).toContain(text.replaceAll('\\"', '"'));
  });
});
