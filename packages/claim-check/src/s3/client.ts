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

/** Reaches no service. Rejects plain http: to another machine. */
export async function openClient(options: S3Options, sdk: Sdk): Promise<Client> {
  const client = options.client ?? (await create(options, sdk));
  await checkedEndpoint(configOf(client), options.allowInsecure === true, "https://s3.eu-west-1.amazonaws.com");
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
  const handler = { ...handlerSettings(CALL_TIMEOUT_MS), socketTimeout: IDLE_TIMEOUT_MS };
  const pathStyle =
    options.pathStyle ?? (options.endpoint !== undefined && isLoopback(new URL(options.endpoint).hostname));
  return ownClient(
    sdk,
    "S3Client",
    {
      ...clientSettings(options, handler),
      maxAttempts: ATTEMPTS,
      ...(pathStyle ? { forcePathStyle: true } : {}),
      // The step checks SHA-256 itself where a message states it.
      responseChecksumValidation: "WHEN_REQUIRED",
    },
    undefined,
  );
}
