import { createHash, createSecretKey } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import * as jose from "jose";
import { isMessagingError } from "@switchyard/core";
import type { Attributes } from "@switchyard/core/pipeline";
import { describe, expect, test } from "vitest";
import {
  cipherOf,
  contextOf,
  errorOf,
  headerOf,
  json,
  KEY_A,
  KEY_B,
  LOCAL,
  localCipher,
  messageOf,
  now,
  open,
  reader,
  SECRET,
  withHeader,
  writing,
} from "./fixtures/steps.ts";

const KEK = createSecretKey(Buffer.from(KEY_A, "base64"));
const CRIT = { crit: { swb: true, swc: true, swe: true, swk: true, swz: true, sws: true } };

describe("an encrypted message", () => {
  test("is a compact JWE that shows nothing, and comes back as it was, at once", async () => {
    const cipher = await localCipher();
    for (const [body, contentType] of [
      [JSON.stringify({ card: SECRET, name: "Jürgen 漢字 😀" }), "application/json"],
      ["a,b\n", "text/csv; charset=utf-8; header=present"],
      [new Uint8Array([0, 255, 128]), "application/octet-stream"],
      ["", "text/plain"],
    ] as const) {
      const written = now(cipher.write({ body, contentType }, messageOf(), writing()));
      expect(written).toEqual({ body: expect.any(String), contentType: "application/jose" });
      expect(String(written.body)).not.toContain(SECRET);
      expect(written.body.length).toBeLessThanOrEqual(cipher.most(Buffer.byteLength(body)));
      const how = reader();
      const read = now(cipher.read(written, messageOf(), how));
      expect(read.contentType).toBe(contentType);
      expect(read.coding).toBeUndefined();
      expect(Buffer.from(read.body)).toEqual(Buffer.from(body));
      expect(how.opened()).toBe(1);
      expect(how.reserved).toEqual([Buffer.byteLength(body)]);
    }
  });

  test("hides how it is compressed, and tells it to the reader", async () => {
    const cipher = await localCipher();
    const coding = { name: "br", bytes: 4_000 } as const;
    const written = now(
      cipher.write({ body: Buffer.from("packed"), contentType: "text/plain", coding }, messageOf(), writing()),
    );
    expect(written.coding).toBeUndefined();
    expect(headerOf(written.body)).toMatchObject({ swz: "br", sws: 4_000, crit: ["swb", "swc", "swe", "swz", "sws"] });
    expect(now(cipher.read(written, messageOf(), reader())).coding).toEqual(coding);
  });

  test("has another IV each time, and the same data key", async () => {
    const cipher = await localCipher();
    const parts = Array.from({ length: 3 }, () =>
      String(now(cipher.write(json(), messageOf(), writing())).body).split("."),
    );
    expect(new Set(parts.map(([, key]) => key)).size).toBe(1);
    expect(new Set(parts.map(([, , iv]) => iv)).size).toBe(3);
  });

  test("is read also if it arrives as bytes, under another content type, or from the claim check", async () => {
    const cipher = await localCipher();
    const { body } = now(cipher.write(json(), messageOf(), writing()));
    for (const contentType of ["text/plain", "application/json", "Application/JOSE ; x=y"])
      for (const form of [body, Buffer.from(body)]) {
        const read = now(cipher.read({ body: form, contentType }, messageOf(), reader()));
        expect(String(read.body)).toContain(SECRET);
      }
  });

  test("waits for its memory before it is decrypted", async () => {
    const cipher = await localCipher();
    const written = now(cipher.write(json(), messageOf(), writing()));
    const { promise, resolve } = Promise.withResolvers<void>();
    const how = reader({ reserve: () => promise });
    const reading = cipher.read(written, messageOf(), how);
    await Promise.resolve();
    expect(how.opened()).toBe(0);
    resolve();
    expect((await reading).contentType).toBe("application/json");
  });
});

