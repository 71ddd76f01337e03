/**
 * The contract on RabbitMQ in all three models, at once, because most of its time is waiting; `npm run contract` has every form. What
 * depends on how messages are written and read runs again on amqplib as it comes (`fast: false`).
 */
import { cases, runContract } from "@switchyard/contract";
import { describe, expect, test } from "vitest";
import { rabbitHarness, rabbitVarieties } from "./support/rabbit-harness.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

const ENCODED = /^(?:C1-|C2-|C4-|C8-key|C10-|C11-(?:same|redrive|at-the)|C15-|C16-|O-max|S-(?:replay|resume))/;

describe.skipIf(skipped)("contract: RabbitMQ", () => {
  for (const variety of rabbitVarieties.filter(({ composed }) => composed !== true)) {
    test.concurrent(variety.name, { timeout: 500_000 }, async () => {
      const { url } = await sharedRabbit();
      const { results } = await runContract(rabbitHarness(variety, url), {});
      const failed = results.filter(({ status }) => status === "failed");
      expect(failed.map(({ id, error }) => `${id}: ${String(error)}`)).toEqual([]);
      expect(results.filter(({ status }) => status === "passed").length).toBeGreaterThan(100);
    });
    test.concurrent(`${variety.name}, fast: false`, { timeout: 300_000 }, async () => {
      const { url } = await sharedRabbit();
      const chosen = cases.filter(({ id }) => ENCODED.test(id));
      const { results } = await runContract(rabbitHarness(variety, url, { fast: false }), { cases: chosen });
      const failed = results.filter(({ status }) => status === "failed");
      expect(failed.map(({ id, error }) => `${id}: ${String(error)}`)).toEqual([]);
      expect(results.filter(({ status }) => status === "passed").length).toBeGreaterThan(15);
    });
  }
});
