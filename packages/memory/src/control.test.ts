import { channel, connect } from "@switchyard/core";
import { expect, test } from "vitest";
import { adapter } from "./index.ts";
import { control, forgetBroker } from "./testing/index.ts";

const messages = {
  made: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
} as const;
const jobs = channel("jobs", { messages, needs: { delay: "1h" } });
const history = channel("history", { messages });

test("a broker tells how many messages of a queue, and of a group of a stream, wait", async () => {
  const messaging = await connect({
    channels: [jobs, history],
    service: "test",
    config: {
      connections: { memory: { use: adapter, broker: "backlogs" } },
      channels: {
        jobs: { model: "queue", on: "memory", groups: { work: {} } },
        history: { model: "stream", on: "memory", groups: { read: {} } },
      },
    },
    env: {},
  });
  const { channels } = messaging.explain();
  const controls = control("backlogs")!;
  const queue = channels["jobs"]!.groups["work"]!.address;
  expect(controls.backlog(queue)).toBe(0);
  await messaging.publish(jobs, "made", 1);
  await messaging.publish(jobs, "made", 2, { delay: "1h" });
  await messaging.publish(history, "made", 3);
  expect(controls.backlog(queue)).toBe(2);
  expect(controls.backlog(channels["history"]!.address, "read")).toBe(1);
  expect(() => controls.backlog("nothing")).toThrow(/no stream "nothing"/);
  await messaging.stop();
  forgetBroker("backlogs");
});
