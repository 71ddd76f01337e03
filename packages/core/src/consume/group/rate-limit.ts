import type { Runtime } from "../../driver/index.ts";
import type { HeldMessage } from "../lease/held-message.ts";

export interface RateOptions {
  /** The most messages that start within {@link perMs}. */
  readonly max: number;
  readonly perMs: number;
  /** Limits each value of this on its own. Absent: all messages of the group together. */
  readonly key?: "ordering-key" | "fairness-key" | "type";
}

interface Bucket {
  tokens: number;
  at: number;
}

/** The most keys remembered. A forgotten key starts with a full bucket. */
const MOST_KEYS = 10_000;

/** Token buckets: `max` messages may start at once, and then `max` within each `perMs`. Each process counts its own. */
export class RateLimit {
  readonly #options: RateOptions;
  readonly #runtime: Pick<Runtime, "monotonic">;
  readonly #whole: Bucket;
  readonly #keys = new Map<string, Bucket>();

  constructor(options: RateOptions, runtime: Pick<Runtime, "monotonic">) {
    this.#options = options;
    this.#runtime = runtime;
    this.#whole = { tokens: options.max, at: runtime.monotonic() };
  }

  /** How many messages may start now. With a key, any number: each waits on its own. */
  get room(): number {
    return this.#options.key === undefined
      ? Math.floor(this.#filled(this.#whole).tokens + 1e-9)
      : Number.POSITIVE_INFINITY;
  }

  /** Milliseconds until one more message may start. */
  get refillMs(): number {
    return this.#options.key === undefined ? this.#untilOne(this.#whole) : 0;
  }

  /** Milliseconds that this message must wait for its key. */
  waitMs(message: HeldMessage): number {
    const bucket = this.#bucketOf(message);
    return bucket === this.#whole ? 0 : this.#untilOne(bucket);
  }

  take(message: HeldMessage): void {
    this.#filled(this.#bucketOf(message)).tokens -= 1;
  }

  #untilOne(bucket: Bucket): number {
    const { max, perMs } = this.#options;
    const { tokens } = this.#filled(bucket);
    return tokens >= 1 - 1e-9 ? 0 : Math.max(Math.ceil(((1 - tokens) * perMs) / max), 1);
  }

  #filled(bucket: Bucket): Bucket {
    const { max, perMs } = this.#options;
    const now = this.#runtime.monotonic();
    bucket.tokens = Math.min(max, bucket.tokens + ((now - bucket.at) * max) / perMs);
    bucket.at = now;
    return bucket;
  }

  #bucketOf(message: HeldMessage): Bucket {
    const key = keyOf(message, this.#options.key);
    if (key === undefined) return this.#whole;
    let bucket = this.#keys.get(key);
    if (bucket === undefined) {
      bucket = { tokens: this.#options.max, at: this.#runtime.monotonic() };
      const [oldest] = this.#keys.size >= MOST_KEYS ? this.#keys.keys() : [];
      if (oldest !== undefined) this.#keys.delete(oldest);
    } else this.#keys.delete(key);
    this.#keys.set(key, bucket);
    return bucket;
  }
}

/** The value that limits a message. A message without one counts as the empty value. */
function keyOf({ delivery: { message }, lane }: HeldMessage, key: RateOptions["key"]): string | undefined {
  if (key === undefined) return undefined;
  return (key === "type" ? message.type : key === "fairness-key" ? message.fairness : (message.key ?? lane)) ?? "";
}
