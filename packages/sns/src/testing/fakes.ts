import type { Destination } from "@switchyard/core/driver";
import type { Actions, Call } from "../sdk.ts";
import type { Topic } from "../resource.ts";

export interface Called {
  readonly action: keyof Actions;
  readonly input: any;
}

/** Answers calls with a script and keeps them. */
export function fakeCall(answer: (called: Called) => unknown): { readonly call: Call; readonly calls: Called[] } {
  const calls: Called[] = [];
  const call = async (action: keyof Actions, input: unknown): Promise<any> => {
    const called = { action, input };
    calls.push(called);
    return answer(called);
  };
  return { call: call as Call, calls };
}

export const destination = (more: Partial<Destination> = {}): Destination => ({
  channel: "orders",
  base: "test_orders",
  name: "test_orders",
  model: "pubsub",
  ordered: false,
  native: {},
  ...more,
});

export const group = (name: string, more: Partial<Destination> = {}): Destination =>
  destination({ name: `test_orders_${name}`, group: name, ...more });

export const topic = (more: Partial<Topic> = {}): Topic => ({
  arn: "arn:aws:sns:eu-west-1:123456789012:test_orders",
  name: "test_orders",
  fifo: false,
  maxMessageBytes: 262_144,
  attributes: {},
  ...more,
});

export const never: AbortSignal = new AbortController().signal;

/** An error as the SDK throws it. */
export function sdkError(name: string, more: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(`${name} happened`), { name, ...more });
}
