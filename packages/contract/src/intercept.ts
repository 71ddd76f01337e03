import type {
  Adapter,
  Capabilities,
  Connection,
  Delivery,
  Depth,
  Destination,
  Existing,
  Fault,
  Lease,
  Outcome,
  Phase,
  ReceiverDriver,
  SenderDriver,
  Sent,
  Settlement,
  Tails,
  WireMessage,
} from "@switchyard/core/driver";

type ReceiverOptions = Parameters<Connection["receiver"]>[1];

/** Hooks around a driver's calls. Each hook is given the driver's own call, and may make it, change it or leave it out. */
export interface Hooks {
  capabilities?(declared: Capabilities, of: Destination): Capabilities;
  send?(
    batch: readonly WireMessage[],
    call: (batch: readonly WireMessage[]) => Promise<readonly Sent[]>,
    to: Destination,
    signal: AbortSignal,
  ): Promise<readonly Sent[]>;
  /** Called with each lease of the driver, before core gets it. */
  lease?(lease: Lease, from: Destination): unknown;
  receive?(
    max: number,
    call: (max: number) => Promise<readonly Delivery[] | null>,
    from: Destination,
    signal: AbortSignal,
    lease: Lease,
  ): Promise<readonly Delivery[] | null>;
  settle?(
    batch: readonly Settlement[],
    call: (batch: readonly Settlement[]) => Promise<readonly Outcome[]>,
    from: Destination,
    signal: AbortSignal,
    lease: Lease,
  ): Promise<readonly Outcome[]>;
  extend?(
    receipts: readonly unknown[],
    call: (receipts: readonly unknown[]) => Promise<readonly Outcome[]>,
    from: Destination,
    signal: AbortSignal,
  ): Promise<readonly Outcome[]>;
  /** Replaces the driver's description of an existing resource. */
  existing?(found: Existing | undefined): Existing;
  /** Replaces the options with which core opens a receiver. */
  receiver?(asked: ReceiverOptions): ReceiverOptions;
  /** Called before the driver's own `release`, which is left out if this returns false. */
  release?(from: Destination): Promise<boolean>;
  /** Called before a sender, a receiver or the connection is closed. It is not closed if this returns false. */
  close?(what: "sender" | "receiver" | "connection"): Promise<boolean>;
  /** Replaces what the driver tells of a backlog. */
  depth?(found: readonly Depth[]): readonly Depth[];
  /** Replaces how the driver watches. */
  tails?(tails: Tails): Tails;
  classify?(cause: unknown, during: Phase): Fault | undefined;
}

function wrapSender(driver: SenderDriver, to: Destination, hooks: Hooks): SenderDriver {
  const capabilities = hooks.capabilities?.(driver.capabilities, to) ?? driver.capabilities;
  return {
    capabilities,
    size: (message) => driver.size(message),
    send: (batch, signal) => {
      const call = (b: readonly WireMessage[]) => driver.send(b, signal);
      return hooks.send === undefined ? call(batch) : hooks.send(batch, call, to, signal);
    },
    close: async () => {
      if ((await hooks.close?.("sender")) !== false) await driver.close();
    },
  };
}

function wrapLease(lease: Lease, from: Destination, hooks: Hooks): Lease {
  return {
    id: lease.id,
    ...(lease.fencingToken === undefined ? {} : { fencingToken: lease.fencingToken }),
    lost: lease.lost,
    receive: (max, waitMs, signal) => {
      const call = (m: number) => lease.receive(m, waitMs, signal);
      return hooks.receive === undefined ? call(max) : hooks.receive(max, call, from, signal, lease);
    },
    settle: (batch, signal) => {
      const call = (b: readonly Settlement[]) => lease.settle(b, signal);
      return hooks.settle === undefined ? call(batch) : hooks.settle(batch, call, from, signal, lease);
    },
    ...(lease.extend === undefined
      ? {}
      : {
          extend: (receipts: readonly unknown[], forMs: number, signal: AbortSignal) => {
            const call = (r: readonly unknown[]) => lease.extend!(r, forMs, signal);
            return hooks.extend === undefined ? call(receipts) : hooks.extend(receipts, call, from, signal);
          },
        }),
    ...(lease.limit === undefined ? {} : { limit: (most: number) => lease.limit!(most) }),
    release: async (reason, signal) => {
      if ((await hooks.release?.(from)) !== false) await lease.release(reason, signal);
    },
  };
}

function wrapReceiver(driver: ReceiverDriver, from: Destination, hooks: Hooks): ReceiverDriver {
  return {
    capabilities: hooks.capabilities?.(driver.capabilities, from) ?? driver.capabilities,
    existing: hooks.existing?.(driver.existing) ?? driver.existing ?? {},
    leases: async function* (signal) {
      for await (const lease of driver.leases(signal)) {
        await hooks.lease?.(lease, from);
        yield wrapLease(lease, from, hooks);
      }
    },
    close: async () => {
      if ((await hooks.close?.("receiver")) !== false) await driver.close();
    },
  };
}

function wrapConnection(inner: Connection, hooks: Hooks): Connection {
  return {
    sender: async (to, signal) => wrapSender(await inner.sender(to, signal), to, hooks),
    receiver: async (from, options, signal) =>
      wrapReceiver(await inner.receiver(from, hooks.receiver?.(options) ?? options, signal), from, hooks),
    ...(inner.depth === undefined
      ? {}
      : {
          depth: async (of, signal) => {
            const found = await inner.depth!(of, signal);
            return hooks.depth?.(found) ?? found;
          },
        }),
    ...(inner.purge === undefined ? {} : { purge: (of, signal) => inner.purge!(of, signal) }),
    ...(inner.tails === undefined ? {} : { tails: hooks.tails?.(inner.tails) ?? inner.tails }),
    ...(inner.moves === undefined ? {} : { moves: inner.moves }),
    ...(inner.seek === undefined ? {} : { seek: (of, to, signal) => inner.seek!(of, to, signal) }),
    ...(inner.server === undefined ? {} : { server: (of) => inner.server!(of) }),
    classify: (cause, during) => hooks.classify?.(cause, during) ?? inner.classify(cause, during),
    close: async () => {
      if ((await hooks.close?.("connection")) !== false) await inner.close();
    },
  };
}

/**
 * The same adapter with hooks between core and the driver. The suite uses it to make faults and crashes, and tests use it to make broken
 * drivers.
 */
export function intercept(adapter: Adapter, hooks: Hooks): Adapter {
  return {
    ...adapter,
    capabilities: (of, options) => {
      const declared = adapter.capabilities(of, options);
      return declared === undefined ? undefined : (hooks.capabilities?.(declared, of) ?? declared);
    },
    open: async (options, runtime, report) => wrapConnection(await adapter.open(options, runtime, report), hooks),
  };
}
