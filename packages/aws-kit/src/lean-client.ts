import type { ClientLike, Sdk } from "./clients.ts";

/** What of a client of the SDK is used beside {@link ClientLike}. */
interface SdkClient extends ClientLike {
  readonly config: { readonly requestHandler: { handle(request: unknown, options: object): Promise<unknown> } };
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

/**
 * A client of ours: the SDK's own, without two things that cost a tenth of a call each. It logs nothing, so the copies of
 * what is sent and received that a log would show are not made; and its middleware, which never changes, is put in order
 * once for each kind of command. That is for calls without options only: the signal goes round them.
 */
export function leanClient(sdk: Sdk, name: string, settings: Readonly<Record<string, unknown>>): ClientLike {
  const client = new sdk[name]!({ ...settings, cacheMiddleware: true }) as SdkClient;
  const { config, middlewareStack } = client;
  const signals = new WeakMap<object, AbortSignal>();
  const handle = ({ input, request }: Passing): Promise<unknown> =>
    config.requestHandler.handle(request, { abortSignal: signals.get(input) });
  middlewareStack.remove("loggerMiddleware");
  middlewareStack.add(() => handle, { name: "signalMiddleware", step: "deserialize", priority: "low" });
  return {
    config,
    send: (command: { readonly input: object }, { abortSignal } = {}) => {
      if (abortSignal !== undefined) signals.set(command.input, abortSignal);
      return client.send(command);
    },
    destroy: () => client.destroy?.(),
  };
}
