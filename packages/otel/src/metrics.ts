import type { Attributes, Counter, Histogram, Meter } from "@opentelemetry/api";
import type {
  HandledMessage,
  HandlerEnd,
  InFlight,
  MessagingEvent,
  Runtime,
  TelemetryPlace,
  TelemetryResult,
} from "@switchyard/core";
import { bounded, boundedType, codeOf } from "./codes.ts";
import { Gauges } from "./gauges.ts";
import { CONVENTIONAL as IS, CONVENTIONAL_METRICS, OWN, OWN_METRICS, SECONDS, systemOf } from "./names.ts";
import { OUTCOMES } from "./spans.ts";

/** Calls of the broker. */
type Call = "send" | "receive" | "settle";

/** Records the metrics of one messaging. Attributes are channel, group, type, transport, operation, outcome and error code, and nothing else. */
export class Metrics {
  readonly #runtime: Runtime;
  readonly #operation: Histogram;
  readonly #process: Histogram;
  readonly #sent: Counter;
  readonly #consumed: Counter;
  readonly #calls: Counter;
  readonly #leases: Counter;
  readonly #events: Partial<Record<MessagingEvent["type"], Counter>>;
  readonly #gauges: Gauges;
  readonly #breakers = new Map<string, { readonly attributes: Attributes; readonly open: number }>();
  readonly #facts = new Map<TelemetryPlace, Map<string, Attributes>>();

