import { MessagingError } from "@switchyard/core";
import type { Scale } from "./scale.ts";

/** Where the service runs. */
export interface EcsOptions {
  readonly cluster: string;
}

/**
 * A scalable target and a target-tracking policy for a service of ECS: the queue's visible messages over its running tasks
 * [AWS, Application Auto Scaling, target tracking with metric math]. Metric math cannot divide by zero, so one task stays.
 *
 * @throws MessagingError `bad-option` if the group reads no queue of SQS.
 */
export function ecsTargetTracking(
  scale: Scale,
  { cluster }: EcsOptions,
): { readonly target: object; readonly policy: object } {
  if (scale.transport !== "sqs" && scale.transport !== "sns")
    throw new MessagingError(
      "bad-option",
      `ecsTargetTracking(): "${scale.input.channel}" is on ${scale.transport}; CloudWatch counts the queues of SQS only`,
      { kind: "config" },
    );
  const resource = {
    ServiceNamespace: "ecs",
    ResourceId: `service/${cluster}/${scale.input.name}`,
    ScalableDimension: "ecs:service:DesiredCount",
  };
  const metric = (id: string, namespace: string, name: string, dimensions: Readonly<Record<string, string>>) => ({
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Stat: id === "waiting" ? "Maximum" : "Average",
    },
    ReturnData: false,
  });
  return {
    target: { ...resource, MinCapacity: Math.max(scale.min, 1), MaxCapacity: scale.max },
    policy: {
      ...resource,
      PolicyName: `${scale.input.name}-backlog`,
      PolicyType: "TargetTrackingScaling",
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: scale.perReplica,
        ScaleOutCooldown: 60,
        ScaleInCooldown: 300,
        CustomizedMetricSpecification: {
          Metrics: [
            metric("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName: scale.address }),
            metric("running", "ECS/ContainerInsights", "RunningTaskCount", {
              ClusterName: cluster,
              ServiceName: scale.input.name,
            }),
            { Id: "each", Expression: "waiting / running", ReturnData: true },
          ],
        },
      },
    },
  };
}
