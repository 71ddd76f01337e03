import type {
  Connection,
  Delivery,
  Destination,
  DriverEvent,
  Lease,
  Outcome,
  Position,
  ReceiverDriver,
  Runtime,
  SenderDriver,
  Sent,
  WireMessage,
} from "@switchyard/core/driver";
import type { Places } from "./destinations.ts";

export interface SeamOptions {
  readonly groups?: readonly string[];
  readonly holdMs?: number;
  readonly partitions?: number;
  readonly nativeAttempts?: number;
  readonly types?: readonly string[];
  /** Default: `ordered` of the harness. */
  readonly ordered?: boolean;
  readonly provision?: boolean;
}

export interface Taken {
  readonly lease: Lease;
  readonly delivery: Delivery;
  /** When it was received, in milliseconds of the runtime's monotonic clock. */
  readonly at: number;
}

/** One open receiver. It reads all of its leases: a queue has one, a log has many. */
export class Reader {
  readonly driver: ReceiverDriver;
  readonly leases: Lease[] = [];
  readonly ended: Lease[] = [];
  readonly #runtime: Runtime;
  readonly #stop = new AbortController();
  readonly #changed: () => void;
  readonly #patienceMs: number;
  #failed: unknown;
  #accepting: Promise<void>;

  /** `patienceMs`: how long `take` waits by default; less than 20 s counts as 20 s. */
  constructor(driver: ReceiverDriver, runtime: Runtime, changed: () => void, patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.driver = driver;
    this.#runtime = runtime;
    this.#changed = changed;
    this.#accepting = this.#accept();
  }