describe("the binding", () => {
  type Change = readonly [what: string, change: (message: Attributes) => Partial<Attributes>];
  const covered: readonly Change[] = [
    ["id", ({ id }) => ({ id: `${id}0` })],
    ["source", () => ({ source: "billing" })],
    ["type", () => ({ type: "order.cancelled" })],
    ["time", ({ time }) => ({ time: time + 1 })],
    ["key", () => ({ key: "customer-8" })],
    ["no key", () => ({ key: undefined })],
    ["an empty key", () => ({ key: "" })],
    ["expiry", ({ expiresAt }) => ({ expiresAt: expiresAt! + 1 })],
    ["no expiry on its first way", () => ({ expiresAt: undefined })],
    ["a header's value", ({ headers }) => ({ headers: { ...headers, region: "us" } })],
    ["a header's name", () => ({ headers: { region2: "eu", "content-language": "de" } })],
    ["a header more", ({ headers }) => ({ headers: { ...headers, extra: "" } })],
    ["no headers", () => ({ headers: {} })],
    ["values changed about", () => ({ headers: { region: "de", "content-language": "eu" } })],
  ];

  test.each(covered)("refuses a changed attribute: %s", async (_what, change) => {
    const cipher = await localCipher();
    const written = now(cipher.write(json(), messageOf(), writing()));
    const message = messageOf();
    const error = await errorOf(() => cipher.read(written, { ...message, ...change(message) }, reader()));
    expect([error.code, error.kind]).toEqual(["undecryptable", "permanent"]);
    expect(error.message).toMatch(/attributes are not those.*between publisher and consumer/s);
    for (const value of ["shop", "customer", "order.placed", "eu"]) expect(error.message).not.toContain(value);
  });

  test.each([
    ["the hop", { hop: 3 }],
    ["a dead letter without its expiry", { hop: 1, expiresAt: undefined }],
    ["the channel by another name, in the same context", { channel: "orders-dead" }],
    ["headers in another order", { headers: { "content-language": "de", region: "eu" } }],
    ["members that it does not cover", { dead: {}, togroup: "x", traceparent: "y" } as Partial<Attributes>],
  ])("lets pass: %s", async (_what, more) => {
    const cipher = await localCipher();
    const written = now(cipher.write(json(), messageOf(), writing()));
    expect(String(now(cipher.read(written, messageOf(more), reader())).body)).toContain(SECRET);
  });

  test("a message without an expiry gets none from outside", async () => {
    const cipher = await localCipher();
    const written = now(cipher.write(json(), messageOf({ expiresAt: undefined }), writing()));
    for (const hop of [0, 1])
      expect((await errorOf(() => cipher.read(written, messageOf({ hop }), reader()))).code).toBe("undecryptable");
  });

  test("any two different messages refuse each other's bodies", async () => {
    const cipher = await localCipher();
    const text = fc.string({ unit: "binary", maxLength: 12 }).filter((value) => value.isWellFormed());
    const message = fc.record({
      id: text,
      source: text,
      type: text,
      time: fc.nat(),
      key: fc.option(text, { nil: undefined }),
      expiresAt: fc.option(fc.nat(), { nil: undefined }),
      headers: fc.dictionary(fc.stringMatching(/^[a-z_-]{1,6}$/), text, { maxKeys: 3 }),
    });
    fc.assert(
      fc.property(message, message, (one, other) => {
        const same = JSON.stringify(canonical(one)) === JSON.stringify(canonical(other));
        const written = now(cipher.write(json(), messageOf(one), writing()));
        expect(now(cipher.read(written, messageOf(one), reader())).contentType).toBe("application/json");
        if (same) return;
        expect(() => cipher.read(written, messageOf(other), reader())).toThrow(/cannot be decrypted/);
      }),
      { numRuns: 300 },
    );
  });

  test("is the documented hash", async () => {
    const cipher = await localCipher();
    const message = messageOf({ key: undefined, expiresAt: undefined });
    const { body } = now(cipher.write(json(), message, writing()));
    const text = `["orders","${message.id}","shop","order.placed","1780000000000",null,null,"application/json",null,[["content-language","de"],["region","eu"]]]`;
    expect(headerOf(body).swb).toBe(createHash("sha256").update(text).digest("base64url"));
  });

  const canonical = ({ id, source, type, time, key, expiresAt, headers }: any) => [
    id,
    source,
    type,
    time,
    key ?? null,
    expiresAt ?? null,
    Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1)),
  ];
});

