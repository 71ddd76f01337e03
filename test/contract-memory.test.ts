/** The contract on memory, in each model and as the brokers it can stand in for. */
import { cases, contract } from "@switchyard/contract";
import { describe, test } from "vitest";
import { memoryHarness, memoryVarieties } from "./support/contract-harnesses.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 60_000 }, body), {
    skip: test.skip,
  }),
};

/** A profile runs what its rules decide here, and all of it in `npm run contract`. */
const RULED =
  /^(?:C1-(?:accepted|lost|not-acc)|C2-(?:one|refused)|C3-|C4-|C5-|C6-|C7-|C8-|C9-|C10-|C11-(?:at-|redrive)|C13-(?:driver|release)|C15-|C16-|C18-|D-s|O-|S-)/;
const ruled = cases.filter(({ id }) => RULED.test(id));

for (const variety of memoryVarieties)
  contract(memoryHarness(variety), api, variety.options === undefined ? cases : ruled);
