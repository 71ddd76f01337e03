import { adapter, type SnsKeeps } from "./adapter.ts";
import type { SnsOptions } from "./options.ts";

export { adapter, type SnsKeeps };
export { confirmSubscription } from "./confirm.ts";
export type { SnsClientLike } from "./sdk.ts";
export type { SnsOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: sns({ region: "eu-west-1" }) }`. */
export function sns(options: SnsOptions = {}): { readonly use: typeof adapter } & SnsOptions {
  return { use: adapter, ...options };
}
