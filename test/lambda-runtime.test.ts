/**
 * Functions in sandboxes of their own: bundled, and run by the real runtime client. Freezing, time-outs and ends of a process are real here.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { channel, connect, systemRuntime } from "@switchyard/core";
import { adapter as aws } from "@switchyard/aws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startAws } from "./support/aws-emulator.ts";
import { startFaultProxy } from "./support/fault-proxy.ts";
import { QueueMapping, type QueueMappingOptions } from "./support/lambda/queue-mapping.ts";
import { skipped } from "./support/lambda/runtime-client.ts";
import { SandboxedFunction } from "./support/lambda/sandbox.ts";

const place = await startAws();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-lambda-"));
  const common: BuildOptions = {
    entryPoints: [new URL("./support/lambda/worker.ts", import.meta.url).pathname],
    bundle: true,
    platform: "node",
    target: "node22",
    conditions: ["@switchyard/source"],
    // The lease stores of a process, which a function of SQS needs not.
    external: ["@aws-sdk/client-kinesis", "@aws-sdk/client-dynamodb", "@aws-sdk/client-kms", "pg"],
    minify: true,
    logLevel: "error",
  };
  const banner = {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  };
  await build({ ...common, format: "esm", outfile: join(folder, "esm.mjs"), banner });
  await build({ ...common, format: "cjs", outfile: join(folder, "cjs.cjs") });
});
afterAll(async () => {
  await place.close();
  await rm(folder, { recursive: true, force: true });
});

const item = z.object({ n: z.number(), k: z.string().optional(), act: z.enum(["die", "hang", "fail"]).optional() });
const jobs = channel("jobs", { messages: { job: item } });
const keyed = channel("jobs", { messages: { job: item }, orderingKey: ({ data }) => data.k ?? "none" });
type Item = z.infer<typeof item>;

let runsOfTest = 0;
interface Settings {
  readonly handler?: string;
  readonly ordered?: boolean;
  readonly hold?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly mapping?: Partial<QueueMappingOptions>;
  readonly group?: object;
  readonly retry?: object;
  /** What the function calls. Default: the emulator. */
  readonly endpoint?: string;
}

