/** Keys of a provider that the user brings. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ExtensionContext, KeysExtension } from "@switchyard/core/pipeline";
import { KEY_AGE_MS, KEY_USE_BYTES, KEY_USES, UNKNOWN_KEY_MS } from "./limits.ts";
import type { KeyProvider, Reuse } from "./provider.ts";

/** A key provider of your own: HashiCorp Vault, another cloud's key service, a hardware module. */
export interface OwnKeys<O> {
  /** The value of `use` in the configuration: `vault`. */
  readonly name: string;
  /** Validates the entry of `keys`, with `use`. Refuse unknown keys, and put no secret into a message. */
  readonly options: StandardSchemaV1<unknown, O>;
  /** Called once for each entry that a channel uses. It need not reach the service. */
  open(options: O, context: ExtensionContext): KeyProvider | Promise<KeyProvider>;
  /** How long a data key is used: 100,000 messages, 1 GiB or 1 h by default, whichever comes first. */
  readonly reuse?: Partial<Reuse>;
  /** How long a message waits whose key the provider does not know, in milliseconds. Default 15 minutes. */
  readonly waitMs?: number;
}

/**
 * Encryption with a key provider of your own. Pass the result to `connect({ extensions })`, or export it as `extension` from a module
 * that `use` names. The wire form is that of KMS: JWE with `alg: dir` and the wrapped key in the protected header.
 */
export function encryptionWith<O>({
  name,
  options,
  open,
  reuse,
  waitMs = UNKNOWN_KEY_MS,
}: OwnKeys<O>): KeysExtension<O> {
  return {
    kind: "keys",
    names: [name],
    options,
    open: async (given, context) => {
      const [{ keysOf }, provider] = await Promise.all([import("./open.ts"), open(given, context)]);
      const all = { messages: KEY_USES, bytes: KEY_USE_BYTES, ageMs: KEY_AGE_MS, ...reuse };
      return keysOf({ provider, alg: "dir", reuse: all, waitMs }, context);
    },
  };
}
