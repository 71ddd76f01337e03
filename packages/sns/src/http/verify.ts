import { createVerify } from "node:crypto";
import { trustedHostProblem } from "@switchyard/aws-kit";
import { type Duration, type Runtime, systemRuntime } from "@switchyard/core";
import { excerpt, MessagingError, parseDuration } from "@switchyard/core/driver-kit";
import { Certificates, type FetchCertificate, fetchCertificate } from "./certificates.ts";
import { bad, parse, type SnsMessage } from "./message.ts";
import { certificateUrl } from "./urls.ts";

/** How a request of SNS is verified. */
export interface VerifyOptions {
  /** The ARN of the topic or topics that this endpoint is for. Messages of other topics are refused. */
  readonly topic: string | readonly string[];
  /** How old a message may be by SNS's own timestamp. Default 1 hour, within which SNS's own retries over HTTP end. */
  readonly maxAge?: Duration;
  /** The signature versions that are accepted. Default both. Version 1 uses SHA-1, so set `["2"]` if the topic's SignatureVersion is 2. */
  readonly signatureVersions?: readonly ("1" | "2")[];
  /**
   * Fetches the PEM text of a certificate. The URL's host was checked to be SNS's. Default: over https, without redirects, within 5 s. The
   * result is cached.
   */
  readonly certificate?: FetchCertificate;
  /**
   * More hosts of certificates and subscriptions, for a partition of AWS that this version does not know. Https only. An entry is one whole
   * host (`sns.example.cloud`), or a partition's suffix with a leading dot (`.example.cloud`), which adds SNS's hosts under it. The owner
   * of such a host can sign messages, so add only hosts of AWS. Default: none.
   */
  readonly trustedHosts?: readonly string[];
  readonly runtime?: Runtime;
}

const MAX_AGE_MS = 3_600_000;
/** How far SNS's clock may be ahead of ours. */
const AHEAD_MS = 300_000;

/** Calls with the same `certificate` function and runtime share their certificates. */
const kept = new WeakMap<FetchCertificate, WeakMap<Runtime, Certificates>>();

/**
 * Verifies a message that was posted to your endpoint. It must be of an expected topic, not too old, and signed with the certificate that
 * it names. That certificate must be at a host of SNS, issued to SNS and valid now. No other URL in the message is fetched.
 *
 * @throws MessagingError `sns-bad-message` or `sns-too-old` (permanent); `sns-wrong-topic`, `sns-foreign-certificate`,
 * `sns-bad-certificate`, `sns-bad-signature` (auth); `sns-certificate-unavailable` (retryable: answer 503, SNS sends again).
 */
export async function verifySnsMessage(
  input: string | Uint8Array | object,
  options: VerifyOptions,
): Promise<SnsMessage> {
  const { topic, signatureVersions = ["1", "2"], certificate = fetchCertificate, runtime = systemRuntime } = options;
  const { content, signed, signature, certificateUrl: from } = parse(input);
  if (!signatureVersions.includes(content.signatureVersion))
    throw bad(
      `signature version ${content.signatureVersion} is not accepted here; change the topic's SignatureVersion`,
    );
  // Every check that needs no network comes first, so that an invalid message fetches nothing.
  const trusted = trustedOf(options);
  const url = certificateUrl(from, trusted);
  if (![topic].flat().includes(content.topicArn))
    throw new MessagingError(
      "sns-wrong-topic",
      `this endpoint does not expect messages of ${excerpt(content.topicArn)}`,
      {
        kind: "auth",
      },
    );
  checkAge(content, options.maxAge, runtime.now());
  const certificates = certificatesOf(certificate, runtime);
  const { publicKey } = await certificates.get(url, trusted);
  const algorithm = content.signatureVersion === "2" ? "RSA-SHA256" : "RSA-SHA1";
  if (
    publicKey.asymmetricKeyType !== "rsa" ||
    !createVerify(algorithm).update(signed, "utf8").verify(publicKey, signature)
  )
    throw new MessagingError(
      "sns-bad-signature",
      "the signature is wrong: the message was forged, or changed on its way",
      {
        kind: "auth",
      },
    );
  certificates.verified(url);
  return content;
}

/** @throws MessagingError `bad-option` if an entry is not a host. */
export function trustedOf({ trustedHosts = [] }: Pick<VerifyOptions, "trustedHosts">): readonly string[] {
  for (const entry of trustedHosts) {
    const problem = trustedHostProblem(entry);
    if (problem === undefined) continue;
    throw new MessagingError("bad-option", `trustedHosts: ${excerpt(String(entry))}: ${problem}`, { kind: "config" });
  }
  return trustedHosts;
}

function checkAge({ timestamp, messageId }: SnsMessage, maxAge: Duration | undefined, now: number): void {
  const max = maxAge === undefined ? MAX_AGE_MS : parseDuration(maxAge);
  if (max === undefined)
    throw new MessagingError("bad-option", `maxAge: ${String(maxAge)} is not a duration`, { kind: "config" });
  const age = now - timestamp.getTime();
  if (age <= max && age >= -AHEAD_MS) return;
  const why = age > max ? `${Math.round(age / 1_000)} s old` : "from the future";
  throw new MessagingError("sns-too-old", `message ${messageId} is ${why}: it was replayed, or the clocks differ`, {
    kind: "permanent",
  });
}

function certificatesOf(fetch: FetchCertificate, runtime: Runtime): Certificates {
  const byRuntime = kept.get(fetch) ?? new WeakMap<Runtime, Certificates>();
  kept.set(fetch, byRuntime);
  const found = byRuntime.get(runtime) ?? new Certificates(fetch, runtime);
  byRuntime.set(runtime, found);
  return found;
}
