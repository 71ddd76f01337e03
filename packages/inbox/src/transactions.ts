/** Transactions of `exactly`: those of a pool, which it begins and commits itself, and those of a query builder. */
import { DependencyDown } from "@switchyard/core";
import { codeOf, type QueryLike } from "./sql.ts";

/** The part of a connection that is used. A `PoolClient` of `pg` has it. */
export interface ClientLike {
  query(text: string, values?: any[]): Promise<{ readonly rows: any[] }>;
  /** Gives the connection back; with `true`, closes it instead. */
  release(destroy?: boolean): void;
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of a pool that is used. A `Pool` of `pg` has it. */
export interface PoolLike {
  connect(): Promise<ClientLike>;
}

/** The connection that a pool gives. Two shapes, because `connect` of `pg` is overloaded. */
export type ClientOf<Pool> = Pool extends { connect: { (): Promise<infer Client>; (...more: any[]): any } }
  ? Client
  : Pool extends { connect(): Promise<infer Client> }
    ? Client
    : never;

/** Transactions of a query builder or ORM, for {@link exactly}. */
export interface Transactions<Tx> {
  /**
   * Runs `work` in a transaction: commits when its promise resolves, rolls back when it rejects, and then rejects with the same error.
   * `(work) => db.transaction().execute(work)` with Kysely, `(work) => db.transaction(work)` with Drizzle.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Runs statements in it, with an adapter of `@switchyard/outbox`. The type of its parameter is that of `delivery.tx`:
   * `(tx: Transaction<Tables>) => fromKysely(tx)`.
   */
  query(tx: Tx): QueryLike;
}

/** A database, as the inbox uses it. */
export interface Database {
  /**
   * Runs `work` in a transaction. `tx` is what the handler gets. If the transaction cannot begin, rejects with what `down` makes of the
   * error; if nobody knows whether it was committed, with a `DependencyDown`.
   */
  run<T>(work: (client: QueryLike, tx: unknown) => Promise<T>, down: (cause: unknown) => Error): Promise<T>;
}

export function databaseOf(given: PoolLike | Transactions<any>): Database | undefined {
  const { connect, transaction, query } = (given ?? {}) as Partial<PoolLike & Transactions<any>>;
  if (typeof connect === "function") return { run: (...of) => inPool(given as PoolLike, ...of) };
  if (typeof transaction === "function" && typeof query === "function")
    return { run: (...of) => inTransaction(given as Transactions<any>, ...of) };
  return undefined;
}

const inPool = async <T>(
  pool: PoolLike,
  work: (client: QueryLike, tx: unknown) => Promise<T>,
  down: (cause: unknown) => Error,
): Promise<T> => {
  const unusable = (cause: unknown): never => {
    throw down(cause);
  };
  const client = await pool.connect().catch(unusable);
  // A connection that is cut while no statement runs emits an error, which would end the process. The next statement fails, too.
  client.on?.("error", ignore);
  let broken = true;
  try {
    await client.query("begin").catch(unusable);
    const result = await work(client, client);
    await commit(client);
    broken = false;
    return result;
  } catch (error) {
    broken = !(await client.query("rollback").then(
      () => true,
      () => false,
    ));
    throw error;
  } finally {
    client.removeListener?.("error", ignore);
    client.release(broken);
  }
};

const ignore = (): void => {};

async function commit(client: ClientLike): Promise<void> {
  let ended: { readonly command?: string };
  try {
    ended = (await client.query("commit")) as { readonly command?: string };
  } catch (cause) {
    throw uncommitted(cause);
  }
  // PostgreSQL answers so if a statement has failed and its error was caught.
  if (ended.command === "ROLLBACK") throw new Error(CAUGHT);
}

const CAUGHT =
  "a statement in the handler's transaction had failed and its error was caught, so that PostgreSQL rolled back instead of committing: let the error through, or use a savepoint";

/** The transaction is aborted. */
const ABORTED = "25P02";

async function inTransaction<T>(
  of: Transactions<any>,
  work: (client: QueryLike, tx: unknown) => Promise<T>,
  down: (cause: unknown) => Error,
): Promise<T> {
  let begun = false;
  let done = false;
  try {
    return await of.transaction(async (tx) => {
      begun = true;
      const client = of.query(tx);
      const result = await work(client, tx);
      // A query builder does not say that COMMIT has rolled back, so a failed statement must be found before it.
      await client.query("select $1::text", ["done"]).catch((cause: unknown) => {
        throw codeOf(cause) === ABORTED ? new Error(CAUGHT, { cause }) : cause;
      });
      done = true;
      return result;
    });
  } catch (error) {
    if (!begun) throw down(error);
    throw done ? uncommitted(error) : error;
  }
}

/** PostgreSQL's codes have five characters. None begins with E, as Node's do: `EPIPE`. */
const SQLSTATE = /^[0-9A-DF-Z][0-9A-Z]{4}$/;
/** Those that say that the connection, not the transaction, has failed: classes 08 and 57P. */
const CONNECTION = /^(08...|57P..)$/;

/** What a failed COMMIT means: a refusal of PostgreSQL, or that nobody knows. */
function uncommitted(cause: unknown): unknown {
  const code = codeOf(cause);
  const refused = code !== undefined && SQLSTATE.test(code) && !CONNECTION.test(code);
  // The next attempt meets the mark, or handles the message. It must not be the one that was the last.
  return refused ? cause : new DependencyDown("the reply to COMMIT was lost", { cause });
}
