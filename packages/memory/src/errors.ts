import type { Fault, Phase } from "@switchyard/core/driver";

/** The error that the memory broker throws and puts into outcomes. It carries its own fault. */
export class MemoryFault extends Error {
  override readonly name = "MemoryFault";
  readonly fault: Fault;

  constructor(kind: Fault["kind"], code: string, hint: string) {
    super(`${code}: ${hint}`);
    this.fault = { kind, code, hint };
  }
}

export const LOST = {
  cause: new MemoryFault("lost", "hold-lost", "the hold ended before this call; the message comes again"),
} as const;

export function classify(cause: unknown, during: Phase): Fault {
  if (typeof cause === "object" && cause !== null && "fault" in cause) return (cause as MemoryFault).fault;
  return { kind: during === "send" ? "ambiguous" : "retryable", code: "unknown-error" };
}

export const closed = (what: string): MemoryFault => new MemoryFault("closed", "closed", `the ${what} is closed`);

export const notFound = (resource: "queue" | "topic" | "stream", name: string): MemoryFault =>
  new MemoryFault(
    "config",
    `${resource}-not-found`,
    `${resource} "${name}" does not exist; apply the topology first, or set provision: auto`,
  );
