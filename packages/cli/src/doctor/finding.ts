/** What the doctor says. */
export interface Finding {
  /**
   * `configuration`, `connection`, `topology`, `lambda`, `rights`, `hold`, `retention`, `dead letters`, `tails`, `tracing`, `health`.
   */
  readonly check: string;
  /** `failure`: something would fail, or messages may be lost or handled twice. */
  readonly status: "ok" | "warning" | "failure";
  /** What was found. If it is not `ok`, also what to change. */
  readonly text: string;
}

export function failure(check: string, error: unknown): Finding {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    check,
    status: "failure",
    text: `${typeof code === "string" ? `${code}: ` : ""}${String(message ?? error)}`,
  };
}
