/**
 * Ten videos a day become a thousand, on one broker after another; the application is the same, only the profile differs.
 *
 *   npm run demo                  every broker that can be started here
 *   npm run demo -- sqs           only these
 *   npm run demo -- --count 200   a smaller last day (default 1000)
 *   npm run demo -- --out films   keep the uploads and what was made of them in this folder
 *
 * SQS is an emulator in this process, unless AWS_ENDPOINT_URL names another or SWITCHYARD_AWS=real says to use the account
 * of the credentials at hand.
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

interface Broker {
  /** The profile of the example's configuration. */
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
    profile: "memory",
    start: async () => ({ what: "memory: a broker inside this process", env: {}, [Symbol.asyncDispose]: nothing }),
  },
  { profile: "sqs", start: startSqs },
];

/** What the standard environment points at; an emulator in this process where it points at nothing. */
async function startSqs(): Promise<Started> {
  const aws = await startAws();
  const real = aws.endpoint === undefined;
  const what = aws.emulator
    ? `SQS: the emulator fauxqs in this process, at ${aws.endpoint}`
    : `SQS ${real ? "of the account in the environment" : `at ${aws.endpoint}, from the environment`}, region ${aws.region}`;
  const unused = aws.emulator && ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"].some((name) => given.has(name));
  return {
    what: unused ? `${what} (SWITCHYARD_AWS=real uses your account)` : what,
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
const unknown = positionals.filter((name) => !brokers.some(({ profile }) => profile === name));
const lastDay = Number(values.count);
if (unknown.length > 0 || !Number.isInteger(lastDay) || lastDay < 1) {
  console.error(
    `usage: npm run demo -- [${brokers.map(({ profile }) => profile).join("] [")}] [--count 1000] [--out folder]`,
  );
  process.exit(2);
}

const days = [10, 10, 10, lastDay];
const total = days.reduce((sum, count) => sum + count);
const startedAt = performance.now();
console.log(`Filming ${total} short videos, and encoding each by a plain function call: the reference.\n`);
process.once("SIGINT", () => process.exit(130)); // the films are removed on exit
using library = await filmLibrary(total, { folder: values.out });

const reports: Report[] = [];
const failures: string[] = [];
for (const { profile, start } of brokers.filter(
  ({ profile }) => positionals.length === 0 || positionals.includes(profile),
)) {
  try {
    const broker = await start();
    if ("missing" in broker) {
      console.log(`${profile}: NOT RUN, it cannot be started here: ${broker.missing}\n`);
      continue;
    }
    await using _ = broker;
    console.log(`Profile ${profile}, on ${broker.what}`);
    const folder = await library.renditions(profile);
    const view = viewFor(process.stdout, process.env);
    const report = await withEnvironment(broker.env, () =>
      app({ profile, videos: library.videos, days, folder, crashAt: 300, view }),
    );
    console.log(`${reportLines(report).join("\n")}\n`);
    reports.push(report);
    if (!holds(report)) failures.push(`${profile}: not every video was encoded`);
  } catch (error) {
    console.error(`${profile}: FAILED\n`, error, "\n");
    failures.push(`${profile}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const results = new Set(reports.map(({ checksums }) => JSON.stringify(checksums)));
if (results.size > 1) failures.push("the brokers' results differ");
if (reports.length === 0) failures.push("no broker could be started");

const took = `${((performance.now() - startedAt) / 1000).toFixed(0)} s in all`;
if (failures.length > 0) console.log(`FAILED, ${took}:\n  ${failures.join("\n  ")}`);
else
  console.log(
    `The same application on ${reports.map(({ broker }) => broker).join(" and ")}: ${total} videos each, the same bytes, none lost; ${took}.`,
  );
process.exitCode = failures.length > 0 ? 1 : 0;
