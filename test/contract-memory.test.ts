/** The contract on memory, in each model and as the brokers it can stand in for. */
import { contract } from "@switchyard/contract";
import { describe, test } from "vitest";
import { memoryHarness, memoryVarieties } from "./support/contract-harnesses.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 60_000 }, body), {
    skip: test.skip,
  }),
};

for (const variety of memoryVarieties) contract(memoryHarness(variety), api);
