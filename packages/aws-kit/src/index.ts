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
  withContext,
} from "./errors.ts";
export { isForeign, messageOf } from "./foreign-answer.ts";
export { lambdaCalls, mappingChanges } from "./lambda-plan.ts";
export { lambdaProblems, type LambdaSettings, lambdaSettings } from "./lambda.ts";
export { kmsKeyProblem, placeOfArn, placeText, refuseOtherAccount, tagsOf, tagsProblem } from "./settings.ts";
export { isTrustedHost, isTrustedSuffix, trustedHostProblem } from "./trusted-hosts.ts";
export { partitionOf, partitionOfRegion } from "./partitions.ts";
export { contextNoter, withErrorContext, noteContext } from "./error-context.ts";
export { serverOf } from "./server.ts";
export { ownClient } from "./own-client.ts";
export { Renewal, renewableClient } from "./renewal.ts";
export { renewed, watcher } from "./watch.ts";
