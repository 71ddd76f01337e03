/** Messages of other producers, whose reader is loaded with the first of them. */
import { expect, test, vi } from "vitest";
import type { Delivery } from "../../driver/index.ts";
import { otherForms } from "../../wire/other-forms.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { screen, type ScreenContext } from "./screen.ts";

const { failing } = vi.hoisted(() => ({ failing: { times: 0 } }));
vi.mock(import("../../wire/open-message.ts"), async (original) => {
  if (failing.times-- > 0) throw new Error("no such file");
  return original();
});

const context = {
  consumer: {
    kind: "single",
    channel: { name: "orders", messages: {}, needs: {} },
    group: "g",
    handlers: {},
    options: {},
  },
  runtime: { now: () => 0 },
  channel: { channel: "orders" },
  plan: { group: "g", from: {} },
  describe: String,
} as ScreenContext;

const held = (message: Delivery["message"]) =>
  ({ delivery: { id: "1", receipt: "r", raw: undefined, message }, lease: { log: false } }) as unknown as HeldMessage;
const foreign = () => held({ body: "{}", headers: {} });

test("without it the message waits, and the next try loads it; then nothing waits for it any more", async () => {
  failing.times = 1;
  const [first, second] = await Promise.all([screen(context, foreign()), screen(context, foreign())]);
  const unavailable = { kind: "unavailable", error: { code: "not-loaded", kind: "retryable" } };
  expect([first, second]).toMatchObject([unavailable, unavailable]);
  expect(otherForms.loaded).toBeUndefined();
  const untyped = { kind: "condemned", condemned: { code: "untyped-message" } };
  expect(await screen(context, foreign())).toMatchObject(untyped);
  expect(screen(context, foreign())).toMatchObject(untyped);
});
