import { systemRuntime } from "@switchyard/core";
import type { Capabilities } from "@switchyard/core/driver";
import type { ContractCase } from "./case.ts";
import { cases } from "./cases/index.ts";
import { Context } from "./context.ts";
import { declared } from "./driver-options.ts";
import { CASE_MS, type Harness, SHORT_HOLD_MS } from "./harness.ts";
import { isVirtual } from "./pump.ts";
import { type CaseResult, describe, type Report } from "./report.ts";
import { Stalls } from "./stalls.ts";

const PARALLEL = 8;
/** How often a case is run if it fails while the machine stalls. The last run counts. */
const RUNS = 3;

/** The options of a run. */
export interface RunOptions {
  /** Default: all. */
  readonly cases?: readonly ContractCase[];
  /** Called as each case ends. */
  readonly onResult?: (result: CaseResult) => void;
  /** When it aborts, cases that have not ended fail with its reason, and no other case starts. */
  readonly signal?: AbortSignal;
}

/** Why a case does not apply to a harness: the capability that explains it. Undefined if it applies. */
export function skipReason(
  each: ContractCase,
  harness: Harness,
  caps: Capabilities = declared(harness),
): string | undefined {
  return each.needs?.(caps, harness);
}

/** A prefix for the names of one run, so that runs against the same broker do not share destinations. */
function freshPrefix(): string {
  return `ct${systemRuntime.uuid().replaceAll("-", "").slice(0, 12)}`;
}

async function limited(work: Promise<void>, failed: Promise<never>, ms: number): Promise<void> {
  let timer: Disposable | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = systemRuntime.timer(ms, () => reject(new Error(`the case did not end within ${ms} ms of real time`)));
  });
  try {
    await Promise.race([work, failed, late]);
  } finally {
    timer?.[Symbol.dispose]();
  }
}

/** `over` rejects when the signal aborts, and never settles otherwise. */
function overBy(signal: AbortSignal | undefined): { readonly over: Promise<never> } & Disposable {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const stop = () => reject(signal?.reason);
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop);
  return { over: promise, [Symbol.dispose]: () => signal?.removeEventListener("abort", stop) };
}

/** Runs one case once; throws what it throws. */
export function runCase(each: ContractCase, harness: Harness, signal?: AbortSignal): Promise<void> {
  return run(each, harness, signal, 1);
}

/** The `nth` run of a case. Each run holds longer than the last, so that a stall as long as the last one does not end a hold again. */
async function run(each: ContractCase, harness: Harness, signal: AbortSignal | undefined, nth: number): Promise<void> {
  signal?.throwIfAborted();
  const shortMs = each.hold === "ends" ? (harness.limits?.holdMs ?? SHORT_HOLD_MS) * nth : undefined;
  const context = new Context(harness, declared(harness), freshPrefix(), shortMs);
  const work = Promise.resolve().then(() => each.run(context));
  work.catch(() => {});
  const ending = overBy(signal);
  try {
    await limited(Promise.race([work, ending.over]), context.pump.failed, harness.limits?.caseMs ?? CASE_MS);
  } finally {
    ending[Symbol.dispose]();
    const over = new AbortController();
    await Promise.race([context.cleanUp(), systemRuntime.sleep(5_000, over.signal)]).finally(() => over.abort());
  }
}

async function resultOf(
  each: ContractCase,
  harness: Harness,
  caps: Capabilities,
  signal?: AbortSignal,
): Promise<CaseResult> {
  const { id, clause, title } = each;
  const because = skipReason(each, harness, caps);
  if (because !== undefined) return { id, clause, title, status: "skipped", because, ms: 0 };
  const exemption = harness.exemptions?.find((one) => one.case === id);
  const reason = exemption === undefined ? {} : { because: `${exemption.who}: ${exemption.because}` };
  const began = systemRuntime.monotonic();
  const ms = () => Math.round(systemRuntime.monotonic() - began);
  const stalled: string[] = [];
  const said = () => ({ ...reason, ...(stalled.length === 0 ? {} : { stalled }), ms: ms() });
  for (;;) {
    using stalls = new Stalls(harness);
    try {
      await run(each, stalls.harness, signal, stalled.length + 1);
      return { id, clause, title, status: exemption === undefined ? "passed" : "exempt-but-passes", ...said() };
    } catch (error) {
      // A run that was aborted does not show whether the exemption still holds.
      const failed = exemption === undefined || signal?.aborted === true;
      const why = failed && signal?.aborted !== true ? stalls.found : undefined;
      if (why !== undefined) stalled.push(`${why}; then: ${describe(error)}`);
      if (why === undefined || stalled.length >= RUNS)
        return { id, clause, title, status: failed ? "failed" : "exempt", error, ...said() };
    }
  }
}

/** How many cases run at once. Default 1 on virtual time, where nothing waits, and 8 on real time. */
export function parallelOf(harness: Harness): number {
  return Math.max(1, harness.parallel ?? (isVirtual(harness.runtime()) ? 1 : PARALLEL));
}

/** Starts every case, a few at a time. Each case has a promise of its result. */
export function startCases(
  harness: Harness,
  cases: readonly ContractCase[],
  parallel: number = parallelOf(harness),
  signal?: AbortSignal,
): ReadonlyMap<string, Promise<CaseResult>> {
  const caps = declared(harness);
  const results = new Map<string, Promise<CaseResult>>();
  let free = parallel;
  const waiting: (() => void)[] = [];
  const run = async (each: ContractCase): Promise<CaseResult> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await resultOf(each, harness, caps, signal);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
  for (const each of cases) results.set(each.id, run(each));
  return results;
}

/** Exemptions whose case does not exist: it was renamed, or its name is misspelt. */
function misnamed(harness: Harness, cases: readonly ContractCase[]): CaseResult[] {
  const unknown = (harness.exemptions ?? []).filter((one) => !cases.some((each) => each.id === one.case));
  return unknown.map((one) => ({
    id: one.case,
    clause: "exemptions",
    title: "an exemption names a case",
    status: "failed",
    error: new Error(`there is no case "${one.case}"`),
    ms: 0,
  }));
}

/** Runs the suite without a test framework, a few cases at a time. Cases that the driver's declared capabilities rule out are skipped. */
export async function runContract(harness: Harness, options: RunOptions = {}): Promise<Report> {
  const all = options.cases ?? cases;
  const running = [...startCases(harness, all, parallelOf(harness), options.signal).values()].map(async (promise) => {
    const result = await promise;
    options.onResult?.(result);
    return result;
  });
  const results = [...(await Promise.all(running)), ...(options.cases === undefined ? misnamed(harness, all) : [])];
  return { harness: harness.name, results, ok: results.every(({ status }) => status !== "failed") };
}
