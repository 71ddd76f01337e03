/** The same encoder as a function on AWS Lambda: map the queue of its group to it. The profile `lambda` says the rest. */
import { tmpdir } from "node:os";
import { adapter } from "@switchyard/aws";
import { lambda } from "@switchyard/lambda";
import { uploads } from "./channels.ts";
import { encoder } from "./encoder.ts";
import { Ledger } from "./ledger.ts";
import { encodeInto } from "./transcode.ts";

/** RENDITIONS: where the results go. A function of yours would write them to a bucket. */
const folder = process.env["RENDITIONS"] ?? tmpdir();

export const handler = lambda({
  channels: [uploads],
  service: "encoder",
  consumers: [encoder({ encode: (job) => encodeInto(folder, job), ledger: new Ledger() })],
  adapters: [adapter],
  config: process.env["CONFIG_FILE"] ?? "switchyard.config.yaml",
  profile: "lambda",
});
