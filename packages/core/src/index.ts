export type { AnyChannel, Channel, ForeignRaw, InputOf, OutputOf, TypeOf } from "./channel.ts";
export { channel } from "./channel.ts";
export type { ConfigInput } from "./config/types.ts";
export { connect } from "./connect.ts";
export type { BatchOptions, ConsumeOptions, Consumer } from "./consumer.ts";
export { batchConsumer, consumer } from "./consumer.ts";
export { defineConfig } from "./define-config.ts";
export type { AnyDelivery, Batch, Delivery } from "./delivery.ts";
export type { Capabilities, Model } from "./driver.ts";
export type { Duration } from "./duration.ts";
export type { Kind, Problem } from "./errors.ts";
export { isMessagingError, MessagingError } from "./errors.ts";
export type { MessagingEvent, Observe } from "./events.ts";
export type {
  ConnectionHealth,
  ConnectOptions,
  DeadLetterItem,
  DeadLetters,
  GroupDepth,
  Health,
  Messaging,
  StopReport,
  ReplayFrom,
} from "./messaging-types.ts";
export type { Middleware } from "./middleware.ts";
export { middleware } from "./middleware.ts";
export type { ChannelExplanation, Explanation, GroupExplanation } from "./plan.ts";
export { apply, type PlannedTopology, type PlanOptions, plan } from "./provision.ts";
export type { Published, Publisher, PublishManyItem, PublishManyResult, PublishOptions } from "./publisher.ts";
export type { Refused } from "./refused.ts";
export type { Runtime } from "./runtime.ts";
export { systemRuntime } from "./system-runtime.ts";
export { DeadLetter, Release, Retry, Skip } from "./verdicts.ts";
