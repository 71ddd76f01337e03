import type { ContractCase } from "./case.ts";
import { cases as all } from "./cases/index.ts";
import { declared } from "./driver-options.ts";
import type { Harness } from "./harness.ts";
import { runCase, skipReason } from "./run.ts";

/** What the suite needs of a test framework; vitest's, jest's and node:test's fit as they are. */
export interface TestApi {
  readonly describe?: (name: string, body: () => void) => void;
  readonly test: ((name: string, body: () => Promise<void>) => unknown) & {
    readonly skip?: (name: string, body: () => void) => unknown;
  };
}

/**
 * Registers every case as a test. A case that does not apply is a skipped test whose name says which capability explains it;
 * an exempt one passes when it fails, and fails when it passes, so that an exemption does not outlive its reason.
 *
 * Cases take up to `harness.limits.caseMs` (default 30 s) on real brokers: give `test` a timeout where the framework has one.
 */
export function contract(harness: Harness, api: TestApi, cases: readonly ContractCase[] = all): void {
  const caps = declared(harness);
  const register = () => {
    for (const each of cases) {
      const name = `${each.id}: ${each.title}`;
      const because = skipReason(each, harness, caps);
      if (because !== undefined) {
        api.test.skip?.(`${name} (skipped: ${because})`, () => {});
        continue;
      }
      const exemption = harness.exemptions?.find((one) => one.case === each.id);
      if (exemption === undefined) api.test(name, () => runCase(each, harness));
      else api.test(`${name} (exempt: ${exemption.who}: ${exemption.because})`, () => failing(each, harness));
    }
  };
  if (api.describe === undefined) register();
  else api.describe(`contract: ${harness.name}`, register);
}

async function failing(each: ContractCase, harness: Harness): Promise<void> {
  try {
    await runCase(each, harness);
  } catch {
    return;
  }
  throw new Error(`${each.id} passes; remove its exemption`);
}
