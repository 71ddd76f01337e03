import {
  checkedEndpoint,
  clientSettings,
  configOf,
  handlerSettings,
  leanClient,
  refuseRetries,
  Renewal,
  type Sdk,
} from "@switchyard/aws-kit";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { bodies } from "./fast/bodies.ts";
import { type Call, caller, type KinesisClientLike } from "./client.ts";
import { CALL_TIMEOUT_MS, SILENCE_MS } from "./limits.ts";
import { EXAMPLE_ENDPOINT, type KinesisOptions } from "./options.ts";

export interface Clients {
  readonly call: Call;
  /** SubscribeToShard: over HTTP/2, one connection each. */
  readonly subscribe: Call;
  /** Whose calls they are. */
  readonly client: KinesisClientLike;
  readonly subscribeClient: KinesisClientLike;
  region(): Promise<string | undefined>;
  close(): void;
}

export async function openClients(options: KinesisOptions, sdk: Sdk): Promise<Clients> {
  const given = options.client;
  const own =
    given === undefined ? leanClient(sdk, "KinesisClient", clientSettings(options, http1()), bodies) : undefined;
  const calls = own ?? given!;
  const subscribes = options.subscribeClient ?? given ?? subscriber(options, sdk);
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
    call: guarded(caller(sdk, calls, own?.native === true)),
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

/** Kept-alive connections of HTTP/1.1: the SDK's handler for HTTP/2 makes a new one for every call, or shares one that may hang. */
const http1 = (): NodeHttpHandler => new NodeHttpHandler(handlerSettings(CALL_TIMEOUT_MS));

/** Over HTTP/2, by the SDK's own handler for Kinesis; its calls have options, which a lean client passes none of. */
function subscriber(options: KinesisOptions, sdk: Sdk): KinesisClientLike {
  const settings = { ...clientSettings(options, { requestTimeout: SILENCE_MS }), logger: QUIET };
  const renewal = new Renewal<KinesisClientLike>((more) => new sdk["KinesisClient"]!({ ...settings, ...more }));
  return {
    config: renewal.current.config,
    send: (command, how) => renewal.current.send(command, how),
    get generation() {
      return renewal.generation;
    },
    renew: (generation) => renewal.renew(generation),
    destroy: () => renewal.current.destroy?.(),
  };
}

/** Says nothing, as the SDK's own; but without `info`, for which the SDK copies all that goes out and comes in. */
const nothing = (): void => {};
const QUIET = { trace: nothing, debug: nothing, warn: nothing, error: nothing };
