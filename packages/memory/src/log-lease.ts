import type { Delivery, DriverEvent, Lease, Outcome, Settlement } from "@switchyard/core/driver";
import type { Broker } from "./broker.ts";
import { LOST, MemoryFault, notFound } from "./faults.ts";
import type { Tenure } from "./lease-table.ts";
import { linked } from "./linked.ts";
import type { Log } from "./log.ts";
import type { LogGroup } from "./log-group.ts";
import type { Partition } from "./partition.ts";
import { handedOut } from "./wire.ts";

export interface LogReceipt {
  readonly offset: number;
}

type Receive = Awaited<ReturnType<Lease<LogReceipt>["receive"]>>;

/** One holder's reading of one partition. */
export class LogLease implements Lease<LogReceipt> {
  readonly id: string;
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #group: LogGroup;
  readonly #tenure: Tenure;
  readonly #cut: AbortSignal;
  readonly #report: (event: DriverEvent) => void;
  readonly #partition: Partition;
  readonly #began: number;
  #next: number;

  constructor(
    broker: Broker,
    log: Log,
    group: LogGroup,
    tenure: Tenure,
    cut: AbortSignal,
    report: (event: DriverEvent) => void,
  ) {
    this.id = tenure.key;
    this.fencingToken = tenure.token;
    this.lost = tenure.lost;
    this.#broker = broker;
    this.#log = log;
    this.#group = group;
    this.#tenure = tenure;
    this.#cut = cut;
    this.#report = report;
    this.#partition = log.partitions.get(tenure.key)!;
    this.#began = group.checkpoint(tenure.key);
    this.#next = this.#began;
    group.read(tenure, this.#began);
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<Receive> {
    const { clock, faults } = this.#broker;
    const until = clock.runtime.monotonic() + waitMs;
    const fault = faults.takeReceive();
    if (fault !== undefined) throw fault;
    for (;;) {
      if (this.#broker.logs.get(this.#log.name) !== this.#log) throw notFound("stream", this.#log.name);
      if (this.lost.aborted || this.#tenure.asked.aborted) return null;
      this.#skipTrimmed();
      if (this.#next < this.#partition.end) return this.#read(max);
      if (this.#partition.closed) return null;
      const left = until - clock.runtime.monotonic();
      if (left <= 0 || signal.aborted || this.#cut.aborted) return [];
      using over = linked(signal, this.#cut, this.lost, this.#tenure.asked);
      await this.#partition.waiters.wait(undefined, left, over.signal);
    }
  }

  async settle(batch: readonly Settlement<LogReceipt>[], _signal: AbortSignal): Promise<readonly Outcome[]> {
    return batch.map(({ action, receipt }): Outcome => {
      if (action !== "ack")
        return { cause: new MemoryFault("permanent", "cannot-return", "a log takes nothing back; retry in place") };
      if (!this.#group.table.holds(this.#tenure)) return LOST;
      const injected = this.#broker.faults.takeAck();
      if (injected === "ok") return undefined;
      if (injected === "error")
        return { cause: new MemoryFault("retryable", "no-answer", "the test asked for a lost ack") };
      return this.#group.advance(this.#tenure, receipt.offset + 1) ? undefined : LOST;
    });
  }

  /** The hold lasts as long as the lease. */
  async extend(receipts: readonly LogReceipt[]): Promise<readonly Outcome[]> {
    const held = this.#group.table.holds(this.#tenure);
    return receipts.map(() => (held ? undefined : LOST));
  }

  async release(): Promise<void> {
    const ended = this.#partition.closed && this.#group.checkpoint(this.id) >= this.#partition.end;
    this.#group.table.release(this.#tenure, ended);
  }

  #skipTrimmed(): void {
    this.#partition.trim(this.#broker.clock.now() - this.#log.retentionMs);
    const { first } = this.#partition;
    if (this.#next >= first) return;
    const cause = new MemoryFault(
      "permanent",
      "position-trimmed",
      `${first - this.#next} records of ${this.id} were past retention before this group read them`,
    );
    this.#next = first;
    this.#report({ type: "position-lost", id: this.id, cause });
  }

  #read(max: number): readonly Delivery<LogReceipt>[] {
    const { clock } = this.#broker;
    const deliveries: Delivery<LogReceipt>[] = [];
    const end = Math.min(this.#partition.end, this.#next + max);
    for (; this.#next < end; this.#next++) {
      const record = this.#partition.read(this.#next)!;
      deliveries.push({
        id: String(record.seq),
        message: handedOut(record.message),
        receipt: { offset: this.#next },
        raw: record.message,
        enqueuedAt: clock.toEpoch(record.at),
        position: `${this.id}:${record.seq}`,
        ...(this.#next === this.#began ? { attempt: this.#tenure.attempt } : {}),
      });
    }
    this.#group.read(this.#tenure, this.#next);
    return deliveries;
  }
}
