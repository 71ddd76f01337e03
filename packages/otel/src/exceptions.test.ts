import { DeadLetter, MessagingError, Retry } from "@switchyard/core";
import { expect, test } from "vitest";
import { exceptionOf } from "./exceptions.ts";

const SECRET = "card 4111";
class PaymentError extends Error {}

test("a class and where it was thrown, and never a text", () => {
  const told = exceptionOf(new PaymentError(SECRET, { cause: new Error(SECRET) }));
  expect(told["exception.type"]).toBe("PaymentError");
  expect(String(told["exception.stacktrace"]).split("\n")[0]).toMatch(/^ {4}at .*exceptions\.test\.ts/);
  expect(JSON.stringify(told)).not.toContain("4111");
});

test.each([
  ["of several lines, one like a frame", new Error(`of ${SECRET}\n    at ${SECRET} (file:///x.js:1:1)\n${SECRET}`)],
  ["that was changed afterwards", Object.assign(new Error(SECRET), { message: "something else" })],
  ["that was removed afterwards", Object.assign(new Error(`${SECRET}\n${SECRET}`), { message: "" })],
  ["that stands in a stack of its own making", Object.assign(new Error("no"), { stack: `no\n    at ${SECRET}` })],
  ["as the name", Object.assign(new Error("no"), { name: SECRET })],
  ["as the class", new (Object.defineProperty(class extends Error {}, "name", { value: SECRET }))("no")],
  ["thrown alone", SECRET],
])("a text %s is not told", (_name, error) => {
  expect(JSON.stringify(exceptionOf(error))).not.toContain("4111");
});

test.each([
  ["an error of ours", new MessagingError("x", "y", { kind: "permanent" }), "MessagingError"],
  ["a verdict", new Retry(), "Retry"],
  ["a verdict with its cause", new DeadLetter("no", { cause: new PaymentError("no") }), "PaymentError"],
  ["a string", "no", "string"],
  ["nothing", undefined, "undefined"],
  ["an object without a class", Object.create(null), "Error"],
])("%s: %s", (_name, error, type) => {
  expect(exceptionOf(error)["exception.type"]).toBe(type);
});

test("what cannot be read is an error", () => {
  const throwing = () => {
    throw new Error("no");
  };
  expect(exceptionOf(new Proxy({}, { get: throwing, getPrototypeOf: throwing }))).toEqual({
    "exception.type": "Error",
  });
});
