import type { CipherOptions, ExtensionContext, Keys } from "@switchyard/core/pipeline";
import { JweCipher } from "./cipher.ts";
import { ReadKeys } from "./keys/read-keys.ts";
import { Troubles } from "./keys/troubles.ts";
import { WriteKeys } from "./keys/write-keys.ts";
import { ephemeralKeys, LocalKeys } from "./local.ts";
import type { KeysOptions } from "./options.ts";
import type { OpenedProvider } from "./provider.ts";
import { type RandomSource, systemRandom } from "./random-source.ts";

/** Reaches no service. Loads the SDK only for `kms`. */
export async function openKeys(options: KeysOptions, context: ExtensionContext): Promise<Keys> {
  return keysOf(await openedProvider(options), context);
}

async function openedProvider(options: KeysOptions): Promise<OpenedProvider> {
  const { reuse, waitMs } = options;
  switch (options.use) {
    case "local": {
      const { keys, write, read } = options;
      return { provider: new LocalKeys(keys, write, read, systemRandom()), alg: "A256KW", reuse, waitMs };
    }
    case "ephemeral":
      return { provider: ephemeralKeys(), alg: "A256KW", reuse, waitMs };
    case "kms": {
      const { openKmsKeys } = await import("./kms/kms-keys.ts");
      return { provider: await openKmsKeys(options), alg: "dir", reuse, waitMs };
    }
  }
}

/** `random`: for IVs. Golden vectors have one of their own. */
export function keysOf(
  opened: OpenedProvider,
  { name: entry, runtime, trouble }: Pick<ExtensionContext, "name" | "runtime" | "trouble">,
  random: RandomSource = systemRandom(),
): Keys {
  const { provider } = opened;
  const closing = new AbortController();
  const context = { entry, runtime, troubles: new Troubles(trouble), signal: closing.signal };
  const writeKeys = new WriteKeys(opened, context);
  const readKeys = new ReadKeys(opened, context);
  return {
    summary: provider.summary,
    cipher: (options: CipherOptions) => new JweCipher({ ...opened, entry, writeKeys, readKeys, random }, options),
    close: async () => {
      closing.abort();
      writeKeys.close();
      readKeys.close();
      await provider.close?.();
    },
  };
}
