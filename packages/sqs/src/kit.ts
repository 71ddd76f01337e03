/**
 * The parts that `@switchyard/sns` is built on, because each of its groups is an SQS queue, and `@switchyard/aws`. Not for applications: its API may change
 * with any version.
 */
export { refuseOtherAccount } from "@switchyard/aws-kit";
export { queueName } from "./names.ts";
export { byIndex, chunks } from "./batches.ts";
export { capabilitiesOf, pushedTo, type QueueLimits } from "./capabilities.ts";
export { type BatchReply, type Call, caller, type MessageAttribute, type SqsClientLike } from "./sdk.ts";
export { type Clients, openClients } from "./client.ts";
export { connect } from "./connection.ts";
export { classify } from "./errors.ts";
export { loadSdk } from "./sdk.ts";
export { endpointProblem } from "./endpoint.ts";
export { settingsOf } from "./native.ts";
export { sqsOptions } from "./options.ts";
export { describeQueue, type Queue, queueUrl } from "./resource.ts";
export { canonical, policyOf, splitPolicy, type Statement } from "./topology/policy.ts";
export { queueArn, queueResources } from "./topology/resources.ts";
export { refusal, sizeOf, toEntry } from "./message.ts";
