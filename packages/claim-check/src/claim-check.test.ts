import { createHash } from "node:crypto";
import type { Attributes, ClaimCheck, Content } from "@switchyard/core/pipeline";
import { beforeEach, describe, expect, test } from "vitest";
import { extension } from "./extension.ts";
import { contextOf, foreign, json, messageOf, open, optionsOf, reader, writing } from "./fixtures/steps.ts";
import { storedObjects } from "./testing/index.ts";

const objects = storedObjects("unit-tests");
const memory = { store: "memory", bucket: "unit-tests" };
const BODY = JSON.stringify({ text: "ä😀".repeat(1_000) });

beforeEach(() => objects.clear());

async function stored(step: ClaimCheck, body: string | Uint8Array = BODY, message = messageOf()): Promise<Content> {
  return step.write({ ...json(""), body }, message, writing());
}

describe("a stored message", () => {
  test("has a pointer for a body, and address, size and digest of the object beside it", async () => {
    const step = await open(memory);
    const content = await stored(step);
    const sha256 = createHash("sha256").update(BODY).digest("base64url");
    const ref = `memory://unit-tests/messages/orders/${messageOf().id}.${Buffer.from(sha256, "base64url").toString("hex").slice(0, 32)}`;
    expect(content).toEqual({
      body: JSON.stringify({ dataref: ref }),
      contentType: "application/json",
      claim: { ref, bytes: Buffer.byteLength(BODY), sha256 },
    });
    expect(Buffer.from([...objects.values()][0]!).toString()).toBe(BODY);
    expect(content.body.length).toBeLessThanOrEqual(step.most(BODY.length));
  });

  test("comes back as it was: text as text, bytes as bytes", async () => {
    const step = await open(memory);
    for (const [body, contentType] of [
      [BODY, "application/json"],
      ["a,b\n", "text/csv; charset=utf-8"],
      ["eyJ.x.y", "application/jose"],
      ["[1]", "application/vnd.acme+json"],
      [new Uint8Array([0, 255, 128]), "application/octet-stream"],
      [Buffer.from("text in disguise"), "application/avro"],
      ["", "application/json"],
    ] as const) {
      const content = await step.write({ body, contentType }, messageOf(), writing());
      const read = await step.read(content, messageOf(), reader());
      expect(read.claim).toBeUndefined();
      expect(read.contentType).toBe(contentType);
      if (typeof body === "string") expect(read.body).toBe(body);
      else expect(Buffer.from(read.body as Uint8Array)).toEqual(Buffer.from(body));
    }
  });

  test("keeps its coding, and its bytes are not taken for text", async () => {
    const step = await open(memory);
    const coding = { name: "gzip", bytes: 100 } as const;
    const content = await step.write({ ...json("{}"), coding }, messageOf(), writing());
    const read = await step.read(content, messageOf(), reader());
    expect(read).toEqual({ body: Buffer.from("{}"), contentType: "application/json", coding });
  });

  test("reserves its size before it is fetched, and waits for the reservation", async () => {
    const step = await open(memory);
    const content = await stored(step);
    const { promise, resolve } = Promise.withResolvers<void>();
    objects.clear();
    const reading = step.read(content, messageOf(), reader({ reserve: () => promise }));
    // The object is there only after the reservation is granted.
    objects.set(new URL(content.claim!.ref).pathname.slice(1), Buffer.from(BODY));
    resolve();
    expect((await reading).body).toBe(BODY);
  });

  test("is stored once for an id, however often it is published, and never overwritten with other bytes", async () => {
    const step = await open(memory);
    const [one, again] = [await stored(step), await stored(step)];
    expect(again).toEqual(one);
    expect(objects.size).toBe(1);
    const other = await stored(step, "another service's", messageOf({ source: "billing" }));
    expect(objects.size).toBe(2);
    expect((await step.read(one, messageOf(), reader())).body).toBe(BODY);
    expect((await step.read(other, messageOf({ source: "billing" }), reader())).body).toBe("another service's");
  });

  test("does not change with the bytes that were given, nor with those that were read", async () => {
    const step = await open(memory);
    const bytes = Buffer.from("bytes");
    const content = await step.write({ body: bytes, contentType: "application/octet-stream" }, messageOf(), writing());
    bytes.fill(0);
    const { body } = await step.read(content, messageOf(), reader());
    expect(body).toEqual(Buffer.from("bytes"));
    (body as Buffer).fill(0);
    expect((await step.read(content, messageOf(), reader())).body).toEqual(Buffer.from("bytes"));
  });

  test("of more than 64 MiB is refused before anything is stored", async () => {
    const step = await open(memory);
    await expect(stored(step, new Uint8Array(64 * 2 ** 20 + 1))).rejects.toMatchObject({
      code: "too-large",
      kind: "permanent",
    });
    expect(objects.size).toBe(0);
  });

  test("of half a surrogate pair is refused: UTF-8 would change it", async () => {
    await expect(stored(await open(memory), "a\ud83d")).rejects.toMatchObject({ code: "bad-text", kind: "permanent" });
  });

  test("is read by the dead letters' channel and after a redrive: id and pointer stay, channel and hop do not matter", async () => {
    const step = await open(memory);
    const content = await stored(step);
    const dead = messageOf({ channel: "orders-dead", hop: 1 });
    expect((await step.read(content, dead, reader())).body).toBe(BODY);
  });

  test("is read from its old place where that is listed", async () => {
    const content = await stored(await open({ ...memory, prefix: "p/14d" }));
    const moved = { ...memory, prefix: "p/28d" };
    const [strict, lenient] = [
      await open(moved),
      await open({ ...moved, read: [{ bucket: "unit-tests", prefix: "p/14d" }] }),
    ];
    expect(() => strict.read(content, messageOf(), reader())).toThrow(
      expect.objectContaining({ code: "claim-refused" }),
    );
    expect((await lenient.read(content, messageOf(), reader())).body).toBe(BODY);
  });
});

