import { expect, test } from "vitest";
import { z } from "zod";
import { base, resolve } from "../fixtures/adapters.ts";
import type { ClaimCheck, ClaimCheckExtension } from "../pipeline/extension.ts";
import { systemRuntime } from "../runtime/system-runtime.ts";
import { Pipelines } from "./pipelines.ts";

test("channels whose claim checks have equal settings share a store, which is closed once", async () => {
  const log: string[] = [];
  const extension: ClaimCheckExtension = {
    kind: "claim-check",
    names: ["s3"],
    options: z.looseObject({}),
    open: (_options, { name }) => {
      log.push(`open ${name}`);
      return Promise.resolve({ close: () => Promise.resolve(void log.push(`close ${name}`)) } as unknown as ClaimCheck);
    },
  };
  const open = async (...buckets: readonly string[]) => {
    const { channels, ...rest } = base();
    const claimed = Object.entries(channels).map(([name, channel], at) => [
      name,
      { ...channel, claimCheck: { store: "s3", bucket: buckets[at] } },
    ]);
    const plan = await resolve({ ...rest, channels: Object.fromEntries(claimed) }, { extensions: [extension] });
    const pipelines = await Pipelines.open(plan, systemRuntime);
    const [one, two] = ["orders", "video-uploads"].map((channel) => pipelines.of(channel)?.claimCheck);
    await pipelines.close();
    return one === two;
  };
  expect(await open("a", "a")).toBe(true);
  expect(log.splice(0)).toEqual(["open orders", "close orders"]);
  expect(await open("a", "b")).toBe(false);
  expect(log).toEqual(["open orders", "open video-uploads", "close orders", "close video-uploads"]);
});
