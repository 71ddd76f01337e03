/** The fault table: what an error of Kinesis, the SDK or the network means for the call that failed. */
import { classifierOf, type FaultRow, type FaultTable, namesOf, rowFault } from "@switchyard/aws-kit";
import type { Fault, Phase } from "@switchyard/core/driver";
import { failedAtKinesis } from "./sdk.ts";

/** A record that PutRecords refused, or that was not sent because its shard is over its quota. */
export class RecordError extends Error {
  override readonly name: string;
  /** How long until the shard may be tried again. */
  readonly retryAfterMs: number | undefined;
  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = code;
    this.retryAfterMs = retryAfterMs;
  }
}

const KMS = "check the state of the stream's KMS key and that its policy lets this role use it";
const TOPOLOGY = "create it with plan and apply, or check prefix, address, region and account";

const THROTTLED: FaultRow = ["throttled", "throttled"];
const table: FaultTable = {
  ProvisionedThroughputExceededException: [
    "throttled",
    "shard-throttled",
    "the shard is over its quota: add shards, use keys that spread better, or let fewer groups poll",
  ],
  LimitExceededException: THROTTLED,
  KMSThrottlingException: ["throttled", "kms-throttled", "raise the request quota of KMS"],

  ResourceNotFoundException: ["config", "stream-not-found", TOPOLOGY],
  ResourceInUseException: ["retryable", "resource-in-use", "the stream or its consumer is being changed"],
  KMSDisabledException: ["config", "kms-disabled", KMS],
  KMSInvalidStateException: ["config", "kms-invalid-state", KMS],
  KMSNotFoundException: ["config", "kms-not-found", KMS],
  KMSOptInRequired: ["config", "kms-opt-in-required", KMS],
  KMSAccessDeniedException: ["auth", "kms-access-denied", KMS],
  OptInRequired: ["config", "opt-in-required", "this account has no access to Kinesis in the region"],

  ExpiredIteratorException: ["retryable", "iterator-expired"],
};

/** Whether the error belongs to Kinesis, on a connection that serves several services. */
export const isOfKinesis = (cause: unknown): boolean => cause instanceof RecordError || failedAtKinesis(cause);

/** Whether the error has this name, as the SDK gives it. */
export const isNamed = (error: unknown, name: string): boolean =>
  typeof error === "object" && error !== null && namesOf(error).includes(name);

/** Errors of our own and of the lease engine. Its `lease-lost` is the seam's `lost`. */
function ours(error: { kind: Fault["kind"]; code: string; message: string }, during: Phase): Fault {
  const settling = during === "settle" || during === "extend";
  if (settling && error.code === "lease-lost") return { kind: "lost", code: error.code };
  return { kind: error.kind, code: error.code, hint: error.message };
}

function recordFault({ name, retryAfterMs }: RecordError): Fault {
  if (name === "NoAnswer") return { kind: "ambiguous", code: "no-answer" };
  const row = Object.hasOwn(table, name) ? table[name] : undefined;
  // Not stored: the API reference calls such records "unsuccessfully processed".
  if (row === undefined) return { kind: "retryable", code: "service-failed" };
  // Only this record's shard is throttled. Records of other shards are still sent.
  const partial = row[0] === "throttled" ? { partial: true } : {};
  return { ...rowFault(row), ...partial, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function special(error: object, during: Phase): Fault | undefined {
  const { name } = error as { name?: unknown };
  if (name !== "ValidationException" && name !== "InvalidArgumentException") return undefined;
  return during === "send" || during === "settle"
    ? { kind: "permanent", code: "invalid-record" }
    : { kind: "config", code: "invalid-argument" };
}

/** To a publisher, a stream that does not exist is `unroutable` (contract C1). */
const adjust = (fault: Fault, _name: string, during: Phase): Fault =>
  fault.code === "stream-not-found" && during === "send" ? { ...fault, code: "unroutable" } : fault;

export const classify = classifierOf({
  resource: "stream",
  table,
  first: (error) => (error instanceof RecordError ? recordFault(error) : undefined),
  special,
  adjust,
  own: ours,
});
