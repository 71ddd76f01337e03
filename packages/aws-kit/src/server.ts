import type { ServerAddress } from "@switchyard/core/driver";
import { type ClientLike, configOf, endpointOf } from "./clients.ts";

/**
 * Where a client's requests go, as `Connection.server` tells it. The client is asked at the first call, and answers a moment later: its
 * endpoint may stand in files. A client that does not say, or that cannot be had, has none.
 */
export function serverOf(client: () => ClientLike | Promise<ClientLike>): () => ServerAddress | undefined {
  let known: ServerAddress | undefined;
  let asked = false;
  const ask = async (): Promise<void> => {
    const url = await endpointOf(configOf(await client()));
    if (url === undefined || url.hostname === "") return;
    const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
    known = { address: url.hostname.replace(/^\[|\]$/g, ""), port };
  };
  return () => {
    if (!asked) {
      asked = true;
      ask().catch(() => {});
    }
    return known;
  };
}
