import { expect, test } from "vitest";
import { handedOut, stored } from "./message.ts";

test("bytes are copied when they are stored and when they are handed out, a Buffer's too", () => {
  const given = Buffer.from("hello");
  const kept = stored({ body: given, headers: {} }, false);
  given.fill(0);
  const first = handedOut(kept);
  (first.body as Uint8Array).fill(0);
  expect(Buffer.from(handedOut(kept).body as Uint8Array).toString()).toBe("hello");
});
