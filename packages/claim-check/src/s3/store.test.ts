import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClaimCheck, Content } from "@switchyard/core/pipeline";
import { type Emulator, OWNER, startS3 } from "../fixtures/s3.ts";
import { type Context, contextOf, foreign, json, messageOf, open, reader, writing } from "../fixtures/steps.ts";

let s3: Emulator;
beforeAll(async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "emulator");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "emulator");
  s3 = await startS3(["acme-msgs", "old-one"]);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.close();
});
beforeEach(() => {
  s3.faults.clear();
  s3.seen.length = 0;
  s3.store.clearObjects();
});

const OPTIONS = { store: "s3", bucket: "acme-msgs", prefix: "p/28d", owner: OWNER };
const BODY = JSON.stringify({ text: "ä😀".repeat(1_000) });
const ids = ["1", "2", "3", "4"].map((id) => messageOf({ id }));
const step = (more: object = {}, context?: Context): Promise<ClaimCheck> =>
  open({ ...OPTIONS, client: s3.client, ...more }, context);
const write = async (of: ClaimCheck, message = messageOf(), body = BODY): Promise<Content> =>
  of.write(json(body), message, writing());
const keyOf = ({ claim }: Content): string => new URL(claim!.ref).pathname.slice(1);
const seen = () => s3.seen.map(({ method, path }) => `${method} ${path.split("?")[0]}`);

describe("a message is stored in S3", () => {
  test("and fetched again", async () => {
    const of = await step();
    const content = await write(of);
    expect(content.claim).toMatchObject({
      ref: `s3://acme-msgs/${keyOf(content)}`,
      bytes: Buffer.byteLength(BODY),
      attribute: "ExtendedPayloadSize",
    });
    expect(JSON.parse(content.body as string)).toEqual([
      "software.amazon.payloadoffloading.PayloadS3Pointer",
      { s3BucketName: "acme-msgs", s3Key: keyOf(content) },
    ]);
    const how = reader();
    expect(await of.read(content, messageOf(), how)).toEqual(json(BODY));
    expect(how.reserved).toEqual([Buffer.byteLength(BODY)]);
    expect(content.body.length).toBeLessThanOrEqual(of.most(BODY.length));
  });

  test("in legacy form where that is asked for", async () => {
    const content = await write(await step({ interop: "legacy" }));
    expect(content.claim!.attribute).toBe("SQSLargePayloadSize");
    expect(content.body).toContain('"com.amazon.sqs.javamessaging.MessageS3Pointer"');
  });

  test("with its SHA-256, its content type, and the account that must own the bucket", async () => {
    const content = await write(await step());
    const { headers } = s3.seen[0]!;
    expect(headers["x-amz-checksum-sha256"]).toBe(Buffer.from(content.claim!.sha256!, "base64url").toString("base64"));
    expect(headers).not.toHaveProperty("x-amz-checksum-crc32");
    expect(headers["x-amz-expected-bucket-owner"]).toBe(OWNER);
    expect(headers["content-type"]).toBe("application/json");
  });

  test("of another account by nobody: every call names the owner", async () => {
    const content = await write(await step());
    const other = await step({ owner: "999999999999" });
    await expect(write(other)).rejects.toMatchObject({ code: "claim-denied", kind: "auth" });
    await expect(other.read(content, messageOf(), reader())).rejects.toMatchObject({ code: "claim-denied" });
    await expect(other.renew(content, messageOf())).rejects.toMatchObject({ code: "claim-denied" });
    expect(s3.seen.every(({ headers }) => headers["x-amz-expected-bucket-owner"] !== undefined)).toBe(true);
  });

  test("and renewed by a copy onto itself, which keeps bytes and key", async () => {
    const of = await step();
    const content = await write(of);
    const before = s3.store.getObject("acme-msgs", keyOf(content));
    before.lastModified = new Date(0);
    await of.renew(content, messageOf());
    const after = s3.store.getObject("acme-msgs", keyOf(content));
    expect(after.lastModified.getTime()).toBeGreaterThan(0);
    expect(s3.seen.at(-1)!.headers["x-amz-source-expected-bucket-owner"]).toBe(OWNER);
    expect(after.body.toString()).toBe(BODY);
    expect((await of.read(content, messageOf(), reader())).body).toBe(BODY);
  });

  test("whose object is gone is not renewed", async () => {
    const of = await step();
    const content = await write(of);
    s3.store.clearObjects();
    await expect(of.renew(content, messageOf())).rejects.toMatchObject({ code: "claim-missing", kind: "permanent" });
  });
});

