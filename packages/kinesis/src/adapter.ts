import { placeText } from "@switchyard/aws-kit";
import type { Adapter } from "@switchyard/core/driver";
import { locate } from "./names.ts";
import { declared } from "./capabilities.ts";
import { fansOut, nativeProblems } from "./native.ts";
import { type KinesisOptions, kinesisOptions } from "./options.ts";

/** The needs that a stream on Kinesis can meet. */
export type KinesisKeeps = { stream: "ordering" | "replay" };

/** Amazon Kinesis: streams, read by polling or by enhanced fan-out. */
export const adapter: Adapter<KinesisOptions, KinesisKeeps> = {
  name: "kinesis",
  options: kinesisOptions,
  capabilities: (of) => declared(of),
  locate: (of, options) => locate(of, fansOut(of, options.fanOut)),
  nativeProblems: (of) => nativeProblems(of),
  place: (options) => placeText(options),
  open: async (options, runtime, report) => {
    const [{ loadSdk }, { connect }] = await Promise.all([import("./sdk.ts"), import("./connection.ts")]);
    return connect(options, await loadSdk(), runtime, report);
  },
  topology: async (options, runtime) => {
    const [{ loadSdk }, { createTopology }] = await Promise.all([import("./sdk.ts"), import("./topology/index.ts")]);
    return createTopology(options, await loadSdk(), runtime);
  },
  resources: async (options) => (await import("./topology/resources.ts")).streamResources(options),
  rights: async (options) => (await import("./rights.ts")).rightsOf(options),
};
