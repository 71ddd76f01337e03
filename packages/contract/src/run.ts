import { systemRuntime } from "@switchyard/core";
import type { Capabilities } from "@switchyard/core/driver";
import type { ContractCase } from "./case.ts";
import { Context } from "./context.ts";
import { declared } from "./driver-options.ts";
import type { Harness } from "./harness.ts";
import { isVirtual } from "./pump.ts";
import type { CaseResult, Report } from "./report.ts";

const CASE_MS = 30_000;
const PARALLEL = 8;

export interface RunOptions {
  readonly cases: readonly ContractCase[];
  /** Called as each case ends. */
  readonly onResult?: (result: CaseResult) => void;
  /** Stop at the first failure: enough to show that a driver is broken. */
  readonly bail?: boolean;
}

/** Why a case does not run on a harness: the capability that explains it. */
export function skipReason(
  each: ContractCase,
  harness: Harness,
  caps: Capabilities = declared(harness),
): string | undefined {
  return each.needs?.(caps, harness);
}

/** Names unique to the run, so that runs against one broker do not meet. */
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

/** Runs one case; throws what it throws. */
export async function runCase(each: ContractCase, harness: Harness): Promise<void> {
  const context = new Context(harness, declared(harness), freshPrefix());
  const work = Promise.resolve().then(() => each.run(context));
  work.catch(() => {});
  try {
    await limited(work, context.pump.failed, harness.limits?.caseMs ?? CASE_MS);
  } finally {
    await Promise.race([context.cleanUp(), systemRuntime.sleep(5_000)]);
  }
}

async function resultOf(each: ContractCase, harness: Harness, caps: Capabilities): Promise<CaseResult> {
  const { id, clause, title } = each;
  const because = skipReason(each, harness, caps);
  if (because !== undefined) return { id, clause, title, status: "skipped", because, ms: 0 };
  const exemption = harness.exemptions?.find((one) => one.case === id);
  const reason = exemption === undefined ? {} : { because: `${exemption.who}: ${exemption.because}` };
  const began = systemRuntime.monotonic();
  const ms = () => Math.round(systemRuntime.monotonic() - began);
  try {
    await runCase(each, harness);
    return { id, clause, title, status: exemption === undefined ? "passed" : "exempt-but-passes", ...reason, ms: ms() };
  } catch (error) {
    return { id, clause, title, status: exemption === undefined ? "failed" : "exempt", ...reason, error, ms: ms() };
  }
}

/** The suite without a test framework. Runs what the driver's declared capabilities call for, a few cases at a time. */
export async function runContract(harness: Harness, options: RunOptions): Promise<Report> {
  const caps = declared(harness);
  const virtual = isVirtual(harness.runtime());
  const results = new Array<CaseResult | undefined>(options.cases.length);
  let next = 0;
  let stop = false;
  const worker = async (): Promise<void> => {
    while (!stop && next < options.cases.length) {
      const index = next++;
      const result = await resultOf(options.cases[index]!, harness, caps);
      results[index] = result;
      options.onResult?.(result);
      if (result.status === "failed" && options.bail === true) stop = true;
    }
  };
  const workers = Math.max(1, harness.parallel ?? (virtual ? 1 : PARALLEL));
  try {
    await Promise.all(Array.from({ length: workers }, worker));
  } finally {
    await harness.close?.();
  }
  const done = results.filter((result) => result !== undefined);
  const unknown = (harness.exemptions ?? []).filter((one) => !options.cases.some((each) => each.id === one.case));
  for (const one of unknown) {
    done.push({
      id: one.case,
      clause: "exemptions",
      title: "an exemption names a case",
      status: "failed",
      error: new Error("no such case"),
      ms: 0,
    });
  }
  return { harness: harness.name, results: done, ok: done.every((result) => result.status !== "failed") };
}
