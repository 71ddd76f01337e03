/** The fault table: what an error of the broker, amqplib or the network means for the call that failed. */
import type { Fault, Phase } from "@switchyard/core/driver";
import { causesOf, isMessagingError, networkFault } from "@switchyard/core/driver-kit";
import { shown } from "./endpoint.ts";

/** An error of our own, with its fault. */
export class AmqpFault extends Error {
  override readonly name = "AmqpFault";
  readonly kind: Fault["kind"];
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  /** The broker's own words, and the address they came from. */
  readonly told: Pick<Fault, "said" | "where">;
  constructor(
    kind: Fault["kind"],
    code: string,
    message: string,
    cause?: unknown,
    retryAfterMs?: number,
    told: Pick<Fault, "said" | "where"> = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.told = told;
  }
}

/** `resource`: what the broker is low on. */
export const blockedFault = (resource: string, retryAfterMs?: number): AmqpFault => {
  const text = `the broker is blocking publishers: low on ${resource}`;
  return new AmqpFault("throttled", "blocked", text, undefined, retryAfterMs);
};

export const lostLease = (): AmqpFault =>
  new AmqpFault(
    "lost",
    "channel-gone",
    "the channel that delivered this message is closed; the message will be redelivered",
  );

const TOPOLOGY = "create it with plan and apply, or check prefix, address and virtual host";
const RIGHTS = "check the user's configure, write and read permissions on this virtual host";

/** A longer reply of the broker is clipped before it is searched. AMQP allows 255 bytes. */
const MOST_TEXT = 600;

/** The fault with the broker's words. Core clips, quotes and masks them. */
const withWords = (fault: Fault, text: string): Fault => (text === "" ? fault : { ...fault, said: wordsOf(text) });

/** The broker's own words, without what amqplib puts around them. */
export function wordsOf(text: string): string {
  const [, words] = /with message "([^"]{1,300})"/.exec(text) ?? [];
  return words ?? text;
}

const VHOST: Fault = {
  kind: "config",
  code: "vhost-not-found",
  hint: "check the virtual host in the address, and the user's right to it",
};

/** Texts which say that a queue exists, but its node is starting or not reachable. */
const PASSES = /\bdown\b|inaccessible|unavailable|timed? ?out/i;

/** True if the broker says that something does not exist, rather than that it cannot be reached now. */
export function isMissing(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === 404 && !PASSES.test(String(message).slice(0, MOST_TEXT));
}

/** Never throws. */
export function classify(cause: unknown, during: Phase): Fault {
  try {
    return toFault(cause, during);
  } catch {
    return unknown(during);
  }
}

function toFault(cause: unknown, during: Phase): Fault {
  for (const error of causesOf(cause)) {
    const fault = faultOf(error, during);
    if (fault !== undefined) return fault;
  }
  return unknown(during);
}

function faultOf(error: object, during: Phase): Fault | undefined {
  if (isMessagingError(error)) return { kind: error.kind, code: error.code, hint: error.message };
  if (error instanceof AmqpFault) return ofOurs(error, during);
  const { code, message, name } = error as { code?: unknown; message?: unknown; name?: unknown };
  const text = typeof message === "string" ? message.slice(0, MOST_TEXT) : "";
  const reply = typeof code === "number" ? code : Number(/\b(\d{3}) \([A-Z-]+\)/.exec(text)?.[1]);
  if (reply >= 200 && reply < 600) return repliedWith(byReply(reply, text, during), text);
  const fault = ofNetwork(error, code, text, during);
  if (fault !== undefined) return fault;
  // The broker refuses the virtual host, or the user's access to it. amqplib does not pass on its words here.
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(text)) return VHOST;
  if (/No channels left to allocate/.test(text))
    return {
      kind: "retryable",
      code: "channel-limit",
      hint: "all channels the broker allows on a connection are open; raise its channel_max, or consume fewer queues",
    };
  if (/SASL mechanism/.test(text))
    return {
      kind: "auth",
      code: "mechanism-refused",
      hint: "the broker does not offer this login; check tls.external",
    };
  if (/ETIMEDOUT/.test(text))
    return { kind: "retryable", code: "unreachable", hint: "no connection within connectTimeout" };
  if (name === "RangeError" && during === "send")
    return { kind: "permanent", code: "too-large", hint: "more than 64 KiB of headers" };
  if (/heartbeat timeout|unexpected close|closed abruptly|connection clos|channel (?:clos|ended)|socket/i.test(text)) {
    return during === "send" ? ambiguous("connection-lost") : { kind: "retryable", code: "connection-lost" };
  }
  return undefined;
}

