export type { AnyChannel, Channel, ForeignRaw, InputOf, OutputOf, TypeOf } from "./api/channel.ts";
export { channel, isChannel } from "./api/channel.ts";
export type { ByteSize } from "./api/byte-size.ts";
export type { ConfigInput } from "./api/config-input.ts";
export { connect } from "./messaging/connect.ts";
export type { BatchOptions, ConsumeOptions, Consumer } from "./api/consumer.ts";
export { batchConsumer, consumer, isConsumer } from "./api/consumer.ts";
export { defineConfig } from "./api/define-config.ts";
export type { AnyDelivery, Batch, Delivery } from "./api/delivery.ts";
export type { Capabilities, FoundPlace, Model, ServerAddress } from "./driver/index.ts";
export type { DepthNumber, DepthOptions, GroupDepth } from "./api/depth.ts";
export type { ChannelPart, ChannelPlace, NamedPlace, PlacesOptions } from "./api/place.ts";
export type { Duration } from "./api/duration.ts";
export type { Codec } from "./api/shapes.ts";
export type { Kind, Problem } from "./api/errors.ts";
export { isMessagingError, MessagingError } from "./api/errors.ts";
export type { MessagingEvent, Observe } from "./api/events.ts";
export { type EventLogger, logEvents, type LogOptions } from "./messaging/log-events.ts";
export { keyHash } from "./base/key-hash.ts";
export type {
  ChannelHealth,
  ConnectionHealth,
  ConnectOptions,
  Health,
  Messaging,
  StopReport,
  ReplayOptions,
} from "./api/messaging.ts";
export type { Imports } from "./api/imports.ts";
export type { ReplayFrom } from "./api/replay-from.ts";
export type {
  Attached,
  AttachContext,
  AttachedInbox,
  Middleware,
  MiddlewareEvent,
  MiddlewareOptions,
  RunBatch,
} from "./api/middleware.ts";
export { middleware } from "./api/middleware.ts";
export type { ChannelExplanation, ConnectionExplanation, Explanation, GroupExplanation } from "./api/explanation.ts";
export { apply, explain, findConfig, places, plan, resources } from "./messaging/deploy.ts";
export type { ConnectionResources, PlannedResources } from "./messaging/resources.ts";
export type { ApplyPlanOptions, PlannedTopology, PlanOptions } from "./messaging/provision.ts";
export type {
  PayloadOf,
  Published,
  Publisher,
  PublishManyItem,
  PublishManyResult,
  PublishOptions,
} from "./api/publisher.ts";
export type { Refused } from "./api/refused.ts";
export type { Runtime, RuntimeTimer } from "./driver/runtime.ts";
export { systemRuntime } from "./runtime/system-runtime.ts";
export type {
  DeadLetterCount,
  DeadLetterEdit,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterItem,
  CanaryOutcome,
  DeadLetters,
  DeadLetterScan,
  EditedLetter,
  EditOptions,
  ExportOptions,
  ExportProgress,
  ExportResult,
  ExportRun,
  ExportSink,
  GroupsOptions,
  GroupsResult,
  ImportOptions,
  ImportProgress,
  ImportResult,
  ImportRun,
  OperationEntry,
  OperatorAction,
  OperatorOptions,
  Purged,
  PurgeOptions,
  PurgeProgress,
  PurgeRun,
  Redriven,
  RedriveOptions,
  RedriveProgress,
  RedriveRun,
  ScanOptions,
  ScanResult,
} from "./api/dead-letters.ts";
export type { LeftTail, Tail, TailedMessage, TailOptions } from "./api/tail.ts";
export type {
  Ended,
  HandledMessage,
  HandlerEnd,
  Handling,
  InFlight,
  MessageTrace,
  PublishedMessage,
  Publishing,
  ReceivedMessages,
  Telemetry,
  TelemetryContext,
  TelemetryPlace,
  TelemetryResult,
  TelemetrySession,
  TelemetrySettlement,
} from "./api/telemetry.ts";
export type { VerdictKind } from "./api/verdicts.ts";
export { DeadLetter, DependencyDown, Release, Retry, Skip, verdictKindOf } from "./api/verdicts.ts";
