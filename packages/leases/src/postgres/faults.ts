import type { StoreFault } from "../store.ts";

/** Classifies an error by its SQLSTATE: PostgreSQL's manual, appendix A. */
export function faultOf(cause: unknown, table: string): StoreFault {
  const code = (cause as { code?: unknown } | null)?.code;
  const state = typeof code === "string" ? code : "";
  if (state === "42P01" || state === "3F000") {
    return {
      kind: "config",
      code: "lease-table-missing",
      hint: `the table ${table} does not exist; create it with leaseSchema`,
    };
  }
  if (state === "42703" || state === "42804" || state === "42883") {
    return {
      kind: "config",
      code: "lease-table-foreign",
      hint: `${table} is not a lease table: it has other columns`,
    };
  }
  if (state === "42501" || state.startsWith("28")) {
    return {
      kind: "auth",
      code: "lease-table-forbidden",
      hint: `grant the role select, insert, update and delete on ${table}, ${table}_workers and ${table}_groups`,
    };
  }
  if (state.startsWith("53")) return { kind: "throttled", code: "throttled" };
  return { kind: "retryable", code: state === "" ? "failed" : `sqlstate-${state.toLowerCase()}` };
}
