/** What an operator sees: command lines with what they print. In this process, so that the packages' source is what runs. */
import { hostname, userInfo } from "node:os";
import { main } from "@switchyard/cli";
import { SHOP } from "./command.ts";

interface Setting {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Numbers and names that differ each time, and what stands for them. */
  readonly steady?: readonly (readonly [RegExp | string, string])[];
}

/** One command line: stdout as it is, each line of stderr after `! `, and the exit code unless it is 0. */
export async function transcript(words: readonly string[], setting: Setting = {}): Promise<string> {
  const { env = {}, stdin = "", steady = [] } = setting;
  const said: string[] = [];
  const stream = (prefix: string) => ({
    write: (text: string) =>
      void said.push(
        ...text
          .trimEnd()
          .split("\n")
          .map((line) => `${prefix}${line}`.trimEnd()),
      ),
  });
  const code = await main(words, {
    ...{ env, cwd: SHOP, signal: new AbortController().signal, stdout: stream(""), stderr: stream("! ") },
    stdin: (async function* () {
      yield stdin;
    })(),
  });
  const typed = words.map((word) => (/^[\w./:=@%+<>-]+$/.test(word) ? word : `'${word}'`)).join(" ");
  const text = [`$ switchyard ${typed}`, ...said, ...(code === 0 ? [] : [`exit code ${code}`])].join("\n");
  return [...steady, ...ALWAYS].reduce((whole, [from, to]) => whole.replaceAll(from, to), `${text}\n`);
}

const ALWAYS: readonly (readonly [RegExp | string, string])[] = [
  [`${userInfo().username}@${hostname()}`, "operator@host"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, "2026-11-29T10:00:00.000Z"],
];
