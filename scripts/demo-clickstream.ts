/** The demo's stream: an access log through memory, Kinesis and RabbitMQ, against one process's reference. */
import { app } from "../examples/clickstream/src/app.ts";
import { holds, reportLines } from "../examples/clickstream/src/report.ts";
import {
  notRun,
  reasonOf,
  type Started,
  startMemory,
  startRabbitMq,
  startStreams,
  type Unavailable,
  withEnvironment,
} from "./demo-brokers.ts";

interface Stream {
  readonly profile: "memory" | "kinesis" | "rabbit";
  /** Of the access log: what each takes in some seconds. Kinesis's emulator stores a thousand records a second in half a minute. */
  readonly lines: number;
  start(): Promise<Started | Unavailable>;
}

const STREAMS: readonly Stream[] = [
  { profile: "memory", lines: 100_000, start: startMemory },
  { profile: "kinesis", lines: 3_000, start: startStreams },
  { profile: "rabbit", lines: 20_000, start: startRabbitMq },
];

/** What went wrong; empty: nothing. */
export async function clickstream(): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { profile, lines, start } of STREAMS) {
    try {
      const started = await start();
      if ("missing" in started) {
        console.log(`${notRun(`Clickstream, profile ${profile}`, started)}\n`);
        continue;
      }
      await using broker = started;
      console.log(
        `Clickstream, profile ${profile}: ${lines} lines of an access log through a stream of ${broker.what}`,
      );
      const say = (text: string) => console.log(`  ${text}`);
      const report = await withEnvironment(broker.env, () => app({ profile, lines, say }));
      console.log(`${reportLines(report).join("\n")}\n`);
      if (!holds(report)) failures.push(`clickstream, ${profile}: totals are wrong`);
    } catch (error) {
      console.error(`clickstream, ${profile}: FAILED\n`, error, "\n");
      failures.push(`clickstream, ${profile}: ${reasonOf(error)}`);
    }
  }
  return failures;
}
