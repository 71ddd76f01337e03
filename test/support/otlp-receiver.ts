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

export interface OtlpReceiver extends AsyncDisposable {
  /** The base address for one sender. */
  readonly urlOf: (sender: string) => string;
  readonly spans: OtlpSpan[];
  /** The names of the metrics that came. */
  readonly metrics: Set<string>;
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

export async function startOtlp(): Promise<OtlpReceiver> {
  const spans: OtlpSpan[] = [];
  const metrics = new Set<string>();
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
            startMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
            endMs: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
          });
      else
        for (const metric of sent.resourceMetrics
          .flatMap((each: any) => each.scopeMetrics)
          .flatMap((each: any) => each.metrics))
          metrics.add(metric.name);
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (sender) => `http://127.0.0.1:${port}/${sender}`,
    spans,
    metrics,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
