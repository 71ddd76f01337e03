/** From a command line to an exit code. Only the verb that is called is loaded. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Call, COMMON, parseOptions, type Values, type Verb } from "./command.ts";
import { type ExitCode, type Io, UsageError } from "./io.ts";
import { Output } from "./output.ts";
import { VERBS } from "./verbs/index.ts";
import { visible } from "./visible.ts";

/** Runs one command. Never rejects. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const out = new Output(io, argv.includes("--json"));
  try {
    return await run(argv, io, out);
  } catch (error) {
    const usage = error instanceof UsageError;
    const { code, message, cause } = error as { code?: unknown; message?: unknown; cause?: unknown };
    const name = typeof code === "string" && !usage ? `${code}: ` : "";
    out.talk(lines(`${name}${String(message ?? error)}${systemCause(cause)}`));
    return usage ? 2 : 1;
  }
}

async function run(argv: readonly string[], io: Io, out: Output): Promise<ExitCode> {
  const [first, second] = argv;
  if (first === undefined || first === "help" || first === "--help") {
    out.line(overview());
    return first === undefined ? 2 : 0;
  }
  if (first === "--version") {
    out.line(versionOf());
    return 0;
  }
  const name = Object.hasOwn(VERBS, `${first} ${second}`) ? `${first} ${second}` : first;
  if (!Object.hasOwn(VERBS, name)) throw new UsageError(unknownVerb(first, second));
  const verb = await VERBS[name]!.load();
  const { values, words } = parsed(name, verb, argv.slice(name.split(" ").length));
  if (values["help"] === true) {
    out.line(helpOf(name, verb));
    return 0;
  }
  const [least, most] = verb.words;
  if (words.length < least || words.length > most) throw new UsageError(`usage: switchyard ${name} ${verb.takes}`);
  const { findProject } = await import("./project.ts");
  let project: ReturnType<typeof findProject> | undefined;
  const call: Call = {
    ...{ io, out, values, words },
    project: () => (project ??= findProject(values, io, (text) => out.talk(text))),
  };
  return verb.run(call);
}

function versionOf(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

function parsed(name: string, verb: Verb, args: readonly string[]): { values: Values; words: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: parseOptions(verb.options),
      allowPositionals: true,
    });
    return { values: values as Values, words: positionals };
  } catch (error) {
    // parseArgs adds advice for words that begin with a dash, after the first sentence.
    const [said = ""] = String((error as Error).message).split(". ");
    throw new UsageError(`${visible(said)}; see: switchyard ${name} --help`);
  }
}

function unknownVerb(first: string, second: string | undefined): string {
  const names = Object.keys(VERBS);
  const below = names.filter((name) => name.startsWith(`${first} `)).map((name) => name.slice(first.length + 1));
  if (below.length > 0)
    return second === undefined || second.startsWith("-")
      ? `switchyard ${first} takes one of: ${below.join(", ")}`
      : `no verb "${first} ${visible(second)}"; switchyard ${first} takes one of: ${below.join(", ")}`;
  return `no verb "${visible(first)}"; see: switchyard --help`;
}

function overview(): string {
  const width = Math.max(...Object.keys(VERBS).map(({ length }) => length));
  const verbs = Object.entries(VERBS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`);
  return `usage: switchyard VERB [OPTIONS]

${verbs.join("\n")}

switchyard VERB --help says more, switchyard --version which one this is. Exit codes: 0 done, 1 failed, 2 not understood, 3 differs or not healthy.`;
}

function helpOf(name: string, { takes, about, options, example }: Verb): string {
  const all = Object.entries({ ...options, ...COMMON }).map(([option, { value, about: text }]) => [
    `--${option}${value === undefined ? "" : ` ${value}`}`,
    text,
  ]);
  const width = Math.max(...all.map(([option]) => option!.length));
  const shown = all.map(([option, text]) => `  ${option!.padEnd(width)}  ${text}`);
  return `usage: switchyard ${name} ${takes}\n\n${about}\n\n${shown.join("\n")}\n\nexample:\n  ${example}`;
}

/** What the operating system said of a file. Other causes may tell more than a terminal should show. */
function systemCause(cause: unknown): string {
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === "string" && /^E[A-Z]+$/.test(code) ? `\n  ${String(message)}` : "";
}

/** An error may be of several lines, and each may quote a stranger. */
const lines = (text: string): string => text.split("\n").map(visible).join("\n");
