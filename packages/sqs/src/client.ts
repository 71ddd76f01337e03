import {
  checkedEndpoint,
  type ClientConfig,
  type ClientLike,
  clientSettings,
  configOf,
  endpointOf as ownEndpoint,
  handlerSettings,
  ownClient,
  refuseRetries,
  type Sdk,
} from "@switchyard/aws-kit";
import { type Call, caller, type SqsClientLike } from "./sdk.ts";
import { EXAMPLE_ENDPOINT } from "./endpoint.ts";
import { CALL_TIMEOUT_MS, POLL_TIMEOUT_MS } from "./limits.ts";
import type { SqsOptions } from "./options.ts";

export interface Clients {
  /** For every call except polls. */
  readonly call: Call;
  /** For polls. It has its own sockets, because a long poll occupies one for up to 20 seconds. */
  readonly poll: Call;
  /** The client behind `call`. */
  readonly client: ClientLike;
  readonly pollClient: ClientLike;
  /** Requests go to the host of a queue's URL, which is the default of a client given in code. Our own clients send to the endpoint. */
  readonly followsUrls: boolean;
  /** Where requests go. Undefined: the client given does not say. Rejects plain http: to another machine. */
  endpoint(): Promise<URL | undefined>;
  region(): Promise<string | undefined>;
  close(): void;
}

export async function openClients(options: SqsOptions, sdk: Sdk): Promise<Clients> {
  const given = options.client;
  const calls = given ?? (await create(options, sdk, CALL_TIMEOUT_MS));
  const polls = options.receiveClient ?? given ?? (await create(options, sdk, POLL_TIMEOUT_MS));
  if (given !== undefined) await refuseRetries(given, "client", "SQSClient");
  if (options.receiveClient !== undefined) await refuseRetries(options.receiveClient, "receiveClient", "SQSClient");
  let endpoint: Promise<URL | undefined> | undefined;
  return {
    call: caller(sdk, calls),
    poll: caller(sdk, polls),
    client: calls,
    pollClient: polls,
    followsUrls: [given, options.receiveClient].some(
      (client) => client !== undefined && configOf(client).useQueueUrlAsEndpoint !== false,
    ),
    endpoint: () => (endpoint ??= endpointOf(configOf(calls), options.allowInsecure === true)),
    region: async () => await configOf(calls).region?.(),
    close: () => {
      if (given !== undefined) return;
      calls.destroy?.();
      polls.destroy?.();
    },
  };
}

async function create(options: SqsOptions, sdk: Sdk, requestTimeout: number): Promise<SqsClientLike> {
  const codecs = options.fast === false ? undefined : (await import("./fast/bodies.ts")).bodyCodecs;
  // Requests go to the endpoint, whatever a queue's URL says. Checksums are off: if one differs, the SDK discards the whole batch,
  // whose messages SQS has already hidden. TLS protects the bytes anyway.
  return ownClient(
    sdk,
    "SQSClient",
    {
      ...clientSettings(options, handlerSettings(requestTimeout)),
      useQueueUrlAsEndpoint: false,
      md5: false,
    },
    codecs,
  );
}

/** The client's endpoint. Rejects plain http: to another machine. */
async function endpointOf(config: ClientConfig, allowInsecure: boolean): Promise<URL | undefined> {
  return (await checkedEndpoint(config, allowInsecure, EXAMPLE_ENDPOINT)) ?? (await ownEndpoint(config));
}
