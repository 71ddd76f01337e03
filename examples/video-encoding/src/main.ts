/**
 * One run on one profile: `npm start`, or `SWITCHYARD_PROFILE=sqs npm start`. `--count 100` for a smaller last day, `--out folder` to look
 * at the results. With OTEL_EXPORTER_OTLP_ENDPOINT it sends spans and metrics there.
 */
import { parseArgs } from "node:util";
import { app } from "./app.ts";
import { filmLibrary } from "./library.ts";
import { holds } from "./proof.ts";
import { reportLines } from "./report.ts";
import { exporting } from "./telemetry.ts";
import { viewFor } from "./view-for.ts";

const { values } = parseArgs({ options: { count: { type: "string", default: "1000" }, out: { type: "string" } } });
const days = [10, 10, 10, Number(values.count)];
const total = days.reduce((sum, count) => sum + count);

console.log(`filming ${total} videos`);
process.once("SIGINT", () => process.exit(130)); // the films are removed on exit
using library = await filmLibrary(total, { folder: values.out });
await using telemetry = await exporting();
const report = await app({
  telemetry,
  videos: library.videos,
  days,
  folder: await library.renditions("encoded"),
  crashAt: Math.min(300, Math.ceil(total / 2)),
  view: viewFor(process.stdout, process.env),
});
console.log(reportLines(report).join("\n"));
process.exitCode = holds(report) ? 0 : 1;
