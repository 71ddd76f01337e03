import { describe, expect, test } from "vitest";
import { UsageError } from "./io.ts";
import { filterOf } from "./where.ts";

describe("filterOf()", () => {
  test("reads every condition, lists and quotes", () => {
    expect(filterOf(`type=a.b,c code=bank-down class=TypeError key=k1 reason~"card declined" age>6h age<1d`)).toEqual({
      type: ["a.b", "c"],
      code: ["bank-down"],
      errorClass: ["TypeError"],
      key: ["k1"],
      reason: "card declined",
      olderThan: 21_600_000,
      newerThan: 86_400_000,
    });
    expect(filterOf(undefined)).toEqual({});
  });

  test.each([
    ["colour=red", "colour=red"],
    ["code~x", "code~x"],
    ["age>soon", "age>"],
    ["age<soon", "age<"],
    ["age<1h age<2h", "twice"],
    ["age=6h", "age<6h"],
    ["code=a code=b", "twice"],
    ['reason~"open', "not closed"],
    ["billing", "not a condition"],
    ["toString=1", "toString=1"],
  ])("refuses %s and says what to write", (where, said) => {
    expect(() => filterOf(where)).toThrow(UsageError);
    expect(() => filterOf(where)).toThrow(said);
  });
});
