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
  expect(classify(sdkError("ThrottlingException"), "receive")).toEqual({ kind: "throttled", code: "throttled" });
  expect(classify(sdkError("AccessDeniedException"), "open")).toMatchObject({
    hint: expect.stringContaining("thing's"),
  });
  expect(classify(sdkError("AccessDenied"), "open")).toEqual({ kind: "auth", code: "own-row" });
  expect(classify(sdkError("X", { __type: "com.amazonaws.things#ThingGone" }), "receive").code).toBe("thing-not-found");
  expect(classify(sdkError("ThingGone"), "send").code).toBe("unroutable");
  expect(classify(new RangeError("AccessDenied"), "send").code).toBe("own");
  expect(classify(new Error("odd"), "settle").kind).toBe("lost");
});

test("a cause inside is found, one that is its own cause is not followed for ever", () => {
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
