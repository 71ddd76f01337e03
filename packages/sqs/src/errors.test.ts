import type { Phase } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { describe, expect, test } from "vitest";
import { classify, entryError } from "./errors.ts";
import { sdkError } from "./fixtures/fakes.ts";

const rows: [string, unknown, Phase, string, string][] = [
  ["a throttle", sdkError("RequestThrottled"), "send", "throttled", "throttled"],
  ["the older throttle", sdkError("ThrottlingException"), "receive", "throttled", "throttled"],
  ["too much in flight", sdkError("OverLimit"), "receive", "throttled", "too-many-in-flight"],
  ["a throttle of KMS", sdkError("KmsThrottled"), "send", "throttled", "kms-throttled"],
  ["no queue on open", sdkError("QueueDoesNotExist"), "open", "config", "queue-not-found"],
  [
    "no queue, query protocol",
    sdkError("X", { Code: "AWS.SimpleQueueService.NonExistentQueue;Sender" }),
    "receive",
    "config",
    "queue-not-found",
  ],
  ["no queue, json protocol", { __type: "com.amazonaws.sqs#QueueDoesNotExist" }, "settle", "config", "queue-not-found"],
  ["no queue while sending", sdkError("QueueDoesNotExist"), "send", "config", "unroutable"],
  ["an operation the kind of queue lacks", sdkError("UnsupportedOperation"), "send", "config", "unsupported-operation"],
  ["a disabled key", sdkError("KmsDisabled"), "send", "config", "kms-disabled"],
  ["a key out of reach", sdkError("KmsAccessDenied"), "receive", "auth", "kms-access-denied"],
  ["no rights", sdkError("AccessDeniedException"), "send", "auth", "access-denied"],
  ["old credentials", sdkError("ExpiredTokenException"), "receive", "auth", "credentials-expired"],
  ["unknown credentials", sdkError("UnrecognizedClientException"), "open", "auth", "credentials-refused"],
  ["a wrong signature", sdkError("InvalidSignatureException"), "send", "auth", "credentials-refused"],
  ["no credentials", sdkError("CredentialsProviderError"), "open", "auth", "no-credentials"],
  ["no region", new Error("Region is missing"), "open", "config", "region-missing"],
  ["a refused character", sdkError("InvalidMessageContents"), "send", "permanent", "invalid-characters"],
  ["a batch too long", sdkError("BatchRequestTooLong"), "send", "permanent", "too-large"],
  ["a bad receipt", sdkError("ReceiptHandleIsInvalid"), "settle", "lost", "receipt-invalid"],
  ["a message no longer held", sdkError("MessageNotInflight"), "extend", "lost", "not-in-flight"],
  [
    "an expired FIFO receipt",
    sdkError("InvalidParameterValue", {
      message: "Value x for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
    }),
    "settle",
    "lost",
    "receipt-invalid",
  ],
  [
    "more than 12 hours",
    sdkError("InvalidParameterValue", {
      message: "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
    }),
    "extend",
    "permanent",
    "hold-limit",
  ],
  ["a lost hold anywhere else", sdkError("MessageNotInflight"), "receive", "retryable", "unknown"],
  [
    "a refused connection",
    sdkError("Error", { code: "ECONNREFUSED", syscall: "connect" }),
    "send",
    "retryable",
    "unreachable",
  ],
  [
    "a connection that timed out before it stood",
    sdkError("TimeoutError", { code: "ETIMEDOUT", syscall: "connect" }),
    "send",
    "retryable",
    "unreachable",
  ],
  ["an unknown host", sdkError("Error", { code: "ENOTFOUND" }), "send", "retryable", "unreachable"],
  [
    "no connection in time",
    sdkError("TimeoutError", { message: "the request socket did not establish a connection with the server within" }),
    "send",
    "retryable",
    "unreachable",
  ],
  ["a connection cut while sending", sdkError("Error", { code: "ECONNRESET" }), "send", "ambiguous", "connection-lost"],
  [
    "a connection cut while receiving",
    sdkError("Error", { code: "ECONNRESET" }),
    "receive",
    "retryable",
    "connection-lost",
  ],
  ["no answer to a send", sdkError("TimeoutError", { code: "ETIMEDOUT" }), "send", "ambiguous", "timeout"],
  ["no answer to a deletion", sdkError("TimeoutError", { code: "ETIMEDOUT" }), "settle", "retryable", "timeout"],
  ["an aborted send", sdkError("AbortError"), "send", "ambiguous", "aborted"],
  ["an aborted poll", sdkError("AbortError"), "receive", "closed", "aborted"],
  ["a certificate", sdkError("Error", { code: "CERT_HAS_EXPIRED" }), "open", "config", "tls-failed"],
  [
    "a wrapped cause",
    new Error("outer", { cause: sdkError("Error", { code: "ECONNREFUSED" }) }),
    "send",
    "retryable",
    "unreachable",
  ],
  [
    "500 to a send",
    sdkError("InternalFailure", { $metadata: { httpStatusCode: 500 } }),
    "send",
    "ambiguous",
    "service-failed",
  ],
  [
    "500 to a poll",
    sdkError("InternalFailure", { $metadata: { httpStatusCode: 500 } }),
    "receive",
    "retryable",
    "service-failed",
  ],
  ["429", sdkError("Strange", { $metadata: { httpStatusCode: 429 } }), "send", "throttled", "throttled"],
  ["403", sdkError("Strange", { $metadata: { httpStatusCode: 403 } }), "send", "auth", "access-denied"],
  ["400 to a send", sdkError("Strange", { $metadata: { httpStatusCode: 400 } }), "send", "permanent", "refused"],
  [
    "a failed entry of the service",
    entryError({ Code: "InternalError", SenderFault: false }),
    "send",
    "retryable",
    "service-failed",
  ],
  ["a throttled entry", entryError({ Code: "RequestThrottled", SenderFault: true }), "send", "throttled", "throttled"],
  ["a refused entry", entryError({ Code: "Odd", SenderFault: true }), "send", "permanent", "refused"],
  [
    "an entry too large",
    entryError({
      Code: "InvalidParameterValue",
      Message: "Message must be shorter than 1024 bytes.",
      SenderFault: true,
    }),
    "send",
    "permanent",
    "too-large",
  ],
  ["an entry without an answer", entryError(undefined), "send", "ambiguous", "unknown"],
  ["an unknown error while sending", new Error("?"), "send", "ambiguous", "unknown"],
  ["an unknown error while receiving", "?", "receive", "retryable", "unknown"],
  [
    "our own refusal",
    new MessagingError("wrong-queue-kind", "text", { kind: "config" }),
    "open",
    "config",
    "wrong-queue-kind",
  ],
];

describe("the fault table", () => {
  test.each(rows)("%s", (_, cause, during, kind, code) => {
    expect(classify(cause, during)).toMatchObject({ kind, code });
  });

  test("never throws, not even for an error that throws when it is read", () => {
    const nasty = new Proxy(
      {},
      {
        get: () => {
          throw new Error("no");
        },
      },
    );
    expect(classify(nasty, "send").kind).toBe("ambiguous");
    const loop: { cause?: unknown } = new Error("loop");
    loop.cause = loop;
    expect(classify(loop, "receive").kind).toBe("retryable");
  });

  test("says when to come back where SQS does", () => {
    expect(classify(sdkError("PurgeQueueInProgress"), "open")).toMatchObject({
      kind: "retryable",
      retryAfterMs: 60_000,
    });
  });
});
