/**
 * The contract on RabbitMQ in all three models, at once, because most of its time is waiting. Queues and streams have every case.
 * Ordered pub/sub leaves out what neither its exchange nor its order decides; `npm run contract` runs that, too. What depends on how
 * messages are written and read runs again on amqplib as it comes (`fast: false`).
 */
import { cases, runContract } from "@switchyard/contract";
import { describe, expect, test } from "vitest";
import { rabbitHarness, rabbitVarieties } from "./support/rabbit-harness.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

const ENCODED = /^(?:C1-|C2-|C4-|C8-key|C10-|C11-(?:same|redrive|at-the)|C15-|C16-|O-max|S-(?:replay|resume))/;

const LEFT_OUT = /^(?:C1-(?!accepted|missing)|C2-(?!call-order|order)|C15-|C16-|C17-|D-|I-|H-)/;

describe.skipIf(skipped)("contract: RabbitMQ", () => {
  for (const variety of rabbitVarieties.filter(({ composed }) => composed !== true)) {
    test.concurrent(variety.name, { timeout: 500_000 }, async () => {
      const { url } = await sharedRabbit();
      const chosen = variety.model === "pubsub" ? cases.filter(({ id }) => !LEFT_OUT.test(id)) : cases;
      const { results } = await runContract(rabbitHarness(variety, url), { cases: chosen });
      const failed = results.filter(({ status }) => status === "failed");
      expect(failed.map(({ id, error }) => `${id}: ${String(error)}`)).toEqual([]);
      expect(results.filter(({ status }) => status === "passed").length).toBeGreaterThan(chosen.length / 2);
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
