import type { Connection, Lease } from "../driver/index.ts";
import { outside } from "../runtime/async-context.ts";
import { isTraced, untraced } from "../wire/trace.ts";

/** Methods that are called for every message and call no client, so they need no wrapping. */
const PURE: ReadonlySet<PropertyKey> = new Set(["classify", "size", "server"]);

/**
 * Makes every call of the connection outside of its caller's async context, and where tracing is on, every call of what it opens outside
 * any trace (see {@link untraced}). Core has already injected each publisher's context. Connections and loops that a client starts in such
 * calls then belong to no trace and keep nobody's stores.
 */
export function untracedConnection(connection: Connection): Connection {
  return isTraced() ? silent(connection) : detached(connection);
}

/** Core's loops run outside already. What they open is called as it is, so that a message costs nothing more. */
function detached(connection: Connection): Connection {
  const { depth, place, purge, seek, moves, tails } = connection;
  return {
    sender: (...given) => outside(() => connection.sender(...given)),
    receiver: (...given) => outside(() => connection.receiver(...given)),
    ...(depth && { depth: (...given) => outside(() => depth.apply(connection, given)) }),
    ...(place && { place: (...given) => outside(() => place.apply(connection, given)) }),
    ...(purge && { purge: (...given) => outside(() => purge.apply(connection, given)) }),
    ...(moves && {
      moves: {
        start: (...given) => outside(() => moves.start(...given)),
        list: (...given) => outside(() => moves.list(...given)),
        cancel: (...given) => outside(() => moves.cancel(...given)),
      },
    }),
    ...(tails && {
      tails: {
        open: (...given) => outside(() => tails.open(...given)),
        ...(tails.left && { left: (...given) => outside(() => tails.left!(...given)) }),
        ...(tails.remove && { remove: (...given) => outside(() => tails.remove!(...given)) }),
      },
    }),
    ...(seek && { seek: (...given) => outside(() => seek.apply(connection, given)) }),
    ...(connection.server && { server: (of) => connection.server!(of) }),
    classify: (cause, during) => connection.classify(cause, during),
    close: () => outside(() => connection.close()),
  };
}

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
