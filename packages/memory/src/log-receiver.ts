import type {
  Capabilities,
  Delivery,
  DriverEvent,
  Lease,
  Outcome,
  ReceiverDriver,
  Settlement,
} from "@switchyard/core/driver";
import { anySignal, isMessagingError } from "@switchyard/core/driver-kit";
import type { HeldShard, LeaseEngine } from "@switchyard/leases";
import type { Broker } from "./broker/broker.ts";
import type { LogGroup } from "./broker/log-group.ts";
import type { Log } from "./broker/log.ts";
import type { Partition } from "./broker/partition.ts";
import { closed, LOST, MemoryFault, notFound } from "./errors.ts";
import { handedOut } from "./message.ts";

/** One worker of a stream's group: it reads the partitions that the lease engine gives it. */
export class LogReceiver implements ReceiverDriver<LogReceipt> {
  readonly capabilities: Capabilities;
  readonly existing = { encryptedAtRest: true };
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #group: LogGroup;
  readonly #engine: LeaseEngine;
  readonly #report: (event: DriverEvent) => void;
  readonly #cut = new AbortController();
  #dropped = false;

  constructor(
    broker: Broker,
    log: Log,
    group: LogGroup,
    capabilities: Capabilities,
    report: (event: DriverEvent) => void,
  ) {
    this.capabilities = capabilities;
    this.#broker = broker;
    this.#log = log;
    this.#group = group;
    this.#report = report;
    this.#engine = group.engine(broker.clock.runtime.uuid());
  }

  open(signal: AbortSignal): Promise<void> {
    return this.#engine.open(signal);
  }

