import type { Connection, ServerAddress, Tails } from "../driver/index.ts";
import { copyOf, isMessagingError, MessagingError, type RedactedFault } from "../api/errors.ts";

/**
 * Redacts the error texts of a driver's connection, which quote hosts and addresses that came from the environment. The texts of an error's
 * causes are redacted when it is made of the fault.
 */
export function redactingConnection(connection: Connection, redact: (text: string) => string): Connection {
  const redacted = (error: unknown): never => {
    if (!isMessagingError(error)) throw error;
    const text = redact(error.message);
    if (text === error.message && error.cause === undefined) throw error;
    const problems = error.problems.map(({ path, message }) => ({ path, message: redact(message) }));
    const { code, kind, channel, group, id, retryAfterMs } = error;
    throw new MessagingError(code, text, {
      kind,
      channel,
      group,
      id,
      retryAfterMs,
      problems,
      cause: copyOf(error.cause, redact),
    });
  };
  // Asked with each call, and mostly of the same object.
  const masked = new WeakMap<ServerAddress, boolean>();
  return {
    sender: (...given) => connection.sender(...given).catch(redacted),
    receiver: (...given) => connection.receiver(...given).catch(redacted),
    ...(connection.depth && { depth: (...given) => connection.depth!(...given).catch(redacted) }),
    ...(connection.place && {
      place: async (...given) => {
        const place = await connection.place!(...given).catch(redacted);
        return Object.fromEntries(Object.entries(place).map(([name, text]) => [name, redact(text as string)]));
      },
    }),
    ...(connection.purge && { purge: (...given) => connection.purge!(...given).catch(redacted) }),
    ...(connection.moves && {
      moves: {
        start: (...given) => connection.moves!.start(...given).catch(redacted),
        list: (...given) => connection.moves!.list(...given).catch(redacted),
        cancel: (...given) => connection.moves!.cancel(...given).catch(redacted),
      },
    }),
    ...(connection.tails && { tails: redactingTails(connection.tails, redacted) }),
    ...(connection.seek && { seek: (...given) => connection.seek!(...given).catch(redacted) }),
    classify: (cause, during): RedactedFault => {
      const fault = connection.classify(cause, during);
      const { hint, where, said } = fault;
      return {
        ...fault,
        redact,
        ...(hint !== undefined && { hint: redact(hint) }),
        ...(where !== undefined && { where: redact(where) }),
        ...(said !== undefined && { said: redact(said) }),
      };
    },
    // A host that came from the environment alone is masked like any other value, and a masked address is none.
    ...(connection.server && {
      server: (of) => {
        const server = connection.server!(of);
        if (server === undefined) return undefined;
        let hidden = masked.get(server);
        if (hidden === undefined) masked.set(server, (hidden = redact(server.address) !== server.address));
        return hidden ? undefined : server;
      },
    }),
    close: () => connection.close(),
  };
}

function redactingTails(tails: Tails, redacted: (error: unknown) => never): Tails {
  return {
    open: async (...given) => {
      const driver = await tails.open(...given).catch(redacted);
      return { read: (signal) => driver.read(signal).catch(redacted), close: () => driver.close() };
    },
    ...(tails.left && { left: (...given) => tails.left!(...given).catch(redacted) }),
    ...(tails.remove && { remove: (...given) => tails.remove!(...given).catch(redacted) }),
  };
}
