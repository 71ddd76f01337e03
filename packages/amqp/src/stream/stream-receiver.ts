import type {
  Capabilities,
  Destination,
  DriverEvent,
  Lease,
  Moved,
  Position,
  ReceiverDriver,
  ReceiverOptions,
  Runtime,
} from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { LeaseEngine, type LeaseStore, Outages, seek, type ShardSource, type Timing } from "@switchyard/leases";
import type { FastPaths } from "../fast-paths.ts";
import { MAX_PREFETCH } from "../limits.ts";
import type { Link } from "../client/link.ts";
import { partitionQueues } from "../names.ts";
import { refuseSurplus } from "../resource.ts";
import type { ResolvedOptions } from "../options.ts";
import { checkpointsFor, storeStart } from "./start-position.ts";
import { namesOf, storeOf } from "./lease-stores.ts";
import { StreamLease, type StreamReceipt } from "./stream-lease.ts";

export interface StreamSetting {
  readonly fast: FastPaths | undefined;
  readonly of: Destination;
  readonly options: ResolvedOptions;
  readonly link: Link;
  readonly runtime: Runtime;
}

const sourceOf = (queues: readonly string[]): ShardSource => ({
  list: async () => queues.map((id) => ({ id, parents: [] })),
});

/** Opens the lease store, and stores the position at which the group starts if none is stored. */
export async function createStreamReceiver(
  setting: StreamSetting,
  capabilities: Capabilities,
  start: Position,
  prefetch: number,
  report: (event: DriverEvent) => void,
  signal: AbortSignal,
  announce?: ReceiverOptions["announce"],
): Promise<ReceiverDriver<StreamReceipt>> {
  const { of, options, link, runtime, fast } = setting;
  const queues = partitionQueues(of);
  await checkAll(queues, link, signal);
  await refuseSurplus(of, link, signal);
  const inner = storeOf(of, options);
  const { store, cut } = cuttable(inner);
  const names = namesOf(of);
  const timing: Timing = { leaseMs: options.lease, handoverMs: options.handover };
  try {
    await store.open(signal, runtime, announce);
    await storeStart(store, names, queues, (s) => checkpointsFor(start, queues, link, runtime, s), signal);
    const outages = new Outages(names.group, report);
    const source = sourceOf(queues);
    const engine = new LeaseEngine({
      store,
      source,
      ...names,
      start: "earliest",
      runtime,
      timing,
      report: outages.seen,
    });
    await engine.open(signal, announce);
    const each = Math.max(1, Math.min(MAX_PREFETCH, Math.floor(prefetch / queues.length)));
    return new StreamReceiver({
      capabilities,
      engine,
      outages,
      store,
      cut,
      queues,
      link,
      fast,
      prefetch: each,
      runtime,
      report,
    });
  } catch (error) {
    await inner.close();
    throw error;
  }
}

async function checkAll(queues: readonly string[], link: Link, signal: AbortSignal): Promise<void> {
  await link.withChannel(signal, async (channel) => {
    for (const queue of queues) await channel.rpc((raw) => raw.checkQueue(queue), signal);
  });
}

/** Moves a group's stored position. */
export async function seekStream(
  { of, options, link, runtime }: StreamSetting,
  to: Position,
  signal: AbortSignal,
  moved?: Moved,
): Promise<void> {
  const queues = partitionQueues(of);
  const checkpoints = await checkpointsFor(to, queues, link, runtime, signal);
  const store = storeOf(of, options);
  try {
    await seek(
      {
        ...namesOf(of),
        store,
        source: sourceOf(queues),
        runtime,
        to: (shard) => checkpoints[queues.indexOf(shard)],
        moved,
      },
      signal,
    );
  } finally {
    await store.close();
  }
}

/** A store that can be cut off, so that the leases a process leaves behind expire and are not renewed. */
function cuttable(inner: LeaseStore): { store: LeaseStore; cut: () => void } {
  let gone = false;
  const store = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function" || name === "classify" || name === "close")
        return typeof value === "function" ? value.bind(target) : value;
      return (...args: unknown[]) => {
        if (gone) return Promise.reject(new MessagingError("closed", "the receiver is closed", { kind: "retryable" }));
        return value.apply(target, args);
      };
    },
  });
  return { store, cut: () => (gone = true) };
}

interface StreamReceiverOptions {
  readonly capabilities: Capabilities;
  readonly engine: LeaseEngine;
  readonly outages: Outages;
  readonly store: LeaseStore;
  readonly cut: () => void;
  readonly queues: readonly string[];
  readonly link: Link;
  readonly fast: FastPaths | undefined;
  readonly prefetch: number;
  readonly runtime: Runtime;
  readonly report: (event: DriverEvent) => void;
}

/** One worker of a stream's group. */
class StreamReceiver implements ReceiverDriver<StreamReceipt> {
  readonly capabilities: Capabilities;
  readonly #options: StreamReceiverOptions;
  readonly #leases = new Set<StreamLease>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: StreamReceiverOptions) {
    this.capabilities = options.capabilities;
    this.#options = options;
  }

  async *leases(signal: AbortSignal): AsyncGenerator<Lease<StreamReceipt>> {
    const { engine, queues, link, fast, prefetch, runtime, report } = this.#options;
    const over = AbortSignal.any([signal, this.#closing.signal]);
    for await (const shard of engine.shards(over)) {
      const lease: StreamLease = new StreamLease({
        shard,
        number: queues.indexOf(shard.id),
        link,
        fast,
        prefetch,
        runtime,
        closing: this.#closing.signal,
        report,
        released: () => this.#leases.delete(lease),
      });
      this.#leases.add(lease);
      shard.lost.addEventListener("abort", () => this.#leases.delete(lease), { once: true });
      yield lease;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** A lease that core did not release is left to expire, because its handlers may still run. */
  async #close(): Promise<void> {
    const { engine, outages, store, cut } = this.#options;
    this.#closing.abort();
    if (this.#leases.size > 0) {
      outages.close();
      cut();
      for (const lease of this.#leases) lease.abandon();
      void engine.close().then(() => store.close());
      return;
    }
    await engine.close();
    outages.close();
    await store.close();
  }
}
