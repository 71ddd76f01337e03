/** The fault table: what an error of Kinesis, the SDK or the network means for the call it happened in. */
import type { Fault, Phase } from "@switchyard/core/driver";
import { isMessagingError, networkFault } from "@switchyard/core/driver-kit";
import { failedAtKinesis } from "./client.ts";

/** A record PutRecords did not take, or one not sent because its shard is over its quota. */
export class RecordError extends Error {
  override readonly name: string;
  /** Until the shard is tried again. */
  readonly retryAfterMs: number | undefined;
  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = code;
    this.retryAfterMs = retryAfterMs;
  }
}

type Row = readonly [kind: Fault["kind"], code: string, hint?: string];

const CREDENTIALS = "check the credentials the AWS SDK finds here (environment, profile, role)";
const KMS = "check the state of the stream's KMS key and that its policy lets this role use it";
const TOPOLOGY = "create it with plan and apply, or check prefix, address, region and account";

const THROTTLED: Row = ["throttled", "throttled"];
const TABLE: Readonly<Record<string, Row>> = {
  ProvisionedThroughputExceededException: [
    "throttled",
    "shard-throttled",
    "the shard is over its quota: more shards, keys that spread better, or fewer groups that poll",
  ],
  LimitExceededException: THROTTLED,
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  RequestThrottledException: THROTTLED,
  TooManyRequestsException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  SlowDown: THROTTLED,
  KMSThrottlingException: ["throttled", "kms-throttled", "raise the request quota of KMS"],

  ResourceNotFoundException: ["config", "stream-not-found", TOPOLOGY],
  ResourceInUseException: ["retryable", "resource-in-use", "the stream or its consumer is being changed"],
  KMSDisabledException: ["config", "kms-disabled", KMS],
  KMSInvalidStateException: ["config", "kms-invalid-state", KMS],
  KMSNotFoundException: ["config", "kms-not-found", KMS],
  KMSOptInRequired: ["config", "kms-opt-in-required", KMS],
  KMSAccessDeniedException: ["auth", "kms-access-denied", KMS],
  OptInRequired: ["config", "opt-in-required", "this account has no access to Kinesis in the region"],

  AccessDenied: ["auth", "access-denied", "check the role's policy and the stream's own"],
  AccessDeniedException: ["auth", "access-denied", "check the role's policy and the stream's own"],
  ExpiredToken: ["auth", "credentials-expired", CREDENTIALS],
  ExpiredTokenException: ["auth", "credentials-expired", CREDENTIALS],
  UnrecognizedClientException: ["auth", "credentials-refused", CREDENTIALS],
  InvalidClientTokenId: ["auth", "credentials-refused", CREDENTIALS],
  InvalidSignatureException: ["auth", "credentials-refused", CREDENTIALS],
  SignatureDoesNotMatch: ["auth", "credentials-refused", CREDENTIALS],
  MissingAuthenticationToken: ["auth", "credentials-refused", CREDENTIALS],
  MissingAuthenticationTokenException: ["auth", "credentials-refused", CREDENTIALS],
  IncompleteSignature: ["auth", "credentials-refused", CREDENTIALS],
  CredentialsProviderError: ["auth", "no-credentials", CREDENTIALS],
  TokenProviderError: ["auth", "no-credentials", CREDENTIALS],
  // The SDK corrects its clock from the reply: the next call is right.
  RequestTimeTooSkewed: ["retryable", "clock-skew", "this machine's clock is wrong"],
  RequestExpired: ["retryable", "clock-skew", "this machine's clock is wrong"],

  ExpiredIteratorException: ["retryable", "iterator-expired"],
};

export function classify(cause: unknown, during: Phase): Fault {
  try {
    return toFault(cause, during);
  } catch {
    return unknown(during);
  }
}

/** Is it Kinesis's to classify? */
export const isOfKinesis = (cause: unknown): boolean => cause instanceof RecordError || failedAtKinesis(cause);

/** The SDK's name of the error. */
export const isNamed = (error: unknown, name: string): boolean =>
  typeof error === "object" && error !== null && namesOf(error).includes(name);

function toFault(cause: unknown, during: Phase): Fault {
  if (isMessagingError(cause)) return ours(cause, during);
  const seen = new Set<unknown>();
  for (
    let error = cause;
    typeof error === "object" && error !== null && !seen.has(error);
    error = (error as Error).cause
  ) {
    seen.add(error);
    if (error instanceof RecordError) return recordFault(error);
    for (const name of namesOf(error)) {
      const row = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
      if (row !== undefined) return inPhase(row, during);
    }
    const found = special(error, during) ?? networkFault(error, during);
    if (found !== undefined) return found;
  }
  return unknown(during);
}

/** The lease engine's errors come this way too: its `lease-lost` is the seam's `lost`. */
function ours(error: { kind: Fault["kind"]; code: string; message: string }, during: Phase): Fault {
  const settling = during === "settle" || during === "extend";
  if (settling && error.code === "lease-lost") return { kind: "lost", code: error.code };
  return { kind: error.kind, code: error.code, hint: error.message };
}

function recordFault({ name, retryAfterMs }: RecordError): Fault {
  if (name === "NoAnswer") return { kind: "ambiguous", code: "no-answer" };
  const row = TABLE[name];
  // Of one record: the others, on other shards, go on.
  if (row !== undefined)
    return {
      kind: row[0],
      code: row[1],
      ...(row[2] === undefined ? {} : { hint: row[2] }),
      ...(row[0] === "throttled" ? { partial: true } : {}),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  // "Unsuccessfully processed": not stored, says the API reference.
  return { kind: "retryable", code: "service-failed" };
}

/** A stream that vanished is the contract's `unroutable` for publishers. */
function inPhase([kind, code, hint]: Row, during: Phase): Fault {
  const fault = { kind, code: code === "stream-not-found" && during === "send" ? "unroutable" : code };
  return hint === undefined ? fault : { ...fault, hint };
}

function namesOf(error: object): string[] {
  const { name, Code, code, __type } = error as Record<string, unknown>;
  const names = [name, Code, code, __type].filter((value): value is string => typeof value === "string");
  return names.map((value) => /[A-Za-z]+$/.exec(value.split(";")[0] ?? "")?.[0] ?? value);
}

function special(error: object, during: Phase): Fault | undefined {
  const { message, name, $metadata } = error as {
    message?: unknown;
    name?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const text = typeof message === "string" ? message : "";
  if (text.startsWith("Region is missing"))
    return { kind: "config", code: "region-missing", hint: "set region on the connection, or AWS_REGION" };
  if (name === "ValidationException" || name === "InvalidArgumentException") {
    return during === "send" || during === "settle"
      ? { kind: "permanent", code: "invalid-record", hint: text }
      : { kind: "config", code: "invalid-argument", hint: text };
  }
  const status = $metadata?.httpStatusCode;
  return status === undefined ? undefined : byStatus(status, during);
}

function byStatus(status: number, during: Phase): Fault | undefined {
  if (status === 429) return { kind: "throttled", code: "throttled" };
  if (status === 401 || status === 403) return { kind: "auth", code: "access-denied", hint: CREDENTIALS };
  if (status >= 500) return { kind: during === "send" ? "ambiguous" : "retryable", code: "service-failed" };
  // A refused request was not carried out.
  if (status >= 400) return { kind: during === "send" ? "permanent" : "config", code: "refused" };
  return undefined;
}

function unknown(during: Phase): Fault {
  return { kind: during === "send" ? "ambiguous" : "retryable", code: "unknown" };
}
