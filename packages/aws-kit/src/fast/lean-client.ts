import type { ClientLike, Sdk } from "../clients.ts";
import { type Bodies, nativeBodies, type Protocol } from "./body-codecs.ts";
import { Renewal } from "../renewal.ts";

/** What of a client of the SDK is used beside {@link ClientLike}. Of another version, any of it may be absent. */
interface SdkClient extends ClientLike {
  config: {
    signer?: (scheme?: unknown) => Promise<unknown>;
    readonly requestHandler: { handle(request: unknown, options: object): Promise<unknown> };
    readonly protocol?: Protocol;
  };
  readonly middlewareStack: {
    add(middleware: () => (call: Passing) => Promise<unknown>, place: object): void;
    remove(name: string): boolean;
  };
}

/** What middleware is given: the command's input, and the request once it is made. */
interface Passing {
  readonly input: object;
  readonly request?: unknown;
}

export interface LeanClient extends ClientLike {
  /** The bodies given are written and read: not where the SDK is of a version that does it in another way. */
  readonly native: boolean;
}

/**
 * A client of ours: the SDK's own, without what costs much of a call and gives nothing here. It logs nothing, so the
 * copies of what is sent and received that a log would show are not made; its middleware, which never changes, is put in
 * order once for each kind of command (that is for calls without options only: the signal goes round them); its signer is kept
 * from call to call; and `bodies` are written and read by us.
 */
export function leanClient(
  sdk: Sdk,
  name: string,
  settings: Readonly<Record<string, unknown>>,
  bodies: Bodies = {},
): LeanClient {
  const signals = new WeakMap<object, AbortSignal>();
  const renewal = new Renewal((more) => makeClient(sdk, name, { ...settings, ...more }, bodies, signals));
  const { config } = renewal.current;
  return {
    config,
    native: config.protocol !== undefined,
    send: (command: { readonly input: object }, { abortSignal } = {}) => {
      if (abortSignal !== undefined) signals.set(command.input, abortSignal);
      return renewal.current.send(command);
    },
    get generation() {
      return renewal.generation;
    },
    renew: (generation) => renewal.renew(generation),
    destroy: () => renewal.current.destroy?.(),
  };
}

function makeClient(
  sdk: Sdk,
  name: string,
  settings: Readonly<Record<string, unknown>>,
  bodies: Bodies,
  signals: WeakMap<object, AbortSignal>,
): SdkClient {
  const client = new sdk[name]!({ ...settings, cacheMiddleware: true }) as SdkClient;
  const { middlewareStack } = client;
  keepSigner(client.config);
  const { protocol } = client.config;
  if (protocol !== undefined) nativeBodies(protocol, bodies);
  // As the SDK made it, a property with a getter among the rest, it is a dictionary to the engine; and every call copies it
  // three times over.
  const config = { ...client.config };
  client.config = config;
  const handle = ({ input, request }: Passing): Promise<unknown> =>
    config.requestHandler.handle(request, { abortSignal: signals.get(input) });
  middlewareStack.remove("loggerMiddleware");
  middlewareStack.add(() => handle, { name: "signalMiddleware", step: "deserialize", priority: "low" });
  return client;
}

/** The SDK makes one for each call: all that changes from call to call, credentials too, it asks for when it signs. */
function keepSigner(config: SdkClient["config"]): void {
  const of = config.signer;
  if (of === undefined) return;
  let made: Promise<unknown> | undefined;
  config.signer = (scheme) => {
    // Of an endpoint that wants to be signed for in its own way.
    if (scheme !== undefined) return of(scheme);
    made ??= of().catch((cause: unknown) => {
      made = undefined;
      throw cause;
    });
    return made;
  };
}
