import type { Attributes, Context, Link, Span, SpanContext, Tracer } from "@opentelemetry/api";
import type {
  Ended,
  HandledMessage,
  Handling,
  MessageTrace,
  PublishedMessage,
  Publishing,
  Runtime,
  TelemetryPlace,
  TelemetryResult,
} from "@switchyard/core";
import {
  activeContext,
  CLIENT,
  CONSUMER,
  ERROR,
  PRODUCER,
  rootContext,
  spanContextOf,
  traceOf,
  within,
  withParent,
  withSpan,
} from "./api.ts";
import { bounded, codeOf } from "./codes.ts";
import { CONVENTIONAL as IS, OWN, pushes, systemOf } from "./names.ts";

/** The most links of one span. OpenTelemetry's SDK keeps the last 128 by default, without a word about the others. */
const MOST_LINKS = 128;

/** What a handler's end is called. */
export const OUTCOMES = {
  ack: "handled",
  failed: "failed",
  retry: "retry",
  deadLetter: "dead-letter",
  release: "released",
  down: "dependency-down",
  skip: "skipped",
} as const;

/** How spans are made. */
export interface SpanRules {
  /** `parent`: a handler's span is a child of the message's creation where that is allowed, and always linked to it. `link`: only linked. */
  readonly trace: "parent" | "link";
  readonly createSpans: boolean;
  readonly trust: (message: HandledMessage) => boolean;
  /** A message that is older starts a trace of its own when it is handled: it was delayed or replayed, or a backlog held it up. */
  readonly parentForMs: number;
}

type Operation = "create" | "send" | "receive" | "process" | "settle";

/** Makes the spans of one messaging, by the conventions. */
export class Spans {
  readonly #tracer: Tracer;
  readonly #rules: SpanRules;
  readonly #runtime: Runtime;
  /** The span in which a delivery was handled, for its settlement. */
  readonly #handled = new WeakMap<object, SpanContext>();
  readonly #facts = new Map<TelemetryPlace, Partial<Record<Operation, Attributes>>>();

  constructor(tracer: Tracer, rules: SpanRules, runtime: Runtime) {
    this.#tracer = tracer;
    this.#rules = rules;
    this.#runtime = runtime;
  }

