/** The fault table: what an error of SQS, the SDK or the network means for the call it happened in. */
import type { Fault, Phase } from "@switchyard/core/driver";
import { isMessagingError } from "@switchyard/core/driver-kit";
import type { FailedEntry } from "./client.ts";
import { networkFault } from "./network.ts";

/** An entry a batch call reported as failed, or said nothing about. */
export class EntryError extends Error {
  override readonly name: string;
  /** The entry is wrong, not the service. Undefined: not answered at all. */
  readonly senderFault: boolean | undefined;
  constructor(code: string, message: string, senderFault: boolean | undefined) {
    super(message);
    this.name = code;
    this.senderFault = senderFault;
  }
}

export function entryError(failed: FailedEntry | undefined): EntryError {
  if (failed === undefined) return new EntryError("NoAnswer", "the service did not answer for this entry", undefined);
  return new EntryError(
    failed.Code ?? "Unknown",
    failed.Message ?? "the service reported a failure without a reason",
    failed.SenderFault ?? false,
  );
}

type Row = readonly [kind: Fault["kind"], code: string, hint?: string];

const CREDENTIALS = "check the credentials the AWS SDK finds here (environment, profile, role)";
const KMS = "check the state of the KMS key and that its policy lets this role use it";
const TOPOLOGY = "create it with plan and apply, or check prefix, address, region and account";

const THROTTLED: Row = ["throttled", "throttled"];
const TABLE: Readonly<Record<string, Row>> = {
  RequestThrottled: THROTTLED,
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  ThrottledException: THROTTLED,
  RequestThrottledException: THROTTLED,
  TooManyRequestsException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  SlowDown: THROTTLED,
  KmsThrottled: ["throttled", "kms-throttled", "raise the request quota of KMS or the queue's data key reuse period"],
  OverLimit: [
    "throttled",
    "too-many-in-flight",
    "the queue has its most messages in flight; settle some or lower maxInFlight",
  ],

  QueueDoesNotExist: ["config", "queue-not-found", TOPOLOGY],
  NonExistentQueue: ["config", "queue-not-found", TOPOLOGY],
  ResourceNotFoundException: ["config", "queue-not-found", TOPOLOGY],
  UnsupportedOperation: [
    "config",
    "unsupported-operation",
    "the queue's kind does not support this; check that the channel and the queue are both ordered (FIFO) or both not",
  ],
  InvalidAddress: [
    "config",
    "wrong-endpoint",
    "the queue is not in this connection's region; check region and endpoint",
  ],
  InvalidSecurity: ["config", "https-required", "use an https: endpoint"],
  InvalidAttributeName: ["config", "invalid-attribute"],
  InvalidAttributeValue: ["config", "invalid-attribute"],
  QueueNameExists: ["config", "queue-exists-otherwise", "a queue of this name has other settings; plan again"],
  QueueDeletedRecently: [
    "retryable",
    "queue-deleted-recently",
    "SQS makes a queue of the same name again 60 seconds after its deletion",
  ],
  OptInRequired: ["config", "opt-in-required", "this account has no access to SQS in the region"],
  KmsDisabled: ["config", "kms-disabled", KMS],
  KmsInvalidState: ["config", "kms-invalid-state", KMS],
  KmsInvalidKeyUsage: ["config", "kms-invalid-key", KMS],
  KmsNotFound: ["config", "kms-not-found", KMS],
  KmsOptInRequired: ["config", "kms-opt-in-required", KMS],
  KmsAccessDenied: ["auth", "kms-access-denied", KMS],

  AccessDenied: ["auth", "access-denied", "check the role's policy and the queue's own"],
  AccessDeniedException: ["auth", "access-denied", "check the role's policy and the queue's own"],
  ExpiredToken: ["auth", "credentials-expired", CREDENTIALS],
  ExpiredTokenException: ["auth", "credentials-expired", CREDENTIALS],
  UnrecognizedClientException: ["auth", "credentials-refused", CREDENTIALS],
  InvalidClientTokenId: ["auth", "credentials-refused", CREDENTIALS],
  InvalidAccessKeyId: ["auth", "credentials-refused", CREDENTIALS],
  InvalidSignatureException: ["auth", "credentials-refused", CREDENTIALS],
  SignatureDoesNotMatch: ["auth", "credentials-refused", CREDENTIALS],
  MissingAuthenticationToken: ["auth", "credentials-refused", CREDENTIALS],
  IncompleteSignature: ["auth", "credentials-refused", CREDENTIALS],
  CredentialsProviderError: ["auth", "no-credentials", CREDENTIALS],
  TokenProviderError: ["auth", "no-credentials", CREDENTIALS],
  // The SDK corrects its clock from the reply: the next call is right.
  RequestTimeTooSkewed: ["retryable", "clock-skew", "this machine's clock is wrong"],
  RequestExpired: ["retryable", "clock-skew", "this machine's clock is wrong"],

  InvalidMessageContents: [
    "permanent",
    "invalid-characters",
    "SQS takes no NUL, C0 controls but tab and line ends, U+FFFE or U+FFFF; encode the body",
  ],
  BatchRequestTooLong: ["permanent", "too-large"],
  ReceiptHandleIsInvalid: ["lost", "receipt-invalid"],
  MessageNotInflight: ["lost", "not-in-flight"],
  PurgeQueueInProgress: ["retryable", "purge-in-progress", "SQS purges a queue at most once in 60 seconds"],
};

