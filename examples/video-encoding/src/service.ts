/**
 * One encoder as a process of its own, as it would be deployed: `npm run encoder -- --out folder`. On SIGTERM it finishes the videos it is
 * at, hands back the others, and exits. `--least 250`: a video takes at least so many milliseconds, as a longer one would.
 */
import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "@switchyard/core";
import { uploads } from "./channels.ts";
import { encoder } from "./encoder.ts";
import { tell } from "./events.ts";
import { CONFIG } from "./fleet.ts";
import { Ledger } from "./ledger.ts";
import { exporting } from "./telemetry.ts";
import { Threads } from "./threads.ts";
import type { EncodeJob } from "./transcode.ts";

const { values } = parseArgs({
  options: { out: { type: "string", default: "encoded" }, least: { type: "string", default: "0" } },
});
await mkdir(values.out, { recursive: true });
await using telemetry = await exporting();
const messaging = await connect({
  channels: [uploads],
  config: CONFIG,
  service: "encoder",
  observe: (event) => {
    const line = tell(event);
    if (line !== undefined) console.log(line);
  },
  ...(telemetry && { telemetry: telemetry.of() }),
});
const threads = new Threads(1);
const encode = async (job: EncodeJob) => {
  const [encoded] = await Promise.all([threads.encode(values.out, job), sleep(Number(values.least))]);
  return encoded;
};
messaging.consume(encoder({ encode, ledger: new Ledger() }));
const running = messaging.run();
await messaging.start();
console.log("ready");
await running;
await threads.close();
