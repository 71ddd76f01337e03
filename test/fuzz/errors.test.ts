/** Whatever a client throws, each adapter gives it a name: it never throws itself, and takes no longer for a longer text. */
import type { Phase } from "@switchyard/core/driver";
import { describe, expect, test } from "vitest";
import { classify as amqp } from "../../packages/amqp/src/errors.ts";
import { classify as kinesis } from "../../packages/kinesis/src/errors.ts";
import { faultOf } from "../../packages/leases/src/dynamodb/faults.ts";
import { classify as sns } from "../../packages/sns/src/errors.ts";
import { classify as sqs } from "../../packages/sqs/src/errors.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

const KINDS = ["retryable", "throttled", "ambiguous", "permanent", "auth", "config", "closed", "lost"];
const PHASES: readonly Phase[] = ["open", "send", "receive", "settle", "extend", "topology"];
const NAMES = [
  "AccessDenied",
  "ThrottlingException",
  "QueueDoesNotExist",
  "InvalidSignatureException",
  "TimeoutError",
  "Error",
];
const MESSAGES = [
  "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z",
  'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"',
  "Value 30 for parameter MaximumMessageSize is invalid. Reason: Must be between 1024 and 262144",
  "connect ECONNREFUSED 127.0.0.1:5672",
];

function cause(random: Random): unknown {
  if (random.below(4) === 0) return random.value();
  const error = new Error(random.text(MESSAGES));
  Object.assign(error, { name: random.text(NAMES) });
  if (random.below(2) === 0)
    Object.assign(error, {
      code: random.of([404, 406, "ECONNRESET", random.value()]),
      $metadata: random.of([{ httpStatusCode: random.of([400, 403, 408, 413, 500, "500"]) }, random.value()]),
      $fault: random.of(["client", "server", random.value()]),
      $response: random.of([undefined, { statusCode: 403, headers: { "content-type": "text/html" } }, random.value()]),
      cause: random.of([undefined, error, random.value()]),
    });
  return error;
}

describe.each([
  ["SQS", sqs],
  ["SNS", sns],
  ["Kinesis", kinesis],
  ["AMQP", amqp],
] as const)("%s", (_name, classify) => {
  test("anything at all", { timeout: 120_000 }, () =>
    fuzz((random) => {
      const fault = classify(cause(random), random.of(PHASES));
      expect(KINDS).toContain(fault.kind);
      expect(fault.code).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      expect((fault.hint ?? "").length).toBeLessThan(2_000);
    }, 0.2),
  );

  // A quadratic expression takes from seconds to minutes for each of these, a linear one milliseconds for all.
  test("texts without an end", { timeout: 120_000 }, () => {
    for (const unit of ["a", "1", " ", "a.", "acknowledgement ", "Reason: ", "-", "(", '"', "\n", "*:", "//"]) {
      for (const message of [unit.repeat(100_000), `${unit.repeat(100_000)}!`]) {
        for (const phase of PHASES) {
          const error = Object.assign(new Error(message), { name: message.slice(0, 100_000), code: message });
          expect(KINDS).toContain(classify(error, phase).kind);
        }
      }
    }
  });
});

test("DynamoDB: anything at all", { timeout: 120_000 }, () =>
  fuzz((random) => expect(faultOf(cause(random), "leases").code).toMatch(/^[a-z0-9-]+$/), 0.2),
);
