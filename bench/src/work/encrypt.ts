/** What encryption costs: microseconds of processor time, those of the thread pool included, to encrypt and to decrypt a message of 1 KB. */
import { createSecretKey, randomBytes } from "node:crypto";
import { systemRuntime } from "@switchyard/core";
import type { Attributes, Reading } from "@switchyard/core/pipeline";
import { extension } from "@switchyard/encryption";
import { CompactEncrypt, compactDecrypt } from "jose";
import type { Work } from "../measured.ts";
import { message, silent } from "./messages.ts";

const COUNT = 2_000;
const BODY = JSON.stringify(message(0));

const attributes = (id: number): Attributes => ({
  id: `0197a3c4-0000-7000-8000-${id.toString(16).padStart(12, "0")}`,
  source: "shop",
  type: "order.placed",
  time: 1_780_000_000_000 + id,
  key: `c-${id % 97}`,
  hop: 0,
  headers: {},
  channel: "orders",
});

const reading: Reading = {
  signal: new AbortController().signal,
  foreign: false,
  native: {},
  reserve: silent,
  encrypted: silent,
};

/** Two ways of the same work. */
interface Both {
  encrypt(id: number): string | Promise<string>;
  decrypt(id: number, jwe: string): unknown;
}

const both =
  (open: () => Promise<Both>): Work =>
  async () => {
    const { encrypt, decrypt } = await open();
    const made: string[] = [];
    return {
      round: async () => {
        const encrypting = await microseconds(async (id) => {
          const jwe = encrypt(id);
          made[id] = typeof jwe === "string" ? jwe : await jwe;
        });
        const decrypting = await microseconds(async (id) => {
          const plain = decrypt(id, made[id] as string);
          if (plain instanceof Promise) await plain;
        });
        return { encrypting, decrypting, bytes: (made[0] as string).length };
      },
      close: async () => {},
    };
  };

async function microseconds(run: (id: number) => Promise<void>): Promise<number> {
  const from = process.cpuUsage();
  for (let id = 0; id < COUNT; id++) await run(id);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / COUNT;
}

/** With a local key and a warm data key, the hash over the attributes included. */
export const ours: Work = both(async () => {
  const given = { use: "local", keys: { a: randomBytes(32).toString("base64") }, write: "a" };
  const result = await extension.options["~standard"].validate(given);
  if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues));
  const context = { runtime: systemRuntime, name: "bench", service: "bench", directory: ".", trouble: silent };
  const keys = await extension.open(result.value, context);
  const cipher = keys.cipher({ channel: "orders", context: "orders", contexts: ["orders"], accept: "required" });
  const writing = { signal: undefined, binary: true };
  const content = { body: BODY, contentType: "application/json" };
  return {
    encrypt: (id) => {
      const written = cipher.write(content, attributes(id), writing);
      return written instanceof Promise ? written.then(({ body }) => String(body)) : String(written.body);
    },
    decrypt: (id, body) => cipher.read({ body, contentType: "application/jose" }, attributes(id), reading),
  };
});

const byJose = (alg: "dir" | "A256KW"): Work =>
  both(async () => {
    const key = createSecretKey(randomBytes(32));
    const plain = Buffer.from(BODY);
    const header = { alg, enc: "A256GCM", kid: "a", cty: "application/json" };
    return {
      encrypt: () => new CompactEncrypt(plain).setProtectedHeader(header).encrypt(key),
      decrypt: (_id, jwe) => compactDecrypt(jwe, key),
    };
  });

/** One key for all messages. */
export const joseDirect: Work = byJose("dir");
/** A key for each message, which is what jose does with A256KW. */
export const joseWrapped: Work = byJose("A256KW");
