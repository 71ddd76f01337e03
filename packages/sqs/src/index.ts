import { adapter, type SqsKeeps } from "./adapter.ts";
import type { SqsOptions } from "./options.ts";

export { adapter, type SqsKeeps };
export type { SqsClientLike } from "./client.ts";
export type { SqsOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: sqs({ region: "eu-west-1" }) }`. */
export function sqs(options: SqsOptions = {}): { readonly use: typeof adapter } & SqsOptions {
  return { use: adapter, ...options };
}