  async *leases(signal: AbortSignal): AsyncGenerator<Lease<LogReceipt>> {
    if (this.#cut.signal.aborted) throw closed("receiver");
    using over = anySignal(signal, this.#cut.signal);
    for await (const held of this.#engine.shards(over.signal))
      yield new LogLease(
        this.#broker,
        this.#log,
        this.#group,
        held,
        this.#cut.signal,
        this.#report,
        this.capabilities.holdExtend,
      );
    if (this.#dropped && !signal.aborted)
      throw new MemoryFault("retryable", "connection-lost", "the connection was cut");
  }

  async close(): Promise<void> {
    this.#cut.abort();
    await this.#group.close(this.#engine);
  }

  drop(): void {
    if (this.#cut.signal.aborted) return;
    this.#dropped = true;
    void this.close();
  }
}

export interface LogReceipt {
  readonly seq: number;
}

type Receive = Awaited<ReturnType<Lease<LogReceipt>["receive"]>>;

/** The hold lasts as long as the lease. */
const extendUnder =
  (held: HeldShard): NonNullable<Lease<LogReceipt>["extend"]> =>
  async (receipts) =>
    receipts.map(() => (held.valid ? undefined : LOST));

/** One holder's reading of one partition. */
class LogLease implements Lease<LogReceipt> {
  readonly id: string;
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  readonly extend?: NonNullable<Lease<LogReceipt>["extend"]>;
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #group: LogGroup;
  readonly #held: HeldShard;
  readonly #cut: AbortSignal;
  readonly #report: (event: DriverEvent) => void;
  readonly #partition: Partition;
  readonly #began: number;
  #next: number;

  constructor(
    broker: Broker,
    log: Log,
    group: LogGroup,
    held: HeldShard,
    cut: AbortSignal,
    report: (event: DriverEvent) => void,
    holdExtend: boolean,
  ) {
    this.id = held.id;
    this.fencingToken = held.fencingToken;
    this.lost = held.lost;
    this.#broker = broker;
    this.#log = log;
    this.#group = group;
    this.#held = held;
    this.#cut = cut;
    this.#report = report;
    this.#partition = log.partitions.get(held.id)!;
    if (holdExtend) this.extend = extendUnder(held);
    this.#began = group.offsetAfter(held.from, this.#partition);
    this.#next = this.#began;
    group.read(held.id, held.fencingToken, this.#began);
    if (
      typeof held.from === "object" &&
      "sequence" in held.from &&
      this.#partition.hasTrimmedAfter(Number(held.from.sequence))
    )
      this.#positionLost("records");
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<Receive> {
    const { clock, faults } = this.#broker;
    const until = clock.runtime.monotonic() + waitMs;
    const fault = faults.takeReceive();
    if (fault !== undefined) throw fault;
    for (;;) {
      if (this.#broker.logs.get(this.#log.name) !== this.#log) throw notFound("stream", this.#log.name);
      if (this.lost.aborted || this.#held.asked.aborted) return null;
      this.#skipTrimmed();
      if (this.#next < this.#partition.end) return this.#read(max);
      if (this.#partition.closed) return null;
      const left = until - clock.runtime.monotonic();
      if (left <= 0 || signal.aborted || this.#cut.aborted) return [];
      using over = anySignal(signal, this.#cut, this.lost, this.#held.asked);
      await this.#partition.waiters.wait(undefined, left, over.signal);
    }
  }

  async settle(batch: readonly Settlement<LogReceipt>[], _signal: AbortSignal): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const { action, receipt } of batch) outcomes.push(await this.#settle(action, receipt));
    return outcomes;
  }

  async release(reason: "drained" | "stopping"): Promise<void> {
    const ended = this.#partition.closed && this.#next >= this.#partition.end && reason === "drained";
    if (ended && !this.lost.aborted) {
      const children = [...this.#log.partitions.values()].filter(({ parents }) => parents.includes(this.id));
      const done = await this.#held.ended(children.map(({ id, parents }) => ({ id, parents }))).then(
        () => true,
        () => false,
      );
      if (done) return;
    }
    await this.#held.release();
  }

  async #settle(action: Settlement["action"], receipt: LogReceipt): Promise<Outcome> {
    if (action !== "ack")
      return {
        cause: new MemoryFault(
          "permanent",
          "cannot-return",
          "a message cannot be returned to a stream; retry in place",
        ),
      };
    if (!this.#held.valid) return LOST;
    const injected = this.#broker.faults.takeAck();
    if (injected === "ok") return undefined;
    if (injected === "error")
      return { cause: new MemoryFault("retryable", "no-answer", "the test asked for a lost ack") };
    try {
      await this.#held.checkpoint({ sequence: String(receipt.seq) });
      return undefined;
    } catch (cause) {
      return isMessagingError(cause, "lease-lost") ? LOST : { cause };
    }
  }

  #skipTrimmed(): void {
    this.#partition.trim(this.#broker.clock.now() - this.#log.retentionMs);
    const { first } = this.#partition;
    if (this.#next >= first) return;
    const lost = first - Math.max(this.#next, this.#partition.purged);
    this.#next = first;
    if (lost > 0) this.#positionLost(`${lost} records`);
  }

  #positionLost(what: string): void {
    const text = `${what} of ${this.id} were past retention before this group read them`;
    const cause = new MemoryFault("permanent", "position-trimmed", text);
    this.#report({ type: "position-lost", id: this.id, cause });
  }

  #read(max: number): readonly Delivery<LogReceipt>[] {
    const { clock } = this.#broker;
    const deliveries: Delivery<LogReceipt>[] = [];
    const end = Math.min(this.#partition.end, this.#next + max);
    // The position moves only when all deliveries are made, so that an error on the way loses nothing.
    for (let at = this.#next; at < end; at++) {
      const record = this.#partition.read(at)!;
      deliveries.push({
        id: String(record.seq),
        message: handedOut(record.message),
        receipt: { seq: record.seq },
        raw: record.message,
        enqueuedAt: clock.toEpoch(record.at),
        position: `${this.id}:${record.seq}`,
        ...(at === this.#began ? { attempt: this.#held.tenures } : {}),
      });
    }
    this.#next = end;
    this.#group.read(this.id, this.fencingToken, end);
    return deliveries;
  }
}
