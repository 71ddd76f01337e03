import { MessagingError, originProblem } from "@switchyard/core/driver-kit";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type Call, caller, type KinesisClientLike, type Sdk } from "./client.ts";
import { CALL_TIMEOUT_MS, CONNECT_TIMEOUT_MS, SILENCE_MS } from "./limits.ts";
import type { KinesisOptions } from "./options.ts";

export interface Clients {
  readonly call: Call;
  /** SubscribeToShard: over HTTP/2, one connection each. */
  readonly subscribe: Call;
  region(): Promise<string | undefined>;
  close(): void;
}

export async function openClients(options: KinesisOptions, sdk: Sdk): Promise<Clients> {
  const given = options.client;
  const calls = given ?? create(options, sdk, http1());
  // The SDK's own handler for Kinesis is the one for HTTP/2.
  const subscribes = options.subscribeClient ?? given ?? create(options, sdk, { requestTimeout: SILENCE_MS });
  if (given !== undefined) await refuseRetries(given, "client");
  if (options.subscribeClient !== undefined) await refuseRetries(options.subscribeClient, "subscribeClient");
  let checked: Promise<void> | undefined;
  const guarded = (call: Call): Call => {
    return async (action, input, signal) => {
      await (checked ??= checkEndpoint(configOf(calls), options.allowInsecure === true));
      return call(action, input, signal);
    };
  };
  return {
    call: guarded(caller(sdk, calls)),
    subscribe: guarded(caller(sdk, subscribes)),
    region: async () => await configOf(calls).region?.(),
    close: () => {
      if (given !== undefined) return;
      calls.destroy?.();
      subscribes.destroy?.();
    },
  };
}

/** Kept-alive connections of HTTP/1.1: the SDK's handler for HTTP/2 makes a new one for every call, or shares one that may hang. */
function http1(): NodeHttpHandler {
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  return new NodeHttpHandler({
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: CALL_TIMEOUT_MS,
    // Without it the SDK only warns, and a request into a black hole hangs.
    throwOnRequestTimeout: true,
    httpAgent: agent,
    httpsAgent: agent,
  });
}

function create(options: KinesisOptions, sdk: Sdk, requestHandler: unknown): KinesisClientLike {
  const { region, endpoint, profile } = options;
  return new sdk["KinesisClient"]!({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    // Core resends, by record and knowing what was ambiguous.
    maxAttempts: 1,
    requestHandler,
  }) as KinesisClientLike;
}

/** What of a client's resolved `config` is looked at; all of it may be absent. */
interface ClientConfig {
  maxAttempts?: () => Promise<number>;
  retryStrategy?: () => Promise<unknown>;
  region?: () => Promise<string>;
  endpoint?: () => Promise<{ protocol: string; hostname: string; port?: number }>;
  ignoreConfiguredEndpointUrls?: boolean;
  serviceConfiguredEndpoint?: () => Promise<string | undefined>;
}

function configOf(client: KinesisClientLike): ClientConfig {
  return (client.config ?? {}) as ClientConfig;
}

async function refuseRetries(client: KinesisClientLike, option: string): Promise<void> {
  const config = configOf(client);
  const attempts = [await config.maxAttempts?.(), await strategyAttempts(await config.retryStrategy?.())];
  const most = Math.max(...attempts.map((value) => value ?? 1));
  if (most === 1) return;
  throw new MessagingError(
    "client-retries",
    `${option}: this KinesisClient sends up to ${most} times by itself, and may store a record as often; make it with new KinesisClient({ maxAttempts: 1 })`,
    { kind: "config" },
  );
}

/** A strategy of the user's own may count for itself. */
async function strategyAttempts(strategy: unknown): Promise<number | undefined> {
  const provider = (strategy as { maxAttemptsProvider?: unknown } | undefined)?.maxAttemptsProvider;
  return typeof provider === "function" ? Number(await provider.call(strategy)) : undefined;
}

/** Also one the environment or a profile named: plain `http:` to another machine is refused. */
async function checkEndpoint(config: ClientConfig, allowInsecure: boolean): Promise<void> {
  const url = await configuredEndpoint(config);
  const problem =
    url === undefined ? undefined : originProblem(url, allowInsecure, "https://kinesis.eu-west-1.amazonaws.com");
  if (problem !== undefined) throw new MessagingError("insecure-endpoint", `endpoint: ${problem}`, { kind: "config" });
}

async function configuredEndpoint(config: ClientConfig): Promise<string | undefined> {
  if (config.endpoint !== undefined) {
    const { protocol, hostname, port } = await config.endpoint();
    return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`;
  }
  if (config.ignoreConfiguredEndpointUrls === true) return undefined;
  const configured = await config.serviceConfiguredEndpoint?.();
  return configured === "" ? undefined : configured;
}
