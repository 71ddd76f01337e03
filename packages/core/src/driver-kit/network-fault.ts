/** Classifies errors of Node's sockets. They mean the same with every broker. */
import type { Fault, Phase } from "../driver/index.ts";
import { oneLine } from "../base/excerpt.ts";

/** The request was never sent, so the broker cannot have acted on it. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENFILE",
]);
/** The connection was cut. The request may have arrived and been carried out. */
const CUT = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ECONNABORTED",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ESOCKETTIMEDOUT",
]);
const TIMEOUT = new Set(["ETIMEDOUT", "ESOCKETTIMEDOUT"]);
const TLS = /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/;

/** What the user should check. The socket's own message is added to it. */
export interface NetworkHints {
  /** The other side cannot be reached. */
  readonly unreachable: string;
  /** The TLS handshake failed. */
  readonly tls: string;
}

const HINTS: NetworkHints = {
  unreachable: "check the endpoint, the region and the network",
  tls: "check the endpoint's certificate and that it speaks TLS",
};

/** The fault of a network error. Undefined if the error is something else. `hints`: by default those for the endpoint of a cloud service. */
export function networkFault(error: object, during: Phase, hints = HINTS): Fault | undefined {
  const { name, code, syscall, message } = error as {
    name?: unknown;
    code?: unknown;
    syscall?: unknown;
    message?: unknown;
  };
  if (name === "AbortError") return aborted(during);
  const reason = typeof code === "string" ? code : "";
  if (NEVER_SENT.has(reason) || (CUT.has(reason) && syscall === "connect")) {
    return { kind: "retryable", code: "unreachable", hint: `${hints.unreachable}${why(message)}` };
  }
  if (TLS.test(reason)) {
    return { kind: "config", code: "tls-failed", hint: `${hints.tls}${why(message)}` };
  }
  if (name === "TimeoutError" && String(message).includes("establish a connection")) {
    return {
      kind: "retryable",
      code: "unreachable",
      hint: "no connection within the timeout; check the endpoint and the network",
    };
  }
  if (CUT.has(reason) || name === "TimeoutError") {
    // The AWS SDK also uses the name TimeoutError for a cut connection. The code tells them apart.
    const code = reason === "" || TIMEOUT.has(reason) ? "timeout" : "connection-lost";
    return { kind: during === "send" ? "ambiguous" : "retryable", code };
  }
  return undefined;
}

/** The socket's message, because it names the address. */
const why = (message: unknown): string =>
  typeof message === "string" && message !== "" ? ` (${oneLine(message, 150)})` : "";

function aborted(during: Phase): Fault {
  if (during === "send") return { kind: "ambiguous", code: "aborted" };
  return { kind: during === "settle" || during === "extend" ? "retryable" : "closed", code: "aborted" };
}
