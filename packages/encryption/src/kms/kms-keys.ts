/** Data keys of AWS KMS. */
import { keyFault } from "../errors.ts";
import type { KmsOptions } from "../options.ts";
import type { GeneratedKey, KeyProvider, Scope } from "../provider.ts";
import { type Client, openClient } from "./client.ts";
import { errorOf } from "./errors.ts";
import { type Call, loadSdk } from "./sdk.ts";

export async function openKmsKeys(options: KmsOptions): Promise<KmsKeys> {
  const sdk = await loadSdk();
  const clients = new Map<string, Client>();
  const regions = new Set([options.write, ...options.read].map((key) => regionOf(key, options)));
  for (const region of regions)
    clients.set(
      region,
      await openClient(options, region === "" ? (options.region ?? regionIn(options.write)) : region, sdk),
    );
  return new KmsKeys(options, clients);
}

/** The region that a key is asked for in. Empty: there is only one client, with the options' region. */
const regionOf = (key: string, { client, endpoint }: KmsOptions): string =>
  client === undefined && endpoint === undefined ? (regionIn(key) ?? "") : "";

const regionIn = (key: string): string | undefined => (key.startsWith("arn:") ? key.split(":")[3] : undefined);

export class KmsKeys implements KeyProvider {
  readonly summary: string;
  readonly perType = true;
  readonly #options: KmsOptions;
  readonly #clients: ReadonlyMap<string, Client>;
  readonly #read: ReadonlyMap<string, string>;

  constructor(options: KmsOptions, clients: ReadonlyMap<string, Client>) {
    this.#options = options;
    this.#clients = clients;
    this.#read = new Map(options.read.map((arn) => [sameIn(arn), arn]));
    this.summary = `AWS KMS: writes with ${options.write}, reads ${options.read.join(", ")}`;
  }

  keyOf(kid: string): string | undefined {
    return this.#read.get(sameIn(kid));
  }

  async generate(scope: Scope, signal: AbortSignal): Promise<GeneratedKey> {
    const { write: KeyId } = this.#options;
    const input = { KeyId, KeySpec: "AES_256", EncryptionContext: contextOf(scope) } as const;
    const made = await tried("GenerateDataKey", `KMS makes no data key with ${KeyId}`, () =>
      this.#callOf(KeyId)("GenerateDataKey", input, signal),
    );
    const { Plaintext: plain, CiphertextBlob: wrapped, KeyId: kid } = made;
    if (plain === undefined || wrapped === undefined || kid === undefined) throw incomplete("GenerateDataKey");
    return { plain, wrapped, kid };
  }

  async unwrap(wrapped: Uint8Array, key: string, scope: Scope, signal: AbortSignal): Promise<Uint8Array> {
    const input = {
      KeyId: key,
      CiphertextBlob: wrapped,
      EncryptionContext: contextOf(scope),
      EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    } as const;
    const { Plaintext: plain } = await tried("Decrypt", `KMS unwraps no data key with ${key}`, () =>
      this.#callOf(key)("Decrypt", input, signal),
    );
    if (plain === undefined) throw incomplete("Decrypt");
    return plain;
  }

  #callOf(key: string): Call {
    return this.#clients.get(regionOf(key, this.#options))!.call;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
  }
}

/** Always the same for a channel and a type: whatever changes with a message would need a call for each message. */
function contextOf({ context, type }: Scope): Readonly<Record<string, string>> {
  return type === undefined ? { channel: context } : { channel: context, type };
}

/**
 * The ARN of a multi-region key without its region: its replicas have the same key material ("Multi-Region keys in AWS KMS", 2026), so
 * what one wrapped another unwraps.
 */
function sameIn(arn: string): string {
  return arn.replace(/^(arn:aws[a-z-]*:kms:)[a-z0-9-]+(:\d{12}:key\/mrk-)/, "$1*$2");
}

async function tried<T>(action: "GenerateDataKey" | "Decrypt", doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw errorOf(error, action, doing);
  }
}

const incomplete = (action: string) =>
  keyFault("keys-unreachable", `the answer to ${action} is incomplete; does KMS answer there, or something else?`);
