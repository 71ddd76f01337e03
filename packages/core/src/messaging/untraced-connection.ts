import type { Connection, Lease } from "../driver/index.ts";
import { outside } from "../runtime/async-context.ts";
import { untraced } from "../wire/trace.ts";

/** Methods that are called for every message and call no client, so they need no wrapping. */
const PURE: ReadonlySet<PropertyKey> = new Set(["classify", "size", "server"]);

/**
 * Where tracing is on: makes every call of the connection, and of what it opens, outside of its caller's async context and outside any trace
 * (see {@link untraced}). Core has already injected each publisher's context. Connections and loops that a client starts in such calls then
 * belong to no trace and keep nobody's stores.
 */
export const untracedConnection = (connection: Connection): Connection => silent(connection);

/** A proxy, so that every member of the driver is there. Its target is an empty object, since the driver may be frozen. */
function silent<T extends object>(driver: T): T {
  const calls = new Map<PropertyKey, unknown>();
  return new Proxy({} as T, {
    has: (_, name) => name in driver,
    get: (_, name) => {
      const value: unknown = Reflect.get(driver, name);
      if ((name === "moves" || name === "tails") && value !== undefined) return silent(value as object);
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

const apart = <T>(call: () => T): T => outside(() => untraced(call));

function silentCall(driver: object, name: PropertyKey, call: Call): Call {
  const made: Call = (...given) => apart(() => call.apply(driver, given));
  if (name === "leases") return (...given) => silentLeases(made(...given) as AsyncIterable<Lease>);
  if (name === "sender" || name === "receiver" || name === "open")
    return (...given) => (made(...given) as Promise<object>).then((opened) => silent(opened));
  return made;
}

async function* silentLeases(leases: AsyncIterable<Lease>): AsyncGenerator<Lease> {
  const from = leases[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await apart(() => from.next());
      if (next.done === true) return;
      yield silent(next.value);
    }
  } finally {
    await apart(() => from.return?.());
  }
}
