import type { AnyChannel, OutputOf, TypeOf } from "./channel.ts";
import { isKebabCase } from "./check-channel.ts";
import type { Batch, Delivery } from "./delivery.ts";
import { milliseconds, type Duration } from "./duration.ts";
import { MessagingError } from "./errors.ts";
import type { Adds, Middleware } from "./middleware.ts";
import type { Join, Refused } from "./refused.ts";
import { type Branded, type ChannelShape, type ConsumerShape, type ConsumeShapeOptions, isMade } from "./shapes.ts";

/** What `consumer()` and `batchConsumer()` return. It does nothing until it is passed to `messaging.consume()`. */
export interface Consumer<C extends AnyChannel = AnyChannel> extends ConsumerShape {
  readonly channel: C;
}

/** The options of `consumer()`. */
export interface ConsumeOptions<U extends readonly Middleware<any>[] = readonly Middleware<any>[]> {
  /** Middleware to run around every handler. The first is the outermost. */
  readonly use?: U;
  /** The most handlers running at once in this process. Overrides the configuration. Default 10. */
  readonly concurrency?: number;
  /** The most unsettled messages in this process, including the driver's buffers. Default twice the concurrency. */
  readonly maxInFlight?: number;
  /** The most bytes of unsettled messages in this process. Default 64 MiB. */
  readonly maxInFlightBytes?: number;
  /**
   * Tells the group's circuit breaker whether what handlers need works again: it throws, or its promise rejects, while it does not. It is
   * called at the end of each pause and must end within 30 s. Default: one message is tried instead.
   */
  readonly probe?: () => unknown;
  /**
   * Confirms that a queue's messages with the handler `"ignore"` are thrown away: no other group gets them. Without it, `consume()`
   * refuses such a consumer.
   */
  readonly discard?: boolean;
}

/** The options of `batchConsumer()`: those of `consumer()`, and how messages are collected. */
export interface BatchOptions<U extends readonly Middleware<any>[] = readonly Middleware<any>[]>
  extends Omit<ConsumeOptions<U>, "discard"> {
  readonly batch?: {
    /** The most messages in a batch. Default 10. */
    readonly size?: number;
    /** How long an incomplete batch waits for more. Default 0. */
    readonly wait?: Duration;
    /**
     * The most messages with the same ordering key in a batch. Default: no limit. With 1, a handler may process the whole batch
     * concurrently and every key stays in order. With more, it must process the messages of a key in the given order.
     */
    readonly perKey?: number;
  };
}

type Handler<C extends AnyChannel, K extends TypeOf<C>, Added> = (
  data: OutputOf<C, K>,
  delivery: Delivery<C, K, Added>,
) => unknown;
/** `"ignore"` settles a message without a handler. `"*"` gets the messages that no other entry handles. */
type Entry<C extends AnyChannel, K, H, Added> = K extends TypeOf<C> | "*"
  ? "ignore" | Handler<C, K extends TypeOf<C> ? K : Exclude<TypeOf<C>, H>, Added>
  : UnknownType<`"${K & string}" is not a type of "${C["name"]}"; it has ${Join<`"${TypeOf<C>}"`>}`>;
/** The parameters of a handler under an unknown type are `any`, so that the compiler reports only the unknown type. */
type UnknownType<Why extends string> = Refused<Why> & ((data: any, delivery: any) => unknown);

type Complete<C extends AnyChannel, H> = "*" extends H
  ? unknown
  : [Exclude<TypeOf<C>, H>] extends [never]
    ? unknown
    : Refused<`not handled: ${Join<Exclude<TypeOf<C>, H>>}; add it, or "*": "ignore"`>;

/** A handler for each type in `H`. The other types are optional keys, so that editors offer them. */
type Handlers<C extends AnyChannel, H extends string, Added> = {
  readonly [K in H]: Entry<C, K, H, Added>;
} & { readonly [K in Exclude<TypeOf<C> | "*", H>]?: Entry<C, K, H, Added> };

/**
 * Declares how a group handles a channel's messages one at a time: a handler for each type, or `"*"` for the rest.
 *
 * When the handler returns, the message is acknowledged. When it throws, the attempt has failed and the group's policy applies. A
 * handler overrides the policy by throwing or returning `Retry`, `DeadLetter`, `Release` or `Skip`. Any other return value is ignored.
 * Delivery is at least once: de-duplicate by `delivery.id`.
 *
 * @throws MessagingError `bad-consumer` if an argument is not allowed.
 */
export function consumer<
  C extends AnyChannel,
  const H extends string = never,
  const U extends readonly Middleware<any>[] = [],
>(
  channel: C,
  group: string,
  handlers: Complete<C, H> & Handlers<C, H, Adds<U>>,
  options?: ConsumeOptions<U>,
): Consumer<C>;
export function consumer(
  channel: ChannelShape,
  group: string,
  handlers: object,
  options: ConsumeOptions = {},
): ConsumerShape {
  const fail = checkTarget("consumer", channel, group);
  if (typeof handlers !== "object" || handlers === null)
    throw fail("handlers must be an object of message types and functions");
  const types = Object.keys(channel.messages);
  for (const [type, handler] of Object.entries(handlers)) {
    if (type !== "*" && !types.includes(type))
      throw fail(`"${type}" is not a message type of the channel; its types are ${quoted(types)}`);
    if (handler !== "ignore" && typeof handler !== "function")
      throw fail(`the handler of "${type}" must be a function or "ignore"`);
  }
  const missing = Object.hasOwn(handlers, "*") ? [] : types.filter((type) => !Object.hasOwn(handlers, type));
  if (missing.length > 0) throw fail(`not handled: ${quoted(missing)}; add it, or "*": "ignore"`);
  return Object.freeze({
    "~switchyard": "consumer",
    kind: "single",
    channel,
    group,
    handlers: Object.freeze({ ...handlers } as ConsumerShape["handlers"]),
    options: checkOptions(options, SINGLE, fail),
  } satisfies ConsumerShape & Branded<"consumer">);
}

