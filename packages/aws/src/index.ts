import { adapter, type AwsKeeps } from "./adapter.ts";
import type { AwsOptions } from "./options.ts";

export { adapter, type AwsKeeps };
export type { AwsOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: aws({ region: "eu-west-1" }) }`. */
export function aws(options: AwsOptions = {}): { readonly use: typeof adapter } & AwsOptions {
  return { use: adapter, ...options };
}
