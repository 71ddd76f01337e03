import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemRuntime } from "@switchyard/core";
import { formatDuration } from "@switchyard/core/driver-kit";
import type { ContractCase } from "../case.ts";
import { cases } from "../cases/index.ts";
import type { Harness, HarnessSource } from "../harness.ts";
import { type Report, summary } from "../report.ts";
import { parallelOf, runContract } from "../run.ts";
import { choose } from "./choose.ts";
import { checkHarness, loadSources } from "./load.ts";
import { type CommandOptions, HELP, parseOptions, UsageError } from "./options.ts";
import { asJson, asJUnit, type Outcome, progressLine, type Unopened } from "./output.ts";

/** The command's input and output. */
export interface CommandIo {
  out(text: string): void;
  err(text: string): void;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** When it aborts, cases that have not ended are reported as failed, and the command ends. */
  readonly signal?: AbortSignal;
}

/** What the command did. `whole`: every case was run on every transport. */
export interface CommandResult extends Outcome {
  readonly whole: boolean;
}

/**
 * `npx @switchyard/contract`: runs the suite on the transports that a user's module exports. The result has the exit code, as `--help`
 * lists them. Never rejects for a wrong call or a failed case, and never ends the process. The module's transports are closed when it
 * resolves.
 */
export async function command(args: readonly string[], io: CommandIo): Promise<CommandResult> {
  const began = systemRuntime.monotonic();
  const ended = (exitCode: number): CommandResult => ({ exitCode, ms: 0, reports: [], unopened: [], whole: false });
  try {
    const options = parseOptions(args, io.env);
    if (options.help) {
      io.out(HELP);
      return ended(0);
    }
    if (options.module === undefined) {
      throw new UsageError("no module given: npx @switchyard/contract ./my-harness.ts; --help shows the options");
    }
    const sources = await loadSources(options.module, io.cwd);
    const chosen = {
      sources: picked(sources, ({ name }) => name, options.on, "--on", "transport"),
      cases: picked(cases, ({ id }) => id, options.cases, "--case", "case"),
    };
    for (const one of options.exemptions) picked(cases, ({ id }) => id, [one.case], "--exempt", "case");
    if (options.list) {
      io.out(`Transports\n${chosen.sources.map(({ name }) => `  ${name}\n`).join("")}`);
      io.out(`Cases\n${chosen.cases.map(({ id, title }) => `  ${id}: ${title}\n`).join("")}`);
      return ended(0);
    }
    const { reports, unopened, overdue } = await runAll(chosen, options, io);
    const exitCode = io.signal?.aborted
      ? 130
      : overdue
        ? 4
        : unopened.length > 0
          ? 3
          : reports.every(({ ok }) => ok)
            ? 0
            : 1;
    const outcome: Outcome = { exitCode, ms: Math.round(systemRuntime.monotonic() - began), reports, unopened };
    await write(outcome, options, io);
    const whole = exitCode < 3 && chosen.sources.length === sources.length && chosen.cases.length === cases.length;
    return { ...outcome, whole };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.err(`${error.message}\n`);
    return ended(2);
  }
}

function picked<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  patterns: readonly string[],
  flag: string,
  what: string,
): readonly T[] {
  const { chosen, unknown } = choose(all, nameOf, patterns);
  if (unknown.length === 0) return chosen;
  const asked = unknown.map((each) => JSON.stringify(each)).join(", ");
  const known = all.map((one) => `  ${nameOf(one)}`).join("\n");
  throw new UsageError(
    `${flag}: there is no ${what} ${asked}. Give a whole name, or a glob with \`*\`. Known:\n${known}`,
  );
}

interface Chosen {
  readonly sources: readonly HarnessSource[];
  readonly cases: readonly ContractCase[];
}

async function runAll(chosen: Chosen, options: CommandOptions, io: CommandIo) {
  const reports: Report[] = [];
  const unopened: Unopened[] = [];
  const over = new AbortController();
  let overdue = false;
  const say = options.reporter === "json" ? io.err : io.out;
  const interrupted = () => over.abort(new Error("interrupted before it ended"));
  if (io.signal?.aborted) interrupted();
  io.signal?.addEventListener("abort", interrupted);
  const { timeoutMs } = options;
  const timer =
    timeoutMs === undefined
      ? undefined
      : systemRuntime.timer(timeoutMs, () => {
          overdue = true;
          over.abort(new Error(`did not end before the run's time limit of ${formatDuration(timeoutMs)} (--timeout)`));
        });
  try {
    for (const source of chosen.sources) {
      try {
        const harness = await opened(source, over.signal);
        const report = await runOn(adjusted(harness, options), chosen.cases, say, over.signal);
        reports.push(report);
        say(`${summary([report])}\n`);
      } catch (error) {
        unopened.push({ harness: source.name, error });
        say(`NOT RUN ${source.name}: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  } finally {
    timer?.[Symbol.dispose]();
    io.signal?.removeEventListener("abort", interrupted);
    await closeAll(chosen.sources, say);
  }
  return { reports, unopened, overdue };
}

/** Opens a source. Rejects when the run is over, so that a source that never opens cannot hold it up. */
async function opened(source: HarnessSource, over: AbortSignal): Promise<Harness> {
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(over.reason);
  stopped.promise.catch(() => {});
  if (over.aborted) stop();
  over.addEventListener("abort", stop);
  try {
    const harness = await Promise.race([over.aborted ? stopped.promise : source.open(), stopped.promise]);
    checkHarness(harness, source.name);
    return harness;
  } finally {
    over.removeEventListener("abort", stop);
  }
}

const CLOSE_MS = 30_000;

async function closeAll(sources: readonly HarnessSource[], say: (text: string) => void): Promise<void> {
  for (const source of sources) {
    const over = new AbortController();
    try {
      await Promise.race([source.close?.(), systemRuntime.sleep(CLOSE_MS, over.signal)]);
    } catch (error) {
      say(`${source.name}: closing failed: ${error instanceof Error ? error.message : String(error)}\n`);
    } finally {
      over.abort();
    }
  }
}

/** The harness with the limits, exemptions and concurrency of the command line. */
function adjusted(harness: Harness, { limits, parallel, exemptions }: CommandOptions): Harness {
  return {
    ...harness,
    limits: { ...harness.limits, ...limits },
    ...(parallel === undefined ? {} : { parallel }),
    exemptions: [...exemptions, ...(harness.exemptions ?? [])],
  };
}

async function runOn(
  harness: Harness,
  chosen: readonly ContractCase[],
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const about = harness.about === undefined ? "" : ` (${harness.about})`;
  say(`${harness.name}${about}: ${chosen.length} cases, ${parallelOf(harness)} at once\n`);
  let done = 0;
  return runContract(harness, {
    ...(chosen.length === cases.length ? {} : { cases: chosen }),
    signal,
    onResult: (result) => say(`${progressLine(harness.name, ++done, chosen.length, result)}\n`),
  });
}

async function write(outcome: Outcome, options: CommandOptions, io: CommandIo): Promise<void> {
  const files = [
    [options.json, asJson],
    [options.junit, asJUnit],
  ] as const;
  for (const [file, form] of files) {
    if (file === undefined) continue;
    const path = resolve(io.cwd, file);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, form(outcome));
    } catch (cause) {
      throw new UsageError(`${file} cannot be written: ${(cause as Error).message}`, { cause });
    }
  }
  if (options.reporter === "json") io.out(asJson(outcome));
}
