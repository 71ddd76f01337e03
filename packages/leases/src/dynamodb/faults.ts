import type { StoreFault } from "../store.ts";

const THROTTLED = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "Throttling",
]);
const CREDENTIALS = new Set([
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
  "ExpiredTokenException",
  "ExpiredToken",
  "IncompleteSignature",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "CredentialsProviderError",
  "TokenProviderError",
]);
/** A signature that is refused because of its time. The SDK corrects its clock from the reply. */
const OF_CLOCK = /signature expired|signature not yet current/i;
/** Longer texts are cut before they are searched. */
const MOST_TEXT = 2_000;

/** All the rights that a running service needs on the table. */
const RIGHTS = "dynamodb:GetItem, PutItem, UpdateItem, DeleteItem and Scan";

export function faultOf(cause: unknown, table: string): StoreFault {
  const { message } = (cause ?? {}) as { message?: unknown };
  const said = typeof message === "string" ? message.slice(0, MOST_TEXT) : "";
  const fault = named(cause, table, said);
  return said === "" || fault.code === "aborted" ? fault : { ...fault, said };
}

function named(cause: unknown, table: string, said: string): StoreFault {
  const name = (cause as { name?: unknown } | null)?.name;
  if (typeof name !== "string") return { kind: "retryable", code: "failed" };
  if (name === "AbortError") return { kind: "retryable", code: "aborted" };
  if (THROTTLED.has(name)) return { kind: "throttled", code: "throttled" };
  if (CREDENTIALS.has(name) && OF_CLOCK.test(said))
    return {
      kind: "retryable",
      code: "clock-skew",
      hint: "this machine's clock is wrong; set it, and keep it right with NTP",
    };
  if (CREDENTIALS.has(name)) {
    return {
      kind: "auth",
      code: "credentials-refused",
      hint: "check the credentials the AWS SDK finds here (environment, profile, role)",
    };
  }
  if (name === "AccessDeniedException") {
    return {
      kind: "auth",
      code: "lease-table-forbidden",
      hint: `allow the role ${RIGHTS} on the lease table ${table}, in addition to its rights on the stream`,
    };
  }
  if (name === "ResourceNotFoundException") {
    return {
      kind: "config",
      code: "lease-table-missing",
      hint: `the table ${table} does not exist or is still being created; plan() and apply() create it and wait for it`,
    };
  }
  if (name === "ValidationException") {
    return {
      kind: "config",
      code: "lease-table-foreign",
      hint: `${table} is not a lease table: its partition key must be leaseKey, a string`,
    };
  }
  return { kind: "retryable", code: "failed" };
}

export const isNamed = (cause: unknown, name: string): boolean => (cause as { name?: unknown } | null)?.name === name;

/** Whether the credentials were refused, for a reason other than the clock. The call was not carried out. */
export const areRefused = (cause: unknown): boolean => faultOf(cause, "").code === "credentials-refused";
