import type { Capabilities, Existing, Lease, ReceiverDriver, Runtime } from "@switchyard/core/driver";
import { anySignal } from "@switchyard/core/driver-kit";
import type { Members } from "./receive/members.ts";
import type { DelayedRedelivery } from "./receive/delayed-redelivery.ts";
import type { QueueLease } from "./receive/queue-lease.ts";
import type { Receipt } from "./receive/unsettled.ts";

/** How often the members of an ordered group count each other. The interval varies, so that they do not all count at once. */
const LOOK_MS = 1_500;

export interface ReceiverOptions {
  readonly capabilities: Capabilities;
  readonly existing: Existing;
  /** The leases, which are already open. */
  readonly leases: readonly QueueLease[];
  readonly redelivery: DelayedRedelivery | undefined;
  /** Absent if the members do not balance the partitions. */
  readonly members: Members | undefined;
  readonly runtime: Runtime;
  readonly onClose: () => void;
}

export const createReceiver = (options: ReceiverOptions): ReceiverDriver<Receipt> => new Receiver(options);

/** A receiver with one lease for a queue, or one for each partition. When a lease is lost, all end, and core opens a new receiver. */
class Receiver implements ReceiverDriver<Receipt> {
  readonly capabilities: Capabilities;
  readonly existing: Existing;
  readonly #options: ReceiverOptions;
  readonly #closing = new AbortController();
  #look: Disposable | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ReceiverOptions) {
    this.capabilities = options.capabilities;
    this.existing = options.existing;
    this.#options = options;
    if (options.members !== undefined) this.#lookLater(options.members);
  }

  async *leases(signal: AbortSignal): AsyncGenerator<Lease<Receipt>> {
    const { leases } = this.#options;
    for (const lease of leases) yield lease;
    {
      using over = anySignal(signal, this.#closing.signal, ...leases.map(({ lost }) => lost));
      await over.aborted;
    }
    if (signal.aborted || this.#closing.signal.aborted) return;
    const broken = leases.find(({ lost }) => lost.aborted)!;
    for (const lease of leases) lease.fail(broken.lost.reason);
    throw broken.lost.reason;
  }

  /** RabbitMQ leaves a partition with its first consumer forever. So members with more than their share give up some. */
  #lookLater(members: Members): void {
    const { runtime } = this.#options;
    this.#look = runtime.timer(LOOK_MS * (0.75 + runtime.random() / 2), () => {
      void this.#share(members)
        .catch(() => {})
        .finally(() => {
          if (!this.#closing.signal.aborted) this.#lookLater(members);
        });
    });
  }

  async #share(members: Members): Promise<void> {
    const count = await members.count(this.#closing.signal);
    const leases = this.#options.leases.filter(({ lost }) => !lost.aborted);
    if (count <= 1) return leases.forEach((lease) => lease.alone());
    const mine = leases.filter(({ active }) => active).sort((a, b) => a.held - b.held);
    const surplus = mine.length - Math.ceil(leases.length / count);
    for (const lease of mine.slice(0, Math.max(0, surplus))) lease.stepDown();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#look?.[Symbol.dispose]();
    await Promise.all(this.#options.leases.map((lease) => lease.release()));
    await this.#options.redelivery?.close();
    await this.#options.members?.close();
    this.#options.onClose();
  }
}
