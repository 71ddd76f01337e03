/**
 * Ten videos a day become a thousand, on one broker after another; the application is the same, only the profile differs.
 * Then orders are fanned out: one service and then three hear of them, by queue and by pub/sub. Then an access log goes
 * through a stream. Each runs on memory, on AWS and on RabbitMQ; where a broker cannot be started, that is said. Last, the first
 * two run as functions on AWS Lambda.
 *
 *   npm run demo                  every broker that can be started here
 *   npm run demo -- sqs           only these, of the videos
 *   npm run demo -- fan-out       only the orders
 *   npm run demo -- clickstream   only the access log
 *   npm run demo -- lambda        only the functions
 *   npm run demo -- --count 200   a smaller last day (default 1000)
 *   npm run demo -- --out films   keep the uploads and what was made of them in this folder
 *
 * SQS is the account of the credentials in the environment, or what AWS_ENDPOINT_URL names; where there are neither, or with
 * SWITCHYARD_AWS=emulator, an emulator in this process.
 *
 * Exit code 0: wherever it ran, every video was encoded and none was lost, and all brokers gave the same bytes.
 */
import { parseArgs } from "node:util";
import { tellFanOut } from "../examples/order-fanout/src/story.ts";
import { app, type Report } from "../examples/video-encoding/src/app.ts";
import { filmLibrary, type Library } from "../examples/video-encoding/src/library.ts";
import { holds } from "../examples/video-encoding/src/proof.ts";
import { reportLines } from "../examples/video-encoding/src/report.ts";
import { viewFor } from "../examples/video-encoding/src/view-for.ts";
import {
  notRun,
  reasonOf,
  type Started,
  startMemory,
  startQueues,
  startRabbitMq,
  stopRabbitMq,
  type Unavailable,
  withEnvironment,
} from "./demo-brokers.ts";
import { clickstream } from "./demo-clickstream.ts";
import { functions } from "./demo-lambda.ts";

interface Broker {
  /** For people. */
  readonly name: string;
  /** Of the example's configuration. */
  readonly profile: string;
  start(): Promise<Started | Unavailable>;
}

const brokers: readonly Broker[] = [
  { name: "memory", profile: "memory", start: startMemory },
  { name: "SQS", profile: "sqs", start: startQueues },
  { name: "RabbitMQ", profile: "rabbit", start: startRabbitMq },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string", default: "1000" }, out: { type: "string" } },
});
const FAN_OUT = "fan-out";
const CLICKSTREAM = "clickstream";
const LAMBDA = "lambda";
const others: readonly string[] = [FAN_OUT, CLICKSTREAM, LAMBDA];
const unknown = positionals.filter(
  (name) => !others.includes(name) && !brokers.some(({ profile }) => profile === name),
);
const lastDay = Number(values.count);
if (unknown.length > 0 || !Number.isInteger(lastDay) || lastDay < 1) {
  console.error(
    `usage: npm run demo -- [${brokers.map(({ profile }) => profile).join("] [")}] [${others.join("] [")}] [--count 1000] [--out folder]`,
  );
  process.exit(2);
}

const days = [10, 10, 10, lastDay];
const total = days.reduce((sum, count) => sum + count);
const startedAt = performance.now();
const reports = new Map<string, Report>();
const failures: string[] = [];
const asked = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
try {
  if (positionals.length === 0 || positionals.some((name) => !others.includes(name))) await encodeVideos();
  if (asked(FAN_OUT)) await fanOrdersOut();
  if (asked(CLICKSTREAM)) failures.push(...(await clickstream()));
  if (asked(LAMBDA)) failures.push(...(await functions()));
} finally {
  await stopRabbitMq();
}

async function encodeVideos(): Promise<void> {
  console.log(`Filming ${total} short videos, and encoding each by a plain function call: the reference.`);
  process.once("SIGINT", () => process.exit(130)); // the films are removed on exit
  const progress = (filmed: number) => process.stdout.isTTY && process.stdout.write(`\r${filmed} of ${total}`);
  using library = await filmLibrary(total, { folder: values.out, progress });
  console.log(process.stdout.isTTY ? "\n" : "");
  for (const broker of brokers) {
    if (positionals.length > 0 && !positionals.includes(broker.profile)) continue;
    try {
      const report = await runOn(library, broker);
      if (report === undefined) continue;
      reports.set(broker.name, report);
      if (!holds(report)) failures.push(`${broker.name}: not every video was encoded`);
    } catch (error) {
      console.error(`${broker.name}: FAILED\n`, error, "\n");
      failures.push(`${broker.name}: ${reasonOf(error)}`);
    }
  }
  const results = new Set([...reports.values()].map(({ checksums }) => JSON.stringify(checksums)));
  if (results.size > 1) failures.push("the brokers' results differ");
  if (reports.size === 0) failures.push("no broker could be started");
}

/** One application; who hears of an order, and by which model, is its configuration. */
async function fanOrdersOut(): Promise<void> {
  console.log("Orders, fanned out: the same application, by queue and by pub/sub.");
  await using aws = await startQueues();
  console.log(`AWS is ${aws.what}`);
  const rabbit = await startRabbitMq();
  const env = "missing" in rabbit ? aws.env : { ...aws.env, ...rabbit.env };
  console.log("missing" in rabbit ? notRun("RabbitMQ", rabbit) : `RabbitMQ is ${rabbit.what}`);
  const profiles = ["memory", "queue", "pubsub", ...("missing" in rabbit ? [] : ["rabbit"])];
  try {
    failures.push(...(await withEnvironment(env, () => tellFanOut(profiles, (line) => console.log(line)))));
  } catch (error) {
    console.error("fan-out: FAILED\n", error, "\n");
    failures.push(`fan-out: ${reasonOf(error)}`);
  }
  console.log();
}

async function runOn(library: Library, { name, profile, start }: Broker): Promise<Report | undefined> {
  const started = await start();
  if ("missing" in started) {
    console.log(`${notRun(name, started)}\n`);
    return undefined;
  }
  await using broker = started;
  console.log(`Profile ${profile}: ${broker.what}`);
  const { videos } = library;
  const folder = await library.renditions(profile);
  const view = viewFor(process.stdout, process.env);
  const crashAt = Math.min(300, Math.ceil(total / 2));
  const report = await withEnvironment(broker.env, () => app({ profile, videos, days, folder, crashAt, view }));
  console.log(`${reportLines(report).join("\n")}\n`);
  return report;
}

const took = `${((performance.now() - startedAt) / 1000).toFixed(0)} s in all`;
if (failures.length > 0) {
  console.log(`FAILED, ${took}:\n  ${failures.join("\n  ")}`);
} else {
  const where = [...reports.keys()].join(" and ");
  if (reports.size > 0)
    console.log(`The same application on ${where}: ${total} videos each, byte for byte the same results, none lost.`);
  console.log(`All as it should be; ${took}.`);
}
process.exitCode = failures.length > 0 ? 1 : 0;
