import type { Destination } from "@switchyard/core/driver";
import type { Actions, Call, SqsClientLike } from "../sdk.ts";
import type { Queue } from "../resource.ts";

type Action = keyof Actions;
export interface Called {
  readonly action: Action;
  readonly input: any;
  readonly signal: AbortSignal | undefined;
}

/** Answers calls with a script and keeps them. */
export function fakeCall(answer: (called: Called) => unknown): { readonly call: Call; readonly calls: Called[] } {
  const calls: Called[] = [];
  const call = async (action: Action, input: unknown, signal?: AbortSignal): Promise<any> => {
    const called = { action, input, signal };
    calls.push(called);
    return answer(called);
  };
  return { call: call as Call, calls };
}

/** The same behind the SDK's own commands. */
export function fakeClient(
  answer: (called: Called) => unknown,
  config?: unknown,
): SqsClientLike & { readonly calls: Called[] } {
  const { call, calls } = fakeCall(answer);
  return {
    calls,
    config,
    send: (command, options) =>
      call(command.constructor.name.replace(/Command$/, ""), command.input, options?.abortSignal),
  };
}

export const destination = (more: Partial<Destination> = {}): Destination => ({
  channel: "orders",
  base: "test_orders",
  name: "test_orders_billing",
  model: "queue",
  ordered: false,
  group: "billing",
  native: {},
  ...more,
});

export const queue = (more: Partial<Queue> = {}): Queue => ({
  url: "https://sqs.eu-west-1.amazonaws.com/123456789012/test_orders_billing",
  arn: "arn:aws:sqs:eu-west-1:123456789012:test_orders_billing",
  name: "test_orders_billing",
  fifo: false,
  maxMessageBytes: 1_048_576,
  retentionMs: 345_600_000,
  attributes: {},
  ...more,
});

export const never: AbortSignal = new AbortController().signal;

/** An error as the SDK throws it. */
export function sdkError(name: string, more: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(`${name} happened`), { name, ...more });
}

/** A promise to be settled by the test. */
export function deferred<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}
