import {
  checkedEndpoint,
  clientSettings,
  configOf,
  handlerSettings,
  ownClient,
  type Sdk,
  watcher,
} from "@switchyard/aws-kit";
import { isLoopback } from "@switchyard/core/driver-kit";
import type { S3Options } from "../options.ts";
import { ATTEMPTS, CALL_TIMEOUT_MS, IDLE_TIMEOUT_MS } from "../limits.ts";
import { classify } from "./errors.ts";
import { type Call, caller } from "./sdk.ts";

export interface Client {
  readonly call: Call;
  close(): void;
}

const EXAMPLE = "https://s3.eu-west-1.amazonaws.com";

/** Reaches no service. Rejects plain http: to another machine. */
export async function openClient(options: S3Options, sdk: Sdk): Promise<Client> {
  const client = options.client ?? (await create(options, sdk));
  if (options.client !== undefined) await checkedEndpoint(configOf(client), options.allowInsecure === true, EXAMPLE);
  const resourceOf = ({ Bucket }: { readonly Bucket: string }): string => `bucket "${Bucket}"`;
  return {
    // Reports no outages: the step reports what became of each message. It calls again with renewed credentials.
    call: watcher(() => {}, classify)(caller(sdk, client), { client, resourceOf }),
    close: () => {
      if (options.client === undefined) client.destroy?.();
    },
  };
}

async function create(options: S3Options, sdk: Sdk): ReturnType<typeof ownClient> {
  const client = await createWith(options, sdk, options.pathStyle === true);
  const endpoint = await checkedEndpoint(configOf(client), options.allowInsecure === true, EXAMPLE);
  if (options.pathStyle !== undefined || endpoint === undefined || !isLoopback(endpoint.hostname)) return client;
  // An emulator, which the environment may name as well: `bucket.localhost` may be no name that this machine knows.
  client.destroy?.();
  return createWith(options, sdk, true);
}

function createWith(options: S3Options, sdk: Sdk, forcePathStyle: boolean): ReturnType<typeof ownClient> {
  const handler = { ...handlerSettings(CALL_TIMEOUT_MS), socketTimeout: IDLE_TIMEOUT_MS };
  return ownClient(
    sdk,
    "S3Client",
    {
      ...clientSettings(options, handler),
      maxAttempts: ATTEMPTS,
      forcePathStyle,
      // The step checks SHA-256 itself where a message states it.
      responseChecksumValidation: "WHEN_REQUIRED",
    },
    undefined,
  );
}
