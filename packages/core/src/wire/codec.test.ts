import fc from "fast-check";
import { expect, test } from "vitest";
import type { WireMessage } from "../driver/index.ts";
import { dataOf, encode, encodeBody } from "./codec.ts";
import { decode } from "./decode.ts";
import { type DeadInfo, type Envelope, nextHop } from "./envelope.ts";

const WITH_HEADERS = { headers: 10, binary: false };
const STRUCTURED = { headers: 0, binary: false };
const BINARY = { headers: 10, binary: true };
const FORMS = [
  ["headers", WITH_HEADERS],
  ["structured", STRUCTURED],
] as const;

/** All of Unicode that UTF-8 can carry, the hostile parts made likely. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "\0",
        "\u0007",
        "\u001f",
        "\n",
        "\u007f",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\uffff",
        "\u{1fffe}",
        "__proto__",
        '"',
        "\\",
        "\\ud800",
        '","data":',
        "😀",
      ),
    )
    .map((parts) => parts.join("")),
);
const name = text.filter((value) => value !== "");
const time = fc.integer({ min: 0, max: 253_402_300_799_999 });
/** Without what is refused. JSON has no -0. */
const json = fc
  .jsonValue({ stringUnit: "binary" })
  .filter((value) => !JSON.stringify(value).includes('"__proto__":'))
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const optional = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });
const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;

const dead = fc
  .record({
    reason: text,
    code: name,
    attempts: fc.nat(1_000_000_000),
    channel: name,
    group: name,
    errorClass: optional(name),
    firstAt: time,
    lastAt: time,
  })
  .map((value) => defined(value) as DeadInfo);
const envelopes = fc
  .record({
    id: name,
    source: name,
    type: name,
    time,
    hop: fc.nat(1_000_000),
    contentType: fc.constant("application/json"),
    headers: fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,9}$/), text),
    key: optional(name),
    expiresAt: optional(time),
    notBefore: optional(time),
    maxAttempts: optional(fc.integer({ min: 1, max: 1_000 })),
    traceparent: fc.constant("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    tracestate: optional(fc.constant("a=b")),
    dead: optional(dead),
    to: optional(name),
  })
  .map((value) => defined(value) as Envelope);
/** Headers come back on an ordinary object, whatever fast-check made them on. */
const plain = (envelope: Envelope) => ({ ...envelope, headers: { ...envelope.headers } });

/** What XML 1.0, and so SQS, lets through. */
// biome-ignore format: one range a line says less
const CARRIED = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const texts = (message: WireMessage) => [message.body as string, ...Object.values(message.headers)];

function ours(wire: WireMessage): { readonly envelope: Envelope; readonly body: string | Uint8Array } {
  const back = decode(wire);
  return back.foreign ? expect.unreachable("foreign") : back;
}

test.each(FORMS)(
  "any envelope and any JSON come back as they were, and no text on the wire is refused: %s",
  (_, caps) => {
    fc.assert(
      fc.property(envelopes, json, (envelope, data) => {
        const wire = encode(envelope, data, caps);
        for (const value of texts(wire)) expect(CARRIED.test(value)).toBe(true);
        const back = decode(wire);
        if (back.foreign) return expect.unreachable("foreign");
        expect(back.envelope).toEqual(plain(envelope));
        expect(dataOf(back.envelope, back.body)).toEqual(data);
      }),
      { numRuns: 300 },
    );
  },
);

test.each([
  ["headers", WITH_HEADERS],
  ["structured", STRUCTURED],
  ["binary", BINARY],
])("bytes come back as they were: %s", (_, caps) => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const wire = encode({ ...BASE, contentType: "application/octet-stream" }, bytes, caps);
      expect(typeof wire.body).toBe(caps.binary ? "object" : "string");
      const back = ours(wire);
      expect(dataOf(back.envelope, back.body)).toEqual(bytes);
    }),
  );
});

const BASE: Envelope = {
  id: "m-1",
  source: "shop",
  type: "order.placed",
  time: Date.UTC(2026, 0, 2),
  hop: 0,
  contentType: "application/json",
  headers: {},
};

test.each(FORMS)("text on its way to the dead letters stays the same text: %s", (_, caps) => {
  for (const body of ['{"n":12345678901234567890,"n":1.0 , "data":[{"data":"}"}]}', "{ broken", " 7 ", '"\\ud800"']) {
    const back = ours(encodeBody({ ...BASE, headers: { a: '","data":1' } }, body, caps));
    expect(back.body).toBe(body.trim() === "7" && caps.headers === 0 ? "7" : body);
  }
});

test.each(FORMS)("received JSON is made fit for every transport: %s", (_, caps) => {
  expect(ours(encodeBody(BASE, '"\ufffe"', caps)).body).toBe('"\\ufffe"');
});

