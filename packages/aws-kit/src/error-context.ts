/** The resource that a failed call was about, and the place where it was called. */
import { causesOf, excerpt } from "@switchyard/core/driver-kit";
import { type ClientConfig, endpointOf } from "./clients.ts";

const contexts = new WeakMap<object, string>();

/** Remembers what a failed call was about: `queue "orders.fifo" in eu-west-1`. The first context noted for an error stays. */
export function noteContext(cause: unknown, where: string): void {
  if (typeof cause === "object" && cause !== null && !contexts.has(cause)) contexts.set(cause, where);
}

/** What was noted for the error or for one of its causes. */
export function contextOf(cause: unknown): string | undefined {
  for (const error of causesOf(cause)) {
    const where = contexts.get(error);
    if (where !== undefined) return where;
  }
  return undefined;
}

/** One call to a service of AWS. */
export type AnyCall = (action: any, input: any, signal?: AbortSignal) => Promise<any>;

/** Where a client's requests go. The SDK is asked only once a call has failed. */
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

/** Notes the resource and the place of failed calls. */
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

/** The same calls; their errors get a context: the resource (`queue "orders.fifo"`), the region and the endpoint. */
export function withErrorContext<C extends AnyCall>(
  call: C,
  config: ClientConfig,
  resourceOf: (input: any) => string | undefined,
): C {
  const note = contextNoter(config, resourceOf);
  const noting: AnyCall = async (action, input, signal) => {
    try {
      return await call(action, input, signal);
    } catch (cause) {
      await note(cause, action, input);
      throw cause;
    }
  };
  return noting as C;
}
