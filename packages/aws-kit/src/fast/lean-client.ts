import type { ClientLike, Sdk } from "../clients.ts";
import { Renewal, renewableClient } from "../renewal.ts";
import { type BodyCodecs, type Protocol, useBodyCodecs } from "./body-codecs.ts";

/** The parts of an SDK client that are used besides {@link ClientLike}. Another version of the SDK may lack any of them. */
interface SdkClient extends ClientLike {
  config: {
    signer?: (scheme?: unknown) => Promise<unknown>;
    readonly requestHandler: { handle(request: unknown, options: object): Promise<unknown> };
    readonly protocol?: Protocol;
  };
  readonly middlewareStack: {
    add(middleware: () => (call: MiddlewareArguments) => Promise<unknown>, place: object): void;
    remove(name: string): boolean;
  };
}

/** What middleware is given: the command's input, and the request once it is made. */
interface MiddlewareArguments {
  readonly input: object;
  readonly request?: unknown;
}

export interface LeanClient extends ClientLike {
  /** Whether the body codecs are in use. False if this version of the SDK has no protocol object to put them into. */
  readonly hasCodecs: boolean;
}

/**
 * The SDK's own client, patched to cost less per call; README.md lists the patches. `codecs` replace the SDK's reading and
 * writing of the bodies they know.
 */
export function leanClient(
  sdk: Sdk,
  className: string,
  settings: Readonly<Record<string, unknown>>,
  codecs: BodyCodecs = {},
): LeanClient {
  const signals = new WeakMap<object, AbortSignal>();
  const renewal = new Renewal((more) => makeClient(sdk, className, { ...settings, ...more }, codecs, signals));
  const client = renewableClient(renewal, (command: { readonly input: object }, { abortSignal } = {}) => {
    if (abortSignal !== undefined) signals.set(command.input, abortSignal);
    return renewal.current.send(command);
  });
  return Object.assign(client, { hasCodecs: renewal.current.config.protocol !== undefined });
}

function makeClient(
  sdk: Sdk,
  className: string,
  settings: Readonly<Record<string, unknown>>,
  codecs: BodyCodecs,
  signals: WeakMap<object, AbortSignal>,
): SdkClient {
  // The SDK uses its cached middleware only for calls without options, so abort signals are passed in a separate map.
  const client = new sdk[className]!({ ...settings, cacheMiddleware: true }) as SdkClient;
  const { middlewareStack } = client;
  keepSigner(client.config);
  const { protocol } = client.config;
  if (protocol !== undefined) useBodyCodecs(protocol, codecs);
  // The SDK copies its configuration three times per call, and as made it is a slow object: docs/v8.md#dictionary-mode
  const config = { ...client.config };
  client.config = config;
  const handle = ({ input, request }: MiddlewareArguments): Promise<unknown> =>
    config.requestHandler.handle(request, { abortSignal: signals.get(input) });
  middlewareStack.remove("loggerMiddleware");
  middlewareStack.add(() => handle, { name: "signalMiddleware", step: "deserialize", priority: "low" });
  return client;
}

/** The SDK makes a signer for each call. One is enough: it asks for the credentials each time it signs. */
function keepSigner(config: SdkClient["config"]): void {
  const original = config.signer;
  if (original === undefined) return;
  let kept: Promise<unknown> | undefined;
  config.signer = (scheme) => {
    // Some endpoints ask for a signing scheme of their own.
    if (scheme !== undefined) return original(scheme);
    kept ??= original().catch((cause: unknown) => {
      kept = undefined;
      throw cause;
    });
    return kept;
  };
}
