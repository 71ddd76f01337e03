import type { ClientLike, Sdk } from "./clients.ts";
import type { BodyCodecs, LeanClient } from "./fast/index.ts";
import { Renewal, renewableClient } from "./renewal.ts";

/**
 * Creates the adapter's own client. With `codecs` it is the patched client of `fast/`. Without them it is the SDK's unchanged client, and
 * nothing of `fast/` is loaded.
 */
export async function ownClient(
  sdk: Sdk,
  className: string,
  settings: Readonly<Record<string, unknown>>,
  codecs: BodyCodecs | undefined,
): Promise<ClientLike & Partial<Pick<LeanClient, "hasCodecs">>> {
  if (codecs === undefined)
    return renewableClient(new Renewal<ClientLike>((more) => new sdk[className]!({ ...settings, ...more })));
  const { leanClient } = await import("./fast/lean-client.ts");
  return leanClient(sdk, className, settings, codecs);
}
