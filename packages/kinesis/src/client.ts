import {
  checkedEndpoint,
  clientSettings,
  configOf,
  handlerSettings,
  ownClient,
  refuseRetries,
  type Sdk,
} from "@switchyard/aws-kit";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type Call, caller, type KinesisClientLike } from "./sdk.ts";
import { CALL_TIMEOUT_MS, SILENCE_MS } from "./limits.ts";
import { EXAMPLE_ENDPOINT, type KinesisOptions } from "./options.ts";

export interface Clients {
  readonly call: Call;
  /** SubscribeToShard: over HTTP/2, one connection each. */
  readonly subscribe: Call;
  /** The client behind `call`. */
  readonly client: KinesisClientLike;
  readonly subscribeClient: KinesisClientLike;
  region(): Promise<string | undefined>;
  close(): void;
}

export async function openClients(options: KinesisOptions, sdk: Sdk): Promise<Clients> {
  const given = options.client;
  const own = given === undefined ? await create(options, sdk) : undefined;
  const calls = own ?? given!;
  const subscribes = options.subscribeClient ?? given ?? (await subscriber(options, sdk));
  if (given !== undefined) await refuseRetries(given, "client", "KinesisClient");
  if (options.subscribeClient !== undefined)
    await refuseRetries(options.subscribeClient, "subscribeClient", "KinesisClient");
  let checked: Promise<unknown> | undefined;
  const guarded = (call: Call): Call => {
    return async (action, input, signal) => {
      await (checked ??= checkedEndpoint(configOf(calls), options.allowInsecure === true, EXAMPLE_ENDPOINT));
      return call(action, input, signal);
    };
  };
  return {
    call: guarded(caller(sdk, calls, own?.hasCodecs === true)),
    subscribe: guarded(caller(sdk, subscribes, false)),
    client: calls,
    subscribeClient: subscribes,
    region: async () => await configOf(calls).region?.(),
    close: () => {
      if (given !== undefined) return;
      calls.destroy?.();
      subscribes.destroy?.();
    },
  };
}

async function create(options: KinesisOptions, sdk: Sdk) {
  const codecs = options.fast === false ? undefined : (await import("./fast/bodies.ts")).bodyCodecs;
  return ownClient(sdk, "KinesisClient", clientSettings(options, http1()), codecs);
}

/** HTTP/1.1 with kept-alive connections: the SDK's handler for HTTP/2 opens one per call, or shares one that may hang. */
const http1 = (): NodeHttpHandler => new NodeHttpHandler(handlerSettings(CALL_TIMEOUT_MS));

/** SubscribeToShard needs the SDK's own HTTP/2 handler and calls with options, which the patched client does not pass on. */
function subscriber(options: KinesisOptions, sdk: Sdk): Promise<KinesisClientLike> {
  const settings = { ...clientSettings(options, { requestTimeout: SILENCE_MS }), logger: QUIET };
  return ownClient(sdk, "KinesisClient", settings, undefined);
}

/** Logs nothing. Without `info` the SDK does not copy every input and output for a log. */
const nothing = (): void => {};
const QUIET = { trace: nothing, debug: nothing, warn: nothing, error: nothing };