  publishing(place: TelemetryPlace, { id, type }: PublishedMessage): Publishing | undefined {
    if (!this.#rules.createSpans) return undefined;
    const attributes = { ...this.#of(place, "create"), [IS.messageId]: id, [OWN.type]: type };
    const span = this.#start("create", place, PRODUCER, attributes, activeContext());
    const trace = traceOf(span.spanContext());
    return {
      ...(trace !== undefined && { trace }),
      ended: (error) => {
        if (error !== undefined) fail(span, codeOf(error));
        span.end();
      },
    };
  }

  sending(place: TelemetryPlace, traces: readonly (MessageTrace | undefined)[]): Ended {
    const span = this.#call("send", place, traces);
    return (results) => end(span, results);
  }

  received(
    place: TelemetryPlace,
    traces: readonly (MessageTrace | undefined)[],
    tookMs: number,
    failure: TelemetryResult | undefined,
  ): void {
    if (place.pushed === true || pushes(place.transport) || (traces.length === 0 && failure === undefined)) return;
    const span = this.#call("receive", place, traces, this.#runtime.now() - tookMs);
    end(span, failure === undefined ? [] : [failure]);
  }

  handling(place: TelemetryPlace, messages: readonly HandledMessage[], batch: boolean): Handling {
    const [first] = messages as readonly [HandledMessage];
    const traces = messages.map(({ trace }) => trace);
    const root = rootContext();
    const parent = !batch && this.#mayBeParent(first) ? spanContextOf(first.trace as MessageTrace) : undefined;
    const attributes: Attributes = batch
      ? { ...this.#of(place, "process"), [IS.batch]: messages.length }
      : {
          ...this.#of(place, "process"),
          [IS.messageId]: first.id,
          [OWN.type]: first.type,
          [OWN.attempt]: first.attempt,
        };
    const context = parent === undefined ? root : withParent(root, parent);
    const span = this.#start("process", place, CONSUMER, attributes, context, traces);
    for (const { delivery } of messages) this.#handled.set(delivery, span.spanContext());
    return {
      run: (call) => within(withSpan(context, span), call),
      ended: (ends) => {
        const failed = ends.filter(({ end: it }) => it !== "ack" && it !== "skip");
        span.setAttribute(
          OWN.outcome,
          failed.length === 0 ? OUTCOMES[ends[0]?.end ?? "ack"] : OUTCOMES[failed[0]!.end],
        );
        if (failed.length > 0) {
          if (batch) span.setAttribute(OWN.failed, failed.length);
          fail(span, codeOf(failed[0]!.error));
        }
        span.end();
      },
    };
  }

  settling(
    place: TelemetryPlace,
    settlements: readonly { readonly action: string; readonly delivery: object }[],
  ): Ended {
    const handled = settlements.flatMap(({ delivery }) => this.#handled.get(delivery) ?? []);
    const attributes = { ...this.#of(place, "settle") };
    const [only] = settlements;
    // The conventions let a settlement be named as its library does.
    if (settlements.length === 1 && only !== undefined) attributes[IS.operation] = only.action;
    else attributes[IS.batch] = settlements.length;
    const root = rootContext();
    const context = settlements.length === 1 && handled[0] !== undefined ? withParent(root, handled[0]) : root;
    const span = this.#linked("settle", place, CLIENT, attributes, context, handled);
    return (results) => end(span, results);
  }

  /** Only the first delivery of our own message, soon after it was published, and only from a publisher whose sampling counts here. */
  #mayBeParent(message: HandledMessage): boolean {
    const { trace, attempt, foreign, hop, time } = message;
    if (this.#rules.trace === "link" || trace === undefined) return false;
    if (attempt > 1 || foreign || hop > 0) return false;
    if (this.#runtime.now() - time.getTime() > this.#rules.parentForMs) return false;
    return this.#rules.trust(message);
  }

  /** A call of the broker. With one message it is a child of the message's creation, otherwise it begins a trace. */
  #call(
    operation: "send" | "receive",
    place: TelemetryPlace,
    traces: readonly (MessageTrace | undefined)[],
    startTime?: number,
  ): Span {
    const [only] = traces;
    const attributes =
      traces.length === 1 && operation === "send"
        ? this.#of(place, operation)
        : { ...this.#of(place, operation), [IS.batch]: traces.length };
    const root = rootContext();
    const alone = operation === "send" && traces.length === 1 && only !== undefined;
    const context = alone ? withParent(root, spanContextOf(only)) : root;
    return this.#start(operation, place, CLIENT, attributes, context, traces, startTime);
  }

  #start(
    operation: Operation,
    place: TelemetryPlace,
    kind: number,
    attributes: Attributes,
    context: Context,
    traces: readonly (MessageTrace | undefined)[] = [],
    startTime?: number,
  ): Span {
    const known = traces.filter((trace) => trace !== undefined);
    const linked = known.slice(0, MOST_LINKS).map(spanContextOf);
    return this.#linked(operation, place, kind, attributes, context, linked, startTime, known.length);
  }

  #linked(
    operation: Operation,
    place: TelemetryPlace,
    kind: number,
    attributes: Attributes,
    context: Context,
    linked: readonly SpanContext[],
    startTime?: number,
    all = linked.length,
  ): Span {
    const links: Link[] = linked.slice(0, MOST_LINKS).map((of) => ({ context: of }));
    const given = all > MOST_LINKS ? { ...attributes, [OWN.leftOut]: all - MOST_LINKS } : attributes;
    const name = `${operation} ${place.channel}`;
    const options = { kind, attributes: given, links, ...(startTime !== undefined && { startTime }) };
    return this.#tracer.startSpan(name, options, context);
  }

  /** The attributes that all spans of an operation at a place share. Samplers see them. */
  #of(place: TelemetryPlace, operation: Operation): Attributes {
    let known = this.#facts.get(place);
    if (known === undefined) this.#facts.set(place, (known = {}));
    return (known[operation] ??= factsOf(place, operation));
  }
}

/** Runs a handler in its message's trace, where no spans are made. */
export function inTraceOf<T>(messages: readonly HandledMessage[], batch: boolean, call: () => T): T {
  const trace = batch ? undefined : messages[0]?.trace;
  const root = rootContext();
  return within(trace === undefined ? root : withParent(root, spanContextOf(trace)), call);
}

function factsOf(place: TelemetryPlace, operation: Operation): Attributes {
  const { transport, channel, group, destination, dead } = place;
  return {
    [IS.system]: systemOf(transport),
    [IS.operation]: operation,
    [IS.operationType]: operation,
    [IS.channel]: channel,
    // An existing resource may be configured by its address.
    ...(!destination.includes("://") && { [IS.destination]: destination }),
    ...(group !== undefined && { [IS.group]: group }),
    ...(dead && { [OWN.dead]: true }),
  };
}

function fail(span: Span, code: string): void {
  span.setAttribute(IS.error, code);
  span.setStatus({ code: ERROR });
}

/** Ends the span of a call: in error if it did nothing for anybody. */
function end(span: Span, results: readonly TelemetryResult[]): void {
  const failed = results.filter(({ code }) => code !== undefined);
  if (failed.length > 0) {
    const code = bounded(failed[0]!.code as string);
    if (failed.length === results.length) fail(span, code);
    else span.setAttributes({ [IS.error]: code, [OWN.failed]: failed.length });
  }
  span.end();
}