describe("the context", () => {
  test("of another channel is refused, and the error says which contexts are read", async () => {
    const keys = await open(LOCAL);
    const written = now(
      cipherOf(keys, { channel: "invoices", context: "invoices", contexts: ["invoices"] }).write(
        json(),
        messageOf(),
        writing(),
      ),
    );
    const error = await errorOf(() => cipherOf(keys).read(written, messageOf(), reader()));
    expect([error.code, error.kind]).toEqual(["undecryptable", "permanent"]);
    expect(error.message).toMatch(/context "invoices".*"orders" reads "orders"/);
  });

  test("of a channel whose dead letters come here is read", async () => {
    const keys = await open(LOCAL);
    const written = now(cipherOf(keys).write(json(), messageOf(), writing()));
    const dead = cipherOf(keys, { channel: "dead", context: "dead", contexts: ["dead", "orders"] });
    expect(String(now(dead.read(written, messageOf({ hop: 1, channel: "dead" }), reader())).body)).toContain(SECRET);
  });

  test("changed in the header by somebody without the key is refused", async () => {
    const keys = await open(LOCAL);
    const { body } = now(cipherOf(keys, { context: "invoices" }).write(json(), messageOf(), writing()));
    // With the hash that fits: it is no secret.
    const own = headerOf(now(cipherOf(keys).write(json(), messageOf(), writing())).body).swb;
    const moved = withHeader(body, (header) => ({ ...header, swc: "orders", swb: own }));
    const error = await errorOf(() =>
      cipherOf(keys).read({ body: moved, contentType: "application/jose" }, messageOf(), reader()),
    );
    expect(error.message).toMatch(/tag does not fit/);
  });
});

describe("keys", () => {
  test("rotation: all readers first, then writers; one old reader lets new messages wait", async () => {
    const old = await localCipher({ keys: { a: KEY_A } });
    const both = await localCipher({ keys: { a: KEY_A, b: KEY_B }, write: "a" });
    const written = {
      old: now(both.write(json(), messageOf(), writing())),
      new: now((await localCipher({ write: "b" })).write(json(), messageOf(), writing())),
    };
    expect(now(both.read(written.old, messageOf(), reader())).contentType).toBe("application/json");
    expect(now(both.read(written.new, messageOf(), reader())).contentType).toBe("application/json");
    expect(now(old.read(written.old, messageOf(), reader())).contentType).toBe("application/json");
    const error = await errorOf(() => old.read(written.new, messageOf(), reader()));
    expect([error.code, error.kind, error.giveUpAfterMs]).toEqual(["unknown-key", "retryable", 900_000]);
    expect(error.message).toMatch(/key "b", which keys.orders does not read.*15m/);
    const retired = await localCipher({ keys: { a: KEY_A, b: KEY_B }, write: "b", read: ["b"], wait: "1h" });
    expect(await errorOf(() => retired.read(written.old, messageOf(), reader()))).toMatchObject({
      code: "unknown-key",
      giveUpAfterMs: 3_600_000,
    });
  });

  test("an unlisted key is no trouble of ours, nor is a message that nobody can read", async () => {
    const context = contextOf();
    const cipher = cipherOf(await open({ ...LOCAL, keys: { a: KEY_A } }, context));
    const other = now((await localCipher({ write: "b" })).write(json(), messageOf(), writing()));
    await errorOf(() => cipher.read(other, messageOf(), reader()));
    await errorOf(() => cipher.read({ body: "eyJ", contentType: "application/jose" }, messageOf(), reader()));
    expect(context.troubles).toEqual([]);
  });

  test("two keys under one id do not read each other, and the error says what to compare", async () => {
    const one = now((await localCipher({ keys: { a: KEY_A } })).write(json(), messageOf(), writing()));
    const error = await errorOf(async () =>
      (await localCipher({ keys: { a: KEY_B } })).read(one, messageOf(), reader()),
    );
    expect([error.code, error.kind]).toEqual(["undecryptable", "permanent"]);
    expect(error.message).toMatch(/same key under this id/);
    expect(error).toMatchObject({ channel: "orders", id: messageOf().id });
  });

  test("ephemeral ones are the same in the whole process", async () => {
    const [one, other] = [cipherOf(await open({ use: "ephemeral" })), cipherOf(await open({ use: "ephemeral" }))];
    const written = now(one.write(json(), messageOf(), writing()));
    expect(String(now(other.read(written, messageOf(), reader())).body)).toContain(SECRET);
  });
});

