import { intercept } from "@switchyard/contract";
import { channel, connect } from "@switchyard/core";
import { adapter } from "@switchyard/memory";
import { expect, test } from "vitest";
import { z } from "zod";

const jobs = channel("jobs", { messages: { job: z.object({ n: z.number() }) } });

test("a dead-letter queue that gives up letters after some deliveries is not looked into", async () => {
  const limited = intercept(adapter, {
    existing: () => ({ deliveries: { count: 21, setting: "x-delivery-limit 20" } }),
  });
  const messaging = await connect({
    channels: [jobs],
    service: "shop",
    config: {
      connections: { broker: { use: limited } },
      channels: { jobs: { model: "queue", on: "broker", groups: { main: {} } } },
    },
  });
  const letters = messaging.deadLetters(jobs, "main");
  const refusal = {
    code: "dead-letters-limited",
    kind: "config",
    message: expect.stringContaining("x-delivery-limit 20"),
  };
  await expect(letters.peek()).rejects.toMatchObject(refusal);
  await expect(letters.groups({ by: ["code"] })).rejects.toMatchObject(refusal);
  await expect(letters.redrive().result).rejects.toMatchObject(refusal);
  await messaging.stop();
});
