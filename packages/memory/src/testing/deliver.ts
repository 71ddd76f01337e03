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
  /** The group's. Default: the library's defaults, so that a fifth attempt that fails is dead-lettered. */
  readonly policy?: PolicyInput;
}

/**
 * Gives one message to a consumer and says how it would be settled: validation, middleware, handler and policy, and no
 * broker. `data` is what a publisher would give: the schema's input.
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
