import type { Adapter, Connection } from "@switchyard/core/driver";
import { type Hooks, intercept } from "./intercept.ts";

const never = (): Promise<never> => new Promise(() => {});

interface Closing {
  close(): Promise<void>;
}

/** Remembers what a dead process left open, so that the test can close it in the end. */
function remembering(adapter: Adapter, opened: Closing[]): Adapter {
  const keep = async <C extends Closing>(made: Promise<C>): Promise<C> => {
    const it = await made;
    opened.unshift(it);
    return it;
  };
  return {
    ...adapter,
    open: async (options, runtime, report) => {
      const inner = await keep(adapter.open(options, runtime, report));
      const connection: Connection = Object.assign(Object.create(inner) as Connection, {
        sender: (...args: Parameters<Connection["sender"]>) => keep(inner.sender(...args)),
        receiver: (...args: Parameters<Connection["receiver"]>) => keep(inner.receiver(...args)),
      });
      return connection;
    },
  };
}

/**
 * The same adapter in a process that can die: after `crash()` no call reaches the broker and none is answered, and nothing
 * is closed or given back, as when a machine loses its power. `bury()` closes what was left open.
 */
export function mortal(adapter: Adapter): { readonly adapter: Adapter; crash(): void; bury(): Promise<void> } {
  const opened: Closing[] = [];
  let dead = false;
  const alive = <R>(make: () => Promise<R>): Promise<R> =>
    dead ? never() : make().then((result) => (dead ? never() : result));
  const hooks: Hooks = {
    send: (batch, call) => alive(() => call(batch)),
    receive: (max, call) => alive(() => call(max)),
    settle: (batch, call) => alive(() => call(batch)),
    extend: (receipts, call) => alive(() => call(receipts)),
    release: async () => !dead,
    close: async () => !dead,
  };
  return {
    adapter: intercept(remembering(adapter, opened), hooks),
    crash: () => {
      dead = true;
    },
    bury: async () => {
      for (const it of opened) await it.close().catch(() => {});
    },
  };
}