const RETRY_AFTER: Readonly<Record<string, number>> = { PurgeQueueInProgress: 60_000, QueueDeletedRecently: 60_000 };

export function classify(cause: unknown, during: Phase): Fault {
  try {
    return toFault(cause, during);
  } catch {
    return unknown(during);
  }
}

function toFault(cause: unknown, during: Phase): Fault {
  if (isMessagingError(cause)) return { kind: cause.kind, code: cause.code, hint: cause.message };
  const seen = new Set<unknown>();
  for (
    let error = cause;
    typeof error === "object" && error !== null && !seen.has(error);
    error = (error as Error).cause
  ) {
    seen.add(error);
    for (const name of namesOf(error)) {
      const row = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
      if (row !== undefined) return inPhase(row, name, during);
    }
    const found = special(error, during) ?? networkFault(error, during);
    if (found !== undefined) return found;
  }
  return unknown(during);
}

/** `lost` has a meaning only for a hold; a queue that vanished is the contract's `unroutable` for publishers. */
function inPhase([kind, code, hint]: Row, name: string, during: Phase): Fault {
  if (kind === "lost" && during !== "settle" && during !== "extend") return unknown(during);
  const fault = { kind, code: code === "queue-not-found" && during === "send" ? "unroutable" : code };
  const retryAfterMs = RETRY_AFTER[name];
  return { ...fault, ...(hint === undefined ? {} : { hint }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** As the SDK names it, and as the query protocol did (`AWS.SimpleQueueService.NonExistentQueue`, `com.amazonaws.sqs#...`). */
function namesOf(error: object): string[] {
  const { name, Code, code, __type } = error as Record<string, unknown>;
  const names = [name, Code, code, __type].filter((value): value is string => typeof value === "string");
  return names.map((value) => /[A-Za-z]+$/.exec(value.split(";")[0] ?? "")?.[0] ?? value);
}

function special(error: object, during: Phase): Fault | undefined {
  const { name, message, senderFault, $metadata } = error as {
    name?: unknown;
    message?: unknown;
    senderFault?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const text = typeof message === "string" ? message : "";
  if (text.startsWith("Region is missing")) {
    return { kind: "config", code: "region-missing", hint: "set region on the connection, or AWS_REGION" };
  }
  if (name === "NoAnswer") return unknown(during);
  if (during === "settle" || during === "extend") {
    if (/receipt ?handle/i.test(text)) return { kind: "lost", code: "receipt-invalid" };
    if (/Total VisibilityTimeout/i.test(text))
      return { kind: "permanent", code: "hold-limit", hint: "SQS keeps a message at most 12 hours after its receive" };
  }
  if (name === "InvalidParameterValue" && during === "send") {
    return /shorter than|size/i.test(text)
      ? { kind: "permanent", code: "too-large" }
      : { kind: "permanent", code: "invalid-message" };
  }
  if (senderFault === true) return { kind: "permanent", code: "refused" };
  if (senderFault === false) return { kind: "retryable", code: "service-failed" };
  const status = $metadata?.httpStatusCode;
  return status === undefined ? undefined : byStatus(status, during);
}

function byStatus(status: number, during: Phase): Fault | undefined {
  if (status === 429) return { kind: "throttled", code: "throttled" };
  if (status === 401 || status === 403) return { kind: "auth", code: "access-denied", hint: CREDENTIALS };
  if (status >= 500) return { kind: during === "send" ? "ambiguous" : "retryable", code: "service-failed" };
  // A refused request was not carried out; a message in it is refused for good, a queue's settings are the user's to mend.
  if (status >= 400)
    return {
      kind: during === "send" || during === "settle" || during === "extend" ? "permanent" : "config",
      code: "refused",
    };
  return undefined;
}

function unknown(during: Phase): Fault {
  return { kind: during === "send" ? "ambiguous" : "retryable", code: "unknown" };
}
