import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ARN, FakeKms, kmsError, OLD } from "../fixtures/kms.ts";
import {
  cipherOf,
  type Context,
  contextOf,
  errorOf,
  headerOf,
  json,
  messageOf,
  open,
  reader,
  withHeader,
  writing,
} from "../fixtures/steps.ts";

const opened = async (kms: FakeKms, given: object = {}, context: Context = contextOf()) =>
  cipherOf(await open({ use: "kms", write: ARN, client: kms, ...given }, context));

describe("with KMS", () => {
  test("a data key is made for channel and type, and the message names the key by its ARN", async () => {
    const kms = new FakeKms();
    const cipher = await opened(kms);
    const written = await cipher.write(json(), messageOf(), writing());
    expect(kms.asked).toEqual([
      {
        action: "GenerateDataKey",
        input: { KeyId: ARN, KeySpec: "AES_256", EncryptionContext: { channel: "orders", type: "order.placed" } },
      },
    ]);
    const { alg, kid, crit, swk } = headerOf(written.body);
    expect([alg, kid, crit]).toEqual(["dir", ARN, ["swb", "swc", "swk", "swe"]]);
    expect(String(written.body).split(".")[1]).toBe("");
    expect(written.body.length).toBeLessThanOrEqual(cipher.most(Buffer.byteLength(json().body)));
    const read = await cipher.read(written, messageOf(), reader());
    expect(String(read.body)).toBe(json().body);
    expect(kms.asked[1]).toEqual({
      action: "Decrypt",
      input: {
        KeyId: ARN,
        CiphertextBlob: Buffer.from(swk, "base64url"),
        EncryptionContext: { channel: "orders", type: "order.placed" },
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      },
    });
    for (const plain of kms.handed) expect(plain).toEqual(new Uint8Array(32));
  });

  test("1,000 cold publishes ask once, and 1,000 reads", async () => {
    const kms = new FakeKms();
    const cipher = await opened(kms);
    const all = await Promise.all(
      Array.from({ length: 1_000 }, async () => cipher.write(json(), messageOf(), writing())),
    );
    await Promise.all(all.map(async (written) => cipher.read(written, messageOf(), reader())));
    expect([kms.countOf("GenerateDataKey"), kms.countOf("Decrypt")]).toEqual([1, 1]);
  });

  test("an alias writes, and messages name the key that it stood for", async () => {
    const kms = new FakeKms();
    const cipher = await opened(kms, { write: "alias/orders", read: [OLD, ARN] });
    const written = await cipher.write(json(), messageOf(), writing());
    kms.aliases.set("alias/orders", OLD);
    expect(headerOf(written.body).kid).toBe(ARN);
    expect((await cipher.read(written, messageOf(), reader())).contentType).toBe("application/json");
  });

  test("a replica of a multi-region key reads what another region wrote", async () => {
    const id = "123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    const [here, there] = [`arn:aws:kms:eu-west-1:${id}`, `arn:aws:kms:us-east-1:${id}`];
    const kms = new FakeKms();
    // One key material under two ARNs.
    kms.keys.add(there);
    kms.aliases.set(here, there);
    const written = await (await opened(kms, { write: there })).write(json(), messageOf(), writing());
    const cipher = await opened(kms, { write: here });
    expect((await cipher.read(written, messageOf(), reader())).contentType).toBe("application/json");
    expect(kms.asked.at(-1)!.input.KeyId).toBe(here);
  });

  test("a key that is not listed is never asked for", async () => {
    const kms = new FakeKms();
    const written = await (await opened(kms, { write: OLD })).write(json(), messageOf(), writing());
    const asked = kms.asked.length;
    const error = await errorOf(async () => (await opened(kms)).read(written, messageOf(), reader()));
    expect([error.code, error.kind, error.giveUpAfterMs]).toEqual(["unknown-key", "retryable", 900_000]);
    expect(kms.asked).toHaveLength(asked);
  });

  test("the sealed text of a dead letter has the channel only as its context", async () => {
    const kms = new FakeKms();
    const cipher = await opened(kms);
    const sealed = await cipher.sealText("why", messageOf({ type: "hostile ".repeat(100) }));
    expect(kms.asked[0]!.input.EncryptionContext).toEqual({ channel: "orders" });
    expect(await cipher.openText(sealed, messageOf({ hop: 1 }))).toBe("why");
  });
});

