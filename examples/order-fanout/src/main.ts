/** One run: `npm start`, or `SWITCHYARD_PROFILE=memory npm start`; `-- three-groups.yaml` for three services. */
import { app, holds } from "./app.ts";
import { reportLine } from "./story.ts";

const report = await app({ config: process.argv[2] ?? "one-group.yaml" });
console.log(reportLine(report));
process.exitCode = holds(report) ? 0 : 1;
