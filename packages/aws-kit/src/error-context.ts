/** Which resource a failed call was about, and where it was asked for. */
import { excerpt } from "@switchyard/core/driver-kit";
import { type ClientConfig, endpointOf } from "./clients.ts";

const places = new WeakMap<object, string>();

/** Kept beside the error, which is the SDK's own; the first place told stays. */
export function noteContext(cause: unknown, where: string): void {
  if (typeof cause === "object" && cause !== null && !places.has(cause)) places.set(cause, where);
}

export function contextOf(cause: unknown): string | undefined {
  const seen = new Set<unknown>();
  for (
    let error = cause;
    typeof error === "object" && error !== null && !seen.has(error);
    error = (error as Error).cause
  ) {
    seen.add(error);
    const where = places.get(error);
    if (where !== undefined) return where;
  }
  return undefined;
}

/** One call to a service of AWS, action by action. */
type AnyCall = (action: any, input: any, signal?: AbortSignal) => Promise<any>;

/** Where a client's requests go, in words; asked of the SDK when a call has failed, never before. */
async function placeWords(config: ClientConfig): Promise<string> {
  const region = await quietly(config.region);
  const endpoint = await quietly(() => endpointOf(config));
  const profile = config.profile ?? process.env["AWS_PROFILE"] ?? "";
  const by = profile === "" ? "" : ` by the profile ${excerpt(profile, 60)}`;
  return `${region === undefined ? "" : ` in ${region}`}${endpoint === undefined ? "" : ` at ${endpoint.origin}`}${by}`;
}

async function quietly<T>(ask: (() => Promise<T>) | undefined): Promise<T | undefined> {
  try {
    return await ask?.();
  } catch {
    return undefined;
  }
}

/** Tells the place of a failed call's error. */
export function contextNoter(
  config: ClientConfig,
  resourceOf: (input: any) => string | undefined,
): (cause: unknown, action: string, input: unknown) => Promise<void> {
  let words: Promise<string> | undefined;
  return async (cause, action, input) => {
    words ??= placeWords(config);
    noteContext(cause, `${resourceOf(input) ?? action}${await words}`);
  };
}

/** Calls whose errors are told with the resource they are about (`queue "orders.fifo"`) and the client's place. They pass unchanged. */
export function withErrorContext<C extends AnyCall>(
  call: C,
  config: ClientConfig,
  resourceOf: (input: any) => string | undefined,
): C {
  const place = contextNoter(config, resourceOf);
  const placed: AnyCall = async (action, input, signal) => {
    try {
      return await call(action, input, signal);
    } catch (cause) {
      await place(cause, action, input);
      throw cause;
    }
  };
  return placed as C;
}