describe("a put that fails was not accepted, and never ambiguous:", () => {
  test.each([
    [503, "SlowDown", "throttled", "throttled"],
    [503, "ServiceUnavailable", "retryable", "service-failed"],
    [500, "InternalError", "retryable", "service-failed"],
    [400, "RequestTimeout", "retryable", "timeout"],
    [400, "BadDigest", "retryable", "service-failed"],
    [403, "AccessDenied", "auth", "claim-denied"],
    [403, "InvalidAccessKeyId", "auth", "credentials-refused"],
    [400, "ExpiredToken", "auth", "credentials-expired"],
    [404, "NoSuchBucket", "config", "claim-bucket-missing"],
    [400, "AuthorizationHeaderMalformed", "config", "wrong-endpoint"],
    [400, "InvalidRequest", "config", "refused"],
  ])("%s %s is %s %s", async (status, code, kind, expected) => {
    s3.faults.set("PUT /acme-msgs/", { status, code });
    const context = contextOf();
    const of = await step({}, context);
    await expect(write(of)).rejects.toMatchObject({ code: expected, kind });
    expect(context.troubles).toEqual([[expect.any(String), kind === "auth" || kind === "config"]]);
    s3.faults.clear();
    await write(of);
    expect(context.troubles.at(-1)).toEqual([undefined, undefined]);
  });

  test("no S3 at all", async () => {
    const of = await open({ ...OPTIONS, endpoint: "http://127.0.0.1:1", region: "us-east-1" }, contextOf());
    await expect(write(of)).rejects.toMatchObject({ code: "unreachable", kind: "retryable" });
    await of.close();
  });

  test("an abort, while S3 does not answer", async () => {
    const held = s3.hold("PUT /acme-msgs/");
    const abort = new AbortController();
    const of = await step();
    const writes = of.write(json(BODY), messageOf(), writing(abort.signal));
    await held.arrived;
    abort.abort();
    await expect(writes).rejects.toMatchObject({ code: "aborted", kind: "closed" });
    held.release();
  });
});

test("the SDK repeats a put that failed once", async () => {
  s3.faults.set("PUT /acme-msgs/", { status: 503, code: "SlowDown", times: 1 });
  const of = await open({ ...OPTIONS, endpoint: s3.endpoint, region: "us-east-1" });
  const content = await write(of);
  expect(seen().filter((line) => line.startsWith("PUT"))).toHaveLength(2);
  expect((await of.read(content, messageOf(), reader())).body).toBe(BODY);
  await of.close();
});

test("an emulator that the environment names has the bucket in the path, whatever its host is called", async () => {
  vi.stubEnv("AWS_ENDPOINT_URL_S3", s3.endpoint.replace("127.0.0.1", "localhost"));
  try {
    const of = await open({ ...OPTIONS, region: "us-east-1" });
    const content = await write(of);
    expect(seen()).toEqual([`PUT /acme-msgs/${keyOf(content)}`]);
    expect(s3.seen[0]!.headers["host"]).toMatch(/^localhost:/);
    await of.close();
  } finally {
    vi.stubEnv("AWS_ENDPOINT_URL_S3", "");
  }
});

