import { isMessagingError, MessagingError } from "../api/errors.ts";
import type { Connection, Destination, Fault, Moves, Phase, Tails } from "../driver/index.ts";

/**
 * A connection that `open` opens with the first call that needs the broker, and with the next one if that failed. For groups whose messages
 * are pushed: most events need no call. Until then its adapter's client is not even loaded.
 */
export function lazyConnection(open: () => Promise<Connection>): Connection {
  let opened: Connection | undefined;
  let opening: Promise<Connection> | undefined;
  let closed = false;
  /** Whose servers were asked for before there was a client. */
  const sought = new Set<Destination>();
  const refuseIfClosed = (): void => {
    if (closed) throw new MessagingError("closed", "the connection is closed", { kind: "closed" });
  };
  const get = async (): Promise<Connection> => {
    refuseIfClosed();
    if (opened !== undefined) return opened;
    opening ??= open();
    try {
      opened = await opening;
      // A driver may have to ask its client, so that it can tell at the first call.
      for (const of of sought) opened.server?.(of);
      sought.clear();
    } catch (cause) {
      opening = undefined;
      throw cause;
    }
    // Closed while it was opened.
    refuseIfClosed();
    return opened;
  };
  return {
    sender: async (to, signal) => (await get()).sender(to, signal),
    receiver: async (from, how, signal) => (await get()).receiver(from, how, signal),
    depth: async (of, signal) => {
      const connection = await get();
      if (connection.depth === undefined) throw cannot("depth", of);
      return connection.depth(of, signal);
    },
    place: async (of, signal) => (await (await get()).place?.(of, signal)) ?? {},
    purge: async (of, signal) => {
      const connection = await get();
      if (connection.purge === undefined) throw cannot("purge", of);
      return connection.purge(of, signal);
    },
    seek: async (of, to, signal, moved) => {
      const connection = await get();
      if (connection.seek === undefined) throw cannot("seek", of);
      return connection.seek(of, to, signal, moved);
    },
    moves: lazyMoves(get),
    tails: lazyTails(get),
    classify: (cause, during) => opened?.classify(cause, during) ?? faultOf(cause, during),
    server: (of) => {
      if (opened === undefined) sought.add(of);
      return opened?.server?.(of);
    },
    close: async () => {
      closed = true;
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

/** Only destinations with {@link Capabilities.moveAll} are asked for, and their connections have moves. */
const lazyMoves = (get: () => Promise<Connection>): Moves => ({
  start: async (...given) => (await get()).moves!.start(...given),
  list: async (...given) => (await get()).moves!.list(...given),
  cancel: async (...given) => (await get()).moves!.cancel(...given),
});

const lazyTails = (get: () => Promise<Connection>): Required<Tails> => ({
  open: async (of, start, signal) => {
    const { tails } = await get();
    if (tails === undefined) throw cannot("tail", of);
    return tails.open(of, start, signal);
  },
  left: async (of, signal) => (await (await get()).tails?.left?.(of, signal)) ?? [],
  remove: async (of, left, signal) => (await get()).tails?.remove?.(of, left, signal),
});

function cannot(what: string, { channel }: Destination): MessagingError {
  return new MessagingError(`${what}-unsupported`, `the transport of "${channel}" cannot ${what}`, {
    kind: "config",
    channel,
  });
}

/** Of an error before there is a driver: that of the opening, or an abort. */
function faultOf(cause: unknown, during: Phase): Fault {
  if (isMessagingError(cause)) return { kind: cause.kind, code: cause.code, hint: cause.message };
  return { kind: during === "send" ? "ambiguous" : "retryable", code: "unknown" };
}
