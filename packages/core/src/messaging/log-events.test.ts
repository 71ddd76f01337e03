import { expect, test } from "vitest";
import { MessagingError } from "../api/errors.ts";
import type { MessagingEvent } from "../api/events.ts";
import { logEvents } from "./log-events.ts";

function recording() {
  const lines: { readonly level: string; readonly fields: Record<string, unknown>; readonly text: string }[] = [];
  const at = (level: string) => (fields: object, text: string) =>
    void lines.push({ level, fields: { ...fields }, text });
  return { lines, logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } };
}

const error = new MessagingError("gone", "the queue\nis gone", { kind: "config" });
const retry: MessagingEvent = { type: "retry", level: "info", attempt: 1, delayMs: 5, error, channel: "orders" };
const dead: MessagingEvent = {
  type: "dead-letter",
  level: "warn",
  attempt: 3,
  code: "failed",
  reason: "failed 3 times:\n500",
  channel: "orders",
  group: "billing",
  id: "1",
  error: new TypeError("x is not a function"),
};

test("each event is one line with stable fields; what asks for nothing is at debug", () => {
  const { lines, logger } = recording();
  const observe = logEvents(logger);
  for (const event of [retry, dead]) observe(event);
  expect(lines).toEqual([
    {
      level: "debug",
      text: "retry orders the queue is gone",
      fields: {
        event: "retry",
        channel: "orders",
        attempt: 1,
        delayMs: 5,
        error: { type: "MessagingError", message: "the queue is gone", code: "gone", kind: "config" },
      },
    },
    {
      level: "warn",
      text: "dead-letter orders/billing failed 3 times: 500",
      fields: {
        event: "dead-letter",
        channel: "orders",
        group: "billing",
        id: "1",
        attempt: 3,
        code: "failed",
        reason: "failed 3 times: 500",
        error: { type: "TypeError", message: "x is not a function" },
      },
    },
  ]);
  for (const { fields, text } of lines) expect(`${JSON.stringify(fields)}${text}`).not.toContain("\n");
});

test("info and stacks on request", () => {
  const { lines, logger } = recording();
  logEvents(logger, { info: "info", stacks: true })(retry);
  expect(lines[0]?.level).toBe("info");
  expect(lines[0]?.fields["error"]).toHaveProperty("stack");
});

test("what is no logger is refused with what is missing", () => {
  expect(() => logEvents({ debug() {}, info() {}, warn() {} } as never)).toThrow("no method error(fields, text)");
  expect(() => logEvents(undefined as never)).toThrow("no method debug");
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  expect(() => logEvents(logger, { info: "warn" } as never)).toThrow(
    'logEvents(logger, { info }): pass "debug" or "info"',
  );
});
