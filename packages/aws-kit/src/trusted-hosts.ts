/**
 * Hosts a user adds where AWS has a partition that this version does not know. An entry is one whole host (`sqs.example.cloud`),
 * or a partition's suffix with a dot before it (`.example.cloud`): that stands for the service's own hosts under it
 * (`sqs.REGION.example.cloud`) and for no other.
 */
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const ENTRY = new RegExp(`^\\.?${LABEL}(?:\\.${LABEL})*\\.[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`);
/** No name of a host is longer. */
const MAX_HOST = 253;

export function trustedHostProblem(entry: unknown): string | undefined {
  if (typeof entry === "string" && entry.length <= MAX_HOST && ENTRY.test(entry)) return undefined;
  return "must be one whole host (sqs.example.cloud) or a partition's suffix with a dot before it (.example.cloud): lower case, without scheme, port, path and *";
}

/** Is the host one of the entries, letter for letter? */
export function isTrustedHost(hostname: string, trusted: readonly string[]): boolean {
  return trusted.some((entry) => entry === hostname && !entry.startsWith("."));
}

/** Does the suffix of a service's host belong to a partition the user added? */
export function isTrustedSuffix(suffix: string, trusted: readonly string[]): boolean {
  return trusted.includes(`.${suffix}`);
}
