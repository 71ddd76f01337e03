/**
 * Hosts that a user adds for a partition of AWS that this version does not know. An entry is one whole host (`sqs.example.cloud`), or a
 * partition's suffix with a leading dot (`.example.cloud`), which stands only for the service's own hosts under it
 * (`sqs.REGION.example.cloud`).
 */
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const ENTRY = new RegExp(`^\\.?${LABEL}(?:\\.${LABEL})*\\.[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`);
/** The longest possible host name. */
const MAX_HOST = 253;

export function trustedHostProblem(entry: unknown): string | undefined {
  if (typeof entry === "string" && entry.length <= MAX_HOST && ENTRY.test(entry)) return undefined;
  return "must be one whole host (sqs.example.cloud) or a partition's suffix with a leading dot (.example.cloud), in lower case and without scheme, port, path or *";
}

/** Whether the host is exactly one of the entries. */
export function isTrustedHost(hostname: string, trusted: readonly string[]): boolean {
  return trusted.some((entry) => entry === hostname && !entry.startsWith("."));
}

/** Whether the suffix of a service's host belongs to a partition that the user added. */
export function isTrustedSuffix(suffix: string, trusted: readonly string[]): boolean {
  return trusted.includes(`.${suffix}`);
}
