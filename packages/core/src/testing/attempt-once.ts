import { type AttachedConsumer, attaches, attachMiddleware } from "../consume/group/attach.ts";
import { runHandler } from "../consume/attempt/run.ts";
import { runBatch } from "../consume/attempt/batch.ts";
import { decide, isDown } from "../consume/attempt/retry-policy.ts";
import { describeError } from "../consume/attempt/describe-error.ts";
import { HeldMessage, type Keeper } from "../consume/lease/held-message.ts";
import { screen, type ScreenContext } from "../consume/attempt/screen.ts";
import { View } from "../consume/attempt/view.ts";
import { encode, JSON_TYPE } from "../wire/codec.ts";
import type { Policy } from "../plan/plan.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { ConsumerShape } from "../api/shapes.ts";

/** The options of `attemptOnce()`. */
export interface AttemptOptions {
  /** Default 1. */
  readonly attempt?: number;
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly source?: string;
}

/** How one attempt ended, after the retry policy was applied. */
export type AttemptResult =
  | { readonly verdict: "ack" }
  | { readonly verdict: "retry"; readonly delayMs: number; readonly error: unknown }
  | { readonly verdict: "deadLetter"; readonly code: string; readonly reason: string; readonly error?: unknown }
  | { readonly verdict: "release" | "down"; readonly error: unknown }
  | { readonly verdict: "skip"; readonly reason: string };

const PLAIN = { headers: 16, binary: true };

/** The default of `hold`, in milliseconds. */
const HOLD_MS = 30_000;

/** Runs one attempt of one message through a consumer's validation, middleware, handler and retry policy, without a broker. */
export async function attemptOnce(
  given: ConsumerShape,
  type: string,
  data: unknown,
  policy: Policy,
  runtime: Runtime,
  options: AttemptOptions = {},
): Promise<AttemptResult> {
  const { attempt = 1, id = runtime.uuid(), headers = {}, source = "test" } = options;
  const { channel, group } = given;
  const { consumer, close } = attached(given, runtime);
  const envelope = { id, source, type, time: runtime.now(), hop: 0, contentType: JSON_TYPE, headers };
  const message = encode(envelope, data, PLAIN);
  const held = new HeldMessage(
    { id, message, receipt: undefined, raw: undefined, attempt },
    keeper(runtime),
    undefined,
    0,
  );
  const context: ScreenContext = {
    consumer,
    runtime,
    channel: { channel: channel.name },
    plan: { group, from: {} },
    describe: describeError,
  };
  const screened = await screen(context, held);
  if (!(screened instanceof View)) {
    if (screened.kind !== "condemned") return { verdict: "ack" };
    const { code, reason, error } = screened.condemned;
    return { verdict: "deadLetter", code, reason, ...(error === undefined ? {} : { error }) };
  }
  const [result] =
    consumer.kind === "batch"
      ? await runBatch(context, [{ message: held, view: screened }])
      : [await runHandler(consumer, screened.type, screened.data, screened)];
  for (const end of close) await end();
  const ended = result ?? { verdict: "ack" };
  const decision = decide(policy, ended, {
    attempt: held.attempt,
    ageMs: 0,
    down: isDown(ended, undefined),
    attempted: true,
    random: runtime.random,
    describe: describeError,
    redact: String,
  });
  switch (decision.action) {
    case "ack":
      return { verdict: "ack" };
    case "retry":
      return { verdict: "retry", delayMs: decision.delayMs, error: decision.error };
    case "skip":
      return { verdict: "skip", reason: decision.reason };
    case "release":
    case "down":
      return { verdict: decision.action, error: decision.error };
    case "deadLetter": {
      const { code, reason, error } = decision;
      return { verdict: "deadLetter", code, reason, ...(error === undefined ? {} : { error }) };
    }
  }
}

/** Middleware is told that messages are not kept, so that it has no reason to refuse. */
function attached(consumer: ConsumerShape, runtime: Runtime): Pick<AttachedConsumer, "consumer" | "close"> {
  if (!attaches(consumer)) return { consumer, close: [] };
  return attachMiddleware(consumer, {
    runtime,
    channel: consumer.channel.name,
    group: consumer.group,
    batch: consumer.kind === "batch",
    perKey: 1,
    holdMs: HOLD_MS,
    keptMs: 0,
    emit: () => {},
  });
}

/** A keeper that settles nothing. */
function keeper(runtime: Runtime): Keeper {
  const nothing = () => {};
  return {
    id: "test",
    runtime,
    log: false,
    ending: false,
    fencingToken: undefined,
    begin: nothing,
    end: nothing,
    ack: nothing,
    canKeep: () => false,
    canReturn: () => false,
    wait: nothing,
    giveBack: nothing,
    postpone: nothing,
    release: nothing,
    leave: nothing,
    following: () => [],
    laneLength: () => 1,
  };
}
