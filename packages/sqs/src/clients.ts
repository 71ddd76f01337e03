import {
  checkedEndpoint,
  type ClientConfig,
  clientSettings,
  configOf,
  handlerSettings,
  leanClient,
  refuseRetries,
  type Sdk,
} from "@switchyard/aws-kit";
import { bodies } from "./bodies.ts";
import { type Call, caller, type SqsClientLike } from "./client.ts";
import { EXAMPLE_ENDPOINT } from "./hosts.ts";
import { CALL_TIMEOUT_MS, POLL_TIMEOUT_MS } from "./limits.ts";
import type { SqsOptions } from "./options.ts";

export interface Clients {
  /** Everything but polls. */
  readonly call: Call;
  /** Its sockets are its own: long polls hold one each for up to 20 seconds. */
  readonly poll: Call;
  /** Where requests go; undefined where a user's client does not say. Refuses plain http: to another machine. */
  endpoint(): Promise<URL | undefined>;
  region(): Promise<string | undefined>;
  close(): void;
}

export async function openClients(options: SqsOptions, sdk: Sdk): Promise<Clients> {
  const given = options.client;
  const calls = given ?? create(options, sdk, CALL_TIMEOUT_MS);
  const polls = options.receiveClient ?? given ?? create(options, sdk, POLL_TIMEOUT_MS);
  if (given !== undefined) await refuseRetries(given, "client", "SQSClient");
  if (options.receiveClient !== undefined) await refuseRetries(options.receiveClient, "receiveClient", "SQSClient");
  let endpoint: Promise<URL | undefined> | undefined;
  return {
    call: caller(sdk, calls),
    poll: caller(sdk, polls),
    endpoint: () => (endpoint ??= endpointOf(configOf(calls), options.allowInsecure === true)),
    region: async () => await configOf(calls).region?.(),
    close: () => {
      if (given !== undefined) return;
      calls.destroy?.();
      polls.destroy?.();
    },
  };
}

function create(options: SqsOptions, sdk: Sdk, requestTimeout: number): SqsClientLike {
  // Requests go to the endpoint, wherever a queue's URL points. On a mismatch of checksums the SDK throws away the whole
  // batch, which SQS has hidden by then; TLS protects the bytes.
  return leanClient(
    sdk,
    "SQSClient",
    {
      ...clientSettings(options, handlerSettings(requestTimeout)),
      useQueueUrlAsEndpoint: false,
      md5: false,
    },
    bodies,
  );
}

/** Where a client's requests go: the endpoint that was configured, else the region's own; undefined where it does not say. */
async function endpointOf(config: ClientConfig, allowInsecure: boolean): Promise<URL | undefined> {
  const configured = await checkedEndpoint(config, allowInsecure, EXAMPLE_ENDPOINT);
  if (configured !== undefined) return configured;
  return config.endpointProvider?.({
    Region: await config.region?.(),
    UseFIPS: (await config.useFipsEndpoint?.()) ?? false,
    UseDualStack: (await config.useDualstackEndpoint?.()) ?? false,
  }).url;
}
