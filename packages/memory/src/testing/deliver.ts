import type { AnyChannel, Consumer, PayloadOf, TypeOf } from "@switchyard/core";
import {
  type AttemptOptions,
  attemptOnce,
  type AttemptResult,
  policyOf,
  virtualRuntime,
} from "@switchyard/core/testing";
import type { PolicyInput } from "./settings.ts";

/** The options of `deliver()`. */
export interface DeliverOptions extends AttemptOptions {
  /** The group's policy. Default: the library's defaults, by which a fifth failed attempt is dead-lettered. */
  readonly policy?: PolicyInput;
}

/**
 * Runs one message through a consumer (validation, middleware, handler and policy) without a broker, and returns how it would be settled.
 * `data` is what a publisher would pass: the schema's input.
 */
export async function deliver<C extends AnyChannel, const K extends TypeOf<C>>(
  consumer: Consumer<C>,
  type: K,
  data: PayloadOf<C, K>,
  options: DeliverOptions = {},
): Promise<AttemptResult> {
  const { policy } = policyOf(options.policy ?? {}, "queue");
  return await attemptOnce(consumer, type, data, policy, virtualRuntime(), options);
}
