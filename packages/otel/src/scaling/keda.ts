import type { Scale } from "./scale.ts";
import { type Flavour, workQuery } from "./query.ts";

/** What KEDA needs beside the numbers. */
export interface KedaOptions {
  /** The address of Prometheus. Used where KEDA's own scaler does not see the backlog: streams, and RabbitMQ's ordered queues. */
  readonly prometheus?: string;
  /** The queue's URL and region, for SQS and SNS. */
  readonly sqs?: { readonly queueURL: string; readonly awsRegion: string };
  /** The variable of the Deployment's container that has RabbitMQ's address. Default `AMQP_URL`. */
  readonly hostFromEnv?: string;
  /** Who exports to Prometheus. Default `js`. */
  readonly flavour?: Flavour;
}

/**
 * A ScaledObject of KEDA 2. From zero replicas the broker's own scaler starts the first one, or the process that reports the backlog to
 * Prometheus does.
 *
 * @throws MessagingError `bad-option` if the flavour is none.
 */
export function kedaScaledObject(scale: Scale, options: KedaOptions): object {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: scale.input.name },
    spec: {
      scaleTargetRef: { name: scale.input.name },
      minReplicaCount: scale.min,
      maxReplicaCount: scale.max,
      pollingInterval: 15,
      cooldownPeriod: 300,
      triggers: [triggerOf(scale, options)],
      advanced: { horizontalPodAutoscalerConfig: { behavior: behaviorOf() } },
    },
  };
}

function triggerOf(
  scale: Scale,
  { prometheus = "http://prometheus:9090", sqs, hostFromEnv = "AMQP_URL", flavour = "js" }: KedaOptions,
): object {
  if ((scale.transport === "sqs" || scale.transport === "sns") && sqs !== undefined)
    return {
      type: "aws-sqs-queue",
      // What is in flight counts, so that a replica is not taken away from what it works on.
      metadata: { ...sqs, queueLength: String(scale.perReplica), activationQueueLength: "0", scaleOnInFlight: "true" },
    };
  if (scale.transport === "amqp" && scale.model !== "stream" && scale.form === "standard")
    return {
      type: "rabbitmq",
      metadata: {
        protocol: "amqp",
        mode: "QueueLength",
        value: String(scale.perReplica),
        queueName: scale.address,
        hostFromEnv,
      },
    };
  return {
    type: "prometheus",
    // A target that is gone must not look like an empty queue.
    metadata: { serverAddress: prometheus, ...workQuery(scale, flavour), ignoreNullValues: "false" },
  };
}

/** Up at once, down slowly: a consumer that stops gives its messages back, which costs more than to keep it. */
export const behaviorOf = (): object => ({
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 900, periodSeconds: 15 }] },
  scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] },
});
