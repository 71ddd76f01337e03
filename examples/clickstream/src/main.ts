/** One run on one profile: `npm start`, or `SWITCHYARD_PROFILE=kinesis npm start`, or `=rabbit`. `--lines 5000` for less. */
import { parseArgs } from "node:util";
import { app } from "./app.ts";
import { operators, type Profile } from "./operators.ts";
import { holds, reportLines } from "./report.ts";

const { values } = parseArgs({ options: { lines: { type: "string", default: "100000" } } });
const profile = process.env["SWITCHYARD_PROFILE"] ?? "memory";
if (!Object.hasOwn(operators, profile))
  throw new Error(`no profile ${profile}; there are ${Object.keys(operators).join(", ")}`);
const report = await app({ profile: profile as Profile, lines: Number(values.lines), say: console.log });
console.log(reportLines(report).join("\n"));
process.exitCode = holds(report) ? 0 : 1;
