/** The clickstream's services on RabbitMQ's streams: the profile is another, they are not. */
import { expect, test, vi } from "vitest";
import { app } from "../examples/clickstream/src/app.ts";
import { holds, reportLines } from "../examples/clickstream/src/report.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

test.skipIf(skipped)(
  "through a kill and a join every visitor's totals are right on RabbitMQ, unless SWITCHYARD_SKIP says rabbit",
  { timeout: 120_000 },
  async () => {
    vi.stubEnv("AMQP_URL", (await sharedRabbit()).url);
    vi.stubEnv("STAGE", `clicks${process.pid}-${Date.now()}`);
    try {
      const said: string[] = [];
      const report = await app({ profile: "rabbit", lines: 5_000, say: (text) => said.push(text) });
      expect(report.differences).toEqual([]);
      expect(holds(report)).toBe(true);
      expect(report.shards).toEqual([2, 2]);
      expect(reportLines(report)[1]).toContain("never split");
      expect(said.join()).toMatch(/killed.*added/);
    } finally {
      vi.unstubAllEnvs();
    }
  },
);
