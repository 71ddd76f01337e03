import type { Capabilities, DriverEvent, Lease, ReceiverDriver } from "@switchyard/core/driver";
import type { LeaseEngine } from "@switchyard/leases";
import type { Broker } from "./broker/broker.ts";
import { closed, MemoryFault } from "./errors.ts";
import { linked } from "./any-signal.ts";
import type { Log } from "./broker/log.ts";
import type { LogGroup } from "./broker/log-group.ts";
import { LogLease, type LogReceipt } from "./log-lease.ts";

/** One worker of a log's group: the partitions the lease engine gives it. */
export class LogReceiver implements ReceiverDriver<LogReceipt> {
  readonly capabilities: Capabilities;
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
    using over = linked(signal, this.#cut.signal);
    for await (const held of this.#engine.shards(over.signal))
      yield new LogLease(this.#broker, this.#log, this.#group, held, this.#cut.signal, this.#report);
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