describe("reading", () => {
  test("403, 404 and 503 in one batch: each is its own message's, and the fourth is read", async () => {
    const context = contextOf();
    const of = await step({}, context);
    const contents = await Promise.all(ids.map((message) => write(of, message)));
    const [denied, lost, busy] = contents.map(keyOf);
    s3.faults.set(`GET /acme-msgs/${denied}`, { status: 403, code: "AccessDenied" });
    s3.store.deleteObject("acme-msgs", lost!);
    s3.faults.set(`GET /acme-msgs/${busy}`, { status: 503, code: "SlowDown" });
    const results = await Promise.allSettled(contents.map(async (content, at) => of.read(content, ids[at]!, reader())));
    expect(results).toMatchObject([
      { reason: { code: "claim-denied", kind: "auth", giveUpAfterMs: 900_000 } },
      { reason: { code: "claim-missing", kind: "permanent" } },
      { reason: { code: "throttled", kind: "throttled" } },
      { value: { body: BODY } },
    ]);
  });

  describe("a refused object", () => {
    const denied = { status: 403, code: "AccessDenied" };
    async function refusal(prepare: (key: string) => void): Promise<unknown> {
      const of = await step({ wait: "5m" });
      const content = await write(of);
      s3.faults.set(`GET /acme-msgs/${keyOf(content)}`, denied);
      prepare(keyOf(content));
      return Promise.resolve(of.read(content, messageOf(), reader())).catch((error: unknown) => error);
    }

    test("that is there waits, and the error names the right", async () => {
      expect(await refusal(() => {})).toMatchObject({
        code: "claim-denied",
        giveUpAfterMs: 300_000,
        message: expect.stringMatching(/s3:GetObject(?!.*s3:ListBucket)/),
      });
    });

    test("that is gone is missing: S3 refuses it where the role may list the prefix only", async () => {
      expect(await refusal((key) => s3.store.deleteObject("acme-msgs", key))).toMatchObject({ code: "claim-missing" });
    });

    test("waits where nothing may be listed, and the error says what that hides", async () => {
      const lost = await refusal((key) => {
        s3.store.deleteObject("acme-msgs", key);
        s3.faults.set("list-type=2", denied);
      });
      expect(lost).toMatchObject({ code: "claim-denied", message: expect.stringContaining("s3:ListBucket") });
    });
  });

  test.each([
    ["a missing bucket", { status: 404, code: "NoSuchBucket" }, "config", "claim-bucket-missing"],
    ["an internal error", { status: 500, code: "InternalError" }, "retryable", "service-failed"],
    ["an expired token", { status: 400, code: "ExpiredToken" }, "auth", "credentials-expired"],
  ])("%s is tried again later", async (_what, fault, kind, code) => {
    const context = contextOf();
    const of = await step({}, context);
    const content = await write(of);
    s3.faults.set("GET /acme-msgs/p", fault);
    await expect(of.read(content, messageOf(), reader())).rejects.toMatchObject({ code, kind });
    expect(context.troubles).toHaveLength(1);
    s3.faults.clear();
    await of.read(content, messageOf(), reader());
    expect(context.troubles.at(-1)).toEqual([undefined, undefined]);
  });

  test("a larger object than was said is not downloaded", async () => {
    const of = await step();
    const content = await write(of);
    s3.store.putObject("acme-msgs", keyOf(content), Buffer.alloc(10 * 2 ** 20));
    await expect(of.read(content, messageOf(), reader())).rejects.toMatchObject({
      code: "claim-damaged",
      message: expect.stringContaining("10485760 bytes"),
    });
  });

  test("other bytes of the same length are found out", async () => {
    const of = await step();
    const content = await write(of);
    s3.store.putObject("acme-msgs", keyOf(content), Buffer.alloc(Buffer.byteLength(BODY)));
    await expect(of.read(content, messageOf(), reader())).rejects.toMatchObject({ code: "claim-damaged" });
  });

  test("ends when the hold is lost", async () => {
    const of = await step();
    const content = await write(of);
    const held = s3.hold("GET /acme-msgs/");
    const abort = new AbortController();
    const reading = of.read(content, messageOf(), reader({ signal: abort.signal }));
    await held.arrived;
    abort.abort();
    await expect(reading).rejects.toMatchObject({ code: "aborted" });
    held.release();
  });
});

describe("messages of Amazon's extended clients", () => {
  const KEY = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  const pointer = (bucket = "old-one", key = KEY): Content =>
    json(`["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "${bucket}", "s3Key": "${key}"}]`);
  const readsOld = { read: [{ bucket: "old-one" }] };
  beforeEach(() => void s3.store.putObject("old-one", KEY, Buffer.from(BODY)));

  test("are read where configuration lists their bucket", async () => {
    const how = foreign({ sqslargepayloadsize: String(Buffer.byteLength(BODY)) });
    expect((await (await step(readsOld)).read(pointer(), messageOf(), how)).body).toBe(BODY);
    expect(how.reserved).toEqual([Buffer.byteLength(BODY)]);
    expect(seen()).toEqual([`GET /old-one/${KEY}`]);
  });

  test("are measured before they are fetched, if they do not say their size", async () => {
    const how = foreign({ extendedpayloadsize: "" });
    expect((await (await step(readsOld)).read(pointer(), messageOf(), how)).body).toBe(BODY);
    expect(how.reserved).toEqual([Buffer.byteLength(BODY)]);
    expect(s3.seen[0]!.headers["range"]).toBe("bytes=0-0");
  });

  test("may be empty", async () => {
    s3.store.putObject("old-one", KEY, Buffer.alloc(0));
    expect(
      (await (await step(readsOld)).read(pointer(), messageOf(), foreign({ extendedpayloadsize: "?" }))).body,
    ).toBe("");
  });

  test("are not fetched if they are larger than 64 MiB, whatever they say", async () => {
    s3.store.putObject("old-one", KEY, Buffer.alloc(64 * 2 ** 20 + 1));
    for (const size of ["?", String(64 * 2 ** 20 + 1), "10000000000"]) {
      const how = foreign({ extendedpayloadsize: size });
      await expect((await step(readsOld)).read(pointer(), messageOf(), how)).rejects.toMatchObject({
        code: "claim-refused",
      });
      expect(how.reserved).toEqual([]);
    }
  });

  test("that lie about their size are damaged", async () => {
    await expect(
      (await step(readsOld)).read(pointer(), messageOf(), foreign({ extendedpayloadsize: "10" })),
    ).rejects.toMatchObject({ code: "claim-damaged" });
  });

  test.each([
    ["a bucket that is not listed", {}, pointer()],
    ["another bucket", readsOld, pointer("secrets")],
    ["our own bucket", readsOld, pointer("acme-msgs", "p/28d/orders/1.x")],
    ["a key outside of the listed prefix", { read: [{ bucket: "old-one", prefix: "legacy" }] }, pointer()],
    ["a key that leads up", { read: [{ bucket: "old-one", prefix: "legacy" }] }, pointer("old-one", "legacy/../x")],
  ])("with %s are refused, and S3 is not asked", async (_what, options, content) => {
    const of = await step(options);
    expect(() => of.read(content, messageOf(), foreign({ extendedpayloadsize: "5" }))).toThrow(
      expect.objectContaining({ code: "claim-refused", kind: "permanent" }),
    );
    expect(s3.seen).toEqual([]);
  });

  test("are read from copies that core made of them, such as dead letters, and only checked when redriven", async () => {
    const headers = { extendedpayloadsize: String(Buffer.byteLength(BODY)) };
    const copy = messageOf({ source: "foreign", headers });
    const of = await step(readsOld);
    expect((await of.read(pointer(), copy, reader())).body).toBe(BODY);
    await of.renew(pointer(), copy);
    expect(seen().some((line) => line.startsWith("PUT"))).toBe(false);
    s3.store.clearObjects();
    await expect(of.renew(pointer(), copy)).rejects.toMatchObject({ code: "claim-missing" });
  });

  test("of bytes that are no text stay bytes", async () => {
    s3.store.putObject("old-one", KEY, Buffer.from([0xff, 0xfe, 0x00]));
    const read = await (await step(readsOld)).read(pointer(), messageOf(), foreign({ extendedpayloadsize: "3" }));
    expect(read.body).toEqual(Buffer.from([0xff, 0xfe, 0x00]));
  });
});