/**
 * Declares how a group handles a channel's messages in batches. A batch may hold messages of all types. When the handler returns, all
 * deliveries are acknowledged except those passed to `batch.fail`. When it throws, all have failed. On an ordered channel a batch may
 * hold several messages with the same key, in order; {@link Batch.fail} says what happens to those after a failed one.
 *
 * @throws MessagingError `bad-consumer` if an argument is not allowed.
 */
export function batchConsumer<C extends AnyChannel, const U extends readonly Middleware<any>[] = []>(
  channel: C,
  group: string,
  handler: (batch: Batch<C, Adds<U>>) => unknown,
  options?: BatchOptions<U>,
): Consumer<C>;
export function batchConsumer(
  channel: ChannelShape,
  group: string,
  handler: (batch: any) => unknown,
  options: BatchOptions = {},
): ConsumerShape {
  const fail = checkTarget("batchConsumer", channel, group);
  if (typeof handler !== "function") throw fail("the handler must be a function of the batch");
  return Object.freeze({
    "~switchyard": "consumer",
    kind: "batch",
    channel,
    group,
    handlers: Object.freeze({}),
    handler,
    options: checkOptions(options, BATCH, fail),
  } satisfies ConsumerShape & Branded<"consumer">);
}

type Fail = (why: string) => MessagingError;

const SINGLE: readonly string[] = ["use", "concurrency", "maxInFlight", "maxInFlightBytes", "probe", "discard"];
const BATCH: readonly string[] = ["use", "concurrency", "maxInFlight", "maxInFlightBytes", "probe", "batch"];

function checkTarget(what: string, channel: ChannelShape, group: string): Fail {
  const known = isMade("channel", channel);
  const fail: Fail = (why) =>
    new MessagingError(
      "bad-consumer",
      `${what} of group "${String(group)}" on "${known ? channel.name : "?"}": ${why}`,
      {
        kind: "config",
        channel: known ? channel.name : undefined,
        group: typeof group === "string" ? group : undefined,
      },
    );
  if (!known) throw fail("the first argument must be what channel() returned");
  if (typeof group !== "string" || !isKebabCase(group)) throw fail('the group must be kebab-case, such as "billing"');
  return fail;
}

function checkOptions(
  options: ConsumeOptions & BatchOptions,
  allowed: readonly string[],
  fail: Fail,
): ConsumeShapeOptions {
  const unknown = Object.keys(options).filter((key) => !allowed.includes(key));
  if (unknown.length > 0) throw fail(`unknown option ${quoted(unknown)}; allowed: ${quoted(allowed)}`);
  for (const key of ["concurrency", "maxInFlight", "maxInFlightBytes"] as const) checkCount(key, options[key], fail);
  if (options.probe !== undefined && typeof options.probe !== "function") throw fail("probe must be a function");
  for (const entry of options.use ?? []) {
    if (!isMade("middleware", entry)) throw fail("every entry of use must be what middleware() returned");
  }
  if (options.batch !== undefined) {
    const unknownBatch = Object.keys(options.batch).filter((key) => !["size", "wait", "perKey"].includes(key));
    if (unknownBatch.length > 0)
      throw fail(`unknown option ${quoted(unknownBatch)} of batch; allowed: "size", "wait", "perKey"`);
    checkCount("batch.size", options.batch.size, fail);
    checkCount("batch.perKey", options.batch.perKey, fail);
    if (options.batch.wait !== undefined) milliseconds(options.batch.wait, "batch.wait");
  }
  const { concurrency, maxInFlight, batch } = options;
  if (concurrency !== undefined && maxInFlight !== undefined && concurrency > maxInFlight)
    throw fail(
      `maxInFlight is ${maxInFlight} and concurrency is ${concurrency}; raise maxInFlight or lower concurrency`,
    );
  if (batch?.size !== undefined && batch.perKey !== undefined && batch.perKey > batch.size)
    throw fail(
      `batch.perKey is ${batch.perKey} and batch.size is ${batch.size}: a batch never holds more than its size`,
    );
  return Object.freeze({
    ...options,
    ...(options.use === undefined ? {} : { use: Object.freeze([...options.use]) }),
    ...(options.batch === undefined ? {} : { batch: Object.freeze({ ...options.batch }) }),
  });
}

function checkCount(name: string, value: unknown, fail: Fail): void {
  if (value !== undefined && (!Number.isInteger(value) || (value as number) < 1))
    throw fail(`${name} must be a whole number from 1`);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

/** True if the value was made by `consumer()` or `batchConsumer()`, of this copy of the package or another. */
export const isConsumer = (value: unknown): value is Consumer<any> => isMade("consumer", value);
