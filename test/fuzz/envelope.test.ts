/** The envelope's readers on what no Switchyard wrote: they never throw, and what they take can be copied and read again. */
import type { WireMessage } from "@switchyard/core/driver";
import { expect, test } from "vitest";
import { dataOf, decode, type DecodedMessage, encodeBody } from "../../packages/core/src/wire/codec.ts";
import { type Envelope, nextHop } from "../../packages/core/src/wire/envelope.ts";
import { readTrace } from "../../packages/core/src/wire/trace.ts";
import { fuzz } from "../support/fuzz.ts";

const HEADERS = { headers: 9, binary: true };
const STRUCTURED = { headers: 0, binary: false };
const DEAD = {
  reason: "down",
  code: "attempts-exhausted",
  attempts: 3,
  channel: "orders",
  group: "g",
  firstAt: 0,
  lastAt: 1,
};
const FULL: Envelope = {
  id: "m-1",
  source: "shop",
  type: "order.placed",
  time: Date.UTC(2026, 0, 2),
  key: "ann",
  hop: 2,
  expiresAt: Date.UTC(2027, 0, 2),
  contentType: "application/json",
  headers: { tenant: "t-1" },
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "a=b",
  to: "billing",
  dead: DEAD,
};
const PLAIN: Envelope = {
  id: "m",
  source: "s",
  type: "t",
  time: 0,
  hop: 0,
  contentType: "application/json",
  headers: {},
};
const ces = [FULL, PLAIN].map((envelope) => encodeBody(envelope, '{"cents":1}', HEADERS).headers["ce"]!);
const bodies = [FULL, PLAIN].flatMap((envelope) => [
  encodeBody(envelope, '{"cents":1,"data":{"specversion":"1.0"}}', STRUCTURED).body as string,
  encodeBody({ ...envelope, contentType: "application/octet-stream" }, Buffer.from([0, 255]), STRUCTURED)
    .body as string,
]);

function check(message: WireMessage): void {
  const decoded = decode(message);
  if (decoded.foreign) return;
  try {
    dataOf(decoded.envelope, decoded.body);
  } catch (error) {
    expect(error).toMatchObject({ name: "MessagingError", code: "not-json" });
  }
  for (const caps of [HEADERS, STRUCTURED]) copied(decoded, caps);
}

function copied({ envelope, body }: DecodedMessage, caps: typeof HEADERS): void {
  const dead = { ...(envelope.dead ?? DEAD), lastAt: 5 };
  const again = decode(encodeBody({ ...envelope, hop: nextHop(envelope.hop), dead }, body, caps));
  if (again.foreign) throw new Error(`the copy of ${JSON.stringify(envelope)} cannot be read`);
  const { id, source, type, key, to, time, contentType } = envelope;
  expect(again.envelope).toMatchObject({ id, source, type, time, contentType, hop: nextHop(envelope.hop) });
  expect([again.envelope.key, again.envelope.to]).toEqual([key, to]);
  expect(again.envelope.dead?.attempts).toBe(dead.attempts);
}

test("attributes in a header", { timeout: 120_000 }, () =>
  fuzz((random) => {
    const headers: Record<string, string> = { ce: random.text(ces) };
    if (random.below(3) === 0) headers["traceparent"] = random.text([FULL.traceparent!]);
    if (random.below(3) === 0) headers["tracestate"] = random.text(["a=b,c=d"]);
    const type = random.below(3) === 0 ? {} : { type: random.text(["order.placed"]) };
    check({ body: random.text(['{"cents":1}', "AAEC"]), headers, ...type });
    readTrace(headers);
  }),
);

test("a structured document", { timeout: 120_000 }, () =>
  fuzz((random) => {
    const body = random.text(bodies);
    check({ body: random.below(2) === 0 ? body : Buffer.from(body), headers: {} });
  }),
);
