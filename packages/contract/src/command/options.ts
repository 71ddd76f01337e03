import { parseArgs } from "node:util";
import { parseDuration } from "@switchyard/core/driver-kit";
import type { Exemption, Harness } from "../harness.ts";

/** The command was called wrongly. The message says what to change. */
export class UsageError extends Error {}

export interface CommandOptions {
  readonly module: string | undefined;
  readonly on: readonly string[];
  readonly cases: readonly string[];
  readonly list: boolean;
  readonly help: boolean;
  readonly reporter: "text" | "json";
  readonly json: string | undefined;
  readonly junit: string | undefined;
  readonly parallel: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly limits: NonNullable<Harness["limits"]>;
  readonly exemptions: readonly Exemption[];
}

export const HELP = `Usage: npx @switchyard/contract ./my-harness.ts [options]

Runs Switchyard's contract suite on the transports a module exports. The module's default export is a harness, a harness
that is opened when its turn comes ({ name, open }), or a list of them. TypeScript needs Node 22.18 or later.

What runs
  --on NAME            only this transport; repeat for more. A whole name, or a glob: "SQS*"
  --case ID            only this case; repeat for more. A whole id, or a glob: "C8-*"
  --list               print the transports and the cases, and run nothing
How it runs (these override the harness)
  --concurrency N      how many cases run at once on one transport
  --case-timeout 60s   time limit of one case
  --timeout 30m        time limit of the whole run; cases that have not ended by then fail
  --slack 4s           how late the broker may be
  --hold 2s            how long a hold lasts in cases that wait for its end
  --balance 60s        how long leases may take to balance after a member joined
  --bulk N             how many messages the bulk cases send
  --exempt ID=WHY      a case that this broker cannot pass, and why; repeat for more
What it writes
  --reporter text      text (default): each case as it ends, then a summary. json: the result on standard output, and
                       each case as it ends on standard error
  --json FILE          the result as JSON
  --junit FILE         the result as JUnit XML

Each option can also be set in the environment: SWITCHYARD_CONTRACT_CASE_TIMEOUT=60s sets --case-timeout. Separate
several values of one option by ";". The command line takes precedence.

Exit code
  0  every case passed, was skipped (a capability says why) or is exempt
  1  a case failed
  2  the command was called wrongly: an unknown option, name or case, or a module that exports no harness
  3  a transport could not be opened, or there was nothing to run; takes precedence over 1
  4  the whole run's time limit was reached; takes precedence over 3
  130  interrupted; the cases that had ended by then are reported
`;

const FLAGS = {
  on: { type: "string", multiple: true },
  case: { type: "string", multiple: true },
  list: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  concurrency: { type: "string" },
  "case-timeout": { type: "string" },
  timeout: { type: "string" },
  slack: { type: "string" },
  hold: { type: "string" },
  balance: { type: "string" },
  bulk: { type: "string" },
  exempt: { type: "string", multiple: true },
  reporter: { type: "string" },
  json: { type: "string" },
  junit: { type: "string" },
} as const;

/** Reads the command's options from its arguments and the environment. Throws UsageError. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): CommandOptions {
  const { values, positionals } = parsed(args);
  const variable = (flag: string) => `SWITCHYARD_CONTRACT_${flag.replaceAll("-", "_").toUpperCase()}`;
  const given = (flag: string): string | undefined => {
    const value = env[variable(flag)];
    return value === undefined || value === "" ? undefined : value;
  };
  type OneFlag =
    | "concurrency"
    | "case-timeout"
    | "timeout"
    | "slack"
    | "hold"
    | "balance"
    | "bulk"
    | "reporter"
    | "json"
    | "junit";
  const one = (flag: OneFlag) => values[flag] ?? given(flag);
  const several = (flag: "on" | "case" | "exempt") =>
    values[flag] ??
    (given(flag) ?? "")
      .split(";")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  const number = (flag: "concurrency" | "bulk") => counted(one(flag), `--${flag}`);
  const time = (flag: "case-timeout" | "timeout" | "slack" | "hold" | "balance", least = 1) =>
    timed(one(flag), `--${flag}`, least);
  if (positionals.length > 1) {
    throw new UsageError(
      `only one module can be given, not ${positionals.map((each) => JSON.stringify(each)).join(", ")}`,
    );
  }
  const reporter = one("reporter") ?? "text";
  if (reporter !== "text" && reporter !== "json") {
    throw new UsageError(`--reporter must be text or json, not ${JSON.stringify(reporter)}`);
  }
  const limits = {
    holdMs: time("hold"),
    slackMs: time("slack", 0),
    bulk: number("bulk"),
    balanceMs: time("balance"),
    caseMs: time("case-timeout"),
  };
  return {
    module: positionals[0],
    on: several("on"),
    cases: several("case"),
    list: values.list ?? false,
    help: values.help ?? false,
    reporter,
    json: one("json"),
    junit: one("junit"),
    parallel: number("concurrency"),
    timeoutMs: time("timeout"),
    limits: Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)),
    exemptions: several("exempt").map(exemption),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n--help shows the options`);
  }
}

function counted(value: string | undefined, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new UsageError(`${flag} must be a whole number of at least 1, not ${JSON.stringify(value)}`);
}

function timed(value: string | undefined, flag: string, least: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = parseDuration(value);
  if (ms !== undefined && ms >= least) return ms;
  throw new UsageError(`${flag} must be a duration like 500ms, 60s or 30m, not ${JSON.stringify(value)}`);
}

function exemption(value: string): Exemption {
  const at = value.indexOf("=");
  const because = value.slice(at + 1).trim();
  if (at < 1 || because === "") {
    throw new UsageError(`--exempt must be ID=WHY, a case and the reason, not ${JSON.stringify(value)}`);
  }
  return { case: value.slice(0, at).trim(), because, who: "exempt by option" };
}