  async #accept(): Promise<void> {
    try {
      for await (const lease of this.driver.leases(this.#stop.signal)) {
        this.leases.push(lease);
        this.#changed();
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failed = error;
      this.#changed();
    }
  }

  /** The lease number `nth`, counted from 0. Waits until there is one. */
  async lease(nth = 0): Promise<Lease> {
    while (this.leases.length <= nth) {
      if (this.#failed !== undefined) throw this.#failed;
      await this.#runtime.sleep(5);
    }
    return this.leases[nth]!;
  }

  /** Calls `receive` once on every open lease and returns what came. */
  async once(max: number, waitMs: number): Promise<Taken[]> {
    await this.lease();
    const open = this.leases.filter((lease) => !this.ended.includes(lease) && !lease.lost.aborted);
    const got = await Promise.all(
      open.map(async (lease) => {
        const deliveries = await lease.receive(max, waitMs, this.#stop.signal);
        if (deliveries === null) this.ended.push(lease);
        return (deliveries ?? []).map((delivery) => ({ lease, delivery, at: this.#runtime.monotonic() }));
      }),
    );
    return got.flat();
  }

  /**
   * Receives until there are `count` messages; each receive asks for at most `max`. `ack`: acknowledges each message as it comes, so
   * that the next message of its key can come.
   */
  async take(
    count: number,
    options: { readonly withinMs?: number; readonly max?: number; readonly ack?: boolean } = {},
  ): Promise<Taken[]> {
    const withinMs = options.withinMs ?? Math.max(20_000, this.#patienceMs);
    const until = this.#runtime.monotonic() + withinMs;
    const taken: Taken[] = [];
    while (taken.length < count) {
      const left = until - this.#runtime.monotonic();
      if (left <= 0) throw new Error(`${taken.length} of ${count} messages came within ${withinMs} ms`);
      const got = await this.once(Math.min(options.max ?? 10, count - taken.length), Math.min(1_000, left));
      if (options.ack === true) await this.settle(got);
      taken.push(...got);
    }
    return taken;
  }

  /**
   * Everything that comes within `forMs`. `ack`: acknowledges each message as it comes. Without it, a message comes again when its
   * hold ends.
   */
  async watch(forMs: number, ack = false): Promise<Taken[]> {
    const until = this.#runtime.monotonic() + forMs;
    const taken: Taken[] = [];
    for (let left = forMs; left > 0; left = until - this.#runtime.monotonic()) {
      const got = await this.once(10, Math.min(1_000, left));
      if (ack) await this.settle(got);
      taken.push(...got);
    }
    return taken;
  }

  async settle(
    taken: readonly Taken[],
    action: "ack" | "release" | { readonly retryMs: number } | { readonly releaseMs: number } = "ack",
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const lease of new Set(taken.map((one) => one.lease))) {
      const mine = taken.filter((one) => one.lease === lease);
      const most = this.driver.capabilities.maxBatch.count;
      for (let at = 0; at < mine.length; at += most) {
        const batch = mine.slice(at, at + most).map(({ delivery }) => {
          const { receipt } = delivery;
          if (action === "ack" || action === "release") return { receipt, action };
          if ("releaseMs" in action) return { receipt, action: "release" as const, delayMs: action.releaseMs };
          return { receipt, action: "retry" as const, delayMs: action.retryMs, attempt: delivery.attempt ?? 1 };
        });
        outcomes.push(...(await lease.settle(batch, new AbortController().signal)));
      }
    }
    return outcomes;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.driver.close();
    await this.#accepting;
  }
}

/** A connection to the driver itself, without core, for cases that test the driver. */
export class Seam {
  readonly places: Places;
  readonly connection: Connection;
  readonly events: readonly DriverEvent[];
  readonly #runtime: Runtime;
  readonly #patienceMs: number;
  readonly #holdMs: number;
  readonly #changed: () => void;
  readonly #opened: { close(): Promise<void> }[] = [];
  readonly #signal = new AbortController().signal;

  constructor(
    places: Places,
    connection: Connection,
    events: readonly DriverEvent[],
    runtime: Runtime,
    holdMs: number,
    changed: () => void,
    patienceMs: number,
  ) {
    this.#patienceMs = patienceMs;
    this.places = places;
    this.connection = connection;
    this.events = events;
    this.#runtime = runtime;
    this.#holdMs = holdMs;
    this.#changed = changed;
  }

  async sender(to: Destination = this.places.to): Promise<SenderDriver> {
    const sender = await this.connection.sender(to, this.#signal);
    this.#opened.push(sender);
    return sender;
  }

  async reader(
    group?: string,
    options: { readonly start?: Position; readonly prefetch?: number; readonly holdMs?: number } = {},
  ): Promise<Reader> {
    const from = this.places.groups[group ?? Object.keys(this.places.groups)[0]!]!;
    return this.readerOf(from, options);
  }

  async readerOf(
    from: Destination,
    options: { readonly start?: Position; readonly prefetch?: number; readonly holdMs?: number } = {},
  ): Promise<Reader> {
    const receiver = await this.connection.receiver(
      from,
      {
        holdMs: options.holdMs ?? from.holdMs ?? this.#holdMs,
        prefetch: options.prefetch ?? 100,
        start: options.start ?? "earliest",
      },
      this.#signal,
    );
    const reader = new Reader(receiver, this.#runtime, this.#changed, this.#patienceMs);
    this.#opened.push(reader);
    return reader;
  }

  /** Sends in batches within the driver's limits. Fails at the first message that was not accepted. */
  async send(messages: readonly WireMessage[], through?: SenderDriver): Promise<Sent[]> {
    const sender = through ?? (await this.sender());
    const results: Sent[] = [];
    const { count, bytes } = sender.capabilities.maxBatch;
    let batch: WireMessage[] = [];
    let size = 0;
    const flush = async () => {
      if (batch.length === 0) return;
      results.push(...(await sender.send(batch, this.#signal)));
      batch = [];
      size = 0;
    };
    for (const message of messages) {
      const own = sender.size(message);
      if (batch.length >= count || size + own > bytes) await flush();
      batch.push(message);
      size += own;
    }
    await flush();
    for (const result of results) if (!("id" in result)) throw result.cause;
    return results;
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.reverse()) await opened.close().catch(() => {});
    await this.connection.close();
  }
}
