import {
  checkedEndpoint,
  clientSettings,
  configOf,
  handlerSettings,
  ownClient,
  type Sdk,
  watcher,
} from "@switchyard/aws-kit";
import { ATTEMPTS, CALL_TIMEOUT_MS } from "../limits.ts";
import type { KmsOptions } from "../options.ts";
import { classify } from "./errors.ts";
import { type Call, caller } from "./sdk.ts";

export interface Client {
  readonly call: Call;
  close(): void;
}

/** Reaches no service. Rejects plain http: to another machine. Without `region` the SDK looks for it. */
export async function openClient(options: KmsOptions, region: string | undefined, sdk: Sdk): Promise<Client> {
  const client = options.client ?? (await create(options, region, sdk));
  await checkedEndpoint(configOf(client), options.allowInsecure === true, "https://kms.eu-west-1.amazonaws.com");
  const resourceOf = ({ KeyId }: { readonly KeyId: string }): string => `key "${KeyId}"`;
  return {
    // Reports no outages: the keys report what becomes of each call. It calls again with renewed credentials.
    call: watcher(() => {}, classify)(caller(sdk, client), { client, resourceOf }),
    close: () => {
      if (options.client === undefined) client.destroy?.();
    },
  };
}

function create(options: KmsOptions, region: string | undefined, sdk: Sdk): ReturnType<typeof ownClient> {
  const settings = clientSettings({ ...options, region }, handlerSettings(CALL_TIMEOUT_MS));
  return ownClient(sdk, "KMSClient", { ...settings, maxAttempts: ATTEMPTS }, undefined);
}
