import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "./compile.ts";

const read = (name: string) => readFile(fileURLToPath(new URL(name, import.meta.url)), "utf8");
/** Errors outside the file are for `tsc -b` to report. */
const ELSEWHERE = 0;
const MARK = "// @ts-expect-error ";

/** The compiler's errors by line, with the directives that would hide them taken out. */
async function errorsOf(source: string): Promise<ReadonlyMap<number, string>> {
  const files = { "refused.ts": source.replaceAll(MARK, "// "), "samples.ts": await read("samples.ts") };
  // Cut where users' errors are cut: what follows is not read.
  return compile(files, { noEmit: true, declaration: false, noErrorTruncation: false }, async (output) => {
    const errors = new Map<number, string>();
    let line = ELSEWHERE;
    for (const text of output.split("\n")) {
      const start = /^(\S+)\((\d+),\d+\): error/.exec(text);
      if (start !== null) line = start[1] === "refused.ts" ? Number(start[2]) : ELSEWHERE;
      errors.set(line, `${errors.get(line) ?? ""}${text}\n`);
    }
    return errors;
  });
}

describe("a wrong use does not compile, and the compiler says why", async () => {
  const source = await read("refused.ts");
  const lines = source.split("\n");
  const expected = lines.flatMap((text, index) => {
    const at = text.indexOf(MARK);
    return at < 0
      ? []
      : [{ line: index + 2, text: text.slice(at + MARK.length), code: lines[index + 1]?.trim() ?? "" }];
  });
  const errors = await errorsOf(source);

  test("nothing else is wrong", () => {
    const known = new Set(expected.map(({ line }) => line));
    expect([...errors].filter(([line]) => line !== ELSEWHERE && !known.has(line))).toEqual([]);
    expect(expected.length).toBeGreaterThan(60);
  });

  test.each(expected.map(({ line, text, code }) => [code, line, text] as const))("%s", (_code, line, text) => {
    const error = (errors.get(line) ?? "").replaceAll('\\"', '"');
    expect(error).toContain(text.replaceAll('\\"', '"'));
    // Editors show the first line first, and some no other.
    if (error.includes(`Refused<"${text}`)) expect(error.split("\n")[0]).toContain(text);
  });
});
