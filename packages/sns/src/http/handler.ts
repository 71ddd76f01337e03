import type { IncomingMessage, ServerResponse } from "node:http";
import { systemRuntime } from "@switchyard/core";
import { guarded, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { SnsConfirmation, SnsNotification } from "./message.ts";
import { subscribeUrl } from "./urls.ts";
import { trustedOf, type VerifyOptions, verifySnsMessage } from "./verify.ts";

/** The options of `snsHandler()`. */
export interface SnsHandlerOptions extends VerifyOptions {
  /**
   * Handles a notification. SNS gets its answer when the promise settles, and sends again if it rejects. The same notification may come
   * twice; it then has the same `messageId`.
   */
  readonly onNotification: (notification: SnsNotification) => unknown;
  /** Whether to confirm a subscription to an expected topic. Default true. */
  readonly confirm?: boolean | ((confirmation: SnsConfirmation) => boolean | Promise<boolean>);
  /** Called when the subscription was ended, by anyone. It is not renewed. */
  readonly onUnsubscribed?: (confirmation: SnsConfirmation) => unknown;
  /** Visits the SubscribeURL. Its host was checked to be SNS's. Default: fetches it over https, without redirects. */
  readonly visit?: (url: URL, signal: AbortSignal) => Promise<void>;
  /** Called with what was refused and why, for a log or a metric. An error that it throws is printed and does not change the answer. */
  readonly onRefused?: (error: MessagingError) => void;
}

/** A message over HTTP has at most 256 KiB. JSON may take six bytes for each. */
const MAX_BODY = 2 * 1_048_576;
const VISIT_MS = 10_000;

const STATUS: Readonly<Record<string, number>> = {
  "sns-bad-message": 400,
  "sns-raw-delivery": 400,
  "sns-too-old": 403,
  "sns-wrong-topic": 403,
  "sns-foreign-certificate": 403,
  "sns-foreign-subscribe-url": 403,
  "sns-bad-certificate": 403,
  "sns-bad-signature": 403,
  "sns-body-too-large": 413,
  "sns-certificate-unavailable": 503,
  "sns-confirmation-failed": 503,
};

async function visitUrl(url: URL, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { redirect: "error", signal });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}

/** An endpoint for an HTTPS subscription: takes a `Request`, returns a `Response`. Never rejects; a refusal is an HTTP status. */
export function snsHandler(options: SnsHandlerOptions): (request: Request) => Promise<Response> {
  trustedOf(options);
  return async (request) => {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const raw = request.headers.get("x-amz-sns-rawdelivery") === "true";
    const status = await statusOf(options, raw, () => read(request.body ?? []));
    return new Response(null, { status });
  };
}

/** The same for `node:http` and for frameworks based on it. A body that was already parsed is taken from `request.body`. */
export function snsNodeHandler(
  options: SnsHandlerOptions,
): (request: IncomingMessage & { readonly body?: unknown }, response: ServerResponse) => Promise<void> {
  trustedOf(options);
  return async (request, response) => {
    if (request.method !== "POST") {
      response.writeHead(405, { allow: "POST" }).end();
      return;
    }
    const { body } = request;
    const parsed = typeof body === "string" || (typeof body === "object" && body !== null) ? body : undefined;
    const raw = request.headers["x-amz-sns-rawdelivery"] === "true";
    const status = await statusOf(options, raw, async () => parsed ?? (await read(request)));
    // A framework's own timeout may already have answered.
    if (!response.headersSent) response.writeHead(status).end();
  };
}

async function statusOf(
  options: SnsHandlerOptions,
  raw: boolean,
  body: () => Promise<string | object>,
): Promise<number> {
  try {
    if (raw)
      throw new MessagingError(
        "sns-raw-delivery",
        "raw deliveries are not signed; turn RawMessageDelivery off for this subscription",
        {
          kind: "config",
        },
      );
    const message = await verifySnsMessage(await body(), options);
    if (message.type === "Notification") await options.onNotification(message);
    else if (message.type === "SubscriptionConfirmation") await confirm(message, options);
    else await options.onUnsubscribed?.(message);
    return 200;
  } catch (error) {
    const status = isMessagingError(error) ? STATUS[error.code] : undefined;
    // The user's own code failed. SNS sends again.
    if (status === undefined) return 500;
    if (options.onRefused !== undefined) guarded("onRefused", options.onRefused)(error as MessagingError);
    return status;
  }
}

async function confirm(message: SnsConfirmation, options: SnsHandlerOptions): Promise<void> {
  const { confirm: wanted = true, visit = visitUrl, runtime = systemRuntime } = options;
  if (!(typeof wanted === "function" ? await wanted(message) : wanted)) return;
  const url = subscribeUrl(message.subscribeUrl, message.topicArn, options.trustedHosts);
  const late = new AbortController();
  using _timer = runtime.timer(VISIT_MS, () => late.abort());
  try {
    await visit(url, late.signal);
  } catch (cause) {
    const text = `the subscription to ${message.topicArn} could not be confirmed`;
    throw new MessagingError("sns-confirmation-failed", text, { kind: "retryable", cause });
  }
}

async function read(body: AsyncIterable<Uint8Array | string> | Iterable<never>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const part = Buffer.from(chunk as Uint8Array);
    size += part.length;
    if (size > MAX_BODY)
      throw new MessagingError("sns-body-too-large", `the request's body is larger than ${MAX_BODY} bytes`, {
        kind: "permanent",
      });
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}
