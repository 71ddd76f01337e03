/** One run on one profile: `npm start`, or `SWITCHYARD_PROFILE=kinesis npm start`. `--lines 5000` for less. */
import { parseArgs } from "node:util";
import { app } from "./app.ts";
import { holds, reportLines } from "./report.ts";

const { values } = parseArgs({ options: { lines: { type: "string", default: "100000" } } });
const profile = process.env["SWITCHYARD_PROFILE"] === "kinesis" ? "kinesis" : "memory";
const report = await app({ profile, lines: Number(values.lines), say: console.log });
console.log(reportLines(report).join("\n"));
process.exitCode = holds(report) ? 0 : 1;
