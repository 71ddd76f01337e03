/** A bundled function in a new process: from its load until its first event is answered, and how large it is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Work } from "../measured.ts";
import { median } from "../stats.ts";

const HERE = fileURLToPath(new URL("../../", import.meta.url));
const TIMES = 5;

const SCHEMA = `z.object({ orderId: z.string(), customerId: z.string(), cents: z.int() })`;
const OURS = `
import { channel, consumer } from "@switchyard/core";
import { lambda } from "@switchyard/lambda";
import { adapter } from "@switchyard/sqs";
import { z } from "zod";
const orders = channel("orders", { messages: { placed: ${SCHEMA} }, foreign: () => "placed" });
export const handler = lambda({
  channels: [orders],
  service: "bench",
  consumers: [consumer(orders, "work", { placed: () => {} })],
  adapters: [adapter],
  config: {
    prefix: "bench",
    connections: { sqs: { use: "sqs", region: "us-east-1" } },
    channels: { orders: { model: "queue", on: "sqs", groups: { work: { runsOn: "lambda", native: { lambda: { answer: "report" } } } } } },
  },
});`;
const THEIRS = `
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { z } from "zod";
const schema = ${SCHEMA};
const processor = new BatchProcessor(EventType.SQS);
export const handler = (event, context) =>
  processPartialResponse(event, ({ body }) => void schema.parse(JSON.parse(body)), processor, { context });`;

const record = (n: number) => ({
  messageId: `m${n}`,
  receiptHandle: `r${n}`,
  body: JSON.stringify({ orderId: "o", customerId: "c", cents: n }),
  attributes: { ApproximateReceiveCount: "1", SentTimestamp: "1" },
  messageAttributes: {},
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:bench_orders_work",
});
const EVENT = JSON.stringify({ Records: Array.from({ length: 10 }, (_, n) => record(n)) });

const cold =
  (contents: string): Work =>
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "switchyard-cold-"));
    const file = join(folder, "index.mjs");
    const banner = {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    };
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: HERE },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      conditions: ["@switchyard/source"],
      external: ["@aws-sdk/client-kinesis", "@aws-sdk/client-dynamodb", "@aws-sdk/client-lambda"],
      banner,
      write: false,
      logLevel: "silent",
    });
    writeFileSync(file, outputFiles[0]!.contents);
    const program = `const from = performance.now();
const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)});
const answer = await handler(${EVENT}, { getRemainingTimeInMillis: () => 60_000 });
if (answer.batchItemFailures.length > 0) throw new Error("not all were handled");
process.stdout.write(String(performance.now() - from));
process.exit();`;
    return {
      round: async () => {
        const runs = Array.from({ length: TIMES }, () => {
          const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
            encoding: "utf8",
            env: { ...process.env, AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench", NODE_OPTIONS: "" },
          });
          if (stdout === "") throw new Error(stderr);
          return Number(stdout);
        });
        return {
          milliseconds: median(runs),
          kilobytes: gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1_024,
        };
      },
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  };

export const ours = cold(OURS);
export const powertools = cold(THEIRS);
