import type {
  Capabilities,
  Depth,
  Destination,
  Existing,
  DriverEvent,
  Lease,
  Position,
  ReceiverDriver,
  ReceiverOptions as ReceiverSettings,
  Runtime,
} from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { type HeldShard, LeaseEngine, type LeaseStore, Outages } from "@switchyard/leases";
import { consumerName } from "./names.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { Clients } from "./client.ts";
import { FanOut } from "./fan-out.ts";
import { ShardLease, type ShardReceipt } from "./lease.ts";
import type { Md5 } from "./md5.ts";
import { type KinesisOptions, paceOf } from "./options.ts";
import { Polling } from "./polling.ts";
import { type OpenFeed, ShardReader } from "./shard-reader.ts";
import { iteratorAt } from "./positions.ts";
import type { IteratorType } from "./sdk.ts";
import { Shards } from "./shards.ts";
import { timingOf } from "./lease-store.ts";
import { describeStream, refuseSpreading, type Stream } from "./resource.ts";

export interface ReceiverOptions {
  readonly from: Destination;
  readonly group: string;
  readonly stream: Stream;
  readonly store: LeaseStore;
  readonly start: Position;
  /** Undefined: polling. */
  readonly consumerArn: string | undefined;
  readonly options: KinesisOptions;
  readonly clients: Clients;
  readonly runtime: Runtime;
  readonly md5: Md5;
  readonly report: (event: DriverEvent) => void;
  readonly closed: (receiver: Receiver) => void;
}

/** Opens the group's lease store and begins to work. If that fails, closes what it opened. */
export async function createReceiver(
  options: ReceiverOptions,
  signal: AbortSignal,
  announce?: ReceiverSettings["announce"],
): Promise<Receiver> {
  const receiver = new GroupReceiver(options);
  try {
    await receiver.open(signal, announce);
  } catch (cause) {
    await receiver.close();
    throw cause;
  }
  return receiver;
}

/** A receiver that also says how far it has read, which only the worker itself knows. */
export interface Receiver extends ReceiverDriver<ShardReceipt> {
  /** The depth of each shard that this worker holds, by shard. */
  depth(): ReadonlyMap<string, Depth>;
}

/** One worker of a group: it reads the shards that the lease engine gives it. */
class GroupReceiver implements Receiver {
  readonly capabilities: Capabilities;
  readonly existing: Existing;
  /** The engine's name for this worker, as the lease table has it. */
  readonly worker: string;
  readonly #options: ReceiverOptions;
  readonly #engine: LeaseEngine;
  readonly #shards: Shards;
  readonly #leases = new Set<ShardLease>();
  readonly #cut = new AbortController();
  readonly #outages: Outages;
  #closing: Promise<void> | undefined;

  constructor(options: ReceiverOptions) {
    const { from, stream, clients, runtime } = options;
    this.#options = options;
    this.capabilities = capabilitiesOf(from.ordered, stream);
    this.existing = { encryptedAtRest: stream.kmsKey !== undefined };
    this.#outages = new Outages(options.group, options.report);
    this.#shards = new Shards(stream, clients.call, runtime, (signal) => this.#recheck(signal));
    this.#engine = new LeaseEngine({
      store: options.store,
      source: this.#shards,
      group: options.group,
      stream: stream.identity,
      start: options.start,
      runtime,
      timing: timingOf(options.options),
      report: this.#outages.seen,
    });
    this.worker = this.#engine.worker;
  }

  open(signal: AbortSignal, announce?: ReceiverSettings["announce"]): Promise<void> {
    return this.#engine.open(signal, announce);
  }

  async *leases(signal: AbortSignal): AsyncGenerator<Lease<ShardReceipt>> {
    const over = AbortSignal.any([signal, this.#cut.signal]);
    for await (const held of this.#engine.shards(over)) {
      const lease = this.#lease(held);
      this.#leases.add(lease);
      yield lease;
    }
  }

  depth(): ReadonlyMap<string, Depth> {
    return new Map(
      [...this.#leases].map((lease) => [
        lease.id,
        {
          lease: lease.id,
          holder: this.worker,
          held: lease.unsettled,
          ...(lease.behindMs === undefined ? {} : { oldestMs: lease.behindMs, ...(lease.atTip ? { ready: 0 } : {}) }),
        },
      ]),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cut.abort();
    for (const lease of this.#leases) lease.close();
    await this.#engine.close();
    this.#outages.close();
    await this.#options.store.close();
    this.#options.closed(this);
  }

  #lease(held: HeldShard): ShardLease {
    const { runtime, report, from, md5 } = this.#options;
    const positionLost = (cause: MessagingError): void => report({ type: "position-lost", id: held.id, cause });
    const reader = new ShardReader({
      shard: held.id,
      from: held.from,
      open: this.#feed(held, positionLost),
      runtime,
      positionLost,
      md5,
    });
    return new ShardLease(held, reader, runtime, {
      keyed: from.ordered,
      cut: this.#cut.signal,
      done: (lease) => this.#leases.delete(lease),
    });
  }

  #feed(held: HeldShard, positionLost: (cause: MessagingError) => void): OpenFeed {
    const { runtime, stream, clients, consumerArn, options } = this.#options;
    const shard = held.id;
    const unknown = (cause: unknown, at: IteratorType) =>
      this.#shards.unknown(shard, cause, at, positionLost, this.#cut.signal);
    const poll = (at: IteratorType): Polling =>
      new Polling({ ref: stream.ref, shard, at, call: clients.call, pace: paceOf(options), runtime, unknown });
    if (consumerArn === undefined) return (from) => poll(iteratorAt(from));
    return (from) =>
      new FanOut({
        consumerArn,
        shard,
        from,
        subscribe: clients.subscribe,
        runtime,
        unknown,
        closed: () => this.#shards.isClosed(shard),
        poll,
        taken: (what) => this.#taken(shard, what),
      });
  }

  #taken(shard: string, what: string | undefined): void {
    const { report, from } = this.#options;
    const name = consumerName(from);
    const id = `consumer ${name} on ${shard}`;
    if (what === undefined) return report({ type: "up", id });
    const text = `another reader of ${shard} ${what} of the enhanced fan-out consumer "${name}": Kinesis pushes to only one at a time. Give each service its own group or prefix, or let them share one lease table`;
    report({ type: "down", id, cause: new MessagingError("subscription-taken", text, { kind: "config" }) });
  }

  /** Checks with each listing that the stream still keeps the order of keys, because that setting can be changed at any time. */
  async #recheck(signal: AbortSignal): Promise<void> {
    const { from, stream, clients } = this.#options;
    if (!from.ordered) return;
    refuseSpreading(from, await describeStream(stream.ref, clients.call, signal));
  }
}
