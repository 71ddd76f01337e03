/** Which hosts are allowed. Signed requests go to the configured endpoint and nowhere else. */

import { isTrustedHost, isTrustedSuffix, partitionOf } from "@switchyard/aws-kit";
import { isLoopback, originProblem } from "@switchyard/core/driver-kit";

export { isLoopback };

export const EXAMPLE_ENDPOINT = "https://sqs.eu-west-1.amazonaws.com";

/** What is wrong with an endpoint. Undefined if nothing is. */
export const endpointProblem = (endpoint: string, allowInsecure: boolean): string | undefined =>
  originProblem(endpoint, allowInsecure, EXAMPLE_ENDPOINT);

/**
 * Whether a queue's URL may be used with this endpoint. It may if both have the same host, if both are names of this machine (emulators and
 * proxies), or if both are names of SQS in the same region (`sqs.R.amazonaws.com`, a VPC endpoint, FIPS, dual stack, the legacy
 * `R.queue.amazonaws.com`). `trusted`: hosts and partitions that the user added, which need https and its default port.
 */
export function sameService(queue: URL, endpoint: URL, trusted: readonly string[] = []): boolean {
  if (isLoopback(queue.hostname) && isLoopback(endpoint.hostname)) return true;
  if (queue.protocol !== endpoint.protocol) return false;
  if (queue.host === endpoint.host) return true;
  const usable = queue.protocol === "https:" && queue.port === "" ? trusted : [];
  if (isTrustedHost(queue.hostname, usable)) return true;
  const region = regionOf(queue.hostname, usable);
  return region !== undefined && region === regionOf(endpoint.hostname, usable);
}

const FORMS = [
  /^sqs(?:-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)$/,
  /\.sqs\.([a-z0-9-]+)\.vpce\.([a-z0-9.-]+)$/,
  /^([a-z]{2}[a-z0-9-]+)\.queue\.([a-z0-9.-]+)$/,
];
/** The longest name a host can have. */
const MAX_HOST = 253;

/** Region and partition of a host of SQS. All suffixes of a partition name the same service. */
function regionOf(hostname: string, trusted: readonly string[]): string | undefined {
  if (hostname === "queue.amazonaws.com") return "us-east-1 aws";
  if (hostname.length > MAX_HOST) return undefined;
  for (const form of FORMS) {
    const found = form.exec(hostname);
    if (found === null) continue;
    const suffix = found[2]!;
    const partition = partitionOf(suffix) ?? (isTrustedSuffix(suffix, trusted) ? suffix : undefined);
    if (partition !== undefined) return `${found[1]} ${partition}`;
  }
  return undefined;
}
