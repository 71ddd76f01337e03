/** The fault table: what an error of SQS, the SDK or the network means for the call that failed. */
import { classifierOf, type FaultTable, messageOf, unknownFault } from "@switchyard/aws-kit";
import type { Fault, Phase } from "@switchyard/core/driver";
import type { FailedEntry } from "./sdk.ts";

/** An entry that a batch reply reported as failed, or left out. */
export class EntryError extends Error {
  override readonly name: string;
  /** True if the entry is at fault, false if the service is. Undefined if the reply left the entry out. */
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

const KMS = "check the state of the KMS key and that its policy lets this role use it";
const TOPOLOGY = "create it with plan and apply, or check prefix, address, region and account";

const table: FaultTable = {
  KmsThrottled: ["throttled", "kms-throttled", "raise the request quota of KMS or the queue's data key reuse period"],
  OverLimit: [
    "throttled",
    "too-many-in-flight",
    "the queue has the most messages in flight that SQS allows; settle some or lower maxInFlight",
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
    "SQS creates a queue of the same name only 60 seconds after its deletion",
  ],
  OptInRequired: ["config", "opt-in-required", "this account has no access to SQS in the region"],
  KmsDisabled: ["config", "kms-disabled", KMS],
  KmsInvalidState: ["config", "kms-invalid-state", KMS],
  KmsInvalidKeyUsage: ["config", "kms-invalid-key", KMS],
  KmsNotFound: ["config", "kms-not-found", KMS],
  KmsOptInRequired: ["config", "kms-opt-in-required", KMS],
  KmsAccessDenied: ["auth", "kms-access-denied", KMS],

  InvalidMessageContents: [
    "permanent",
    "invalid-characters",
    "SQS refuses NUL, C0 controls except tab and line ends, U+FFFE and U+FFFF; encode the body",
  ],
  BatchRequestTooLong: ["permanent", "too-large"],
  ReceiptHandleIsInvalid: ["lost", "receipt-invalid"],
  MessageNotInflight: ["lost", "not-in-flight"],
  PurgeQueueInProgress: ["retryable", "purge-in-progress", "SQS purges a queue at most once in 60 seconds"],
};

const RETRY_AFTER: Readonly<Record<string, number>> = { PurgeQueueInProgress: 60_000, QueueDeletedRecently: 60_000 };

/** Only a hold can be lost. To a publisher, a queue that does not exist is `unroutable` (contract C1). */
function adjust(fault: Fault, name: string, during: Phase): Fault {
  if (fault.kind === "lost" && during !== "settle" && during !== "extend") return unknownFault(during);
  if (fault.code === "queue-not-found" && during === "send") return { ...fault, code: "unroutable" };
  const retryAfterMs = RETRY_AFTER[name];
  return retryAfterMs === undefined ? fault : { ...fault, retryAfterMs };
}

function special(error: object, during: Phase): Fault | undefined {
  const { name, message, senderFault } = error as { name?: unknown; message?: unknown; senderFault?: unknown };
  const text = messageOf({ message });
  if (name === "NoAnswer") return unknownFault(during);
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
  return undefined;
}

export const classify = classifierOf({ resource: "queue", table, special, adjust });
