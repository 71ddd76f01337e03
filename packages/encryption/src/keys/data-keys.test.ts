import { createSecretKey, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { MessagingError } from "@switchyard/core";
import type { Cipher, Content } from "@switchyard/core/pipeline";
import { describe, expect, test } from "vitest";
import {
  cipherOf,
  type Context,
  contextOf,
  errorOf,
  headerOf,
  json,
  messageOf,
  reader,
  writing,
} from "../fixtures/steps.ts";
import { encryptionWith } from "../own-keys.ts";
import type { GeneratedKey, KeyProvider, Reuse, Scope } from "../provider.ts";

/** A key service that can be delayed and made to fail. It knows the data keys that it made. */
class Service implements KeyProvider {
  readonly summary = "the service";
  readonly perType: boolean;
  readonly made: { readonly scope: Scope; readonly plain: Uint8Array }[] = [];
  readonly unwraps: { readonly wrapped: string; readonly scope: Scope }[] = [];
  /** All plain keys that were handed out. */
  readonly handed: Uint8Array[] = [];
  delayMs = 0;
  failing: unknown;
  closed = 0;
  readonly #context: Context;
  readonly #keys = new Map<string, Uint8Array>();

  constructor(context: Context, perType = false) {
    this.#context = context;
    this.perType = perType;
  }

  keyOf(kid: string): string | undefined {
    return kid.startsWith("service/") ? "service" : undefined;
  }

  async generate(scope: Scope): Promise<GeneratedKey> {
    const plain = randomBytes(32);
    const wrapped = Buffer.from(`wrapped ${this.#keys.size}`);
    this.made.push({ scope, plain: new Uint8Array(plain) });
    await this.#answer();
    this.#keys.set(wrapped.toString(), new Uint8Array(plain));
    return { plain: this.#hand(plain), wrapped, kid: `service/${this.made.length}` };
  }

  async unwrap(wrapped: Uint8Array, _key: string, scope: Scope): Promise<Uint8Array> {
    this.unwraps.push({ wrapped: Buffer.from(wrapped).toString(), scope });
    await this.#answer();
    const plain = this.#keys.get(Buffer.from(wrapped).toString());
    if (plain === undefined) throw new MessagingError("undecryptable", "no such data key", { kind: "permanent" });
    return this.#hand(plain);
  }

  #hand(plain: Uint8Array): Uint8Array {
    const copy = new Uint8Array(plain);
    this.handed.push(copy);
    return copy;
  }

  async #answer(): Promise<void> {
    const { failing } = this;
    if (this.delayMs > 0) await this.#context.runtime.sleep(this.delayMs);
    if (failing !== undefined) throw failing;
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

interface Opened {
  readonly context: Context;
  readonly service: Service;
  readonly cipher: Cipher;
  readonly write: (more?: object) => Promise<Content>;
  readonly close: () => Promise<void>;
}

async function opened(reuse: Partial<Reuse> = {}, perType = false): Promise<Opened> {
  const context = contextOf();
  const service = new Service(context, perType);
  const own = encryptionWith({ name: "service", options: {} as any, open: () => service, reuse });
  const keys = await own.open({}, context);
  const cipher = cipherOf(keys);
  const write = async (more: object = {}): Promise<Content> => cipher.write(json(), messageOf(more), writing());
  return { context, service, cipher, write, close: () => keys.close() };
}

const throttled = (): MessagingError => new MessagingError("keys-throttled", "slow down", { kind: "throttled" });
const denied = (): MessagingError => new MessagingError("keys-denied", "not you", { kind: "auth" });

describe("to write", () => {
  test("1,000 cold publishes make one data key and keep their order", async () => {
    const { context, service, cipher } = await opened();
    service.delayMs = 500;
    const order: number[] = [];
    const all = Array.from({ length: 1_000 }, async (_, at) => {
      const message = messageOf({ id: String(at) });
      const written = await cipher.write(json(), message, writing());
      order.push(at);
      return written;
    });
    await context.runtime.settle();
    expect(order).toEqual([]);
    await context.runtime.advance(500);
    await Promise.all(all);
    expect(service.made).toHaveLength(1);
    expect(order).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
    // With a warm key nothing is waited for.
    expect(cipher.write(json(), messageOf(), writing())).not.toBeInstanceOf(Promise);
  });

  test("a data key is replaced ahead of time by its uses, in the background, and never used more often", async () => {
    const { context, service, cipher, write } = await opened({ messages: 10 });
    await write();
    service.delayMs = 100;
    for (let n = 1; n < 8; n++) expect(cipher.write(json(), messageOf(), writing())).not.toBeInstanceOf(Promise);
    expect(service.made).toHaveLength(2);
    for (let n = 8; n < 10; n++)
      expect(headerOf((cipher.write(json(), messageOf(), writing()) as Content).body).kid).toBe("service/1");
    // Used up while the next one is still under way.
    const eleventh = cipher.write(json(), messageOf(), writing());
    expect(eleventh).toBeInstanceOf(Promise);
    await context.runtime.advance(100);
    expect(headerOf((await eleventh).body).kid).toBe("service/2");
    expect(service.made).toHaveLength(2);
  });

  test("by its bytes", async () => {
    const { service, cipher } = await opened({ bytes: 1_000 });
    const big = (bytes: number) => cipher.write(json("x".repeat(bytes)), messageOf(), writing());
    const kids: string[] = [];
    for (const bytes of [700, 400, 5_000, 1]) kids.push(headerOf((await big(bytes)).body).kid);
    // The second would pass 1000. A message larger than that has a key of its own.
    expect(kids).toEqual(["service/1", "service/2", "service/3", "service/4"]);
    expect(service.made).toHaveLength(4);
  });

  test("by its age: in the background at 80 %, and not kept longer", async () => {
    const { context, service, cipher, write } = await opened();
    await write();
    await context.runtime.advance("47m");
    await write();
    expect(service.made).toHaveLength(1);
    await context.runtime.advance("2m");
    expect(headerOf((await write()).body).kid).toBe("service/1");
    await context.runtime.settle();
    expect(service.made).toHaveLength(2);
    expect(headerOf((await write()).body).kid).toBe("service/2");
    await context.runtime.advance("61m");
    expect(cipher.write(json(), messageOf(), writing())).toBeInstanceOf(Promise);
    expect(service.made).toHaveLength(3);
  });

  test("a failed refresh is told to health and tried again later, while the old key still writes", async () => {
    const { context, service, write } = await opened({ messages: 1_000 });
    for (let n = 0; n < 799; n++) await write();
    service.failing = throttled();
    for (let n = 0; n < 5; n++) {
      await write();
      await context.runtime.settle();
    }
    expect(service.made).toHaveLength(2);
    expect(context.troubles).toEqual([["slow down", false]]);
    service.failing = undefined;
    await context.runtime.advance("10s");
    await write();
    await context.runtime.settle();
    expect(service.made).toHaveLength(3);
    expect(context.troubles.at(-1)).toEqual([undefined, undefined]);
  });

  test("a failure reaches all who wait, and the next publish tries again", async () => {
    const { context, service, write } = await opened();
    service.delayMs = 100;
    service.failing = denied();
    const failing = [errorOf(write), errorOf(write)];
    await context.runtime.advance(100);
    for (const error of await Promise.all(failing)) expect([error.code, error.kind]).toEqual(["keys-denied", "auth"]);
    expect(service.made).toHaveLength(1);
    expect(context.troubles).toEqual([["not you", true]]);
    service.failing = undefined;
    const working = write();
    await context.runtime.advance(100);
    expect((await working).contentType).toBe("application/jose");
    expect(context.troubles.at(-1)).toEqual([undefined, undefined]);
  });

  test.each([
    [new Error(`the token is ${"s3cr3t"}`), "keys-unreachable", "retryable"],
    [Object.assign(new Error("s3cr3t"), { name: "VaultError" }), "keys-unreachable", "retryable"],
    ["s3cr3t", "keys-unreachable", "retryable"],
    [null, "keys-unreachable", "retryable"],
    [new MessagingError("odd", "odd", { kind: "ambiguous" }), "keys-unreachable", "retryable"],
    [new MessagingError("odd", "odd", { kind: "config" }), "keys-denied", "auth"],
  ])("a provider's failure is never ambiguous, and its text is not shown: %s", async (failing, code, kind) => {
    const { service, write } = await opened();
    service.failing = failing;
    const error = await errorOf(write);
    expect([error.code, error.kind]).toEqual([code, kind]);
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain("s3cr3t");
  });

  test("a publish that nobody waits for gets no key, and its neighbours do", async () => {
    const { context, service, cipher, write } = await opened();
    service.delayMs = 100;
    const abort = new AbortController();
    const ended = errorOf(() => cipher.write(json(), messageOf(), writing(abort.signal)));
    const other = write();
    await context.runtime.settle();
    abort.abort();
    expect(await ended).toMatchObject({ code: "aborted", kind: "closed" });
    await context.runtime.advance(100);
    expect((await other).contentType).toBe("application/jose");
  });

  test("there is one for each context, or for each type where the provider authenticates it", async () => {
    const plain = await opened();
    const types = await opened({}, true);
    for (const { write } of [plain, types]) for (const type of ["a", "b", "a"]) await write({ type });
    expect(plain.service.made.map(({ scope }) => scope)).toEqual([{ context: "orders" }]);
    expect(types.service.made.map(({ scope }) => scope)).toEqual([
      { context: "orders", type: "a" },
      { context: "orders", type: "b" },
    ]);
  });
});

describe("to read", () => {
  test("each is unwrapped once, however many messages wait for it", async () => {
    const { context, service, cipher, write } = await opened();
    const written = await write();
    service.delayMs = 100;
    const all = Array.from({ length: 50 }, async () => cipher.read(written, messageOf(), reader()));
    await context.runtime.advance(100);
    for (const content of await Promise.all(all)) expect(content.contentType).toBe("application/json");
    expect(service.unwraps).toHaveLength(1);
    expect(cipher.read(written, messageOf(), reader())).not.toBeInstanceOf(Promise);
  });

  test("none is kept longer than its age, used or not", async () => {
    const { context, service, cipher, write } = await opened({ ageMs: 600_000 });
    const written = await write();
    await cipher.read(written, messageOf(), reader());
    await context.runtime.advance("9m");
    await cipher.read(written, messageOf(), reader());
    expect(service.unwraps).toHaveLength(1);
    await context.runtime.advance("1m");
    expect(cipher.read(written, messageOf(), reader())).toBeInstanceOf(Promise);
    await context.runtime.settle();
    expect(service.unwraps).toHaveLength(2);
  });

  test("the last used 1,000 are kept; wrapped keys that nobody can unwrap push none of them out", async () => {
    const { service, cipher, write } = await opened({ messages: 1 });
    const first = await write();
    await cipher.read(first, messageOf(), reader());
    for (let n = 0; n < 1_200; n++) {
      const [header, ...rest] = String(first.body).split(".");
      const forged = {
        ...JSON.parse(Buffer.from(header!, "base64url").toString()),
        swk: Buffer.from(`none ${n}`).toString("base64url"),
      };
      const body = [Buffer.from(JSON.stringify(forged)).toString("base64url"), ...rest].join(".");
      expect((await errorOf(() => cipher.read({ ...first, body }, messageOf(), reader()))).code).toBe("undecryptable");
    }
    service.unwraps.length = 0;
    await cipher.read(first, messageOf(), reader());
    expect(service.unwraps).toEqual([]);
    for (let n = 0; n < 1_000; n++) await cipher.read(await write(), messageOf(), reader());
    service.unwraps.length = 0;
    await cipher.read(first, messageOf(), reader());
    expect(service.unwraps).toHaveLength(1);
  });

  test("a key that does not work is told once, asked again after a second, and forgotten when it works", async () => {
    const { context, service, cipher, write } = await opened();
    const written = await write();
    service.failing = throttled();
    for (let n = 0; n < 20; n++) {
      const error = await errorOf(() => cipher.read(written, messageOf({}), reader()));
      expect([error.code, error.kind, error.giveUpAfterMs]).toEqual(["keys-throttled", "throttled", undefined]);
    }
    expect(service.unwraps).toHaveLength(1);
    expect(context.troubles).toEqual([["slow down", false]]);
    service.failing = denied();
    await context.runtime.advance("1s");
    await errorOf(() => cipher.read(written, messageOf(), reader()));
    expect(context.troubles.at(-1)).toEqual(["not you", true]);
    service.failing = undefined;
    await context.runtime.advance("1s");
    expect((await cipher.read(written, messageOf(), reader())).contentType).toBe("application/json");
    expect(context.troubles.at(-1)).toEqual([undefined, undefined]);
    expect(service.unwraps).toHaveLength(3);
  });

  test("each message has an error of its own", async () => {
    const { service, cipher, write } = await opened();
    const [one, other] = [await write({ id: "1" }), await write({ id: "2" })];
    service.failing = throttled();
    const errors = [
      await errorOf(() => cipher.read(one, messageOf({ id: "1" }), reader())),
      await errorOf(() => cipher.read(other, messageOf({ id: "2" }), reader())),
    ];
    expect(errors.map(({ id }) => id)).toEqual(["1", "2"]);
  });

  test("a delivery that is given up waits no longer", async () => {
    const { context, service, cipher, write } = await opened();
    const written = await write();
    service.delayMs = 100;
    const abort = new AbortController();
    const reading = errorOf(() => cipher.read(written, messageOf(), reader({ signal: abort.signal })));
    await context.runtime.settle();
    abort.abort();
    expect((await reading).code).toBe("aborted");
    await context.runtime.advance(100);
  });

  test("moved bodies cost no call", async () => {
    const { service, cipher, write } = await opened();
    const written = await write();
    await errorOf(() => cipher.read(written, messageOf({ id: "other" }), reader()));
    expect(service.unwraps).toEqual([]);
  });
});

describe("plain keys", () => {
  test("are overwritten as soon as they are in use, and nothing shows them", async () => {
    const { service, cipher, write, context } = await opened();
    const written = await write();
    await cipher.read(written, messageOf(), reader());
    expect(service.handed).toHaveLength(2);
    for (const plain of service.handed) expect(plain).toEqual(new Uint8Array(32));
    const [made] = service.made;
    const hex = Buffer.from(made!.plain).toString("hex");
    const shown = inspect([cipher, context.troubles], { depth: 20, showHidden: true });
    expect(shown).not.toContain(hex.slice(0, 16));
    expect(shown).not.toContain(hex.slice(0, 16).replaceAll(/../g, "$& ").trim());
    expect(inspect(createSecretKey(made!.plain), { showHidden: true })).not.toContain(hex.slice(0, 8));
  });

  test("of a wrong length are refused", async () => {
    const context = contextOf();
    const provider = {
      summary: "",
      perType: false,
      keyOf: () => "k",
      generate: () => ({ plain: new Uint8Array(16), wrapped: new Uint8Array(1), kid: "k" }),
      unwrap: () => new Uint8Array(16),
    };
    const keys = await encryptionWith({ name: "short", options: {} as any, open: () => provider }).open({}, context);
    const error = await errorOf(() => cipherOf(keys).write(json(), messageOf(), writing()));
    expect([error.code, error.message]).toEqual([
      "keys-unreachable",
      expect.stringContaining("16 bytes instead of 32"),
    ]);
  });

  test("are dropped at the close, and no timer is left", async () => {
    const { context, service, cipher, write, close } = await opened({}, true);
    const written = await write();
    await cipher.read(written, messageOf(), reader());
    service.delayMs = 100;
    const late = errorOf(() => write({ type: "x" }));
    await close();
    await context.runtime.advance(100);
    expect(service.closed).toBe(1);
    expect(context.runtime.pending).toBe(0);
    await late;
    expect((await errorOf(write)).code).toBe("closed");
    expect((await errorOf(() => cipher.read(written, messageOf(), reader()))).code).toBe("closed");
  });
});
