/** Messages of other producers with what only a hostile one sends. */
import { expect, test } from "vitest";
import type { ChannelShape } from "../api/shapes.ts";
import { encodeBody } from "./codec.ts";
import { decode } from "./decode.ts";
import { envelopeFor, open } from "./open-message.ts";

const channel = {
  name: "orders",
  messages: {},
  needs: {},
  foreign: ({ type }: { type?: string }) => type,
} as unknown as ChannelShape;
const delivery = (more: object) => ({
  id: "1",
  message: { body: "{}", headers: {}, ...more },
  receipt: undefined,
  raw: undefined,
});

test("a copy of a message with an empty type can be read back", () => {
  const given = delivery({ type: "" });
  const envelope = envelopeFor(open(channel, given), given, "orders", 0);
  expect(envelope.type).toBe("orders.untyped");
  expect(decode(encodeBody(envelope, "{}", { headers: 9, binary: true })).foreign).toBe(false);
});

test("a header __proto__ is dropped, the others stay", () => {
  const headers = Object.defineProperty({ tenant: "t-1" }, "__proto__", { value: "x", enumerable: true });
  const opened = open(channel, delivery({ headers }));
  expect(Object.entries(opened.headers)).toEqual([["tenant", "t-1"]]);
});
