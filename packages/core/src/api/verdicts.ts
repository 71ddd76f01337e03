import type { Duration } from "./duration.ts";

/** How a delivery ends when its handler does not simply return: thrown by handlers and middleware, given to `batch.fail`, matched by brand. */
const BRAND = "~switchyard-verdict";

type VerdictKind = "retry" | "deadLetter" | "release" | "skip";

interface Because {
  readonly cause?: unknown;
}

abstract class Verdict extends Error {
  abstract readonly [BRAND]: VerdictKind;
  constructor(message: string, options?: Because) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** A failed attempt; the next one comes no earlier than `delay` from now, or after the policy's back-off when none is given. */
export class Retry extends Verdict {
  override readonly name = "Retry";
  readonly [BRAND] = "retry" as const;
  readonly delay?: Duration;
  constructor(options: Because & { readonly delay?: Duration } = {}) {
    super("retry asked for", options);
    if (options.delay !== undefined) this.delay = options.delay;
  }
}

/** Will never succeed: to the dead letters at once, with this reason. */
export class DeadLetter extends Verdict {
  override readonly name = "DeadLetter";
  readonly [BRAND] = "deadLetter" as const;
  readonly reason: string;
  constructor(reason: string, options?: Because) {
    super(reason, options);
    this.reason = reason;
  }
}

/** Not the message's fault (a dependency is down, this process should not have it): given back, no attempt counted where the transport can. */
export class Release extends Verdict {
  override readonly name = "Release";
  readonly [BRAND] = "release" as const;
  constructor(options?: Because) {
    super("release asked for", options);
  }
}

/**
 * Deliberately not handled: a duplicate, a message of another tenant. Settled as if it had been handled, and observed as `skipped`
 * with this reason. A middleware that does not go on throws it; one that only ends without `next()` has failed.
 */
export class Skip extends Verdict {
  override readonly name = "Skip";
  readonly [BRAND] = "skip" as const;
  readonly reason: string;
  constructor(reason: string, options?: Because) {
    super(reason, options);
    this.reason = reason;
  }
}

export type AnyVerdict = Retry | DeadLetter | Release | Skip;

export function verdictOf(error: unknown): AnyVerdict | undefined {
  return typeof error === "object" && error !== null && BRAND in error ? (error as AnyVerdict) : undefined;
}

export function verdictKind(verdict: AnyVerdict): VerdictKind {
  return verdict[BRAND];
}
