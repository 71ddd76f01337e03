import type { Connection, Lease } from "../driver/index.ts";
import { isTraced, untraced } from "../wire/trace.ts";

/** Called for every message, and they call no client. */
const PURE: ReadonlySet<PropertyKey> = new Set(["classify", "size"]);

/**
 * The connection, and whatever it opens, with every call made outside of any trace (see {@link untraced}). Core has injected each
 * publisher's own context by then. A client dials and starts its loops within such calls, and so they stay outside, too.
 */
export function untracedConnection(connection: Connection): Connection {
  return isTraced() ? silent(connection) : connection;
}

/** By proxy, so that what a driver has is there, whatever it is. Not over the driver itself: it may be frozen. */
function silent<T extends object>(driver: T): T {
  const calls = new Map<PropertyKey, unknown>();
  return new Proxy({} as T, {
    has: (_, name) => name in driver,
    get: (_, name) => {
      const value: unknown = Reflect.get(driver, name);
      if (typeof value !== "function") return value;
      let call = calls.get(name);
      if (call === undefined) {
        call = PURE.has(name) ? value.bind(driver) : silentCall(driver, name, value as Call);
        calls.set(name, call);
      }
      return call;
    },
  });
}

type Call = (...given: unknown[]) => unknown;

function silentCall(driver: object, name: PropertyKey, call: Call): Call {
  const made: Call = (...given) => untraced(() => call.apply(driver, given));
  if (name === "leases") return (...given) => silentLeases(made(...given) as AsyncIterable<Lease>);
  if (name === "sender" || name === "receiver")
    return (...given) => (made(...given) as Promise<object>).then((opened) => silent(opened));
  return made;
}

async function* silentLeases(leases: AsyncIterable<Lease>): AsyncGenerator<Lease> {
  const from = leases[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untraced(() => from.next());
      if (next.done === true) return;
      yield silent(next.value);
    }
  } finally {
    await untraced(() => from.return?.());
  }
}
