import { expect, test } from "vitest";
import { placeText } from "./settings.ts";

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
