import { expect, test } from "vitest";
import { placeOfArn, placeText } from "./settings.ts";

test.each([
  [{ region: "eu-west-1", accountId: "123456789012" }, "eu-west-1, account: 123456789012"],
  [{}, "region: that of the environment, account: that of the credentials"],
  [
    { region: "eu-west-1", profile: "prod", endpoint: "http://localhost:4566" },
    "eu-west-1, account: that of profile prod, at http://localhost:4566",
  ],
  [{ client: {} }, "region: the given client's, account: the given client's"],
])("%o leads to %s", (options, place) => {
  expect(placeText(options)).toBe(place);
});

test("an ARN says where a resource is, and another account than the configuration's is refused", () => {
  const queue = "arn:aws:sqs:eu-west-1:123456789012:orders";
  expect(placeOfArn(queue, undefined)).toEqual({ account: "123456789012", region: "eu-west-1" });
  expect(placeOfArn(queue, "123456789012")).toEqual({ account: "123456789012", region: "eu-west-1" });
  // An emulator need not have accounts.
  expect(placeOfArn("", "123456789012")).toEqual({});
  expect(() => placeOfArn(queue, "999999999999")).toThrow(
    expect.objectContaining({
      code: "wrong-account",
      message: expect.stringMatching(/123456789012, and the configuration names 999999999999/),
    }),
  );
});