function ofOurs({ kind, code, message, retryAfterMs, told }: AmqpFault, during: Phase): Fault {
  if (kind === "lost" && during !== "settle" && during !== "extend") return { kind: "retryable", code };
  return { kind, code, hint: message, ...told, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Adds the broker's words to a refusal. The end of a connection, or of a handler that was too slow, is explained by its code. */
function repliedWith(fault: Fault, text: string): Fault {
  const plain =
    fault.code === "connection-lost" || fault.code === "consumer-timeout" || fault.code === "channel-closed";
  return plain ? fault : withWords(fault, text);
}

/**
 * Adds the broker's address, as people may read it, to faults. A fault of one message, or of a call that was ended here, has no address:
 * it would be the same on every broker.
 */
export function placing(urls: readonly string[]): (fault: Fault) => Fault {
  const where = `at ${urls.map(shown).join(", ")}`;
  return (fault) => {
    const { kind, code } = fault;
    const ofNoBroker = kind === "permanent" || kind === "lost" || code === "aborted" || fault.where !== undefined;
    return ofNoBroker ? fault : { ...fault, where };
  };
}

function byReply(reply: number, text: string, during: Phase): Fault {
  const lost: Fault = during === "send" ? ambiguous("connection-lost") : { kind: "retryable", code: "connection-lost" };
  switch (reply) {
    case 311:
      return { kind: "permanent", code: "too-large" };
    case 312:
      return { kind: "config", code: "unroutable", hint: TOPOLOGY };
    case 313:
      return { kind: "retryable", code: "no-consumers" };
    case 402:
    case 404:
      if (PASSES.test(text)) return { kind: "retryable", code: "queue-unavailable", hint: "its node is not up" };
      return { kind: "config", code: notFoundCode(text, during), hint: TOPOLOGY };
    case 403:
      if (/exclusive use/i.test(text))
        return {
          kind: "retryable",
          code: "exclusive-consumer",
          hint: "another consumer has exclusive use of the queue",
        };
      return {
        kind: "auth",
        code: "access-refused",
        hint: /login|authentication|PLAIN|EXTERNAL/i.test(text) ? "check user and password" : RIGHTS,
      };
    case 405:
      return {
        kind: "retryable",
        code: "resource-locked",
        hint: "another connection has it exclusively",
      };
    case 406:
      return precondition(text, during);
    case 530:
      return notAllowed(text);
    case 503:
      return { kind: "config", code: "refused", hint: "the broker refused it" };
    case 540:
      return { kind: "config", code: "unsupported", hint: "the broker cannot do it" };
    case 541:
      if (/vhost .* is down/i.test(text))
        return { kind: "retryable", code: "vhost-down", hint: "the virtual host is down" };
      return lost;
    default:
      // 320 (connection forced), 501 to 506 (protocol) and 541 (internal error): another connection may succeed.
      return lost;
  }
}

/** A limit that was reached may pass. A virtual host that does not exist, or that the user may not use, does not. */
function notAllowed(text: string): Fault {
  if (/limit|maximum/i.test(text)) {
    const code = /channel/i.test(text) ? "channel-limit" : "connection-limit";
    return {
      kind: "retryable",
      code,
      hint: "a limit of the broker is reached: close what is not needed, or raise it",
    };
  }
  if (/is down/i.test(text)) return { kind: "retryable", code: "vhost-down", hint: "the virtual host is down" };
  if (/refused for user/i.test(text)) return { kind: "auth", code: "access-refused", hint: RIGHTS };
  if (/vhost|virtual host/i.test(text)) return VHOST;
  return { kind: "config", code: "not-allowed", hint: "the broker does not allow it" };
}

function notFoundCode(text: string, during: Phase): string {
  if (during === "send") return "unroutable";
  if (/no exchange/.test(text)) return "exchange-not-found";
  return /no queue/.test(text) ? "queue-not-found" : "vhost-not-found";
}

function precondition(text: string, during: Phase): Fault {
  if (/message size|larger than/i.test(text)) return { kind: "permanent", code: "too-large" };
  if (/consumer.?timeout/i.test(text) || (/acknowledgement/i.test(text) && /timed out/i.test(text))) {
    return {
      kind: "retryable",
      code: "consumer-timeout",
      hint: "a handler took longer than the broker's consumer_timeout",
    };
  }
  if (/delivery tag/i.test(text)) return { kind: "retryable", code: "channel-closed" };
  if (during === "send") return ambiguous("refused");
  return {
    kind: "config",
    code: "topology-differs",
    hint: "it exists with other attributes; plan() shows which",
  };
}

const NETWORK = {
  unreachable: "check the address and the network",
  tls: "check the broker's certificate, tls.ca and tls.servername",
};
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|wrong version number|packet length too long/i;

function ofNetwork(error: object, code: unknown, text: string, during: Phase): Fault | undefined {
  const fault = networkFault(error, during, NETWORK);
  if (typeof code !== "string" || fault?.code === "unreachable" || !NO_TLS.test(`${code} ${text}`)) return fault;
  const hint = "the port does not speak TLS: use amqp:, or the broker's TLS port (5671)";
  return { kind: "config", code: "tls-failed", hint };
}

const ambiguous = (code: string): Fault => ({ kind: "ambiguous", code });

const unknown = (during: Phase): Fault => ({ kind: during === "send" ? "ambiguous" : "retryable", code: "unknown" });