test("with headers: the body is plain, the type is in clear, and ce is compact CloudEvents", () => {
  const wire = encode({ ...BASE, key: "ann", hop: 2 }, { cents: 1 }, WITH_HEADERS, { fairness: "t", delayMs: 5 });
  expect(wire).toEqual({
    body: '{"cents":1}',
    headers: {
      ce: '{"specversion":"1.0","id":"m-1","source":"shop","time":"2026-01-02T00:00:00.000Z","partitionkey":"ann","hop":2}',
    },
    type: "order.placed",
    key: "ann",
    fairness: "t",
    delayMs: 5,
    dedup: expect.stringMatching(/^m-1:2:[\w-]{22}$/),
  });
});

test("a copy's dedup id tells source, id, type, hop and body apart, and the same copy again gets the same", () => {
  const dedup = (over: Partial<Envelope>, body: string | Uint8Array = "{}", caps = WITH_HEADERS) =>
    encodeBody({ ...BASE, hop: 1, ...over }, body, caps).dedup;
  const others = [
    dedup({ source: "other" }),
    dedup({ id: "m-2" }),
    dedup({ type: "order.cancelled" }),
    dedup({ hop: 2 }),
    dedup({}, "[]"),
    dedup({ source: 'shop","m' }),
  ];
  expect(new Set([dedup({}), ...others]).size).toBe(7);
  const dead = { reason: "r", code: "c", attempts: 1, channel: "o", group: "g", firstAt: 1, lastAt: 2 };
  expect(dedup({ dead, time: 1 })).toBe(dedup({}));
  expect(dedup({}, Buffer.from("{}"), STRUCTURED)).toBe(dedup({}));
});

test.each(FORMS)("numbers at their edge are bounded, and the copy of a copy can be read: %s", (_, caps) => {
  const written = (hop: string, attempts: string): WireMessage => {
    const message = encodeBody(
      {
        ...BASE,
        hop: 7,
        dead: { reason: "r", code: "c", attempts: 5, channel: "o", group: "g", firstAt: 1, lastAt: 2 },
      },
      "{}",
      caps,
    );
    const change = (text: string) =>
      text.replace('"hop":7', `"hop":${hop}`).replace(/("?attempts\\?":)5/, `$1${attempts}`);
    const { ce } = message.headers;
    return ce === undefined
      ? { ...message, body: change(message.body as string) }
      : { ...message, headers: { ...message.headers, ce: change(ce) } };
  };
  for (const hop of ["9007199254740991", "1e300", "1000000", "999999"]) {
    for (const attempts of ["1e999", "-1e999", "1.5", "-3", "9007199254740993"]) {
      const { envelope, body } = ours(written(hop, attempts));
      expect(envelope.dead?.attempts).toSatisfy((n: number) => Number.isSafeInteger(n) && n >= 0);
      const copy = { ...envelope, hop: nextHop(envelope.hop) };
      const { envelope: again } = ours(encodeBody(copy, body, caps));
      expect(again).toEqual(copy);
      expect(again.hop).not.toBe(envelope.hop);
    }
  }
});

test("structured: a CloudEvents document whose attributes are all of its types", () => {
  const wire = encode({ ...BASE, headers: { a: "b" }, expiresAt: BASE.time }, [1], STRUCTURED);
  expect(wire.headers).toEqual({});
  expect(JSON.parse(wire.body as string)).toEqual({
    specversion: "1.0",
    id: "m-1",
    source: "shop",
    time: "2026-01-02T00:00:00.000Z",
    expirytime: "2026-01-02T00:00:00.000Z",
    type: "order.placed",
    datacontenttype: "application/json",
    headers: '{"a":"b"}',
    data: [1],
  });
});

test("another producer's CloudEvents document is read as what it is", () => {
  const body = JSON.stringify({
    data: { cents: 1 },
    type: "order.placed",
    specversion: "1.0",
    source: "/other",
    id: "7",
    subject: "x",
  });
  const back = decode({ body, headers: {} });
  expect(back).toEqual({
    foreign: false,
    envelope: {
      id: "7",
      source: "/other",
      type: "order.placed",
      time: 0,
      hop: 0,
      contentType: "application/json",
      headers: {},
    },
    body: '{"cents":1}',
  });
});

test.each([
  ["no marker", { body: '{"a":1}', headers: { x: "y" } }],
  ["ce is not JSON", { body: "1", headers: { ce: "{" }, type: "t" }],
  ["ce is not an object", { body: "1", headers: { ce: "[]" }, type: "t" }],
  ["ce lacks an id", { body: "1", headers: { ce: '{"specversion":"1.0","source":"s"}' }, type: "t" }],
  ["another version", { body: "1", headers: { ce: '{"specversion":"0.3","id":"1","source":"s"}' }, type: "t" }],
  ["no type", { body: "1", headers: { ce: '{"specversion":"1.0","id":"1","source":"s"}' } }],
  [
    "a bad time",
    { body: "1", headers: { ce: '{"specversion":"1.0","id":"1","source":"s","time":"soon"}' }, type: "t" },
  ],
  ["a bad hop", { body: "1", headers: { ce: '{"specversion":"1.0","id":"1","source":"s","hop":-1}' }, type: "t" }],
  [
    "bad headers",
    { body: "1", headers: { ce: '{"specversion":"1.0","id":"1","source":"s","headers":{"a":1}}' }, type: "t" },
  ],
  ["bad dead", { body: "1", headers: { ce: '{"specversion":"1.0","id":"1","source":"s","dead":{}}' }, type: "t" }],
  [
    "bad base64",
    { body: "%%", headers: { ce: '{"specversion":"1.0","id":"1","source":"s","encoding":"base64"}' }, type: "t" },
  ],
])("foreign, never an exception: %s", (_, message) => {
  const { body, ...rest } = message;
  expect(decode(message)).toEqual({ foreign: true, raw: { body, ...rest } });
});

