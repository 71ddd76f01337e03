/** Counts that do not depend on the machine: a change that makes every message dearer fails here, not in a bill. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunningContender } from "./src/contender.ts";
import type { Sample } from "./src/measured.ts";
import { instructionsOf, skipped } from "./src/instructions.ts";
import { COUNTING } from "./src/rows.ts";
import { type Servers, startServers } from "./src/servers/start.ts";

/** What was counted when it was last looked at; to be rewritten by hand, with the reason in the commit. */
const known = JSON.parse(readFileSync(new URL("./guard.json", import.meta.url), "utf8")) as Record<string, number>;
/** 0: within a tenth. More: dearer by so many. Less: better, to be lowered in guard.json. */
const tenthsOff = (name: string, value: number): number => Math.trunc((value / (known[name] as number) - 1) * 10) + 0;
const FROM_SOURCE = "--conditions=@switchyard/source";

let servers: Servers;
beforeAll(async () => {
  servers = await startServers(["null-sqs", "null-sns", "null-kinesis"]);
});
afterAll(() => servers.close());

async function sample(file: string, work: string, flags: readonly string[] = []): Promise<Sample> {
  const contender = new RunningContender(
    { name: work, file, work, flags: [FROM_SOURCE, ...flags] },
    { quick: true, servers: servers.urls },
  );
  try {
    await contender.ready(60_000);
    const got = await contender.round(60_000);
    if (got === undefined) throw new Error(contender.error);
    return got;
  } finally {
    await contender.close();
  }
}

test.each([
  ["bytes per message published", "layer", "publish", "bytes", COUNTING],
  ["bytes per message consumed", "layer", "consume", "bytes", COUNTING],
  ["compressed KB of what runs in a service", "loading", "core", "kilobytes", []],
  ["SQS requests per 1,000 messages published", "sqs-publish", "ours", "requests", []],
  ["SQS requests per 1,000 messages consumed", "sqs-consume", "oursAll", "requests", []],
  ["SNS requests per 1,000 messages published", "sns-publish", "ours", "requests", []],
  ["Kinesis requests per 1,000 messages put", "kinesis-put", "ours", "requests", []],
] as const)(
  "%s stay within a tenth of what they were",
  { timeout: 120_000 },
  async (name, file, work, metric, flags) => {
    const value = (await sample(file, work, flags))[metric] as number;
    expect(tenthsOff(name, value), `${name}: ${Math.round(value)}`).toBe(0);
  },
);

test.skipIf(skipped).each(["publish", "consume"] as const)(
  "instructions per message, %s, stay within a tenth of what they were",
  { timeout: 300_000 },
  async (work) => {
    const name = `instructions per message, ${work}`;
    const value = await instructionsOf(work);
    expect(tenthsOff(name, value), `${name}: ${Math.round(value)}`).toBe(0);
  },
);
