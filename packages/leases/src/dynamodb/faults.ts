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
/** A signature is refused for its time: the SDK corrects its clock from the answer. */
const OF_CLOCK = /signature expired|signature not yet current/i;
/** Longer texts are cut before anything is looked for in them. */
const MOST_TEXT = 2_000;

/** What the runtime needs on the table, and nothing else. */
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
    return { kind: "retryable", code: "clock-skew", hint: "this machine's clock is wrong; set it, and keep it by NTP" };
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
      hint: `the role needs ${RIGHTS} on the lease table ${table}, which are rights beside those on the stream`,
    };
  }
  if (name === "ResourceNotFoundException") {
    return {
      kind: "config",
      code: "lease-table-missing",
      hint: `there is no table ${table}, or it is still being made; plan and apply make it and wait for it`,
    };
  }
  if (name === "ValidationException") {
    return {
      kind: "config",
      code: "lease-table-foreign",
      hint: `${table} is not a lease table: its key is not leaseKey, a string`,
    };
  }
  return { kind: "retryable", code: "failed" };
}

export const isNamed = (cause: unknown, name: string): boolean => (cause as { name?: unknown } | null)?.name === name;

/** The call was not made: its credentials were refused, for another reason than the clock. */
export const areRefused = (cause: unknown): boolean => faultOf(cause, "").code === "credentials-refused";
