/** A group's consumers, scaled on its backlog: a thin face over `@switchyard/otel/scaling`. */
import type { Call, OptionSpec } from "../command.ts";
import { whole } from "../durations.ts";
import { type ExitCode, UsageError } from "../io.ts";
import { visible } from "../visible.ts";

export const SCALING: Readonly<Record<string, OptionSpec>> = {
  name: { type: "string", value: "NAME", about: "keda, hpa, ecs: the Deployment or service; default: the group" },
  handler: { type: "string", value: "TIME", about: "scaling: how long one message takes, on average" },
  latency: { type: "string", value: "TIME", about: "scaling: how old a message may become in a backlog" },
  max: { type: "string", value: "N", about: "scaling: the most replicas; lambda: the most at once" },
  min: { type: "string", value: "N", about: "keda, hpa, ecs: the fewest; default 1" },
  parallel: {
    type: "string",
    value: "N",
    about: "scaling: partitions or ordering keys worked on at once, where order is kept",
  },
  prometheus: {
    type: "string",
    value: "URL",
    about: "keda: where the backlog is read that KEDA's own scalers do not see",
  },
  queue: {
    type: "string",
    value: "URL",
    about: "keda: the queue on SQS, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, for KEDA's own scaler",
  },
  flavour: { type: "string", value: "NAME", about: "keda, hpa: who exports the metrics: js (default) or collector" },
  cluster: { type: "string", value: "NAME", about: "ecs: the cluster" },
};

export const SCALING_FORMS = ["keda", "hpa", "ecs", "lambda"] as const;
export type ScalingForm = (typeof SCALING_FORMS)[number];

export async function emitScaling(call: Call, form: ScalingForm): Promise<ExitCode> {
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
  if (form === "ecs" && typeof values["cluster"] !== "string") throw new UsageError("emit ecs takes --cluster NAME");
  const { queue, cluster } = values;
  const flavour = flavourOf(values["flavour"]);
  const { scaleOf, kedaScaledObject, horizontalPodAutoscaler, ecsTargetTracking, lambdaConcurrency } = await scaling();
  const scale = scaleOf(await project.explain(), {
    ...{ channel, group, name: typeof name === "string" ? name : group },
    ...{ handler: handler as `${number}s`, latency: latency as `${number}s`, max: whole(max, "--max") },
    ...(min === undefined ? {} : { min: whole(min, "--min", 0) }),
    ...(parallel === undefined ? {} : { parallel: whole(parallel, "--parallel") }),
  });
  if (scale.capped !== undefined) out.talk(visible(scale.capped));
  const made = {
    keda: () =>
      kedaScaledObject(scale, {
        flavour,
        ...(typeof prometheus === "string" && { prometheus }),
        ...(typeof queue === "string" && { sqs: { queueURL: queue, awsRegion: regionOf(queue) } }),
      }),
    hpa: () => horizontalPodAutoscaler(scale, { flavour }),
    ecs: () => ecsTargetTracking(scale, { cluster: String(cluster) }),
    lambda: () => lambdaConcurrency(scale),
  }[form]();
  out.line(JSON.stringify(made, undefined, 2));
  return 0;
}

function flavourOf(given: unknown): "js" | "collector" {
  if (given === undefined || given === "js" || given === "collector") return given ?? "js";
  throw new UsageError("--flavour takes js or collector");
}

/** The region in the URL of a queue. */
function regionOf(queue: string): string {
  const [, region] = /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\//.exec(queue) ?? [];
  if (region === undefined)
    throw new UsageError(
      "--queue takes the URL of a queue, such as https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
    );
  return region;
}

async function scaling() {
  try {
    return await import("@switchyard/otel/scaling");
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError("this needs @switchyard/otel: npm install --save-dev @switchyard/otel");
  }
}
