/** A receiver of OTLP over HTTP with JSON: what OpenTelemetry's exporters send is kept by the first segment of the path. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: number;
  /** Who sent it. */
  readonly from: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A value of a series at a time, added up since its process began. */
export interface OtlpPoint {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Who sent it. */
  readonly from: string;
  readonly atMs: number;
  /** Of a histogram, its sum. */
  readonly value: number;
  /** Of a histogram: how many, and how many at most each bound. Those beyond the last bound are in `count` alone. */
  readonly histogram?: {
    readonly count: number;
    readonly buckets: readonly (readonly [bound: number, count: number])[];
  };
  readonly kind: "counter" | "gauge" | "histogram";
}

export interface OtlpLog {
  readonly eventName: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly severity: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** All of it, as it was sent. */
  readonly text: string;
  /** Who sent it. */
  readonly from: string;
}

export interface OtlpReceiver extends AsyncDisposable {
  /** The base address for one sender. */
  readonly urlOf: (sender: string) => string;
  readonly spans: OtlpSpan[];
  readonly points: OtlpPoint[];
  readonly logs: OtlpLog[];
  /** The names of the metrics that came. */
  readonly metrics: ReadonlySet<string>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const attributesOf = (attributes: readonly Attribute[] = []) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [kind, given] = Object.entries(value)[0] ?? [];
      return [key, kind === "intValue" ? Number(given) : given];
    }),
  );

const msOf = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000n) / 1_000;

function pointsOf({ name, unit = "", sum, gauge, histogram }: any, from: string): OtlpPoint[] {
  const kind = histogram !== undefined ? "histogram" : sum?.isMonotonic === true ? "counter" : "gauge";
  return (histogram ?? sum ?? gauge).dataPoints.map((point: any): OtlpPoint => {
    const at = {
      name,
      unit,
      from,
      kind,
      attributes: attributesOf(point.attributes),
      atMs: msOf(point.timeUnixNano),
    } as const;
    if (histogram === undefined) return { ...at, value: Number(point.asDouble ?? point.asInt) };
    let below = 0;
    const buckets = point.explicitBounds.map((bound: number, i: number) => [
      bound,
      (below += Number(point.bucketCounts[i])),
    ]);
    return { ...at, value: Number(point.sum), histogram: { count: Number(point.count), buckets } };
  });
}

export async function startOtlp(): Promise<OtlpReceiver> {
  const spans: OtlpSpan[] = [];
  const points: OtlpPoint[] = [];
  const logs: OtlpLog[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const [, from = "", , signal] = (request.url ?? "").split("/");
      const sent = JSON.parse(body);
      if (signal === "traces")
        for (const span of sent.resourceSpans
          .flatMap((each: any) => each.scopeSpans)
          .flatMap((each: any) => each.spans))
          spans.push({
            ...span,
            from,
            attributes: attributesOf(span.attributes),
            links: span.links ?? [],
            status: span.status?.code ?? 0,
            parentSpanId: span.parentSpanId === "" ? undefined : span.parentSpanId,
            startMs: msOf(span.startTimeUnixNano),
            endMs: msOf(span.endTimeUnixNano),
          });
      else if (signal === "logs")
        for (const log of sent.resourceLogs
          .flatMap((each: any) => each.scopeLogs)
          .flatMap((each: any) => each.logRecords))
          logs.push({
            eventName: log.eventName,
            traceId: log.traceId,
            spanId: log.spanId,
            severity: log.severityNumber,
            attributes: attributesOf(log.attributes),
            text: JSON.stringify(log),
            from,
          });
      else
        for (const metric of sent.resourceMetrics
          .flatMap((each: any) => each.scopeMetrics)
          .flatMap((each: any) => each.metrics))
          points.push(...pointsOf(metric, from));
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (sender) => `http://127.0.0.1:${port}/${sender}`,
    spans,
    points,
    logs,
    get metrics() {
      return new Set(points.map(({ name }) => name));
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
