/**
 * The Lambda entries of the examples: bundled, run by the runtime client in sandboxes, behind the mappings of their queues. `process.env`
 * must say where AWS is.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AnyChannel, connect, type Messaging, systemRuntime } from "@switchyard/core";
import { build } from "esbuild";
import { story } from "../../../examples/order-fanout/src/app.ts";
import { Books } from "../../../examples/order-fanout/src/books.ts";
import { orders } from "../../../examples/order-fanout/src/channels.ts";
import { uploads } from "../../../examples/video-encoding/src/channels.ts";
import { checksumIn, type Video } from "../../../examples/video-encoding/src/transcode.ts";
import type { Aws } from "../aws-emulator.ts";
import { QueueMapping } from "./queue-mapping.ts";
import { SandboxedFunction } from "./sandbox.ts";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const TIMEOUT_MS = 30_000;
const GIVE_UP_MS = 60_000;
const GROUPS = ["billing", "shipping", "analytics"] as const;

interface Example<C extends AnyChannel> {
  readonly aws: Aws;
  readonly channel: C;
  readonly entry: string;
  readonly config: string;
  readonly profile?: string;
  readonly groups: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Publishes, once the mappings poll. */
  readonly publish: (messaging: Messaging<C>) => Promise<unknown>;
  readonly done: () => boolean | Promise<boolean>;
}

/** What each group did for each customer, in order. */
export async function fanOutOnLambda(aws: Aws, count: number) {
  const folder = await mkdtemp(join(tmpdir(), "switchyard-books-"));
  const file = join(folder, "books");
  await writeFile(file, "");
  const made = story(count);
  const books = async () => {
    const read = new Books();
    for (const line of (await readFile(file, "utf8")).split("\n").slice(0, -1))
      read.note(...(JSON.parse(line) as Parameters<Books["note"]>));
    return read;
  };
  try {
    await run({
      aws,
      channel: orders,
      entry: at("test/support/lambda/fan-out-function.ts"),
      config: at("examples/order-fanout/config/lambda.yaml"),
      groups: GROUPS,
      env: { BOOKS: file },
      publish: (shop) => shop.publishMany(orders, made),
      done: async () => {
        const read = await books();
        return GROUPS.every((group) => read.ids(group).length >= made.length);
      },
    });
    const read = await books();
    return Object.fromEntries(GROUPS.map((group) => [group, read.linesOf(group)]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The checksum of what was made of each video. */
export async function encodeOnLambda(aws: Aws, videos: readonly Video[], folder: string) {
  const messages = videos.map(({ videoId, url }) => ({ type: "video.uploaded" as const, data: { videoId, url } }));
  const whole = videos.filter(({ checksum }) => checksum !== null);
  await run({
    aws,
    channel: uploads,
    entry: at("examples/video-encoding/src/encoder.lambda.ts"),
    config: at("examples/video-encoding/switchyard.config.yaml"),
    profile: "lambda",
    groups: ["encoder"],
    env: { RENDITIONS: folder },
    publish: (site) => site.publishMany(uploads, messages),
    done: () => whole.every(({ videoId }) => checksumIn(folder, videoId) !== undefined),
  });
  return Object.fromEntries(whole.map(({ videoId }) => [videoId, checksumIn(folder, videoId)]));
}

async function run<C extends AnyChannel>(example: Example<C>): Promise<void> {
  const { aws, channel, entry, config, profile, groups, publish, done } = example;
  const folder = await mkdtemp(join(tmpdir(), "switchyard-function-"));
  await build({
    entryPoints: [entry],
    outfile: join(folder, "index.mjs"),
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    conditions: ["@switchyard/source"],
    // What a function of queues needs not.
    external: [
      "@aws-sdk/client-kinesis",
      "@aws-sdk/client-dynamodb",
      "@aws-sdk/client-kms",
      "@aws-sdk/client-lambda",
      "pg",
    ],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  const stage = `lambda${systemRuntime.now().toString(36)}`;
  const env = { ...aws.env, AWS_REGION: aws.region, STAGE: stage };
  const code = new SandboxedFunction({
    folder,
    handler: "index.handler",
    timeoutMs: TIMEOUT_MS,
    env: { ...env, ...example.env, CONFIG_FILE: config },
  });
  const options = { channels: [channel], service: "site", config, env: { ...process.env, ...env }, observe: () => {} };
  const messaging = (await connect({
    ...options,
    ...(profile === undefined ? {} : { profile }),
  } as never)) as unknown as Messaging<C>;
  const { channels } = messaging.explain();
  const mappings = groups.map(
    (group) =>
      new QueueMapping({
        client: aws.client,
        queue: Object.values<any>(channels)[0].groups[group].address as string,
        invoke: code.invoke,
        report: true,
        maximumConcurrency: 2,
      }),
  );
  try {
    await Promise.all(mappings.map((mapping) => mapping.start()));
    await publish(messaging);
    const end = systemRuntime.monotonic() + GIVE_UP_MS;
    while (!(await done())) {
      if (systemRuntime.monotonic() > end) throw new Error(`the function did not do all of it: ${code.output}`);
      await systemRuntime.sleep(50);
    }
  } finally {
    await Promise.all(mappings.map((mapping) => mapping.stop()));
    await code.close();
    await messaging.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