async function running(settings: Settings = {}) {
  const { handler = "esm.handler", ordered = false, hold = "3s", timeoutMs = 5_000, env = {}, mapping = {} } = settings;
  const prefix = `rt-${systemRuntime.now().toString(36)}-${++runsOfTest}`;
  const log = join(folder, `${prefix}.log`);
  await writeFile(log, "");
  const base = (use: unknown) => ({
    prefix,
    connections: { aws: { use, ...place.connection } },
    channels: {
      jobs: {
        model: "queue",
        on: "aws",
        groups: { work: { hold, runsOn: "lambda", native: { lambda: { answer: "report" } }, ...settings.group } },
      },
    },
    policies: { default: { retry: { attempts: 3, backoff: "constant", first: "1s", ...settings.retry } } },
  });
  const config: any = base(aws);
  const called: any = base("aws");
  if (settings.endpoint !== undefined) called.connections.aws.endpoint = settings.endpoint;
  config.connections.aws.provision = "auto";
  const messaging = await connect({ channels: [ordered ? keyed : jobs], service: "test", config, observe: () => {} });
  const code = new SandboxedFunction({
    folder,
    handler,
    timeoutMs,
    env: { ...place.env, CONFIG: JSON.stringify(called), LOG: log, ...(ordered ? { KEYED: "1" } : {}), ...env },
  });
  const queue = `${prefix}_jobs_work${ordered ? ".fifo" : ""}`;
  const own = new QueueMapping({
    client: place.client,
    queue,
    invoke: code.invoke,
    report: true,
    maximumConcurrency: 1,
    ...mapping,
  });
  const lines = async () => (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
  return {
    messaging,
    code,
    mapping: own,
    lines,
    /** What the handlers said, without the process. */
    said: async (what: string) =>
      (await lines()).map((line) => line.slice(line.indexOf(" ") + 1)).filter((line) => line.startsWith(what)),
    publish: (all: readonly Item[]) =>
      messaging.publishMany(
        ordered ? keyed : jobs,
        all.map((data) => ({ type: "job" as const, data })),
      ),
    left: () => {
      const { ready = 0, delayed = 0, held = 0 } = place.inspect(queue) ?? {};
      return ready + delayed + held;
    },
    dead: async () => messaging.deadLetters(ordered ? keyed : jobs, "work").peek(10),
    close: async () => {
      await own.stop();
      await code.close();
      await messaging.stop();
    },
  };
}

async function until(holds: () => boolean | Promise<boolean>, what: () => string, ms = 30_000): Promise<void> {
  const end = systemRuntime.monotonic() + ms;
  while (!(await holds())) {
    if (systemRuntime.monotonic() > end) throw new Error(`did not happen: ${what()}`);
    await systemRuntime.sleep(20);
  }
}

describe.skipIf(skipped)("through the runtime client, unless SWITCHYARD_SKIP says lambda", { timeout: 90_000 }, () => {
  test.each(["esm.handler", "cjs.handler"])("a bundle works: %s", async (handler) => {
    const at = await running({ handler });
    await at.publish([{ n: 1 }, { n: 2, act: "fail" }]);
    await at.mapping.start();
    await until(
      async () => at.left() === 0,
      () => at.code.output,
    );
    expect((await at.said("begin 2")).length).toBe(3);
    expect(await at.said("end 1")).toEqual(["end 1"]);
    expect(await at.dead()).toHaveLength(1);
    expect(at.code.started).toBe(1);
    await at.close();
  });

  test("a killer in ten takes no neighbour with it", async () => {
    const at = await running({ hold: "2s" });
    await at.publish(Array.from({ length: 10 }, (_, n) => (n === 4 ? { n, act: "die" as const } : { n })));
    await at.mapping.start();
    await until(
      async () => new Set(await at.said("end")).size === 9,
      () => at.code.output,
    );
    // What the queue itself gives up is the killer.
    await until(
      () => at.left() === 0,
      () => `an empty queue, not ${at.left()}`,
      60_000,
    );
    const dead = await at.dead();
    expect(dead.map(({ data }) => (data as Item).n)).toEqual([4]);
    await at.close();
  });

  test("after a time-out everything that had not ended comes again, and what had ended does not where it was told", async () => {
    const at = await running({ timeoutMs: 2_000, env: { MARGIN: "700ms" }, hold: "2s" });
    await at.publish([{ n: 1 }, { n: 2, act: "hang" }]);
    await at.mapping.start();
    await until(
      async () => (await at.said("begin 2")).length >= 2,
      () => at.code.output,
    );
    expect(await at.said("begin 1")).toHaveLength(1);
    expect((await at.said("abort 2")).length).toBeGreaterThanOrEqual(1);
    expect(await at.said("event abandoned")).not.toEqual([]);
    await at.close();
  });

  test("overrun: exit ends the sandbox, and what was done is deleted before", async () => {
    const at = await running({ timeoutMs: 2_000, env: { MARGIN: "700ms", OVERRUN: "exit" }, hold: "2s" });
    await at.publish([{ n: 1 }, { n: 2, act: "hang" }]);
    await at.mapping.start();
    await until(
      async () => at.code.started >= 2 && (await at.said("begin 2")).length >= 2,
      () => at.code.output,
    );
    expect(await at.said("begin 1")).toHaveLength(1);
    const pids = new Set(
      (await at.lines()).filter((line) => line.includes("begin 2")).map((line) => line.split(" ")[0]),
    );
    expect(pids.size).toBeGreaterThanOrEqual(2);
    await at.close();
  });

  test("a handler that goes on when its sandbox is thawed settles nothing, and its key waits for it there", async () => {
    const at = await running({
      ordered: true,
      timeoutMs: 1_500,
      env: { MARGIN: "700ms" },
      hold: "2s",
      retry: { attempts: 9 },
    });
    await at.publish([
      { n: 1, k: "a", act: "hang" },
      { n: 2, k: "a" },
    ]);
    await at.mapping.start();
    await until(
      async () => (await at.said("event abandoned")).length > 0,
      () => at.code.output,
    );
    await at.publish([{ n: 3, k: "b" }]);
    await until(
      async () => (await at.said("end 3")).length === 1,
      () => at.code.output,
    );
    // The key goes on only after its first message is done. It never is here: it always takes longer than there is time.
    expect(await at.said("begin 2")).toEqual([]);
    await at.close();
  });

  test.each([
    ["standard", false],
    ["FIFO", true],
  ])(
    "visibility change refused, then a crash between dead-letter copy and answer, on a %s queue",
    async (_, ordered) => {
      const proxy = await startFaultProxy(place.endpoint!);
      proxy.fault(/ChangeMessageVisibility/, { kind: "deny" });
      const at = await running({
        ordered,
        hold: "2s",
        endpoint: proxy.endpoint,
        env: { DIES_AT: "dead-letter" },
        retry: { attempts: 2 },
      });
      const [fails] = await at.publish([
        { n: 1, k: "a", act: "fail" },
        { n: 2, k: "b" },
      ]);
      await at.mapping.start();
      await until(
        () => at.left() === 0,
        () => at.code.output,
      );
      // The delay could not be kept, so the message came when its hold ended.
      expect(proxy.hits).toBeGreaterThanOrEqual(1);
      expect((await at.said("event warning auth")).length).toBeGreaterThanOrEqual(1);
      // The copy was made, the process ended, and the message came again to another.
      expect(at.code.started).toBeGreaterThanOrEqual(2);
      expect((await at.said("event dead-letter")).length).toBeGreaterThanOrEqual(2);
      const dead = await at.dead();
      expect(dead.length).toBeGreaterThanOrEqual(1);
      expect(dead.length).toBeLessThanOrEqual(2);
      for (const one of dead) expect(one).toMatchObject({ id: fails!.id, data: { n: 1 }, code: "attempts-exhausted" });
      // Two attempts, and one by the process that knew nothing of them.
      expect(await at.said("begin 1")).toHaveLength(3);
      expect(await at.said("end 2")).not.toEqual([]);
      await at.close();
      await proxy.close();
    },
  );
});
