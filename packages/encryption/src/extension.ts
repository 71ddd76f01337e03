import type { KeysExtension } from "@switchyard/core/pipeline";
import { type KeysOptions, keysOptions } from "./options.ts";

/** The keys `local`, `kms` and `ephemeral`. Configuration loads it by name. A bundle passes it in code. */
export const extension: KeysExtension<KeysOptions> = {
  kind: "keys",
  names: ["local", "kms", "ephemeral"],
  options: keysOptions,
  open: async (options, context) => (await import("./open.ts")).openKeys(options, context),
  rights: async (options) => (await import("./rights.ts")).rightsOf(options),
};