describe("what KMS refuses because of the message", () => {
  test.each<[string, (header: any) => unknown]>([
    ["a wrapped key of another type", (header) => header],
    ["a wrapped key that is none", (header) => ({ ...header, swk: "AAAA" })],
    ["the id of another listed key", (header) => ({ ...header, kid: OLD })],
  ])("is its own dead letter, and no trouble: %s", async (_what, change) => {
    const kms = new FakeKms();
    const context = contextOf();
    const cipher = await opened(kms, { read: [ARN, OLD] }, context);
    const { body } = await cipher.write(json(), messageOf(), writing());
    const other = await cipher.write(json(), messageOf({ type: "order.cancelled" }), writing());
    // With the hash of the other type, which is no secret.
    const forged = withHeader(body, (header) => change({ ...header, swb: headerOf(other.body).swb }));
    const read = () =>
      cipher.read({ body: forged, contentType: "application/jose" }, messageOf({ type: "order.cancelled" }), reader());
    const error = await errorOf(read);
    expect([error.code, error.kind]).toEqual(["undecryptable", "permanent"]);
    expect(context.troubles).toEqual([]);
    const asked = kms.asked.length;
    await errorOf(read);
    expect(kms.asked).toHaveLength(asked);
  });
});

describe("what KMS refuses because of the key", () => {
  test.each([
    ["ThrottlingException", 400, "keys-throttled", "throttled", false],
    ["AccessDeniedException", 400, "keys-denied", "auth", true],
    ["UnrecognizedClientException", 400, "keys-denied", "auth", true],
    ["DisabledException", 400, "keys-disabled", "auth", true],
    ["KMSInvalidStateException", 400, "keys-disabled", "auth", true],
    ["NotFoundException", 400, "keys-disabled", "auth", true],
    ["InvalidKeyUsageException", 400, "keys-disabled", "auth", true],
    ["KeyUnavailableException", 500, "keys-unreachable", "retryable", false],
    ["DependencyTimeoutException", 503, "keys-unreachable", "retryable", false],
    ["KMSInternalException", 500, "keys-unreachable", "retryable", false],
    ["LimitExceededException", 400, "keys-throttled", "throttled", false],
    ["Whatever", 418, "keys-denied", "auth", true],
  ])(
    "%s: the channel waits and health says so, until it works again",
    async (name, status, code, kind, needsPerson) => {
      for (const direction of ["write", "read"]) {
        const kms = new FakeKms();
        const context = contextOf();
        const written = await (await opened(kms)).write(json(), messageOf(), writing());
        const cipher = await opened(kms, {}, context);
        const use = () =>
          direction === "write"
            ? cipher.write(json(), messageOf(), writing())
            : cipher.read(written, messageOf(), reader());
        const failure = Object.assign(kmsError(name, status, "in KMS's words"), { $response: { body: "s3cr3t" } });
        kms.failing.set(ARN, failure);
        const error = await errorOf(use);
        expect([error.code, error.kind, error.giveUpAfterMs]).toEqual([code, kind, undefined]);
        expect(error.message).toContain(ARN);
        expect(error.message).toContain("in KMS's words");
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cr3t");
        expect(context.troubles).toEqual([[error.message, needsPerson]]);
        kms.failing.clear();
        await context.runtime.advance("1s");
        await use();
        expect(context.troubles.at(-1)).toEqual([undefined, undefined]);
      }
    },
  );

  test("no network is keys-unreachable", async () => {
    const kms = new FakeKms();
    kms.failing.set(
      ARN,
      Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED", syscall: "connect" }),
    );
    const error = await errorOf(async () => (await opened(kms)).write(json(), messageOf(), writing()));
    expect([error.code, error.kind]).toEqual(["keys-unreachable", "retryable"]);
  });

  test("an answer without a key is keys-unreachable", async () => {
    const kms = new FakeKms();
    kms.send = async () => ({});
    const error = await errorOf(async () => (await opened(kms)).write(json(), messageOf(), writing()));
    expect([error.code, error.kind]).toEqual(["keys-unreachable", "retryable"]);
  });

  test("one key's trouble does not end with another's success", async () => {
    const kms = new FakeKms();
    const context = contextOf();
    const old = await (await opened(kms, { write: OLD })).write(json(), messageOf(), writing());
    const cipher = await opened(kms, { read: [ARN, OLD] }, context);
    kms.failing.set(OLD, kmsError("DisabledException", 400));
    await errorOf(() => cipher.read(old, messageOf(), reader()));
    await cipher.read(await cipher.write(json(), messageOf(), writing()), messageOf(), reader());
    expect(context.troubles).toHaveLength(1);
    expect(context.troubles[0]![0]).toContain(OLD);
  });
});

