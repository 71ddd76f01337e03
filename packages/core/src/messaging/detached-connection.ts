import type { Connection } from "../driver/index.ts";
import { outside } from "../runtime/async-context.ts";

/**
 * Makes every call of the connection outside of its caller's async context. Core's loops run outside already: what they open is called as it
 * is, so that a message costs nothing more.
 */
export function detachedConnection(connection: Connection): Connection {
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
