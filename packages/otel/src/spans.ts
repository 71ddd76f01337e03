import type { Attributes, Context, Link, Span, SpanContext, Tracer } from "@opentelemetry/api";
import type {
  Ended,
  HandledMessage,
  HandlerEnd,
  MessageTrace,
  PublishedMessage,
  Publishing,
  ReceivedMessages,
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

/** How the handlers of one span ended, by message. */
export type Ends = readonly { readonly end: HandlerEnd; readonly error?: unknown }[];

const OPERATIONS = ["create", "send", "receive", "process", "settle"] as const;
type Operation = (typeof OPERATIONS)[number];

/** What all spans of an operation at a place share. Samplers see the attributes. */
interface Shared {
  readonly name: string;
  attributes: Attributes;
  /** The server that the attributes name. */
  address?: string;
  port?: number | undefined;
}

/** Makes the spans of one messaging, by the conventions. */
export class Spans {
  readonly #tracer: Tracer;
  readonly #rules: SpanRules;
  readonly #runtime: Runtime;
  readonly #shared = new Map<TelemetryPlace, Readonly<Record<Operation, Shared>>>();

  constructor(tracer: Tracer, rules: SpanRules, runtime: Runtime) {
    this.#tracer = tracer;
    this.#rules = rules;
    this.#runtime = runtime;
  }

  publishing(place: TelemetryPlace, { id, type }: PublishedMessage): Publishing | undefined {
    if (!this.#rules.createSpans) return undefined;
    const { name, attributes } = this.#of(place).create;
    const options = { kind: PRODUCER, attributes: { ...attributes, [IS.messageId]: id, [OWN.type]: type } };
    return new CreateSpan(this.#tracer.startSpan(name, options, activeContext()));
  }

  sending(place: TelemetryPlace, traces: readonly (MessageTrace | undefined)[]): Ended {
    const send = this.#call(place, "send");
    const links = linksTo(traces);
    const root = rootContext();
    const [only] = traces;
    if (traces.length > 1) return endOf(this.#start(send, CLIENT, links, root, { [IS.batch]: traces.length }));
    // A call with one message is a child of its creation. Others begin a trace.
    return endOf(
      this.#start(send, CLIENT, links, only === undefined ? root : withParent(root, spanContextOf(only)), undefined),
    );
  }

  received(
    place: TelemetryPlace,
    messages: ReceivedMessages,
    tookMs: number,
    failure: TelemetryResult | undefined,
  ): void {
    const { count } = messages;
    if (place.pushed === true || pushes(place.transport) || (count === 0 && failure === undefined)) return;
    const more = { [IS.batch]: count };
    const began = this.#runtime.now() - tookMs;
    const links = linksTo(messages.traces());
    const span = this.#start(this.#call(place, "receive"), CLIENT, links, rootContext(), more, began);
    endOf(span)(failure === undefined ? [] : [failure]);
  }

  handling(place: TelemetryPlace, messages: readonly HandledMessage[], batch: boolean): ProcessSpan {
    const { process } = this.#of(place);
    const [first] = messages as readonly [HandledMessage];
    const root = rootContext();
    let span: Span;
    if (batch) {
      const links = linksTo(messages.map(({ trace }) => trace));
      span = this.#start(process, CONSUMER, links, root, { [IS.batch]: messages.length });
    } else {
      const { id, type, attempt, trace } = first;
      const creation = trace === undefined ? undefined : spanContextOf(trace);
      const options = {
        kind: CONSUMER,
        attributes: { ...process.attributes, [IS.messageId]: id, [OWN.type]: type, [OWN.attempt]: attempt },
        links: creation === undefined ? [] : [{ context: creation }],
      };
      const context = creation !== undefined && this.#mayBeParent(first) ? withParent(root, creation) : root;
      span = this.#tracer.startSpan(process.name, options, context);
    }
    return new ProcessSpan(span, batch);
  }

  /** `handled`: the spans in which the deliveries were handled here. */
  settling(place: TelemetryPlace, actions: readonly string[], handled: readonly (ProcessSpan | undefined)[]): Ended {
    const settle = this.#call(place, "settle");
    const root = rootContext();
    const links = linksOf(handled, (span) => span?.spanContext);
    const [action] = actions;
    if (actions.length !== 1 || action === undefined)
      return endOf(this.#start(settle, CLIENT, links, root, { [IS.batch]: actions.length }));
    const parent = handled[0]?.spanContext;
    const context = parent === undefined ? root : withParent(root, parent);
    // The conventions let a settlement be named as its library does.
    return endOf(this.#start(settle, CLIENT, links, context, { [IS.operation]: action }));
  }

  /** Only the first delivery of our own message, soon after it was published, and only from a publisher whose sampling counts here. */
  #mayBeParent(message: HandledMessage): boolean {
    const { attempt, foreign, hop, time } = message;
    if (this.#rules.trace === "link" || attempt > 1 || foreign || hop > 0) return false;
    if (this.#runtime.now() - time.getTime() > this.#rules.parentForMs) return false;
    return this.#rules.trust(message);
  }

  #start(
    { name, attributes }: Shared,
    kind: number,
    { first, leftOut }: Links,
    context: Context,
    more: Attributes | undefined,
    startTime?: number,
  ): Span {
    const options = {
      kind,
      attributes:
        leftOut > 0
          ? { ...attributes, ...more, [OWN.leftOut]: leftOut }
          : more
            ? { ...attributes, ...more }
            : attributes,
      links: first,
      ...(startTime !== undefined && { startTime }),
    };
    return this.#tracer.startSpan(name, options, context);
  }

  /** A call of the broker, which has a server. Another one, once a client has connected elsewhere. */
  #call(place: TelemetryPlace, operation: "send" | "receive" | "settle"): Shared {
    const shared = this.#of(place)[operation];
    const { server } = place;
    if (server !== undefined && (server.address !== shared.address || server.port !== shared.port)) {
      const { address, port } = server;
      shared.address = address;
      shared.port = port;
      const at = { [IS.server]: address, ...(port !== undefined && { [IS.port]: port }) };
      shared.attributes = { ...factsOf(place, operation), ...at };
    }
    return shared;
  }

  #of(place: TelemetryPlace): Readonly<Record<Operation, Shared>> {
    let known = this.#shared.get(place);
    if (known === undefined) {
      const all = OPERATIONS.map((of) => [of, { name: `${of} ${place.channel}`, attributes: factsOf(place, of) }]);
      this.#shared.set(place, (known = Object.fromEntries(all) as Record<Operation, Shared>));
    }
    return known;
  }
}

/** The span of a message's creation, from `publish()` until the broker has it. */
class CreateSpan implements Publishing {
  declare readonly trace?: MessageTrace;
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
    const trace = traceOf(span.spanContext());
    if (trace !== undefined) this.trace = trace;
  }

  ended(error?: unknown): void {
    if (error !== undefined) fail(this.#span, codeOf(error));
    this.#span.end();
  }
}

/** The span of a handler, or of a batch. */
export class ProcessSpan {
  readonly #span: Span;
  readonly #batch: boolean;

  constructor(span: Span, batch: boolean) {
    this.#span = span;
    this.#batch = batch;
  }

  get spanContext(): SpanContext {
    return this.#span.spanContext();
  }

  /** The caller's context with this span. */
  context(): Context {
    return withSpan(rootContext(), this.#span);
  }

  ended(ends: Ends): void {
    const span = this.#span;
    let failed = 0;
    let shown = ends[0];
    for (const each of ends) {
      if (each.end === "ack" || each.end === "skip") continue;
      if (failed++ === 0) shown = each;
    }
    span.setAttribute(OWN.outcome, OUTCOMES[shown?.end ?? "ack"]);
    if (failed > 0) {
      if (this.#batch) span.setAttribute(OWN.failed, failed);
      fail(span, codeOf(shown?.error));
    }
    span.end();
  }
}

/** The context of a handler where no spans are made: its message's trace. */
export function traceContext(messages: readonly HandledMessage[], batch: boolean): Context {
  const trace = batch ? undefined : messages[0]?.trace;
  const root = rootContext();
  return trace === undefined ? root : withParent(root, spanContextOf(trace));
}

/** The links of a span, and how many more there would be. */
interface Links {
  readonly first: Link[];
  readonly leftOut: number;
}

const linksTo = (traces: readonly (MessageTrace | undefined)[]): Links =>
  linksOf(traces, (trace) => (trace === undefined ? undefined : spanContextOf(trace)));

function linksOf<T>(all: readonly T[], contextOf: (each: T) => SpanContext | undefined): Links {
  const first: Link[] = [];
  let leftOut = 0;
  for (const each of all) {
    const context = contextOf(each);
    if (context === undefined) continue;
    if (first.length < MOST_LINKS) first.push({ context });
    else leftOut++;
  }
  return { first, leftOut };
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
const endOf =
  (span: Span): Ended =>
  (results) => {
    let failed = 0;
    let code: string | undefined;
    for (const result of results) {
      if (result.code === undefined) continue;
      failed++;
      code ??= bounded(result.code);
    }
    if (code !== undefined) {
      if (failed === results.length) fail(span, code);
      else span.setAttributes({ [IS.error]: code, [OWN.failed]: failed });
    }
    span.end();
  };
