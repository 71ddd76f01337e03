import type { MessagingEvent } from "@switchyard/core";
import { expect, test } from "vitest";
import { Events } from "./events.ts";

test("the first of each kind is said, and of the others how many there were; what asks for nothing is not", () => {
  const said: string[] = [];
  const events = new Events((text) => said.push(text));
  const of = { channel: "orders", group: "billing" };
  const gap = (id: string): MessagingEvent => ({ type: "order-gap", level: "warn", reason: "redrive", id, ...of });
  for (let n = 0; n < 1_200; n++) events.observe(gap(String(n)));
  events.observe({ type: "order-gap", level: "warn", reason: "replay", ...of });
  events.observe({ type: "warning", level: "warn", error: new Error("a \u001b[2J name"), connection: "rabbit" });
  events.observe({ type: "retry", level: "info", attempt: 1, delayMs: 5, error: new Error("no"), channel: "orders" });
  events.end();
  expect(said).toEqual([
    "warning: order-gap orders/billing redrive: what is sent again comes after later messages of its ordering key",
    "warning: order-gap orders/billing replay: what is read again comes after later messages",
    expect.stringMatching(/^warning: rabbit a \\u[^ ]*\[2J name$/),
    "warning: order-gap orders/billing redrive: what is sent again comes after later messages of its ordering key (and 1,199 more)",
  ]);
});
