/** Delays by hops through the whole of Switchyard, on the emulator: a real process is killed while it hands a message over. */
import { connect } from "@switchyard/core";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { outsideAws } from "./support/aws-place.ts";
import { consumerOf, hopsConfig, reminders } from "./support/hops.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());

const open = (prefix: string) =>
  connect({
    channels: [reminders],
    service: "mailer",
    config: hopsConfig(prefix, { ...aws.connection, provision: "auto" }),
  });

// Nobody can look into the queues of an account without receiving from them.
test.skipIf(outsideAws() !== undefined)(
  "a process killed between send and delete leaves a second copy, and the first is in time",
  { timeout: 60_000 },
  async () => {
    const prefix = `hops-${process.pid}`;
    await using messaging = await open(prefix);
    const before = performance.now();
    await messaging.publish(reminders, "reminder", { n: 1 }, { delay: "4s" });
    const service = new URL("support/hops-service.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--conditions=@switchyard/source", service, prefix], {
      env: { ...process.env, ...aws.env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [, signal] = await once(child, "exit");
    expect(signal).toBe("SIGKILL");

    const queue = `${prefix}_reminders_mailer`;
    expect(aws.inspect(`${queue}_delay`)).toEqual({ ready: 0, delayed: 0, held: 1 });
    // The copy is delayed, too, unless it is due already.
    const [depth] = await messaging.depth(reminders);
    expect(depth!.delayed).toBeGreaterThanOrEqual(1);
    const seen: number[] = [];
    messaging.consume(
      consumerOf(() => {
        seen.push(performance.now());
      }),
    );
    await messaging.start();
    await vi.waitUntil(() => seen.length > 0, { timeout: 20_000, interval: 20 });
    expect(seen[0]! - before).toBeGreaterThanOrEqual(4_000);
  },
);

test("explain() says what a delay costs", async () => {
  await using messaging = await open(`hops-explained-${process.pid}`);
  const { groups, capabilities } = messaging.explain().channels["reminders"]!;
  expect(capabilities.delayedPublishMs).toBe(3_600_000);
  expect(groups["mailer"]!.notes!.join()).toMatch(/wait in hops-explained-\d+_reminders_mailer_delay.*4 a day/);
});