describe("a message that is not stored elsewhere", () => {
  test("is returned unchanged, at once", async () => {
    const step = await open(memory);
    const content = json("{}");
    expect(step.read(content, messageOf(), reader())).toBe(content);
    expect(step.read(content, messageOf(), foreign({ extendedpayloadsize: "5" }))).toBe(content);
  });

  test("may name a dataref of another producer, which is not followed", async () => {
    const step = await open(memory);
    const content = { ...json("{}"), claim: { ref: "https://example.com/photo.jpg", bytes: Number.NaN } };
    expect(step.read(content, messageOf(), reader())).toBe(content);
  });
});

describe("a hostile pointer", () => {
  const refusal = (code: string) => expect.objectContaining({ code, kind: "permanent" });
  async function written(): Promise<{ step: ClaimCheck; content: Content; message: Attributes }> {
    const step = await open(memory);
    return { step, content: await stored(step), message: messageOf() };
  }

  test.each([
    ["into another bucket", (ref: string) => ref.replace("unit-tests", "secrets")],
    ["beside the prefix", (ref: string) => ref.replace("/messages/", "/secrets/")],
    ["up and out", (ref: string) => ref.replace("/orders/", "/../")],
    ["up and back in", (ref: string) => ref.replace("/orders/", "/orders/../orders/")],
    ["to another message's object", (ref: string) => ref.replace("000000000001.", "000000000002.")],
    ["of another store", (ref: string) => ref.replace("memory:", "s3:")],
    ["of a web server", () => "http://169.254.169.254/latest/meta-data"],
    ["of nothing", () => ""],
  ])("%s is refused and never followed", async (_what, change) => {
    const { step, content, message } = await written();
    const claim = { ...content.claim!, ref: change(content.claim!.ref) };
    const how = reader();
    expect(() => step.read({ ...content, claim }, message, how)).toThrow(refusal("claim-refused"));
    expect(how.reserved).toEqual([]);
  });

  test.each([
    ["10 GB", 10_000_000_000, "claim-refused", []],
    ["no size", Number.NaN, "claim-refused", []],
    ["less than none", -1, "claim-refused", []],
    ["one byte more than it has", Buffer.byteLength(BODY) + 1, "claim-damaged", [Buffer.byteLength(BODY) + 1]],
    ["one byte less than it has", Buffer.byteLength(BODY) - 1, "claim-damaged", [Buffer.byteLength(BODY) - 1]],
    ["nothing", 0, "claim-damaged", [0]],
  ])("that claims %s is not believed", async (_what, bytes, code, reserved) => {
    const { step, content, message } = await written();
    const how = reader();
    const read = async () => step.read({ ...content, claim: { ...content.claim!, bytes } }, message, how);
    await expect(read()).rejects.toEqual(refusal(code));
    expect(how.reserved).toEqual(reserved);
  });

  test("with another digest leads nowhere: the digest is part of the key", async () => {
    const { step, content, message } = await written();
    const sha256 = createHash("sha256").update("x").digest("base64url");
    const claim = { ...content.claim!, sha256 };
    expect(() => step.read({ ...content, claim }, message, reader())).toThrow(refusal("claim-refused"));
  });

  test("to an object that was changed is found out", async () => {
    const { step, content, message } = await written();
    const [key] = [...objects.keys()];
    objects.set(key!, Buffer.from(BODY.replace("text", "next")));
    await expect(step.read(content, message, reader())).rejects.toEqual(refusal("claim-damaged"));
  });
});

describe("a lost object", () => {
  test("is its own message's failure, and no trouble of the store", async () => {
    const context = contextOf();
    const step = await open(memory, context);
    const [one, two] = [await stored(step), await stored(step, "2", messageOf({ id: "2" }))];
    objects.delete([...objects.keys()][0]!);
    const results = await Promise.allSettled([
      step.read(one, messageOf(), reader()),
      step.read(two, messageOf({ id: "2" }), reader()),
    ]);
    expect(results[0]).toMatchObject({ reason: { code: "claim-missing", kind: "permanent" } });
    expect(results[1]).toMatchObject({ value: { body: "2" } });
    expect(context.troubles).toEqual([]);
  });

  test("cannot be renewed, so its message is not redriven", async () => {
    const step = await open(memory);
    const content = await stored(step);
    await expect(step.renew(content, messageOf())).resolves.toBeUndefined();
    objects.clear();
    await expect(step.renew(content, messageOf())).rejects.toMatchObject({ code: "claim-missing", kind: "permanent" });
    await expect(step.renew(json("{}"), messageOf())).resolves.toBeUndefined();
  });
});

test("the summary says where objects are and what else is read", async () => {
  const step = await open({ ...memory, read: [{ bucket: "old-one" }, { bucket: "old-two", prefix: "a/b" }] });
  expect(step.summary).toBe(
    "memory://unit-tests/messages, also reads memory://old-one/, also reads memory://old-two/a/b",
  );
});

test("explain() shows bucket and prefix", () => {
  const s3 = { store: "s3", bucket: "acme-msgs", prefix: "p/28d", owner: "123456789012" };
  expect([s3, memory].map((given) => extension.place!(optionsOf(given)))).toEqual([
    "s3://acme-msgs/p/28d",
    "memory://unit-tests/messages",
  ]);
});
