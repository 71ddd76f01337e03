import type { ContractCase } from "./case.ts";
import { cases as all } from "./cases/index.ts";
import { declared } from "./driver-options.ts";
import type { Harness } from "./harness.ts";
import type { CaseResult } from "./report.ts";
import { parallelOf, skipReason, startCases } from "./run.ts";

/** What the suite needs of a test framework. Those of vitest, jest and node:test can be passed as they are. */
export interface TestApi {
  readonly describe?: (name: string, body: () => void) => unknown;
  readonly test: ((name: string, body: () => Promise<void>) => unknown) & {
    readonly skip?: (name: string, body: () => void) => unknown;
  };
}

/**
 * Registers every case as a test. A case that does not apply becomes a skipped test whose name gives the capability that explains it.
 * The test of an exempt case passes while the case fails. It fails once the case passes, so that the exemption gets removed.
 *
 * On real time several cases run at once, whatever the framework does: the first test starts them all, and each test waits for its
 * own case. If the framework retries a test, its case runs again.
 *
 * A run may take `harness.limits.caseMs` (default 30 s). A case runs up to three times if the machine stalls: see `CaseResult.stalled`;
 * each stalled run is also a process warning. If the framework has a timeout for `test`, set it to three times the limit.
 */
export function contract(harness: Harness, api: TestApi, cases: readonly ContractCase[] = all): void {
  const caps = declared(harness);
  const run = runner(harness, cases);
  const register = (): void => {
    for (const each of cases) {
      const name = `${each.id}: ${each.title}`;
      const because = skipReason(each, harness, caps);
      const exemption = harness.exemptions?.find((one) => one.case === each.id);
      const why = exemption === undefined ? "" : ` (exempt: ${exemption.who}: ${exemption.because})`;
      if (because !== undefined) api.test.skip?.(`${name} (skipped: ${because})`, () => {});
      else api.test(`${name}${why}`, async () => verdict(await run(each)));
    }
  };
  if (api.describe === undefined) register();
  else api.describe(`contract: ${harness.name}`, register);
}

function runner(harness: Harness, cases: readonly ContractCase[]): (each: ContractCase) => Promise<CaseResult> {
  const alone = async (each: ContractCase) => (await startCases(harness, [each]).get(each.id))!;
  if (parallelOf(harness) === 1) return alone;
  let started: Map<string, Promise<CaseResult>> | undefined;
  return async (each) => {
    started ??= new Map(startCases(harness, cases));
    const first = started.get(each.id);
    started.delete(each.id);
    return await (first ?? alone(each));
  };
}

function verdict({ status, id, error, stalled = [] }: CaseResult): void {
  for (const why of stalled) process.emitWarning(`${id}: a run did not count: ${why}`, "ContractStall");
  if (status === "failed") throw error;
  if (status === "exempt-but-passes") throw new Error(`${id} passes; remove its exemption`);
}
