/** Run by contract-runner.test.ts under `node --test`: the suite in Node's own framework, without any adapting. */
import { describe, test } from "node:test";
import { cases, contract } from "@switchyard/contract";
import { memoryHarness, memoryVarieties } from "./contract-harnesses.ts";

const few = cases.filter(({ clause }) => clause === "C14");
contract(memoryHarness(memoryVarieties[0]!), { describe, test }, few);
