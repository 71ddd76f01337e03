/**
 * What the adapters for services of AWS share. Not for applications; it changes with any version.
 */
export {
  checkedEndpoint,
  type ClientConfig,
  type ClientLike,
  clientSettings,
  commandOf,
  configOf,
  endpointOf,
  handlerSettings,
  refuseRetries,
  type Sdk,
} from "./clients.ts";
export {
  answered,
  classifierOf,
  type FaultRow,
  type FaultTable,
  namesOf,
  rowFault,
  unknownFault,
  withPlace,
} from "./errors.ts";
export { isForeign, messageOf } from "./foreign-answer.ts";
export { jsonAnswer, jsonBody } from "./fast/json-codec.ts";
export { type LeanClient, leanClient } from "./fast/lean-client.ts";
export type { Bodies, NativeBody } from "./fast/body-codecs.ts";
export { kmsKeyProblem, tagsProblem } from "./settings.ts";
export { partitionOf, partitionOfRegion } from "./partitions.ts";
export { placer, placing, tellPlace } from "./places.ts";
export { Renewal } from "./renewal.ts";
export { flag, listOf, mapOf, members, type Shape, text, whole } from "./fast/shape.ts";
export { renewed, watcher } from "./watch.ts";
