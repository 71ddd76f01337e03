/** A group's consumers, scaled on its backlog: a thin face over `@switchyard/otel/scaling`. */
import type { Call, OptionSpec } from "../command.ts";
import { whole } from "../durations.ts";
import { type ExitCode, UsageError } from "../io.ts";
import { visible } from "../visible.ts";

export const SCALING: Readonly<Record<string, OptionSpec>> = {
  name: { type: "string", value: "NAME", about: "keda, hpa: the Deployment; default: the group" },
  handler: { type: "string", value: "TIME", about: "keda, hpa: how long one message takes, on average" },
  latency: { type: "string", value: "TIME", about: "keda, hpa: how old a message may become in a backlog" },
  max: { type: "string", value: "N", about: "keda, hpa: the most replicas" },
  min: { type: "string", value: "N", about: "keda, hpa: the fewest; default 1" },
  parallel: {
    type: "string",
    value: "N",
    about: "keda, hpa: partitions or ordering keys worked on at once, where order is kept",
  },
  prometheus: {
    type: "string",
    value: "URL",
    about: "keda: where the backlog is read that KEDA's own scalers do not see",
  },
};

export async function emitScaling(call: Call, form: "keda" | "hpa"): Promise<ExitCode> {
  const { out, values, words, project: found } = call;
  const [, channel, group] = words;
  const { handler, latency, max, min, parallel, name, prometheus } = values;
  if (
    channel === undefined ||
    group === undefined ||
    handler === undefined ||
    latency === undefined ||
    max === undefined
  )
    throw new UsageError(`emit ${form} takes CHANNEL GROUP --handler TIME --latency TIME --max N`);
  const project = await found();
  await project.group(channel, group);
  const { scaleOf, kedaScaledObject, horizontalPodAutoscaler } = await scaling();
  const scale = scaleOf(await project.explain(), {
    ...{ channel, group, name: typeof name === "string" ? name : group },
    ...{ handler: handler as `${number}s`, latency: latency as `${number}s`, max: whole(max, "--max") },
    ...(min === undefined ? {} : { min: whole(min, "--min", 0) }),
    ...(parallel === undefined ? {} : { parallel: whole(parallel, "--parallel") }),
  });
  if (scale.capped !== undefined) out.talk(visible(scale.capped));
  const made =
    form === "keda"
      ? kedaScaledObject(scale, typeof prometheus === "string" ? { prometheus } : {})
      : horizontalPodAutoscaler(scale);
  out.line(JSON.stringify(made, undefined, 2));
  return 0;
}

async function scaling() {
  try {
    return await import("@switchyard/otel/scaling");
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError("this needs @switchyard/otel: npm install --save-dev @switchyard/otel");
  }
}
