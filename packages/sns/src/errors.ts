/** The fault table of SNS. Errors that are not in it are classified as those of SQS, the SDK or the network. */
import { answered, isForeign, messageOf, namesOf, withContext } from "@switchyard/aws-kit";
import type { Fault, Phase } from "@switchyard/core/driver";
import { isMessagingError } from "@switchyard/core/driver-kit";
import { classify as classifyAsSqs } from "@switchyard/sqs/kit";

type Row = readonly [kind: Fault["kind"], code: string, hint?: string];

const KMS = "check the state of the topic's KMS key and that its policy lets this role use it";
const ACCESS = "check the role's policy and the topic's own";
const DENIED: Row = ["auth", "access-denied", ACCESS];

/** The SDK's names of errors, without `Exception`. */
const TABLE: Readonly<Record<string, Row>> = {
  NotFound: [
    "config",
    "topic-not-found",
    "create it with plan and apply, or check prefix, address, region and account",
  ],
  AuthorizationError: DENIED,
  AccessDenied: DENIED,
  Throttled: ["throttled", "throttled"],
  KMSThrottling: ["throttled", "kms-throttled", "raise the request quota of KMS"],
  KMSAccessDenied: ["auth", "kms-access-denied", KMS],
  KMSDisabled: ["config", "kms-disabled", KMS],
  KMSInvalidState: ["config", "kms-invalid-state", KMS],
  KMSNotFound: ["config", "kms-not-found", KMS],
  KMSOptInRequired: ["config", "kms-opt-in-required", KMS],
  InvalidSecurity: ["config", "https-required", "use an https: endpoint"],
  SubscriptionLimitExceeded: [
    "config",
    "too-many-subscriptions",
    "the topic takes no more subscriptions; above 256 KiB (native.maxMessageBytes) it takes 100",
  ],
  FilterPolicyLimitExceeded: ["config", "too-many-filters", "a topic takes 200 filter policies, an account 10,000"],
  TopicLimitExceeded: ["config", "too-many-topics", "the account has reached its limit of topics"],
  TagLimitExceeded: ["config", "too-many-tags"],
  TagPolicy: ["config", "tag-policy", "a tag policy of the organisation refuses these tags"],
  ConcurrentAccess: ["retryable", "concurrent-change"],
  StaleTag: ["retryable", "concurrent-change"],
  InternalError: ["retryable", "service-failed"],
  InternalFailure: ["retryable", "service-failed"],
  BatchRequestTooLong: ["permanent", "too-large"],
};

export function classify(cause: unknown, during: Phase): Fault {
  try {
    // A group's messages are received and settled at SQS, and some names of errors are those of both.
    const atSqs = during === "receive" || during === "settle" || during === "extend";
    return (atSqs ? undefined : ownFault(cause, during)) ?? classifyAsSqs(cause, during);
  } catch {
    return classifyAsSqs(undefined, during);
  }
}

function ownFault(cause: unknown, during: Phase): Fault | undefined {
  if (isMessagingError(cause) || typeof cause !== "object" || cause === null || isForeign(cause)) return undefined;
  const { name, senderFault } = cause as { name?: unknown; senderFault?: unknown };
  if (typeof name !== "string") return undefined;
  const short = (namesOf({ name })[0] ?? "").replace(/Exception$/, "");
  const fault = /^InvalidParameter(?:Value)?$|^Validation$/.test(short)
    ? invalid(messageOf(cause), during)
    : ofTable(short, senderFault, during);
  return fault === undefined ? undefined : withContext(answered(fault, cause), cause);
}

function ofTable(short: string, senderFault: unknown, during: Phase): Fault | undefined {
  const row = Object.hasOwn(TABLE, short) ? TABLE[short]! : undefined;
  if (row === undefined) return undefined;
  const [kind, code, hint] = row;
  // It is unknown whether the request was carried out. An entry that SNS itself reports as failed was not.
  const unknown = code === "service-failed" && during === "send" && senderFault === undefined;
  return { kind: unknown ? "ambiguous" : kind, code, ...(hint === undefined ? {} : { hint }) };
}

function invalid(text: string, during: Phase): Fault {
  if (/too long|size/i.test(text) && during === "send") return { kind: "permanent", code: "too-large" };
  if (/TopicArn|Topic ?name|not a valid topic/i.test(text))
    return { kind: "config", code: "wrong-topic", hint: "check the topic's ARN: its region must be this connection's" };
  return during === "send"
    ? { kind: "permanent", code: "invalid-message" }
    : { kind: "config", code: "invalid-attribute" };
}
