import { isTrustedHost, isTrustedSuffix, partitionOf } from "@switchyard/aws-kit";
import { X509Certificate } from "node:crypto";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Runtime } from "@switchyard/core/driver";

/** Fetches the PEM text at a URL of SNS. */
export type FetchCertificate = (url: URL, signal: AbortSignal) => Promise<string>;

const TIMEOUT_MS = 5_000;
/** The largest certificate that is read. SNS's are about 2 KiB. */
const MAX_BYTES = 65_536;
/** How many verified and how many unverified certificates are kept. A topic has one, or two while SNS rotates it. */
const KEPT = 16;
/** A forger can name any number of certificates. A genuine sender needs one fetch per rotation. */
const FETCHES_AT_ONCE = 4;
/** A single failure may be chance, and SNS soon sends again. After a second one in a row the URL is not fetched for a while. */
const FAILURES_ALLOWED = 1;
const REST_MS = 60_000;
const FAILED_KEPT = 256;

/** Fetches over https, which proves the host's identity. Does not follow redirects. */
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

/** The subjects of SNS's certificates: one that most regions share, and one each for the others. */
const SUBJECT = /^sns(?:-signing|-fips)?\.(?:[a-z]{2}[a-z0-9-]+-\d\.)?([a-z0-9.-]{1,100})$/;

/** Whether a subject is SNS's, in any partition including those that the user added. */
function isOfSns(name: string, trusted: readonly string[]): boolean {
  if (isTrustedHost(name, trusted)) return true;
  const suffix = SUBJECT.exec(name.slice(0, 300))?.[1];
  return suffix !== undefined && (partitionOf(suffix) !== undefined || isTrustedSuffix(suffix, trusted));
}

interface Failures {
  readonly count: number;
  /** When it may be fetched again (epoch milliseconds). */
  readonly restsUntil: number;
}

/**
 * Certificates by URL. Anyone can post a message that names one, so the effect of unverified messages is limited: only a few fetches run
 * at once, a URL that keeps failing is not fetched for a while, and a certificate that has verified a message is never evicted for one that
 * has not.
 */
export class Certificates {
  readonly #fetch: FetchCertificate;
  readonly #runtime: Runtime;
  readonly #verified = new Map<string, Promise<X509Certificate>>();
  readonly #unverified = new Map<string, Promise<X509Certificate>>();
  readonly #failed = new Map<string, Failures>();
  #fetching = 0;

  constructor(fetch: FetchCertificate, runtime: Runtime) {
    this.#fetch = fetch;
    this.#runtime = runtime;
  }

  /** The certificate at a URL, checked to be SNS's and valid now. `trusted`: hosts and partitions that the user added. */
  async get(url: URL, trusted: readonly string[] = []): Promise<X509Certificate> {
    const known = this.#verified.get(url.href) ?? this.#unverified.get(url.href);
    const loading = known ?? this.#load(url);
    if (known === undefined) put(this.#unverified, url.href, loading, KEPT);
    try {
      const certificate = await loading;
      this.#check(certificate, trusted);
      return certificate;
    } catch (error) {
      this.#verified.delete(url.href);
      this.#unverified.delete(url.href);
      throw error;
    }
  }

  /** Keeps the certificate at this URL, because a message's signature was verified with it. */
  verified(url: URL): void {
    const loaded = this.#unverified.get(url.href);
    if (loaded === undefined) return;
    this.#unverified.delete(url.href);
    put(this.#verified, url.href, loaded, KEPT);
  }

  async #load(url: URL): Promise<X509Certificate> {
    const failed = this.#failed.get(url.href);
    if (failed !== undefined && this.#runtime.now() < failed.restsUntil)
      throw unavailable(
        url,
        `fetching it failed ${failed.count} times in a row; it is not tried again for ${REST_MS / 1_000} s`,
      );
    if (this.#fetching >= FETCHES_AT_ONCE)
      throw unavailable(url, `${FETCHES_AT_ONCE} other certificates are being fetched`);
    this.#fetching++;
    try {
      const certificate = await this.#fetched(url);
      this.#failed.delete(url.href);
      return certificate;
    } catch (error) {
      const count = (this.#failed.get(url.href)?.count ?? 0) + 1;
      const restsUntil = count > FAILURES_ALLOWED ? this.#runtime.now() + REST_MS : 0;
      this.#failed.delete(url.href);
      put(this.#failed, url.href, { count, restsUntil }, FAILED_KEPT);
      throw error;
    } finally {
      this.#fetching--;
    }
  }

  async #fetched(url: URL): Promise<X509Certificate> {
    const late = new AbortController();
    using _timer = this.#runtime.timer(TIMEOUT_MS, () => late.abort());
    let pem: string;
    try {
      pem = await Promise.race([this.#fetch(url, late.signal), aborted(late.signal)]);
    } catch (cause) {
      throw unavailable(url, "it could not be fetched", cause);
    }
    try {
      return new X509Certificate(pem);
    } catch (cause) {
      throw refused("is not an X.509 certificate", cause);
    }
  }

  #check(certificate: X509Certificate, trusted: readonly string[]): void {
    const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? "";
    if (!isOfSns(name, trusted)) throw refused("is not issued to SNS");
    const now = this.#runtime.now();
    if (now < certificate.validFromDate.getTime()) throw refused("is not valid yet; check this machine's clock");
    if (now > certificate.validToDate.getTime()) throw refused("has expired; check this machine's clock");
  }
}

/** Adds an entry and removes the oldest if there are more than `most`. */
function put<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}

function unavailable(url: URL, why: string, cause?: unknown): MessagingError {
  return new MessagingError("sns-certificate-unavailable", `no signing certificate from ${url.host}: ${why}`, {
    kind: "retryable",
    cause,
  });
}

function refused(why: string, cause?: unknown): MessagingError {
  return new MessagingError("sns-bad-certificate", `the signing certificate ${why}`, { kind: "auth", cause });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), { once: true });
  });
}
