import { MessagingError, type Runtime } from "@switchyard/core";

/** A listener for NOTIFY that comes back after every failure. */
export interface Listener {
  close(): Promise<void>;
}

/** How long after a failure it is tried again. Rows are found by polling meanwhile. */
const AGAIN_MS = 5_000;

/** Needs a session of its own: behind PgBouncer in transaction mode it hears nothing. */
export function listen(
  pool: { connect?(): Promise<any> },
  name: string,
  runtime: Runtime,
  heard: () => void,
  trouble: (error: unknown) => void,
): Listener {
  const closed = new AbortController();
  const loop = (async () => {
    while (!closed.signal.aborted) {
      try {
        await session();
      } catch (error) {
        trouble(error);
      }
      await runtime.sleep(AGAIN_MS, closed.signal);
    }
  })();
  return {
    close: async () => {
      closed.abort();
      await loop;
    },
  };

  async function session(): Promise<void> {
    if (typeof pool.connect !== "function")
      throw new MessagingError("bad-outbox", "`notify` needs a pool with connect(), such as a Pool of pg", {
        kind: "config",
      });
    const client = await pool.connect();
    let end!: (error: unknown) => void;
    const ended = new Promise<unknown>((resolve) => {
      end = resolve;
    });
    const over = () => end(undefined);
    closed.signal.addEventListener("abort", over, { once: true });
    client.on("notification", heard);
    client.on("error", end);
    try {
      await client.query(`listen ${name}`);
      trouble(undefined);
      heard();
      if (closed.signal.aborted) return;
      const error = await ended;
      if (error !== undefined) throw error;
    } finally {
      closed.signal.removeEventListener("abort", over);
      client.removeListener("notification", heard);
      client.removeListener("error", end);
      // The session still listens, so nobody else may have it.
      client.release(true);
    }
  }
}
