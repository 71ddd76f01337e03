import { adapter, type KinesisKeeps } from "./adapter.ts";
import type { KinesisOptions } from "./options.ts";

export { adapter, type KinesisKeeps };
export { isOfKinesis } from "./errors.ts";
export type { KinesisClientLike } from "./sdk.ts";
export type { LeaseOptions, LeaseStoreFactory } from "./lease-options.ts";
export type { KinesisOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: kinesis({ region: "eu-west-1" }) }`. */
export function kinesis(options: KinesisOptions = {}): { readonly use: typeof adapter } & KinesisOptions {
  return { use: adapter, ...options };
}
