import { X509Certificate } from "node:crypto";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Runtime } from "@switchyard/core/driver";

/** Gives the PEM at a URL of SNS. */
export type FetchCertificate = (url: URL, signal: AbortSignal) => Promise<string>;

const TIMEOUT_MS = 5_000;
/** SNS's are about 2 KiB. */
const MAX_BYTES = 65_536;
/** Rotations overlap; more at once than these are no certificates of SNS. */
const KEPT = 16;

/** Over https, so that the host is who it says; redirects are not followed. */
export async function fetchCertificate(url: URL, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { redirect: "error", signal });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
  }
  return text;
}

/** As SNS names them: one for most regions, one each for the others. */
const SUBJECT = /^sns(?:-signing)?(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/;

export class Certificates {
  readonly #fetch: FetchCertificate;
  readonly #runtime: Runtime;
  readonly #kept = new Map<string, Promise<X509Certificate>>();

  constructor(fetch: FetchCertificate, runtime: Runtime) {
    this.#fetch = fetch;
    this.#runtime = runtime;
  }

  /** Of SNS, and valid now. */
  async get(url: URL): Promise<X509Certificate> {
    const loading = this.#kept.get(url.href) ?? this.#load(url);
    this.#kept.set(url.href, loading);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    try {
      const certificate = await loading;
      this.#check(certificate);
      return certificate;
    } catch (error) {
      this.#kept.delete(url.href);
      throw error;
    }
  }

  async #load(url: URL): Promise<X509Certificate> {
    const late = new AbortController();
    using _timer = this.#runtime.timer(TIMEOUT_MS, () => late.abort());
    let pem: string;
    try {
      pem = await Promise.race([this.#fetch(url, late.signal), aborted(late.signal)]);
    } catch (cause) {
      throw new MessagingError(
        "sns-certificate-unavailable",
        `the signing certificate at ${url.host} could not be fetched`,
        {
          kind: "retryable",
          cause,
        },
      );
    }
    try {
      return new X509Certificate(pem);
    } catch (cause) {
      throw refused("is no X.509 certificate", cause);
    }
  }

  #check(certificate: X509Certificate): void {
    const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? "";
    if (!SUBJECT.test(name)) throw refused("is not issued to SNS");
    const now = this.#runtime.now();
    if (now < certificate.validFromDate.getTime()) throw refused("is not valid yet; check this machine's clock");
    if (now > certificate.validToDate.getTime()) throw refused("has expired; check this machine's clock");
  }
}

function refused(why: string, cause?: unknown): MessagingError {
  return new MessagingError("sns-bad-certificate", `the signing certificate ${why}`, { kind: "auth", cause });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), { once: true });
  });
}
