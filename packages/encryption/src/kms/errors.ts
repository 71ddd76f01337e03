/** The fault table: what an error of KMS, the SDK or the network means for the keys. */
import { classifierOf, type FaultTable } from "@switchyard/aws-kit";
import type { Fault } from "@switchyard/core/driver";
import { fromFault, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import { undecryptable } from "../errors.ts";

const table: FaultTable = {
  DisabledException: ["auth", "keys-disabled", "enable the key"],
  KMSInvalidStateException: [
    "auth",
    "keys-disabled",
    "the key is being deleted, or waits for its key material: cancel its deletion",
  ],
  NotFoundException: ["auth", "keys-disabled", "there is no such key or alias: check its ARN and region"],
  InvalidKeyUsageException: ["auth", "keys-disabled", "use a symmetric key for ENCRYPT_DECRYPT"],
  UnsupportedOperationException: ["auth", "keys-disabled", "use a symmetric key for ENCRYPT_DECRYPT"],
  LimitExceededException: ["throttled", "keys-throttled"],
  KeyUnavailableException: ["retryable", "keys-unreachable"],
  DependencyTimeoutException: ["retryable", "keys-unreachable"],
  KMSInternalException: ["retryable", "keys-unreachable"],
  CloudHsmClusterInvalidConfigurationException: ["retryable", "keys-unreachable"],
};

/** Nothing here is ever ambiguous: a call that is repeated changes nothing. That is the meaning of the phase `receive`. */
export const classify = classifierOf({ resource: "key", table });

/** Decrypt's errors for what the message says, not for the key. */
const OF_MESSAGE = new Set(["InvalidCiphertextException", "IncorrectKeyException", "ValidationException"]);

/** `doing`: what failed, for the text. */
export function errorOf(cause: unknown, action: "GenerateDataKey" | "Decrypt", doing: string): MessagingError {
  if (isMessagingError(cause)) return cause;
  const name = (cause as { readonly name?: unknown } | null | undefined)?.name;
  if (action === "Decrypt" && OF_MESSAGE.has(String(name)))
    return undecryptable(
      `KMS answers ${String(name)}: its data key was not made by this KMS key for this context and type. Do publisher and consumer have the same encrypt.context?`,
    );
  return fromFault(faultOf(classify(cause, "receive")), doing, seen(cause), {});
}

function faultOf(fault: Fault): Fault {
  if (fault.code === "keys-disabled") return fault;
  switch (fault.kind) {
    case "throttled":
      return { ...fault, kind: "throttled", code: "keys-throttled" };
    // Settings and rights: a person mends them, and the messages wait.
    case "auth":
    case "config":
    case "permanent":
      return { ...fault, kind: "auth", code: "keys-denied" };
    default:
      return { ...fault, kind: "retryable", code: "keys-unreachable" };
  }
}

/** Of the SDK's error only what is known to be harmless: the error also has the response, which may hold a key. */
function seen(cause: unknown): object {
  const { name, $metadata } = (cause ?? {}) as {
    readonly name?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: unknown; readonly requestId?: unknown };
  };
  const { httpStatusCode, requestId } = $metadata ?? {};
  return {
    ...(typeof name === "string" ? { name: name.slice(0, 100) } : {}),
    ...(typeof httpStatusCode === "number" ? { httpStatusCode } : {}),
    ...(typeof requestId === "string" ? { requestId: requestId.slice(0, 100) } : {}),
  };
}
