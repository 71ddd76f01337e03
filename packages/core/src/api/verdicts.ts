import type { Duration } from "./duration.ts";

/**
 * Verdicts tell core how to end a delivery. Handlers and middleware throw them; batch handlers pass them to `batch.fail`. Core recognizes
 * them by this property, not by class, so that two copies of core work together.
 */
const BRAND = "~switchyard-verdict";

/** What a verdict asks for. `down`: a `DependencyDown`. */
export type VerdictKind = "retry" | "deadLetter" | "release" | "skip" | "down";

interface VerdictOptions {
  readonly cause?: unknown;
}

abstract class Verdict extends Error {
  abstract readonly [BRAND]: VerdictKind;
  constructor(message: string, options?: VerdictOptions) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** The attempt failed. The next one comes no earlier than `delay` from now. Default: the wait that the group's policy sets. */
export class Retry extends Verdict {
  override readonly name = "Retry";
  readonly [BRAND] = "retry" as const;
  readonly delay?: Duration;
  constructor(options: VerdictOptions & { readonly delay?: Duration } = {}) {
    super("retry requested", options);
    if (options.delay !== undefined) this.delay = options.delay;
  }
}

/** The message will never succeed. It is dead-lettered at once with this reason. */
export class DeadLetter extends Verdict {
  override readonly name = "DeadLetter";
  readonly [BRAND] = "deadLetter" as const;
  readonly reason: string;
  constructor(reason: string, options?: VerdictOptions) {
    super(reason, options);
    this.reason = reason;
  }
}

/**
 * Gives the message back, because it is not at fault: another process should handle it, or it is not its time yet. If the transport can,
 * no attempt is counted. With `delay`, the message comes no earlier than that: it waits in this process as long as its hold can be kept,
 * otherwise at the broker. A delay that neither can keep makes a dead letter (`release-delay-unsupported`), or with `orSooner` is left out.
 */
export class Release extends Verdict {
  override readonly name = "Release";
  readonly [BRAND] = "release" as const;
  readonly delay?: Duration;
  /** Where nothing can keep the delay, the message may come sooner. Default: it becomes a dead letter. */
  readonly orSooner?: true;
  constructor(options: VerdictOptions & { readonly delay?: Duration; readonly orSooner?: boolean } = {}) {
    super("release requested", options);
    if (options.delay !== undefined) this.delay = options.delay;
    if (options.orSooner === true) this.orSooner = true;
  }
}

/**
 * Something that the handler needs is down: a database, another service. The message is not at fault, so the attempt does not count. It
 * waits and is tried again, until the policy's `retry.total` is over. A circuit breaker of the group counts it.
 */
export class DependencyDown extends Verdict {
  override readonly name = "DependencyDown";
  readonly [BRAND] = "down" as const;
  constructor(what: string, options?: VerdictOptions) {
    super(what, options);
  }
}

/**
 * The message needs no handling: a duplicate, or another tenant's message. It is settled as if it had been handled, and reported as
 * `skipped` with this reason. Middleware throws it instead of calling `next()`.
 */
export class Skip extends Verdict {
  override readonly name = "Skip";
  readonly [BRAND] = "skip" as const;
  readonly reason: string;
  constructor(reason: string, options?: VerdictOptions) {
    super(reason, options);
    this.reason = reason;
  }
}

export type AnyVerdict = Retry | DeadLetter | Release | DependencyDown | Skip;

export function verdictOf(error: unknown): AnyVerdict | undefined {
  return typeof error === "object" && error !== null && BRAND in error ? (error as AnyVerdict) : undefined;
}

export function verdictKind(verdict: AnyVerdict): VerdictKind {
  return verdict[BRAND];
}

/**
 * What a thrown value asks for, or undefined if it is no verdict. For middleware that must know how the rest of the chain ended. It
 * recognizes the verdicts of another copy of core, which `instanceof` does not.
 */
export function verdictKindOf(error: unknown): VerdictKind | undefined {
  try {
    const verdict = verdictOf(error);
    return verdict === undefined ? undefined : verdictKind(verdict);
  } catch {
    // A revoked proxy, or a getter that throws.
    return undefined;
  }
}
