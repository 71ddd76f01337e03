import { MessagingError } from "../api/errors.ts";
import type { Health } from "../api/messaging.ts";
import { printThrow } from "../base/guarded.ts";

/** Who asks, as the server knows it. */
export interface Peer {
  /** The address of the connection, such as `127.0.0.1`. */
  readonly remoteAddress?: string | undefined;
}

/** Answers a request for one of the endpoints. Never rejects. */
export type Handle = (request: Request, peer?: Peer) => Promise<Response>;

/**
 * Where `/metrics` has its text from: a function, or an exporter for Prometheus of OpenTelemetry (`new PrometheusExporter({
 * preventServerStart: true })`).
 */
export type MetricsSource =
  | (() => string | Promise<string>)
  | { getMetricsRequestHandler(request: any, response: any): void };

/** The options of {@link endpoints}. */
export interface EndpointOptions {
  /** The text of `/metrics`. Default: there is no such endpoint. */
  readonly metrics?: MetricsSource;
  /**
   * Whether this caller is told the problems, channels and connections, and not the states alone. Texts of problems name queues and hosts.
   * Default: nobody is. {@link isLoopback} tells callers on this machine.
   */
  readonly detail?: (request: Request, peer: Peer) => boolean;
  /** What stands before the paths, such as `/internal`. Default none. */
  readonly base?: string;
}

/** Prometheus's text format [prometheus.io/docs/instrumenting/exposition_formats]. */
const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const NAMES = ["metrics", "detail", "base"];

/**
 * Makes a handler of `GET /livez`, `/readyz` and `/metrics`. Probes get 200 or 503 and JSON with the states; no broker is asked, and
 * liveness does not depend on one. Other paths get 404, other methods 405.
 *
 * @throws MessagingError `bad-option`.
 */
export function endpoints(messaging: { health(): Health }, options: EndpointOptions = {}): Handle {
  const { base = "", detail, metrics } = options;
  check(
    typeof (messaging as { health?: unknown } | undefined)?.health === "function",
    "messaging",
    "pass what connect() gave",
  );
  for (const name of Object.keys(options))
    check(NAMES.includes(name), `{ ${name} }`, `no such option; there are ${NAMES.join(", ")}`);
  check(base === "" || /^(?:\/[\w.~-]+)+$/.test(base), "{ base }", 'pass a path such as "/internal"');
  check(detail === undefined || typeof detail === "function", "{ detail }", "pass a function");
  const fits =
    metrics === undefined || typeof metrics === "function" || typeof metrics.getMetricsRequestHandler === "function";
  check(fits, "{ metrics }", "pass a function that returns the text, or OpenTelemetry's PrometheusExporter");

  const mayKnow = (request: Request, peer: Peer): boolean => {
    try {
      return detail?.(request, peer) === true;
    } catch (error) {
      printThrow("endpoints.detail", error);
      return false;
    }
  };
  const probe = (of: "live" | "ready", request: Request, peer: Peer): Response => {
    const { status, state, live, ready, problems, channels, connections } = messaging.health();
    const known = mayKnow(request, peer) ? { problems, channels, connections } : {};
    return answer(of === "live" ? live : ready, { status, state, live, ready, ...known });
  };
  const answerOf = async (request: Request, peer: Peer): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const path = pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : "";
    const known = path === "/livez" || path === "/readyz" || (path === "/metrics" && metrics !== undefined);
    if (!known) return plain(404, "not found\n");
    if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "use GET\n", { allow: "GET, HEAD" });
    if (path === "/metrics") return plain(200, await textOf(metrics as MetricsSource), { "content-type": TEXT });
    return probe(path === "/livez" ? "live" : "ready", request, peer);
  };
  return async (request, peer = {}) => {
    let response: Response;
    try {
      response = await answerOf(request, peer);
    } catch (error) {
      printThrow("endpoints", error);
      response = plain(500, "failed\n");
    }
    return request.method === "HEAD" ? new Response(null, response) : response;
  };
}

function check(holds: boolean, name: string, text: string): void {
  if (!holds) throw new MessagingError("bad-option", `endpoints(${name}): ${text}`, { kind: "config" });
}

const plain = (status: number, text: string, headers: Record<string, string> = {}): Response =>
  new Response(text, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });

const answer = (ok: boolean, body: object): Response =>
  plain(ok ? 200 : 503, JSON.stringify(body), { "content-type": "application/json" });

/** OpenTelemetry's exporter writes to a response of Node. */
async function textOf(metrics: MetricsSource): Promise<string> {
  if (typeof metrics === "function") return metrics();
  return new Promise((resolve, reject) => {
    const response = {
      statusCode: 200,
      setHeader: () => {},
      end: (text: string) => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the exporter answered with ${response.statusCode}`));
      },
    };
    metrics.getMetricsRequestHandler({}, response);
  });
}
