import { adapter, type AmqpKeeps } from "./adapter.ts";
import type { AmqpOptions } from "./options.ts";

export { adapter, type AmqpKeeps };
export type { AmqpConnect, AmqpModel } from "./sdk.ts";
export type { AmqpOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { rabbit: amqp({ url: "amqps://..." }) }`. */
export function amqp(options: AmqpOptions): { readonly use: typeof adapter } & AmqpOptions {
  return { use: adapter, ...options };
}
