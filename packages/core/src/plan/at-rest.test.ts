import { expect, it } from "vitest";
import { notAtRest } from "./at-rest.ts";

it.each([
  [undefined, undefined, undefined],
  [undefined, false, undefined],
  ["required", true, undefined],
  ["required", false, /stored unencrypted/],
  ["required", undefined, /cannot say whether .* atRest: assume/],
  ["assume", true, undefined],
  ["assume", undefined, undefined],
  ["assume", false, /stored unencrypted/],
] as const)("atRest %s with a broker that says %s", (wanted, said, refusal) => {
  const error = notAtRest(wanted, said, "dev_orders", { channel: "orders" });
  if (refusal === undefined) expect(error).toBeUndefined();
  else
    expect(error).toMatchObject({
      code: "not-encrypted-at-rest",
      kind: "config",
      channel: "orders",
      message: expect.stringMatching(refusal),
    });
});