test("plain http to another machine is refused when the step is opened", async () => {
  const client = {
    config: { endpoint: async () => ({ protocol: "http:", hostname: "s3.example.com" }) },
    send: async () => ({}),
  };
  await expect(step({ client })).rejects.toMatchObject({ code: "insecure-endpoint", kind: "config" });
});

describe("an answer that goes wrong in its middle", () => {
  /** A client whose bodies are these pieces. What is thrown comes after them. */
  function faked(pieces: readonly Uint8Array[], more: { length?: number; error?: Error; wait?: Promise<void> } = {}) {
    const destroyed: unknown[] = [];
    const send = async (command: object): Promise<object> => {
      if (command.constructor.name !== "GetObjectCommand") return {};
      const Body = {
        async *[Symbol.asyncIterator]() {
          yield* pieces;
          await more.wait;
          if (more.error !== undefined) throw more.error;
        },
        destroy: (error?: Error) => void destroyed.push(error?.name),
      };
      return { Body, ...(more.length === undefined ? {} : { ContentLength: more.length }) };
    };
    return { client: { send }, destroyed };
  }
  const whole = Buffer.from(BODY);
  const half = whole.subarray(0, 1_000);
  async function reading(client: object, how = reader()): Promise<Content> {
    const of = await step({ client });
    return of.read(await write(of), messageOf(), how);
  }

  test("is read later if the connection was cut, with an error or without", async () => {
    const cut = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    await expect(reading(faked([half], { length: whole.length, error: cut }).client)).rejects.toMatchObject({
      code: "connection-lost",
      kind: "retryable",
    });
    await expect(reading(faked([half], { length: whole.length }).client)).rejects.toMatchObject({
      code: "connection-lost",
      kind: "retryable",
    });
  });

  test("ends at the first byte too many, and the rest is not downloaded", async () => {
    const { client, destroyed } = faked([whole, Buffer.from("!"), Buffer.alloc(2 ** 20)]);
    await expect(reading(client)).rejects.toMatchObject({ code: "claim-damaged" });
    expect(destroyed).toEqual([undefined]);
  });

  test("is given up when the hold is lost", async () => {
    const abort = new AbortController();
    const { promise, reject } = Promise.withResolvers<void>();
    const { client, destroyed } = faked([half], { length: whole.length, wait: promise });
    const result = reading(
      client,
      reader({ signal: abort.signal, reserve: () => void setImmediate(() => abort.abort()) }),
    );
    abort.signal.addEventListener("abort", () => reject(Object.assign(new Error("aborted"), { name: "AbortError" })));
    await expect(result).rejects.toMatchObject({ code: "aborted", kind: "closed" });
    expect(destroyed[0]).toBe("AbortError");
  });

  test("in pieces of any size is whole", async () => {
    const pieces = Array.from(whole, (_, at) => whole.subarray(at, at + 1));
    expect((await reading(faked(pieces, { length: whole.length }).client)).body).toBe(BODY);
  });
});
