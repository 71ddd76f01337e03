import { describe, expect, test } from "vitest";
import { AmqpFault, classify, isMissing } from "./errors.ts";

describe("the fault table", () => {
  const closed = (code: number, message: string) => Object.assign(new Error(message), { code });
  test.each([
    [closed(404, "NOT_FOUND - no queue 'q' in vhost '/'"), "open", "config", "queue-not-found"],
    [closed(404, "NOT_FOUND - no exchange 'e' in vhost '/'"), "open", "config", "exchange-not-found"],
    [
      closed(404, "NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible"),
      "open",
      "retryable",
      "queue-unavailable",
    ],
    [
      closed(404, "NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible"),
      "send",
      "retryable",
      "queue-unavailable",
    ],
    [
      closed(403, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"),
      "receive",
      "retryable",
      "exclusive-consumer",
    ],
    [closed(530, "NOT_ALLOWED - vhost v not found"), "open", "config", "vhost-not-found"],
    [closed(530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'"), "open", "auth", "access-refused"],
    [
      closed(530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u': connection limit (1) is reached"),
      "open",
      "retryable",
      "connection-limit",
    ],
    [
      closed(541, "INTERNAL_ERROR - access to vhost 'v' refused for user 'u': vhost 'v' is down"),
      "open",
      "retryable",
      "vhost-down",
    ],
    [
      closed(530, "NOT_ALLOWED - number of channels opened (5) has reached the maximum allowed limit of (5)"),
      "open",
      "retryable",
      "channel-limit",
    ],
    [new Error("No channels left to allocate"), "open", "retryable", "channel-limit"],
    [
      Object.assign(new Error("wrong version number"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" }),
      "open",
      "config",
      "tls-failed",
    ],
    [closed(403, "ACCESS_REFUSED - read access to queue 'q'"), "open", "auth", "access-refused"],
    [
      new Error("Handshake terminated by server: 403 (ACCESS-REFUSED) with message x"),
      "open",
      "auth",
      "access-refused",
    ],
    [closed(406, "PRECONDITION_FAILED - inequivalent arg 'x' for queue 'q'"), "topology", "config", "topology-differs"],
    [
      closed(406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"),
      "receive",
      "retryable",
      "consumer-timeout",
    ],
    [closed(503, "COMMAND_INVALID - unknown exchange type 'x'"), "topology", "config", "refused"],
    [closed(320, "CONNECTION_FORCED - broker forced connection closure"), "receive", "retryable", "connection-lost"],
    [closed(320, "CONNECTION_FORCED - broker forced connection closure"), "send", "ambiguous", "connection-lost"],
    [new Error("Heartbeat timeout"), "receive", "retryable", "connection-lost"],
    [
      Object.assign(new Error("connect"), { code: "ECONNREFUSED", syscall: "connect" }),
      "open",
      "retryable",
      "unreachable",
    ],
    [Object.assign(new Error("tls"), { code: "SELF_SIGNED_CERT_IN_CHAIN" }), "open", "config", "tls-failed"],
    [
      Object.assign(new Error("connect"), { code: "ETIMEDOUT", syscall: "connect" }),
      "send",
      "retryable",
      "unreachable",
    ],
    [Object.assign(new Error("write"), { code: "ERR_STREAM_DESTROYED" }), "send", "ambiguous", "connection-lost"],
    [Object.assign(new Error("read"), { code: "ECONNRESET" }), "receive", "retryable", "connection-lost"],
    [Object.assign(new Error("decoder"), { code: "ERR_OSSL_UNSUPPORTED" }), "open", "config", "tls-failed"],
    [new AmqpFault("lost", "channel-gone", "gone"), "settle", "lost", "channel-gone"],
    [new AmqpFault("lost", "channel-gone", "gone"), "receive", "retryable", "channel-gone"],
    [new Error("whatever"), "send", "ambiguous", "unknown"],
    ["text", "receive", "retryable", "unknown"],
  ] as const)("%s during %s", (cause, during, kind, code) => {
    expect(classify(cause, during)).toMatchObject({ kind, code });
  });
});

test("what is out of reach for now is not missing", () => {
  const notFound = (message: string) => Object.assign(new Error(message), { code: 404 });
  expect(isMissing(notFound("NOT_FOUND - no queue 'q' in vhost '/'"))).toBe(true);
  expect(isMissing(notFound("NOT_FOUND - home node 'rabbit@b' of durable queue 'q' is down or inaccessible"))).toBe(
    false,
  );
  expect(isMissing(new Error("other"))).toBe(false);
});

test("a reply of any length is read in no time", () => {
  const text = `${"acknowledgement".repeat(20_000)} timed`;
  const before = process.threadCpuUsage();
  classify(Object.assign(new Error(text), { code: 406 }), "receive");
  // Its own work, whatever else the machine does. A quadratic expression takes tens of seconds.
  expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(2_000);
});
