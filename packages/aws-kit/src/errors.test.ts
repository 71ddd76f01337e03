import { MessagingError } from "@switchyard/core/driver-kit";
import { expect, test } from "vitest";
import { classifierOf } from "./errors.ts";

const classify = classifierOf({
  resource: "thing",
  table: { ThingGone: ["config", "thing-not-found", "make it"], AccessDenied: ["auth", "own-row"] },
  first: (error) => (error instanceof RangeError ? { kind: "permanent", code: "own" } : undefined),
  special: (error) => (/odd/.test((error as Error).message) ? { kind: "lost", code: "odd" } : undefined),
  adjust: (fault, name, during) =>
    during === "send" && name === "ThingGone" ? { ...fault, code: "unroutable" } : fault,
});
const sdkError = (name: string, more: object = {}) => Object.assign(new Error("text"), { name, ...more });

test("what all services have alike, with the service's own errors before it", () => {
  expect(classify(sdkError("ThrottlingException"), "receive")).toEqual({
    kind: "throttled",
    code: "throttled",
    said: "text",
  });
  expect(classify(sdkError("AccessDeniedException"), "open")).toMatchObject({
    hint: expect.stringContaining("thing's"),
  });
  expect(classify(sdkError("AccessDenied"), "open")).toEqual({ kind: "auth", code: "own-row", said: "text" });
  expect(classify(sdkError("X", { __type: "com.amazonaws.things#ThingGone" }), "receive").code).toBe("thing-not-found");
  expect(classify(sdkError("ThingGone"), "send").code).toBe("unroutable");
  expect(classify(new RangeError("AccessDenied"), "send").code).toBe("own");
  expect(classify(new Error("odd"), "settle").kind).toBe("lost");
});

test("a cause inside is found, one that is its own cause is not followed forever", () => {
  const outer = new Error("outer", { cause: sdkError("ExpiredToken") });
  expect(classify(outer, "receive").code).toBe("credentials-expired");
  const circle = new Error("circle");
  circle.cause = circle;
  expect(classify(circle, "send")).toEqual({ kind: "ambiguous", code: "unknown" });
});

test("by status: a request refused was not carried out, one that failed may have been", () => {
  const of = (httpStatusCode: number) => sdkError("Unheard", { $metadata: { httpStatusCode } });
  expect(classify(of(429), "send").kind).toBe("throttled");
  expect(classify(of(403), "send").kind).toBe("auth");
  expect([classify(of(503), "send").kind, classify(of(503), "receive").kind]).toEqual(["ambiguous", "retryable"]);
  expect([classify(of(400), "send").kind, classify(of(400), "open").kind]).toEqual(["permanent", "config"]);
});

test("an error of ours stays what it is, and nothing at all makes it throw", () => {
  const own = new MessagingError("bad-hold", "too long", { kind: "config" });
  expect(classify(own, "open")).toEqual({ kind: "config", code: "bad-hold", hint: "too long" });
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no");
      },
    },
  );
  expect(classify(hostile, "receive")).toEqual({ kind: "retryable", code: "unknown" });
  expect(classify(undefined, "send").kind).toBe("ambiguous");
});

test("a signature refused for its time is the clock's fault, and passes", () => {
  for (const name of ["InvalidSignatureException", "SignatureDoesNotMatch"]) {
    for (const message of [
      "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z",
      "Signature not yet current: 20260101T020000Z is still later than 20260101T010000Z",
    ])
      expect(classify(sdkError(name, { message }), "send")).toMatchObject({ kind: "retryable", code: "clock-skew" });
    expect(
      classify(sdkError(name, { message: "The request signature we calculated does not match" }), "send"),
    ).toMatchObject({
      kind: "auth",
      code: "credentials-refused",
    });
  }
});

test("what passes is no refusal for good", () => {
  for (const name of ["RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete", "BandwidthLimitExceeded"])
    for (const during of ["open", "send", "settle"] as const)
      expect(classify(sdkError(name, { $metadata: { httpStatusCode: 400 } }), during).kind).toMatch(
        /retryable|throttled/,
      );
  const of408 = sdkError("Unheard", { $metadata: { httpStatusCode: 408 } });
  expect([classify(of408, "send").kind, classify(of408, "settle").kind]).toEqual(["ambiguous", "retryable"]);
});

test("only an answer in the service's own form is final; a page of a proxy never is", () => {
  for (const name of ["SyntaxError", "Unknown", "Error"]) {
    for (const httpStatusCode of [400, 401, 403, 404, 407, 429]) {
      const page = sdkError(name, {
        message: "Unexpected token '<'\n  Deserialization error: x",
        $metadata: { httpStatusCode },
      });
      for (const during of ["open", "send", "settle", "receive"] as const) {
        const fault = classify(page, during);
        expect(fault.kind).toMatch(/retryable|throttled/);
        expect(fault.said).toBe(`HTTP ${httpStatusCode}: Unexpected token '<'`);
      }
    }
  }
  const large = sdkError("SyntaxError", { $metadata: { httpStatusCode: 413 } });
  expect(classify(large, "send")).toMatchObject({ kind: "permanent", code: "too-large" });
});

test("what the SDK's own providers say is told with what to do", () => {
  const of = (message: string, name = "CredentialsProviderError") => classify(sdkError(name, { message }), "open");
  expect(of("Could not resolve credentials using profile: [prdo] in configuration/credentials file(s).")).toMatchObject(
    {
      kind: "auth",
      code: "no-credentials",
      hint: expect.stringMatching(/AWS_PROFILE.*prdo/),
    },
  );
  for (const text of [
    "The SSO session token associated with profile=dev was not found or is invalid.",
    "Session token not found or invalid",
  ])
    expect(of(text)).toMatchObject({ code: "credentials-expired", hint: expect.stringContaining("aws sso login") });
  const missing = { code: "ENOENT", syscall: "open", path: "/var/run/secrets/token" };
  expect(classify(sdkError("Error", missing), "open")).toMatchObject({
    kind: "auth",
    code: "no-credentials",
    hint: expect.stringContaining("/var/run/secrets/token"),
  });
});

test("a hostile text takes no time", () => {
  const before = process.threadCpuUsage();
  const long = "a".repeat(200_000);
  for (const text of [long, `${long}1`, `${long};`]) classify(sdkError(text, { message: text, Code: text }), "send");
  // Its own work, whatever else the machine does. A quadratic expression takes tens of seconds.
  expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(2_000);
});
