import type { AnyChannel } from "../api/channel.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
import { connectWith } from "./connect-with.ts";

/**
 * Reads the configuration, checks it against what the channels need and the adapters support, loads the adapters it names and opens
 * their connections. Nothing is consumed before `start()`.
 *
 * @throws MessagingError `invalid-config` lists every mistake with its path in the file, and for an adapter that is not installed the
 * package to install. `topology-differs` if `provision: verify` finds a difference, or `provision: auto` a destructive change.
 */
export async function connect<const Channels extends readonly AnyChannel[]>(
  options: ConnectOptions<Channels>,
): Promise<Messaging<Channels[number]>> {
  return connectWith(options);
}
