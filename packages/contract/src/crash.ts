import type { Adapter, Capabilities, Connection } from "@switchyard/core/driver";
import { type Hooks, intercept } from "./intercept.ts";

const never = (): Promise<never> => new Promise(() => {});

interface Closing {
  readonly capabilities?: Capabilities;
  close(): Promise<void>;
}

interface Opened {
  readonly driver: Closing;
  readonly leased: boolean;
}

/** Leases end when their process dies, and so do holds that last as long as the connection. Other holds end by themselves. */
const endsWithItsHolder = (caps: Capabilities | undefined): boolean =>
  caps?.groupMembership === "leases" || caps?.holdExtend === false;

/** Records what a dead process left open, so that the test can close it at the end. */
function remembering(adapter: Adapter, opened: Opened[], dead: () => boolean): Adapter {
  const keep = async <C extends Closing>(make: () => Promise<C>): Promise<C> => {
    if (dead()) return never();
    const driver = await make();
    opened.unshift({ driver, leased: "leases" in driver && endsWithItsHolder(driver.capabilities) });
    return driver;
  };
  return {
    ...adapter,
    open: async (options, runtime, report) => {
      const inner = await keep(() => adapter.open(options, runtime, report));
      const connection: Connection = Object.assign(Object.create(inner) as Connection, {
        sender: (...args: Parameters<Connection["sender"]>) => keep(() => inner.sender(...args)),
        receiver: (...args: Parameters<Connection["receiver"]>) => keep(() => inner.receiver(...args)),
      });
      return connection;
    },
  };
}

/**
 * The same adapter in a process that can die. After `crash()` it behaves as if the machine had lost power: no call reaches the broker,
 * no call is answered, and nothing is closed or returned. `bury()` closes what was left open.
 */
export function mortal(adapter: Adapter): { readonly adapter: Adapter; crash(): void; bury(): Promise<void> } {
  const opened: Opened[] = [];
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
    adapter: intercept(
      remembering(adapter, opened, () => dead),
      hooks,
    ),
    crash: () => {
      dead = true;
      // A dead process does not renew its leases, so drivers that renew by themselves are closed. They do not release them.
      for (const { driver, leased } of opened) if (leased) void driver.close().catch(() => {});
    },
    bury: async () => {
      for (const { driver } of opened) await driver.close().catch(() => {});
    },
  };
}
