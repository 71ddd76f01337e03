import type { StoreFault } from "../store.ts";

const THROTTLED = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "Throttling",
]);
const AUTH = new Set([
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ExpiredTokenException",
  "IncompleteSignature",
  "MissingAuthenticationToken",
  "CredentialsProviderError",
]);

/** What the runtime needs on the table, and nothing else. */
const RIGHTS = "dynamodb:GetItem, PutItem, UpdateItem, DeleteItem and Scan";

export function faultOf(cause: unknown, table: string): StoreFault {
  const name = (cause as { name?: unknown } | null)?.name;
  if (typeof name !== "string") return { kind: "retryable", code: "failed" };
  if (name === "AbortError") return { kind: "retryable", code: "aborted" };
  if (THROTTLED.has(name)) return { kind: "throttled", code: "throttled" };
  if (AUTH.has(name)) {
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
