/**
 * Every name that is emitted. Those of OpenTelemetry's messaging conventions are copied, since the package that has them is 10 MB and
 * asks libraries not to import it; a test compares them with it. They are in development, so the version is emitted with them.
 */

/** The version of the semantic conventions that these names are of. */
export const CONVENTIONS = "1.45.0";
/** Emitted with every span and metric. */
export const SCHEMA_URL = `https://opentelemetry.io/schemas/${CONVENTIONS}`;
/** The name of the instrumentation scope. */
export const SCOPE = "@switchyard/otel";

/** Attributes of the conventions. */
export const CONVENTIONAL = {
  system: "messaging.system.name",
  operation: "messaging.operation.name",
  operationType: "messaging.operation.type",
  destination: "messaging.destination.name",
  channel: "messaging.destination.template",
  group: "messaging.consumer.group.name",
  partition: "messaging.destination.partition.id",
  messageId: "messaging.message.id",
  batch: "messaging.batch.message_count",
  error: "error.type",
  exceptionType: "exception.type",
  exceptionStack: "exception.stacktrace",
  server: "server.address",
  port: "server.port",
} as const;

/** The event of the conventions for what a handler throws. */
export const PROCESS_EXCEPTION = "messaging.process.exception";

/** `error.type` of an error that is not of a known code. */
export const OTHER = "_OTHER";

/** Our own attributes. */
export const OWN = {
  type: "switchyard.message.type",
  attempt: "switchyard.attempt",
  outcome: "switchyard.outcome",
  dead: "switchyard.dead_letter",
  failed: "switchyard.messages.failed",
  leftOut: "switchyard.links.left_out",
  state: "switchyard.state",
  change: "switchyard.change",
  during: "switchyard.during",
} as const;

/** Metrics of the conventions. */
export const CONVENTIONAL_METRICS = {
  operationDuration: "messaging.client.operation.duration",
  processDuration: "messaging.process.duration",
  sent: "messaging.client.sent.messages",
  consumed: "messaging.client.consumed.messages",
} as const;

/** Our own metrics. */
export const OWN_METRICS = {
  inFlight: "switchyard.in_flight",
  retries: "switchyard.retries",
  deadLetters: "switchyard.dead_letters",
  holdsLost: "switchyard.holds.lost",
  blocked: "switchyard.blocked",
  positionsLost: "switchyard.positions.lost",
  leaseMoves: "switchyard.lease.moves",
  breaker: "switchyard.breaker.open",
  calls: "switchyard.client.calls",
  backlog: "switchyard.backlog",
  backlogAge: "switchyard.backlog.age",
  backlogUnknown: "switchyard.backlog.unknown",
  partition: "switchyard.backlog.partition",
  partitionAge: "switchyard.backlog.partition.age",
} as const;

/** The bucket bounds that the conventions advise for both durations, in seconds. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

/** `messaging.system.name` by transport. The conventions have no value for Kinesis, nor for memory. */
const SYSTEMS: Readonly<Record<string, string>> = {
  sqs: "aws.sqs",
  sns: "aws.sns",
  kinesis: "aws.kinesis",
  amqp: "rabbitmq",
  memory: "switchyard.memory",
};

export const systemOf = (transport: string): string =>
  Object.hasOwn(SYSTEMS, transport) ? (SYSTEMS[transport] as string) : transport;

/** Transports that push: nobody asked for a single receive, so the conventions have no span for it. */
const PUSHING: ReadonlySet<string> = new Set(["amqp"]);
export const pushes = (transport: string): boolean => PUSHING.has(transport);