describe("what is not encrypted", () => {
  const plain = [
    json(),
    json("eyJhbGciOiJub25lIn0.e30.x.y.z"),
    json("eyJ"),
    { body: Buffer.from("eyJ"), contentType: "text/plain" },
    { body: new Uint8Array(), contentType: "application/octet-stream" },
  ];

  test("is refused where encryption is required, foreign messages too", async () => {
    const cipher = await localCipher();
    for (const content of plain)
      for (const foreign of [false, true]) {
        const error = await errorOf(() => cipher.read(content, messageOf(), reader({ foreign })));
        expect([error.code, error.kind]).toEqual(["not-encrypted", "permanent"]);
        expect(error.message).not.toContain(SECRET);
      }
  });

  test("passes where it is optional, and is not counted as encrypted", async () => {
    const cipher = await localCipher({}, { accept: "optional" });
    for (const content of plain) {
      const how = reader();
      expect(cipher.read(content, messageOf(), how)).toBe(content);
      expect(how.opened()).toBe(0);
    }
  });

  test("another producer's JWE is data where encryption is optional", async () => {
    const theirs = await new jose.CompactEncrypt(Buffer.from("theirs"))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .encrypt(KEK);
    const cipher = await localCipher({}, { accept: "optional" });
    expect(now(cipher.read(json(theirs), messageOf(), reader())).body).toBe(theirs);
  });

  test("what looks like ours is decrypted or refused, whatever its content type, where encryption is optional too", async () => {
    const cipher = await localCipher({}, { accept: "optional" });
    const { body } = now(cipher.write(json(), messageOf(), writing()));
    for (const contentType of ["text/plain", "application/octet-stream"]) {
      expect(String(now(cipher.read({ body, contentType }, messageOf(), reader())).body)).toContain(SECRET);
      const error = await errorOf(() => cipher.read({ body, contentType }, messageOf({ id: "other" }), reader()));
      expect(error.code).toBe("undecryptable");
    }
    const declared = await errorOf(() =>
      cipher.read({ body: "plain after all", contentType: "application/jose" }, messageOf(), reader()),
    );
    expect(declared.code).toBe("undecryptable");
  });
});

describe("short texts", () => {
  test("are sealed for the readers of the channel, and survive the way to the dead letters", async () => {
    const cipher = await localCipher();
    const sealed = now(cipher.sealText(`failed on ${SECRET}`, messageOf()));
    expect(sealed).not.toContain(SECRET);
    const dead = messageOf({ hop: 2, expiresAt: undefined, time: 0, type: "other", headers: {}, channel: "dead" });
    expect(now(cipher.openText(sealed, dead))).toBe(`failed on ${SECRET}`);
  });

  test("belong to one message, and cannot stand in for a body, nor a body for them", async () => {
    const cipher = await localCipher();
    const sealed = now(cipher.sealText("text", messageOf()));
    expect((await errorOf(() => cipher.openText(sealed, messageOf({ id: "other" })))).code).toBe("undecryptable");
    expect(
      (await errorOf(() => cipher.read({ body: sealed, contentType: "application/jose" }, messageOf(), reader()))).code,
    ).toBe("undecryptable");
    const { body } = now(cipher.write(json(), messageOf(), writing()));
    expect((await errorOf(() => cipher.openText(String(body), messageOf()))).code).toBe("undecryptable");
    expect((await errorOf(() => cipher.openText("no JWE", messageOf()))).code).toBe("undecryptable");
  });
});

