/** Only hosts of SNS are ever spoken to, whatever a message says. */
import { isTrustedHost, isTrustedSuffix, partitionOf } from "@switchyard/aws-kit";
import { excerpt, MessagingError } from "@switchyard/core/driver-kit";

const HOST = /^sns(?:-fips)?\.[a-z]{2}[a-z0-9-]+-\d\.([a-z0-9.-]+)$/;
/** No name of a host is longer. */
const MAX_HOST = 253;

/** A host of SNS in any partition of AWS, dual stack and FIPS included. */
function isSns(hostname: string, trusted: readonly string[]): boolean {
  if (isTrustedHost(hostname, trusted)) return true;
  const suffix = hostname.length > MAX_HOST ? undefined : HOST.exec(hostname)?.[1];
  return suffix !== undefined && (partitionOf(suffix) !== undefined || isTrustedSuffix(suffix, trusted));
}
const CERTIFICATE = /^\/SimpleNotificationService-[A-Za-z0-9]+\.pem$/;

/** The URL where it is one of SNS, over https and with nothing odd in it. */
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

/** The URL that confirms a subscription to this topic, and does nothing else. */
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
