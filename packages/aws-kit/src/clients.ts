/** Clients of the AWS SDK: the settings of our own, and the checks of those given in code. */
import { MessagingError, originProblem } from "@switchyard/core/driver-kit";

/** The part of a client that is used. Every client of the AWS SDK has it. */
export interface ClientLike {
  send(command: any, options?: { abortSignal?: AbortSignal }): Promise<any>;
  destroy?(): void;
  readonly config?: unknown;
  /** Rises with every change of credentials by `renew`. */
  readonly generation?: number;
  /**
   * Reads the credentials again, without the SDK's cache, after a call of `generation` was refused. True if there are others, which the next
   * call then uses.
   */
  renew?(generation: number): Promise<boolean>;
}

/** A module `@aws-sdk/client-…`: the client and one class for each command. */
export type Sdk = Readonly<Record<string, new (input: any) => any>>;

/** The command of an action, from the module `name`. Throws if the module has none. */
export function commandOf(sdk: Sdk, name: string, action: string, input: object): any {
  const Command = sdk[`${action}Command`];
  if (Command === undefined) throw new TypeError(`${name} has no ${action}Command`);
  return new Command(input);
}

/** The parts of a client's resolved `config` that are read. All of them may be absent. */
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
  credentials?: () => Promise<Credentials>;
  profile?: string;
  /** SQS only: requests go to the host of the queue's URL. */
  useQueueUrlAsEndpoint?: boolean;
}

export interface Credentials {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly accountId?: string;
}

/** Options of a connection that the SDK takes as they are. */
export interface ConnectionOptions {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
}

/** The least version of TLS. Node's own default is the same, and `--tls-min-v1.0` lowers it. */
const MIN_TLS = "TLSv1.2";
/** For opening a connection. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Settings of the HTTP handler. Sockets are not limited: the declared concurrency limits the calls, and a second limit would only
 * make heartbeats wait behind sends.
 */
export function handlerSettings(requestTimeout: number): Record<string, unknown> {
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  return {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout,
    // Without it the SDK only warns, and a request that is never answered hangs.
    throwOnRequestTimeout: true,
    // `requestTimeout` ends with the response head. Without this one, a response that stops halfway hangs for 15 minutes.
    socketTimeout: requestTimeout,
    httpAgent: agent,
    httpsAgent: { ...agent, minVersion: MIN_TLS },
  };
}

/** Settings of a client of our own. The SDK's retries are off: core resends single items and knows which results were ambiguous. */
export function clientSettings(
  { region, endpoint, profile }: ConnectionOptions,
  requestHandler: unknown,
): Record<string, unknown> {
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    maxAttempts: 1,
    requestHandler,
  };
}

export const configOf = (client: ClientLike): ClientConfig => (client.config ?? {}) as ClientConfig;

/** Refuses a client given in code that retries by itself. */
export async function refuseRetries(client: ClientLike, option: string, className: string): Promise<void> {
  const config = configOf(client);
  const attempts = [await config.maxAttempts?.(), await strategyAttempts(await config.retryStrategy?.())];
  const most = Math.max(...attempts.map((value) => value ?? 1));
  if (most === 1) return;
  throw new MessagingError(
    "client-retries",
    `${option}: this ${className} retries by itself, up to ${most} attempts, each of which may store a message; create it with new ${className}({ maxAttempts: 1 })`,
    { kind: "config" },
  );
}

/** A retry strategy given in code may have its own number of attempts. */
async function strategyAttempts(strategy: unknown): Promise<number | undefined> {
  const provider = (strategy as { maxAttemptsProvider?: unknown } | undefined)?.maxAttemptsProvider;
  return typeof provider === "function" ? Number(await provider.call(strategy)) : undefined;
}

/**
 * The endpoint that is set in code, in the environment or in a profile. Undefined: the service's own. Rejects plain `http:` to another
 * machine, and names `example` as a valid endpoint.
 */
export async function checkedEndpoint(
  config: ClientConfig,
  allowInsecure: boolean,
  example: string,
): Promise<URL | undefined> {
  const url = await configuredEndpoint(config);
  const problem = url === undefined ? undefined : originProblem(url, allowInsecure, example);
  if (problem !== undefined) throw new MessagingError("insecure-endpoint", `endpoint: ${problem}`, { kind: "config" });
  return url === undefined ? undefined : new URL(url);
}

/** Looks for an endpoint in the same order as the SDK. */
async function configuredEndpoint(config: ClientConfig): Promise<string | undefined> {
  if (config.endpoint !== undefined) {
    const { protocol, hostname, port } = await config.endpoint();
    return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`;
  }
  if (config.ignoreConfiguredEndpointUrls === true) return undefined;
  const configured = await config.serviceConfiguredEndpoint?.();
  return configured === "" ? undefined : configured;
}

/** Where a client's requests go: to the configured endpoint, otherwise to the region's. Undefined if the client does not say. */
export async function endpointOf(config: ClientConfig): Promise<URL | undefined> {
  const configured = await configuredEndpoint(config);
  if (configured !== undefined) return new URL(configured);
  return config.endpointProvider?.({
    Region: await config.region?.(),
    UseFIPS: (await config.useFipsEndpoint?.()) ?? false,
    UseDualStack: (await config.useDualstackEndpoint?.()) ?? false,
  }).url;
}