describe("jose", () => {
  test("reads ours", async () => {
    const cipher = await localCipher();
    const { body } = now(cipher.write(json(), messageOf(), writing()));
    const { plaintext, protectedHeader } = await jose.compactDecrypt(String(body), KEK, CRIT);
    expect(Buffer.from(plaintext).toString()).toBe(json().body);
    expect(protectedHeader).toMatchObject({
      alg: "A256KW",
      enc: "A256GCM",
      kid: "a",
      cty: "application/json",
      swc: "orders",
    });
    // A reader that does not know our members must refuse.
    await expect(jose.compactDecrypt(String(body), KEK)).rejects.toThrow(/swb/);
  });

  test("writes what we read", async () => {
    const cipher = await localCipher();
    const ours = headerOf(now(cipher.write(json(), messageOf(), writing())).body);
    const theirs = await new jose.CompactEncrypt(Buffer.from("theirs"))
      .setProtectedHeader({ ...ours, typ: "JOSE" })
      .encrypt(KEK, CRIT);
    const read = now(cipher.read({ body: theirs, contentType: "application/jose" }, messageOf(), reader()));
    expect([String(read.body), read.contentType]).toEqual(["theirs", "application/json"]);
  });
});

describe("hostile input", () => {
  test("each byte changed is refused", async () => {
    const cipher = await localCipher();
    const body = String(now(cipher.write(json("{}"), messageOf(), writing())).body);
    for (let at = 0; at < body.length; at++) {
      const other = body[at] === "A" ? "B" : "A";
      const changed = body.slice(0, at) + other + body.slice(at + 1);
      const error = await errorOf(() =>
        cipher.read({ body: changed, contentType: "application/jose" }, messageOf(), reader()),
      );
      expect(["undecryptable", "unknown-key"]).toContain(error.code);
    }
  });

  test.each<[string, (header: any) => unknown]>([
    ["no alg", ({ alg: _, ...rest }) => rest],
    ["another alg", (header) => ({ ...header, alg: "RSA-OAEP-256" })],
    ["alg none", (header) => ({ ...header, alg: "none" })],
    ["dir for a wrapped key", (header) => ({ ...header, alg: "dir" })],
    ["another enc", (header) => ({ ...header, enc: "A128CBC-HS256" })],
    ["zip", (header) => ({ ...header, zip: "DEF" })],
    ["no kid", ({ kid: _, ...rest }) => rest],
    ["a kid that is a number", (header) => ({ ...header, kid: 1 })],
    ["an empty kid", (header) => ({ ...header, kid: "" })],
    ["a kid that is a list", (header) => ({ ...header, kid: ["a"] })],
    ["no binding", ({ swb: _, ...rest }) => rest],
    ["a short binding", (header) => ({ ...header, swb: "a" })],
    ["no crit", ({ crit: _, ...rest }) => rest],
    ["crit as a text", (header) => ({ ...header, crit: "swb,swc" })],
    ["an unknown critical member", (header) => ({ ...header, crit: [...header.crit, "exp"], exp: 1 })],
    ["a critical member twice", (header) => ({ ...header, crit: [...header.crit, "swb"] })],
    ["a member of ours that is not critical", (header) => ({ ...header, swz: "br", sws: 1 })],
    ["a critical member that is absent", (header) => ({ ...header, crit: [...header.crit, "swk"] })],
    ["an expiry that is a text", (header) => ({ ...header, swe: "1" })],
    [
      "a coding that is unknown",
      (header) => ({ ...header, swz: "lzma", sws: 1, crit: [...header.crit, "swz", "sws"] }),
    ],
    ["a negative size", (header) => ({ ...header, swz: "br", sws: -1, crit: [...header.crit, "swz", "sws"] })],
    ["a member that is an object", (header) => ({ ...header, more: { deep: true } })],
    ["a prototype", () => `{"__proto__":{"alg":"A256KW","enc":"A256GCM"}}`],
    ["prototype members", () => `{"alg":"A256KW","enc":"A256GCM","constructor":{}}`],
    ["a list", () => "[]"],
    ["null", () => "null"],
    ["no JSON", () => '{"alg"'],
    ["depth", () => `{"a":${"[".repeat(4_000)}${"]".repeat(4_000)}}`],
    ["size", (header) => ({ ...header, pad: "x".repeat(9_000) })],
  ])("a header with %s is refused", async (_what, change) => {
    const cipher = await localCipher();
    const { body } = now(cipher.write(json("{}"), messageOf(), writing()));
    const error = await errorOf(() =>
      cipher.read({ body: withHeader(body, change), contentType: "application/jose" }, messageOf(), reader()),
    );
    expect([error.code, error.kind]).toEqual(["undecryptable", "permanent"]);
    // For the header itself, not because it was changed: whoever has the key could write it.
    expect(error.message).toMatch(/: its JWE header (?:has|is|names) /);
    expect(({} as any).alg).toBeUndefined();
  });

  test("only canonical base64url in five parts", async () => {
    const cipher = await localCipher();
    const body = String(now(cipher.write(json("{}"), messageOf(), writing())).body);
    const parts = body.split(".");
    const joined = (at: number, part: string): string => parts.with(at, part).join(".");
    for (const changed of [
      "",
      "....",
      `${body}.`,
      `${body} `,
      ` ${body}`,
      parts.slice(0, 4).join("."),
      ...[0, 1, 2, 3, 4].flatMap((at) => [
        joined(at, `${parts[at]}=`),
        joined(at, `${parts[at]}\n`),
        joined(at, `+${parts[at]!.slice(1)}`),
        joined(at, "A"),
      ]),
      ...[1, 2, 4].map((at) => joined(at, "")),
      joined(4, parts[4]!.slice(0, 11)),
      // The last character of an IV's 16 has no spare bits; a tag's 22nd has four.
      joined(4, parts[4]!.slice(0, 21) + String.fromCharCode(parts[4]!.charCodeAt(21) + 1)),
    ]) {
      const error = await errorOf(() =>
        cipher.read({ body: changed, contentType: "application/jose" }, messageOf(), reader()),
      );
      expect([changed, error.code]).toEqual([changed, "undecryptable"]);
    }
  });

  test("any text or bytes whatever end in a result or in one of our errors", async () => {
    const strict = await localCipher();
    const lax = await localCipher({}, { accept: "optional" });
    const body = String(now(strict.write(json("{}"), messageOf(), writing())).body);
    const mutated = fc
      .tuple(fc.nat(body.length), fc.nat(40), fc.string({ maxLength: 20 }))
      .map(([at, cut, put]) => body.slice(0, at) + put + body.slice(at + cut));
    const any = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.uint8Array(),
      mutated,
      mutated.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(any, fc.constantFrom("application/jose", "text/plain"), (given, contentType) => {
        for (const cipher of [strict, lax])
          try {
            now(cipher.read({ body: given, contentType }, messageOf(), reader()));
          } catch (error) {
            expect(isMessagingError(error)).toBe(true);
          }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("what cannot be written", () => {
  test("half a surrogate pair", async () => {
    const error = await errorOf(async () => (await localCipher()).write(json("\ud800"), messageOf(), writing()));
    expect([error.code, error.kind]).toEqual(["bad-text", "permanent"]);
  });

  test("a content type without end", async () => {
    const error = await errorOf(async () =>
      (await localCipher()).write({ body: "", contentType: "a".repeat(2_000) }, messageOf(), writing()),
    );
    expect([error.code, error.kind]).toEqual(["bad-content-type", "permanent"]);
  });
});

test("nothing shows a key", async () => {
  const options = { ...LOCAL, keys: { a: KEY_A, b: KEY_B } };
  const context = contextOf();
  const keys = await open(options, context);
  const cipher = cipherOf(keys);
  const written = now(cipher.write(json(), messageOf(), writing()));
  now(cipher.read(written, messageOf(), reader()));
  const error = await errorOf(() => cipher.read(written, messageOf({ id: "other" }), reader()));
  const { keysOptions } = await import("./options.ts");
  const shown = [keys, cipher, keysOptions.parse(options), error, keys.summary]
    .map((value) => inspect(value, { depth: 20, showHidden: true }) + JSON.stringify(value))
    .join("\n");
  for (const text of [KEY_A, KEY_B])
    for (const form of ["base64", "hex", "base64url", "latin1"] as const)
      expect(shown).not.toContain(Buffer.from(text, "base64").toString(form).slice(0, 20));
  expect(shown).not.toContain("a1 a1 a1");
  expect(keys.summary).toBe("local keys: writes with a, reads a, b");
});
