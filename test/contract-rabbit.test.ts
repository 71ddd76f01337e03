/** The contract on RabbitMQ in all three models, at once, because most of its time is waiting; `npm run contract` has every form. */
import { runContract } from "@switchyard/contract";
import { describe, expect, test } from "vitest";
import { rabbitHarness, rabbitVarieties } from "./support/rabbit-harness.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

describe.skipIf(skipped)("contract: RabbitMQ", () => {
  for (const variety of rabbitVarieties.filter(({ composed }) => composed !== true)) {
    test.concurrent(variety.name, { timeout: 500_000 }, async () => {
      const { url } = await sharedRabbit();
      const { results } = await runContract(rabbitHarness(variety, url), {});
      const failed = results.filter(({ status }) => status === "failed");
      expect(failed.map(({ id, error }) => `${id}: ${String(error)}`)).toEqual([]);
      expect(results.filter(({ status }) => status === "passed").length).toBeGreaterThan(100);
    });
  }
});
