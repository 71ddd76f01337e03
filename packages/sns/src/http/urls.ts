/** Checks the URLs in a message, so that only SNS's hosts are ever called. */
import { isTrustedHost, isTrustedSuffix, partitionOf } from "@switchyard/aws-kit";
import { excerpt, MessagingError } from "@switchyard/core/driver-kit";

const HOST = /^sns(?:-fips)?\.[a-z]{2}[a-z0-9-]+-\d\.([a-z0-9.-]+)$/;
/** The longest possible host name. */
const MAX_HOST = 253;

/** Whether a host is SNS's, in any partition of AWS. Dual-stack and FIPS hosts count. */
function isSns(hostname: string, trusted: readonly string[]): boolean {
  if (isTrustedHost(hostname, trusted)) return true;
  const suffix = hostname.length > MAX_HOST ? undefined : HOST.exec(hostname)?.[1];
  return suffix !== undefined && (partitionOf(suffix) !== undefined || isTrustedSuffix(suffix, trusted));
}
const CERTIFICATE = /^\/SimpleNotificationService-[A-Za-z0-9]+\.pem$/;

/** The URL if it is an https URL of SNS without user, port or anything else unusual. Otherwise undefined. */
function snsUrl(text: string, trusted: readonly string[]): URL | undefined {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "https:" || !isSns(url.hostname, trusted)) return undefined;
  return url.port === "" && url.username === "" && url.password === "" && url.hash === "" ? url : undefined;
}

export function certificateUrl(text: string, trusted: readonly string[] = []): URL {
  const url = snsUrl(text, trusted);
  if (url !== undefined && CERTIFICATE.test(url.pathname) && url.search === "") return url;
  throw new MessagingError(
    "sns-foreign-certificate",
    `the signing certificate is not at SNS (https://sns.REGION.amazonaws.com/SimpleNotificationService-....pem) but at ${hostOf(text)}; nothing was fetched`,
    { kind: "auth" },
  );
}

/** Returns the SubscribeURL if it confirms a subscription to this topic and does nothing else. Throws otherwise. */
export function subscribeUrl(text: string, topicArn: string, trusted: readonly string[] = []): URL {
  const url = snsUrl(text, trusted);
  const confirms =
    url?.searchParams.get("Action") === "ConfirmSubscription" && url.searchParams.get("TopicArn") === topicArn;
  if (url !== undefined && confirms && url.pathname === "/") return url;
  throw new MessagingError(
    "sns-foreign-subscribe-url",
    `the SubscribeURL is not SNS's confirmation of this topic but at ${hostOf(text)}; nothing was fetched`,
    { kind: "auth" },
  );
}

function hostOf(text: string): string {
  const host = URL.parse(text)?.host;
  return host === undefined || host === "" ? "no host" : excerpt(host);
}