test("decode never throws, whatever arrives", () => {
  const hostile = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.constant('{"specversion":"1.0","data":'));
  const body = fc.oneof(hostile, fc.uint8Array());
  fc.assert(
    fc.property(body, hostile, (received, ce) => {
      expect(decode({ body: received, headers: {} })).toHaveProperty("foreign");
      expect(decode({ body: received, headers: { ce }, type: "t" })).toHaveProperty("foreign");
    }),
  );
});

test("foreign bytes are text where they are UTF-8", () => {
  expect(decode({ body: new TextEncoder().encode("é"), headers: {} })).toMatchObject({ raw: { body: "é" } });
  const bytes = new Uint8Array([255]);
  expect(decode({ body: bytes, headers: {} })).toMatchObject({ raw: { body: bytes } });
});

test("what dead-letter fields add fits the reserve, whatever the reason", () => {
  const hostile = "\0".repeat(100_000);
  const info: DeadInfo = {
    reason: hostile,
    code: hostile,
    attempts: 9,
    channel: "c".repeat(64),
    group: "g".repeat(64),
    errorClass: hostile,
    firstAt: 0,
    lastAt: 0,
  };
  for (const [, caps] of FORMS) {
    const bytes = (envelope: Envelope) =>
      texts(encode(envelope, 1, caps)).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
    const emoji = { ...BASE, dead: { ...info, reason: "\ud83d".repeat(9_999) } };
    expect(bytes({ ...BASE, dead: info, hop: 99 }) - bytes(BASE)).toBeLessThan(4_096);
    expect(bytes(emoji) - bytes(BASE)).toBeLessThan(4_096);
    expect(decode(encode(emoji, 1, caps))).toMatchObject({ foreign: false });
  }
});

test("a body that is not the JSON it promises is an error to name, not a crash", () => {
  expect(() => dataOf(BASE, "{")).toThrowError(expect.objectContaining({ code: "not-json", kind: "permanent" }));
});

test("received __proto__ keys, escaped ones too, reach nobody", () => {
  for (const key of ["__proto__", "\\u005f_proto__", "__pro\\u0074o__"]) {
    const data = dataOf(BASE, `{"a":{"${key}":{"admin":true},"b":1}}`) as { a: Record<string, unknown> };
    expect(Object.keys(data.a)).toEqual(["b"]);
    expect(Object.assign({}, data.a)["admin"]).toBeUndefined();
  }
});

test("structured: data that reading has parsed is given away once, then parsed anew", () => {
  const message = encode(BASE, { list: [1] }, STRUCTURED);
  const decoded = decode(message);
  if (decoded.foreign) throw new Error("foreign");
  const first = decoded.data() as { list: number[] };
  first.list.push(2);
  expect(decoded.data()).toEqual({ list: [1] });
  expect(decoded.data()).not.toBe(decoded.data());
});

test("structured: members may follow the data, hide in it or come twice", () => {
  const head = '{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"application/json"';
  const read = (rest: string) => {
    const decoded = decode({ body: head + rest, headers: {} });
    return decoded.foreign ? undefined : [decoded.data(), decoded.body, decoded.envelope.traceparent];
  };
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  expect(read(',"data":{"a":1}}')).toEqual([{ a: 1 }, '{"a":1}', undefined]);
  expect(read(` ,"data": [1] ,"traceparent":"${trace}"}`)).toEqual([[1], "[1]", trace]);
  expect(read(',"data":1,"data":2}')).toEqual([2, "2", undefined]);
  expect(read(',"data":{"a":1,"data":2}}')).toEqual([{ a: 1, data: 2 }, '{"a":1,"data":2}', undefined]);
  expect(read(',"nested":{"a":1,"data":2},"data":3}')).toEqual([3, "3", undefined]);
  expect(read(',"data":9007199254740993}')).toEqual([9007199254740992, "9007199254740993", undefined]);
  expect(read(',"data":{"__proto__":1,"b":2}}')).toEqual([{ b: 2 }, '{"__proto__":1,"b":2}', undefined]);
  expect(read(',"data":1}}')).toBeUndefined();
  expect(read(',"data":}')).toBeUndefined();
});
