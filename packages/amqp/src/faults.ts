import type { Fault } from "@switchyard/core/driver";

/** An error of our own, its fault with it. */
export class AmqpFault extends Error {
  override readonly name = "AmqpFault";
  readonly kind: Fault["kind"];
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  /** The broker's own words, and the address they came from. */
  readonly told: Pick<Fault, "said" | "where">;
  constructor(
    kind: Fault["kind"],
    code: string,
    message: string,
    cause?: unknown,
    retryAfterMs?: number,
    told: Pick<Fault, "said" | "where"> = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.told = told;
  }
}

export const lostLease = (): AmqpFault =>
  new AmqpFault("lost", "channel-gone", "the channel this message came by is gone; it will come again");
