import type { Delivery, Lease, Outcome, Runtime, Settlement } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { HeldShard } from "@switchyard/leases";
import { SECOND } from "./limits.ts";
import { toPosition } from "./positions.ts";
import type { ShardReader } from "./shard-reader.ts";
import { childShard } from "./shards.ts";
import { fromData, type ShardMessage } from "./message.ts";

export interface ShardReceipt {
  readonly sequence: string;
  /** Absent: the whole record is settled. */
  readonly sub?: number;
}

const LOST: Outcome = {
  cause: new MessagingError("lease-lost", "another worker holds the lease of this shard", { kind: "retryable" }),
};

/** One worker's time with one shard. */
export class ShardLease implements Lease<ShardReceipt> {
  readonly id: string;
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  readonly #held: HeldShard;
  readonly #reader: ShardReader;
  readonly #runtime: Runtime;
  readonly #keyed: boolean;
  /** Ends a receive, because the lease is lost, another worker asks for it, or the receiver closes. */
  readonly #over: AbortSignal;
  readonly #done: (lease: ShardLease) => void;
  #first = true;
  #unsettled: { readonly receipt: ShardReceipt; readonly at: number | undefined }[] = [];

  constructor(
    held: HeldShard,
    reader: ShardReader,
    runtime: Runtime,
    options: { readonly keyed: boolean; readonly cut: AbortSignal; readonly done: (lease: ShardLease) => void },
  ) {
    this.id = held.id;
    this.fencingToken = held.fencingToken;
    this.lost = held.lost;
    this.#held = held;
    this.#reader = reader;
    this.#runtime = runtime;
    this.#keyed = options.keyed;
    this.#over = AbortSignal.any([held.lost, held.asked, options.cut]);
    this.#done = options.done;
    held.lost.addEventListener("abort", () => this.close(), { once: true });
  }

  /** How many messages are handed out and not yet below the checkpoint. */
  get unsettled(): number {
    return this.#unsettled.length;
  }

  /** The age of the oldest record that is not settled, read or not, in milliseconds. Undefined before the first read. */
  get behindMs(): number | undefined {
    const { lagMs } = this.#reader;
    const oldest = this.#unsettled[0]?.at ?? this.#reader.waitingSince;
    if (lagMs === undefined || oldest === undefined) return lagMs;
    return Math.max(lagMs, this.#runtime.now() - oldest);
  }

  /** True if everything in the shard was handed out. */
  get atTip(): boolean {
    return this.#reader.atTip;
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<ShardReceipt>[] | null> {
    if (this.#reader.ended || this.#wanted) return null;
    const ready = this.#reader.take(max);
    const items =
      ready.length > 0 ? ready : await this.#reader.next(max, waitMs, AbortSignal.any([signal, this.#over]));
    if (items.length > 0) return this.#deliverAll(items);
    return this.#reader.ended || this.#wanted ? null : [];
  }

  /** Core settles a log up to a position, so the last settlement of a batch is the farthest. */
  async settle(batch: readonly Settlement<ShardReceipt>[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const { action, receipt } of batch) outcomes.push(await this.#settle(action, receipt));
    return outcomes;
  }

  /** The hold lasts as long as the lease, which the engine renews. */
  async extend(receipts: readonly ShardReceipt[]): Promise<readonly Outcome[]> {
    return receipts.map(() => (this.#held.valid ? undefined : LOST));
  }

  async release(reason: "drained" | "stopping", signal: AbortSignal): Promise<void> {
    const ended = this.#reader.ended && reason === "drained" && !this.lost.aborted;
    const children = this.#reader.children.map(childShard);
    this.close();
    // If it is not stored, the next holder finds the end again.
    for (let ms = SECOND / 4; ended && !signal.aborted && !this.lost.aborted; ms *= 2) {
      try {
        return await this.#held.ended(children);
      } catch {
        await this.#runtime.sleep(ms, signal);
      }
    }
    await this.#held.release();
  }

  get #wanted(): boolean {
    return this.#held.lost.aborted || this.#held.asked.aborted;
  }

  async #settle(action: Settlement["action"], receipt: ShardReceipt): Promise<Outcome> {
    if (action !== "ack")
      return {
        cause: new MessagingError("cannot-return", "a message cannot be returned to a stream; retry in place", {
          kind: "permanent",
        }),
      };
    if (!this.#held.valid) return LOST;
    try {
      await this.#held.checkpoint(receipt);
    } catch (cause) {
      return { cause };
    }
    const at = this.#unsettled.findIndex((one) => one.receipt === receipt);
    if (at >= 0) this.#unsettled.splice(0, at + 1);
    return undefined;
  }

  /** A message that cannot be delivered stays the next one, so that the position never moves past a message that was not delivered. */
  #deliverAll(items: readonly ShardMessage[]): readonly Delivery<ShardReceipt>[] {
    const deliveries: Delivery<ShardReceipt>[] = [];
    try {
      for (const item of items) deliveries.push(this.#deliver(item));
    } catch (cause) {
      this.#reader.putBack(items.slice(deliveries.length));
      if (deliveries.length === 0) throw cause;
    }
    return deliveries;
  }

  #deliver(item: ShardMessage): Delivery<ShardReceipt> {
    const message = fromData(item.data, this.#keyed ? item.key : undefined);
    const receipt: ShardReceipt = item.last ? { sequence: item.sequence } : { sequence: item.sequence, sub: item.sub };
    const position = toPosition(this.id, item, item.packed ? item.sub : undefined);
    const attempt = this.#first ? this.#held.tenures : undefined;
    this.#first = false;
    this.#unsettled.push({ receipt, at: item.at });
    return {
      id: position,
      message,
      receipt,
      raw: item.record,
      position,
      ...(item.at === undefined ? {} : { enqueuedAt: item.at }),
      ...(attempt === undefined ? {} : { attempt }),
    };
  }

  /** Stops reading. What was read can still be settled. */
  close(): void {
    this.#reader.close();
    this.#done(this);
  }
}
