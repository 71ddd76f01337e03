import { MessagingError } from "@switchyard/core/driver-kit";
import { type Call, caller, type Sdk, type SqsClientLike } from "./client.ts";
import { originProblem } from "./hosts.ts";
import { CALL_TIMEOUT_MS, CONNECT_TIMEOUT_MS, POLL_TIMEOUT_MS } from "./limits.ts";
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
  if (given !== undefined) await refuseRetries(given, "client");
  if (options.receiveClient !== undefined) await refuseRetries(options.receiveClient, "receiveClient");
  let endpoint: Promise<URL | undefined> | undefined;
  return {
    call: caller(sdk, calls),
    poll: caller(sdk, polls),
    endpoint: () => (endpoint ??= checkedEndpoint(configOf(calls), options.allowInsecure === true)),
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
  return new sdk["SQSClient"]!({
    ...clientSettings(options, requestTimeout),
    useQueueUrlAsEndpoint: false,
    md5: false,
  }) as SqsClientLike;
}

/** How every client of ours is made, whatever the service of AWS. */
export function clientSettings(
  { region, endpoint, profile }: Pick<SqsOptions, "region" | "endpoint" | "profile">,
  requestTimeout: number,
): Record<string, unknown> {
  // The number of sockets follows the calls at once, which the declared concurrency bounds; a limit here would only queue
  // heartbeats behind sends.
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    // Core resends, by item and knowing what was ambiguous.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout,
      // Without it the SDK only warns, and a request into a black hole hangs.
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
}

/** What of a client's resolved `config` is looked at; all of it may be absent. */
export interface ClientConfig {
  maxAttempts?: () => Promise<number>;
  retryStrategy?: () => Promise<unknown>;
  region?: () => Promise<string>;
  endpoint?: () => Promise<{ protocol: string; hostname: string; port?: number }>;
  ignoreConfiguredEndpointUrls?: boolean;
  serviceConfiguredEndpoint?: () => Promise<string | undefined>;
  endpointProvider?: (of: { Region: string | undefined; UseFIPS: boolean; UseDualStack: boolean }) => { url: URL };
  useFipsEndpoint?: () => Promise<boolean>;
  useDualstackEndpoint?: () => Promise<boolean>;
}

export function configOf(client: SqsClientLike): ClientConfig {
  return (client.config ?? {}) as ClientConfig;
}

/** A client of the user's that sends again by itself is refused. */
export async function refuseRetries(client: SqsClientLike, option: string, className = "SQSClient"): Promise<void> {
  const config = configOf(client);
  const attempts = [await config.maxAttempts?.(), await strategyAttempts(await config.retryStrategy?.())];
  const most = Math.max(...attempts.map((value) => value ?? 1));
  if (most === 1) return;
  throw new MessagingError(
    "client-retries",
    `${option}: this ${className} sends up to ${most} times by itself, and may store a message as often; make it with new ${className}({ maxAttempts: 1 })`,
    { kind: "config" },
  );
}

/** A strategy of the user's own may count for itself. */
async function strategyAttempts(strategy: unknown): Promise<number | undefined> {
  const provider = (strategy as { maxAttemptsProvider?: unknown } | undefined)?.maxAttemptsProvider;
  return typeof provider === "function" ? Number(await provider.call(strategy)) : undefined;
}

/** Where a client's requests go; undefined where it does not say. Refuses plain http: to another machine. */
export async function checkedEndpoint(config: ClientConfig, allowInsecure: boolean): Promise<URL | undefined> {
  const url = await resolvedEndpoint(config);
  const problem = url === undefined ? undefined : originProblem(url.href, allowInsecure);
  if (problem !== undefined) throw new MessagingError("insecure-endpoint", `endpoint: ${problem}`, { kind: "config" });
  return url;
}

/** As the SDK does it: given in code, else by environment or profile, else the region's own. */
async function resolvedEndpoint(config: ClientConfig): Promise<URL | undefined> {
  if (config.endpoint !== undefined) {
    const { protocol, hostname, port } = await config.endpoint();
    return new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`);
  }
  const configured =
    config.ignoreConfiguredEndpointUrls === true ? undefined : await config.serviceConfiguredEndpoint?.();
  if (configured !== undefined && configured !== "") return new URL(configured);
  return config.endpointProvider?.({
    Region: await config.region?.(),
    UseFIPS: (await config.useFipsEndpoint?.()) ?? false,
    UseDualStack: (await config.useDualstackEndpoint?.()) ?? false,
  }).url;
}
