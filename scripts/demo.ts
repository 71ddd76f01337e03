/**
 * Ten videos a day become a thousand, on one broker after another; the application is the same, only the profile differs.
 *
 *   npm run demo                  every broker that can be started here
 *   npm run demo -- sqs           only these
 *   npm run demo -- clickstream   only the stream's part: an access log on memory and on Kinesis
 *   npm run demo -- --count 200   a smaller last day (default 1000)
 *   npm run demo -- --out films   keep the uploads and what was made of them in this folder
 *
 * SQS is the account of the credentials in the environment, or what AWS_ENDPOINT_URL names; where there are neither, or with
 * SWITCHYARD_AWS=emulator, an emulator in this process.
 *
 * Exit code 0: wherever it ran, every video was encoded and none was lost, and all brokers gave the same bytes.
 */
import { parseArgs } from "node:util";
import { app, type Report } from "../examples/video-encoding/src/app.ts";
import { filmLibrary } from "../examples/video-encoding/src/library.ts";
import { holds } from "../examples/video-encoding/src/proof.ts";
import { reportLines } from "../examples/video-encoding/src/report.ts";
import { viewFor } from "../examples/video-encoding/src/view.ts";
import { startAws } from "../test/support/aws-emulator.ts";
import { clickstream } from "./demo-clickstream.ts";

interface Broker {
  /** For people. */
  readonly name: string;
  /** Of the example's configuration. */
  readonly profile: string;
  start(): Promise<Started | Unavailable>;
}

interface Started extends AsyncDisposable {
  /** What it is, for people. */
  readonly what: string;
  /** Set while the application runs. */
  readonly env: Readonly<Record<string, string>>;
}

interface Unavailable {
  /** What would have to be installed. */
  readonly missing: string;
}

const nothing = async () => {};
const given = new Set(Object.keys(process.env)); // before an emulator lends credentials of its own

const brokers: readonly Broker[] = [
  {
    name: "memory",
    profile: "memory",
    start: async () => ({ what: "a broker inside this process", env: {}, [Symbol.asyncDispose]: nothing }),
  },
  { name: "SQS", profile: "sqs", start: startSqs },
];

/** What the standard environment points at; an emulator in this process where it points at nothing. */
async function startSqs(): Promise<Started> {
  const credentials = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"].some((name) =>
    given.has(name),
  );
  if (credentials) process.env["SWITCHYARD_AWS"] ??= "real";
  const aws = await startAws();
  const real = aws.endpoint === undefined;
  const what = aws.emulator
    ? `the SQS emulator fauxqs in this process, at ${aws.endpoint}`
    : `SQS ${real ? "of the account in the environment" : `at ${aws.endpoint}, from the environment`}, region ${aws.region}`;
  return {
    what,
    env: aws.env,
    [Symbol.asyncDispose]: () => aws.close(),
  };
}

async function withEnvironment<T>(added: Readonly<Record<string, string>>, run: () => Promise<T>): Promise<T> {
  const before = Object.fromEntries(Object.keys(added).map((name) => [name, process.env[name]]));
  Object.assign(process.env, added);
  try {
    return await run();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string", default: "1000" }, out: { type: "string" } },
});
const unknown = positionals.filter(
  (name) => name !== "clickstream" && !brokers.some(({ profile }) => profile === name),
);
const lastDay = Number(values.count);
if (unknown.length > 0 || !Number.isInteger(lastDay) || lastDay < 1) {
  console.error(
    `usage: npm run demo -- [${brokers.map(({ profile }) => profile).join("] [")}] [--count 1000] [--out folder]`,
  );
  process.exit(2);
}

if (positionals.length === 1 && positionals[0] === "clickstream") {
  const failures = await clickstream();
  process.exit(failures.length > 0 ? 1 : 0);
}

const days = [10, 10, 10, lastDay];
const total = days.reduce((sum, count) => sum + count);
const startedAt = performance.now();
console.log(`Filming ${total} short videos, and encoding each by a plain function call: the reference.`);
process.once("SIGINT", () => process.exit(130)); // the films are removed on exit
const progress = (filmed: number) => process.stdout.isTTY && process.stdout.write(`\r${filmed} of ${total}`);
using library = await filmLibrary(total, { folder: values.out, progress });
console.log(process.stdout.isTTY ? "\n" : "");

const reports = new Map<string, Report>();
const failures: string[] = [];
for (const broker of brokers) {
  if (positionals.length > 0 && !positionals.includes(broker.profile)) continue;
  try {
    const report = await runOn(broker);
    if (report === undefined) continue;
    reports.set(broker.name, report);
    if (!holds(report)) failures.push(`${broker.name}: not every video was encoded`);
  } catch (error) {
    console.error(`${broker.name}: FAILED\n`, error, "\n");
    failures.push(`${broker.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function runOn({ name, profile, start }: Broker): Promise<Report | undefined> {
  const started = await start();
  if ("missing" in started) {
    console.log(`${name}: NOT RUN, it cannot be started here: ${started.missing}\n`);
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

const results = new Set([...reports.values()].map(({ checksums }) => JSON.stringify(checksums)));
if (results.size > 1) failures.push("the brokers' results differ");
if (reports.size === 0) failures.push("no broker could be started");

if (positionals.length === 0 || positionals.includes("clickstream")) failures.push(...(await clickstream()));

const took = `${((performance.now() - startedAt) / 1000).toFixed(0)} s in all`;
if (failures.length > 0) {
  console.log(`FAILED, ${took}:\n  ${failures.join("\n  ")}`);
} else {
  const where = [...reports.keys()].join(" and ");
  console.log(
    `The same application on ${where}: ${total} videos each, byte for byte the same results, none lost; ${took}.`,
  );
}
process.exitCode = failures.length > 0 ? 1 : 0;
