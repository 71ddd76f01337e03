import type { Capabilities, DriverEvent, Lease, ReceiverDriver } from "@switchyard/core/driver";
import type { Broker } from "./broker.ts";
import { closed, MemoryFault } from "./faults.ts";
import type { Member, Tenure } from "./lease-table.ts";
import { linked } from "./linked.ts";
import type { Log } from "./log.ts";
import type { LogGroup } from "./log-group.ts";
import { LogLease, type LogReceipt } from "./log-lease.ts";
import { Ring } from "./ring.ts";

/** One member of a log's group: is given leases, and gives them up when another joins. */
export class LogReceiver implements ReceiverDriver<LogReceipt>, Member {
  readonly capabilities: Capabilities;
  readonly id: string;
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #group: LogGroup;
  readonly #report: (event: DriverEvent) => void;
  readonly #granted = new Ring<Tenure>();
  readonly #cut = new AbortController();
  #wake: () => void = () => {};
  #dropped = false;

  constructor(
    broker: Broker,
    log: Log,
    group: LogGroup,
    capabilities: Capabilities,
    report: (event: DriverEvent) => void,
  ) {
    this.capabilities = capabilities;
    this.id = broker.clock.runtime.uuid();
    this.#broker = broker;
    this.#log = log;
    this.#group = group;
    this.#report = report;
  }

  async *leases(signal: AbortSignal): AsyncGenerator<Lease<LogReceipt>> {
    if (this.#cut.signal.aborted) throw closed("receiver");
    using over = linked(signal, this.#cut.signal);
    over.signal.addEventListener("abort", () => this.#wake(), { once: true });
    this.#group.table.join(this);
    try {
      while (!over.signal.aborted) {
        const tenure = this.#granted.shift();
        if (tenure === undefined) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else if (this.#group.table.holds(tenure)) {
          yield new LogLease(this.#broker, this.#log, this.#group, tenure, this.#cut.signal, this.#report);
        }
      }
    } finally {
      this.#retire();
    }
    if (this.#dropped && !signal.aborted)
      throw new MemoryFault("retryable", "connection-lost", "the connection was cut");
  }

  granted(tenure: Tenure): void {
    this.#granted.push(tenure);
    this.#wake();
  }

  async close(): Promise<void> {
    this.#cut.abort();
    this.#retire();
    this.#group.table.leave(this);
  }

  drop(): void {
    if (this.#cut.signal.aborted) return;
    this.#dropped = true;
    this.#cut.abort();
    this.#retire();
    this.#group.table.leave(this);
  }

  /** Leases nobody has seen yet go to others; those handed out are settled and released first. */
  #retire(): void {
    this.#group.table.retire(this);
    for (let tenure = this.#granted.shift(); tenure !== undefined; tenure = this.#granted.shift()) {
      this.#group.table.release(tenure, false);
    }
  }
}
