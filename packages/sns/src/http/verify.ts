import { createVerify } from "node:crypto";
import { trustedHostProblem } from "@switchyard/aws-kit";
import { type Duration, type Runtime, systemRuntime } from "@switchyard/core";
import { excerpt, MessagingError, parseDuration } from "@switchyard/core/driver-kit";
import { Certificates, type FetchCertificate, fetchCertificate } from "./certificates.ts";
import { bad, parse, type SnsMessage } from "./message.ts";
import { certificateUrl } from "./urls.ts";

/** How a request of SNS is verified. */
export interface VerifyOptions {
  /** The ARN of the topic, or topics, this endpoint is for; what other topics send is refused. */
  readonly topic: string | readonly string[];
  /** How old a message may be, by SNS's own timestamp. Default 1 hour: SNS's own retries over HTTP end before. */
  readonly maxAge?: Duration;
  /** Signature versions taken. Default both; version 1 is SHA-1, so say `["2"]` where the topic's SignatureVersion is 2. */
  readonly signatureVersions?: readonly ("1" | "2")[];
  /** Gives the PEM at a URL, which is of an SNS host by then. Default: fetched over https, no redirects, within 5 s, kept. */
  readonly certificate?: FetchCertificate;
  /**
   * More hosts that certificates and subscriptions may be at, https only: for a partition of AWS that this version does not know. Each
   * is one whole host (`sns.example.cloud`), or a partition's suffix with a dot before it (`.example.cloud`), under which SNS's own
   * hosts are taken. Who holds such a host can sign messages: add none but AWS's. Default: none.
   */
  readonly trustedHosts?: readonly string[];
  readonly runtime?: Runtime;
}

const MAX_AGE_MS = 3_600_000;
/** How far ahead of ours the clock of SNS may be. */
const AHEAD_MS = 300_000;

/** Those who verify with the same options share the certificates. */
const kept = new WeakMap<FetchCertificate, WeakMap<Runtime, Certificates>>();

/**
 * Reads what was posted as a message of SNS, and believes it only where all of this holds: it is of the expected topic, not
 * too old, and signed by the certificate it names, which is at a host of SNS, issued to SNS and valid now. Nothing else that
 * the message names is ever fetched.
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
    throw bad(`signature version ${content.signatureVersion} is not taken here; set the topic's SignatureVersion`);
  // All that needs no network comes first: junk fetches nothing.
  const trusted = trustedOf(options);
  const url = certificateUrl(from, trusted);
  if (![topic].flat().includes(content.topicArn))
    throw new MessagingError(
      "sns-wrong-topic",
      `a message of ${excerpt(content.topicArn)}, which this endpoint does not expect`,
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
    throw new MessagingError("sns-bad-signature", "the signature does not fit: forged, or changed on its way", {
      kind: "auth",
    });
  certificates.verified(url);
  return content;
}

/** @throws MessagingError `bad-option` on an entry that is no host. */
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
    throw new MessagingError("bad-option", `maxAge: ${String(maxAge)} is no duration`, { kind: "config" });
  const age = now - timestamp.getTime();
  if (age <= max && age >= -AHEAD_MS) return;
  const why = age > max ? `${Math.round(age / 1_000)} s old` : "from the future";
  throw new MessagingError("sns-too-old", `message ${messageId} is ${why}: replayed, or the clocks differ`, {
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
