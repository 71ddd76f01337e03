import { OWN, OWN_METRICS } from "../names.ts";
import { behaviorOf } from "./keda.ts";
import { ageSeries, type Flavour, labelsOf } from "./query.ts";
import type { Scale } from "./scale.ts";

/** A HorizontalPodAutoscaler on the metric that `@switchyard/otel` reports, through an adapter for external metrics. It keeps one replica at least. */
export function horizontalPodAutoscaler(
  scale: Scale,
  {
    flavour = "js",
  }: {
    /** Who exports to Prometheus. Default `js`. */
    readonly flavour?: Flavour;
  } = {},
): object {
  const kinesis = scale.transport === "kinesis";
  const name = kinesis ? ageSeries(flavour) : OWN_METRICS.backlog.replace(/\W/g, "_");
  const state = kinesis ? {} : { [OWN.state.replace(/\W/g, "_")]: "ready" };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: scale.input.name },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: scale.input.name },
      minReplicas: Math.max(scale.min, 1),
      maxReplicas: scale.max,
      metrics: [
        {
          type: "External",
          external: {
            metric: { name, selector: { matchLabels: { ...labelsOf(scale), ...state } } },
            target: {
              type: "AverageValue",
              averageValue: String(kinesis ? scale.latencySeconds : scale.perReplica),
            },
          },
        },
      ],
      behavior: behaviorOf(),
    },
  };
}