  constructor(meter: Meter, runtime: Runtime, inFlight: () => readonly InFlight[]) {
    this.#runtime = runtime;
    const advice = { explicitBucketBoundaries: [...SECONDS] };
    const seconds = (name: string, description: string) =>
      meter.createHistogram(name, { unit: "s", description, advice });
    const counter = (name: string, unit: string, description: string) =>
      meter.createCounter(name, { unit, description });
    this.#operation = seconds(CONVENTIONAL_METRICS.operationDuration, "Duration of a call of the broker.");
    this.#process = seconds(CONVENTIONAL_METRICS.processDuration, "Duration of a handler.");
    this.#sent = counter(CONVENTIONAL_METRICS.sent, "{message}", "Messages that were attempted to be sent.");
    this.#consumed = counter(CONVENTIONAL_METRICS.consumed, "{message}", "Messages that were delivered.");
    this.#calls = counter(
      OWN_METRICS.calls,
      "{call}",
      "Calls of the driver, with empty receives: what a broker bills.",
    );
    this.#leases = counter(OWN_METRICS.leaseMoves, "{lease}", "Queues, shards and partitions gained and given up.");
    this.#events = {
      retry: counter(OWN_METRICS.retries, "{message}", "Failed attempts that are followed by another."),
      "dead-letter": counter(OWN_METRICS.deadLetters, "{message}", "Messages that were copied as dead letters."),
      lost: counter(OWN_METRICS.holdsLost, "{message}", "Messages whose hold ended, or whose settlement was lost."),
      "blocked-message": counter(OWN_METRICS.blocked, "{message}", "Messages that could not become dead letters."),
      "position-lost": counter(
        OWN_METRICS.positionsLost,
        "{lease}",
        "Positions that retention overtook: messages are lost.",
      ),
    };
    const held = meter.createObservableGauge(OWN_METRICS.inFlight, {
      unit: "{message}",
      description: "Messages that this process holds, waiting and running ones together.",
    });
    const breaker = meter.createObservableGauge(OWN_METRICS.breaker, {
      unit: "{state}",
      description: "The circuit breaker of a group: 1 open, 0.5 half-open, 0 closed. Absent while it never opened.",
    });
    this.#gauges = new Gauges(meter, [held, breaker], (result, last) => {
      for (const { channel, group, messages } of inFlight())
        result.observe(held, last ? 0 : messages, { [IS.channel]: channel, [IS.group]: group });
      for (const { attributes, open } of this.#breakers.values()) result.observe(breaker, last ? 0 : open, attributes);
    });
  }

  stop(): void {
    this.#gauges.stop();
  }

  now(): number {
    return this.#runtime.monotonic();
  }

  sent(place: TelemetryPlace, results: readonly TelemetryResult[], began: number): void {
    this.#called("send", place, results, began);
    const ok = results.reduce((sum, { code }) => (code === undefined ? sum + 1 : sum), 0);
    if (ok > 0) this.#sent.add(ok, this.#of(place, "send"));
    for (const { code } of results) if (code !== undefined) this.#sent.add(1, this.#of(place, "send", bounded(code)));
  }

  received(place: TelemetryPlace, count: number, tookMs: number, failure: TelemetryResult | undefined): void {
    this.#calls.add(1, this.#of(place, "receive"));
    const error = failure?.code === undefined ? undefined : bounded(failure.code);
    // An empty receive has waited for a message: its duration says nothing of the broker.
    if (count > 0 || error !== undefined) this.#operation.record(tookMs / 1_000, this.#of(place, "receive", error));
    if (count > 0) this.#consumed.add(count, this.#of(place, "receive"));
  }

  settled(place: TelemetryPlace, results: readonly TelemetryResult[], began: number): void {
    this.#called("settle", place, results, began);
  }

  handled(
    place: TelemetryPlace,
    messages: readonly HandledMessage[],
    ends: readonly { readonly end: HandlerEnd; readonly error?: unknown }[],
    began: number,
  ): void {
    const took = (this.now() - began) / 1_000;
    for (let i = 0; i < ends.length; i++) {
      const { end, error } = ends[i]!;
      const code = end === "ack" || end === "skip" ? undefined : codeOf(error);
      this.#process.record(took, this.#ended(place, boundedType(messages[i]?.type ?? ""), end, code));
    }
  }

  #ended(place: TelemetryPlace, type: string, end: HandlerEnd, code: string | undefined): Attributes {
    const known = this.#known(place);
    const key = `${end} ${code ?? ""} ${type}`;
    let attributes = known.get(key);
    if (attributes === undefined)
      known.set(
        key,
        (attributes = { ...factsOf(place, "process", code), [OWN.type]: type, [OWN.outcome]: OUTCOMES[end] }),
      );
    return attributes;
  }

  lease(place: TelemetryPlace, change: string): void {
    // A counter that begins at 1 has not increased, and an alert on its increase would miss the first message.
    if (change === "gained" && place.group !== undefined)
      for (const paged of ["blocked-message", "position-lost"] as const)
        this.#events[paged]?.add(0, { [IS.channel]: place.channel, [IS.group]: place.group });
    this.#leases.add(1, { ...this.#of(place, "receive"), [OWN.change]: change });
  }

  event(event: MessagingEvent): void {
    const { type, channel, group } = event;
    const at: Attributes = { [IS.channel]: channel ?? "", ...(group !== undefined && { [IS.group]: group }) };
    if (type === "breaker") {
      const open = event.state === "open" ? 1 : event.state === "half-open" ? 0.5 : 0;
      this.#breakers.set(JSON.stringify([channel, group]), { attributes: at, open });
      return;
    }
    const counter = this.#events[type];
    if (counter === undefined) return;
    if (type === "dead-letter") counter.add(1, { ...at, [IS.error]: bounded(event.code) });
    else if (type === "retry") counter.add(1, { ...at, [IS.error]: codeOf(event.error) });
    else if (type === "lost") counter.add(1, { ...at, [OWN.during]: event.during });
    else counter.add(1, at);
  }

  #called(call: Call, place: TelemetryPlace, results: readonly TelemetryResult[], began: number): void {
    const failed = results.length > 0 && results.every(({ code }) => code !== undefined);
    const error = failed ? bounded(results[0]!.code as string) : undefined;
    this.#operation.record((this.now() - began) / 1_000, this.#of(place, call, error));
    this.#calls.add(1, this.#of(place, call));
  }

  #of(place: TelemetryPlace, operation: string, error?: string): Attributes {
    const known = this.#known(place);
    const key = error === undefined ? operation : `${operation} ${error}`;
    let attributes = known.get(key);
    if (attributes === undefined) known.set(key, (attributes = factsOf(place, operation, error)));
    return attributes;
  }

  /** The attributes of a place that were made before. */
  #known(place: TelemetryPlace): Map<string, Attributes> {
    let known = this.#facts.get(place);
    if (known === undefined) this.#facts.set(place, (known = new Map()));
    return known;
  }
}

function factsOf({ transport, channel, group, dead }: TelemetryPlace, operation: string, error?: string): Attributes {
  return {
    [IS.system]: systemOf(transport),
    [IS.operation]: operation,
    ...(operation !== "process" && { [IS.operationType]: operation }),
    [IS.channel]: channel,
    ...(group !== undefined && { [IS.group]: group }),
    ...(dead && { [OWN.dead]: true }),
    ...(error !== undefined && { [IS.error]: error }),
  };
}
