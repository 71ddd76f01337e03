/**
 * Scaling on the backlog: a KEDA ScaledObject, a HorizontalPodAutoscaler, an ECS policy and the concurrency of a Lambda mapping, as plain
 * objects to be written as YAML or JSON, with their caps filled in.
 */
export { type ScaleInput, type Scale, scaleOf } from "./scale.ts";
export type { Flavour } from "./query.ts";
export { kedaScaledObject, type KedaOptions } from "./keda.ts";
export { horizontalPodAutoscaler } from "./hpa.ts";
export { ecsTargetTracking, type EcsOptions } from "./ecs.ts";
export { lambdaConcurrency } from "./lambda.ts";