test("the SDK's own client is made for the region of each key, and only where none is given", async () => {
  const far = ARN.replace("eu-west-1", "us-east-1");
  const keys = await open({ use: "kms", write: ARN, read: [ARN, far], endpoint: "http://127.0.0.1:1" });
  expect(keys.summary).toBe(`AWS KMS: writes with ${ARN}, reads ${ARN}, ${far}`);
  await keys.close();
  await (await open({ use: "kms", write: ARN, read: [ARN, far] })).close();
});

describe("through the SDK's own client, over HTTP", () => {
  afterEach(() => vi.unstubAllEnvs());

  /** Answers in the protocol of KMS, from the fake. */
  async function listening(kms: FakeKms) {
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const action = String(request.headers["x-amz-target"]).split(".")[1] as string;
      const input = JSON.parse(Buffer.concat(chunks).toString());
      if (input.CiphertextBlob !== undefined) input.CiphertextBlob = Buffer.from(input.CiphertextBlob, "base64");
      const command = { constructor: { name: `${action}Command` }, input };
      response.setHeader("content-type", "application/x-amz-json-1.1");
      const inBase64 = (_: string, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
      try {
        const { Plaintext, CiphertextBlob, ...rest } = await kms.send(command);
        const bytes = { Plaintext: Buffer.from(Plaintext).toString("base64") };
        const blob = CiphertextBlob === undefined ? {} : { CiphertextBlob: CiphertextBlob.toString("base64") };
        response.end(JSON.stringify({ ...rest, ...bytes, ...blob }, inBase64));
      } catch (error) {
        const { name, message } = error as Error;
        response.writeHead(400).end(JSON.stringify({ __type: name, message }));
      }
    };
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  }

  test("messages are written and read, and refusals are understood", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE12");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s3cr3t-of-the-test");
    const kms = new FakeKms();
    const { endpoint, close } = await listening(kms);
    const keys = await open({ use: "kms", write: ARN, endpoint });
    const cipher = cipherOf(keys);
    const written = await cipher.write(json(), messageOf(), writing());
    expect(String((await cipher.read(written, messageOf(), reader())).body)).toBe(json().body);
    expect(kms.asked.map(({ action }) => action)).toEqual(["GenerateDataKey", "Decrypt"]);
    const forged = withHeader(written.body, (header) => ({ ...header, swk: "AAAA" }));
    const error = await errorOf(() =>
      cipher.read({ body: forged, contentType: "application/jose" }, messageOf(), reader()),
    );
    expect([error.code, error.kind]).toEqual(["undecryptable", "permanent"]);
    kms.failing.set(ARN, kmsError("DisabledException", 400, `${ARN} is disabled.`));
    const refused = await errorOf(() => cipher.write(json(), messageOf({ type: "other" }), writing()));
    expect([refused.code, refused.kind]).toEqual(["keys-disabled", "auth"]);
    expect(inspect(refused, { depth: 9 })).not.toContain("s3cr3t");
    await keys.close();
    close();
  });
});
