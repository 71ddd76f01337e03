import { expect, test } from "vitest";
import { everything } from "../fixtures/adapters.ts";
import { lessThanDeclared } from "./less-than-declared.ts";

const queue = { ...everything, settleResult: "confirmed" } as const;
const log = { ...everything, settleResult: "checkpoint" } as const;

test("a receiver that reads as a log what was declared a queue is refused, and the other way round", () => {
  expect(lessThanDeclared("receiver", "orders", queue, log)).toMatchObject({
    code: "capability-missing",
    message: expect.stringContaining("settleResult is checkpoint, declared confirmed") as unknown,
  });
  expect(lessThanDeclared("receiver", "orders", log, queue)).toMatchObject({ code: "capability-missing" });
  expect(lessThanDeclared("receiver", "orders", queue, { ...queue, settleResult: "sent" })).toBeUndefined();
  expect(lessThanDeclared("sender", "orders", queue, log)).toBeUndefined();
});
