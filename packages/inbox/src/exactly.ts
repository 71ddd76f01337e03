import {
  type AnyDelivery,
  type AttachContext,
  type Attached,
  DependencyDown,
  type Middleware,
  middleware,
  MessagingError,
  Release,
  Skip,
  verdictKindOf,
} from "@switchyard/core";
import { groupKey, keyOf, type MessageKey, nameOf } from "./key.ts";
import { Marks, MARKS } from "./marks.ts";
import { hintOf, isConflict, type QueryLike, raiseSql, sweepSql, tableNamed } from "./sql.ts";
import { Sweeper } from "./sweeper.ts";
import { type ClientOf, type Database, databaseOf, type PoolLike, type Transactions } from "./transactions.ts";
import { Trouble } from "./trouble.ts";
import { checkOptions, type InboxOptions, windowOf } from "./window.ts";

/** The options of `exactly`. */
export interface ExactlyOptions extends InboxOptions {
  /** The table of `inboxSchema`. Default `switchyard_inbox`. */
  readonly table?: string;
}

/** How long after such a conflict, or after a batch had the same message twice, a message is tried again. */
const AGAIN_MS = 100;

/**
 * An inbox that handles each message in a transaction of `pool`, which the handler finds as `delivery.tx`. The transaction also stores that the
 * message was handled: both happen, or neither. Whatever the handler writes with `delivery.tx` is written once for each message, whatever dies
 * and however often it comes. What it does elsewhere, such as a call to another service, may happen again.
 *
 * A second delivery of a message that is being handled waits in the database for the end of the first. The pool needs a connection for each
 * handler that may run at once (`concurrency`); a handler that takes another one from the same pool may wait for ever.
 *
 * A batch has one transaction. Marks of deliveries that fail are deleted from it, so roll back to a savepoint what you wrote for them.
 *
 * Instead of a pool, it takes the transactions of a query builder: {@link Transactions}.
 *
 * @throws MessagingError `bad-inbox` if an option is not allowed.
 */
export function exactly<Pool extends PoolLike>(pool: Pool, options: ExactlyOptions): Middleware<{ tx: ClientOf<Pool> }>;
export function exactly<Tx>(transactions: Transactions<Tx>, options: ExactlyOptions): Middleware<{ tx: Tx }>;
export function exactly(of: PoolLike | Transactions<any>, options: ExactlyOptions): Middleware<{ tx: any }> {
  const windowMs = checkOptions("inbox.exactly", options, ["table"]);
  const table = tableNamed(options.table ?? MARKS);
  const database = databaseOf(of);
  if (database === undefined) {
    const text = "inbox.exactly: the first argument must be a pool with connect(), or { transaction, query }";
    throw new MessagingError("bad-inbox", text, { kind: "config" });
  }
  // consume() attaches it to a group, so this function never runs.
  return middleware<{ tx: any }>(unattached as never, {
    name: "inbox.exactly",
    attach: (to) => {
      const group = new MarkingGroup(database, table, windowMs, to);
      const { explanation, problems } = windowOf(
        "exactly once, in the handler's transaction",
        windowMs,
        options.accept,
        to,
      );
      if (to.perKey > 1) problems.push(TOO_MANY);
      return {
        explanation,
        problems,
        run: (delivery, next) => group.run(delivery, next),
        runBatch: (deliveries, next, fail) => group.runBatch(deliveries, next, fail),
        inbox: { windowMs, forget: () => group.forget() },
        close: () => group.close(),
      } satisfies Attached;
    },
  });
}

async function unattached(): Promise<never> {
  throw new MessagingError("bad-inbox", "inbox.exactly: the middleware was not attached to a group", {
    kind: "config",
  });
}

const TOO_MANY =
  "batches of an ordered channel must hold one message of a key: pass batch: { perKey: 1 }, because what follows a failed message of its key comes again, though the transaction has its work";

type Fail = (delivery: AnyDelivery, error: unknown) => void;

/** The marks of one group, and its transactions. */
class MarkingGroup {
  readonly #database: Database;
  readonly #table: string;
  readonly #group: string;
  readonly #marks: Marks;
  readonly #sweeper: Sweeper;
  readonly #trouble: Trouble;

  constructor(database: Database, table: string, windowMs: number, context: AttachContext) {
    this.#database = database;
    this.#table = table;
    this.#group = groupKey(context.channel, context.group);
    this.#marks = new Marks(table, this.#group, windowMs);
    this.#sweeper = new Sweeper(context, (most) => this.#sweep(most));
    const text = "the inbox's database cannot be used; messages wait";
    this.#trouble = new Trouble(
      context.emit,
      (cause) => new MessagingError("inbox-unavailable", text, { kind: "retryable", cause }),
    );
  }

  async run(delivery: AnyDelivery, next: (add: object) => Promise<void>): Promise<void> {
    const skipped = await this.#transaction(async (client, tx): Promise<unknown> => {
      const marked = await this.#mark(client, [keyOf(delivery)]);
      // Thrown, so that the transaction is rolled back.
      if (marked.size === 0) throw new Skip("handled before");
      return next({ tx }).then(
        () => undefined,
        (error: unknown) => {
          if (verdictKindOf(error) !== "skip") throw error;
          return error;
        },
      );
    });
    // A skipped message is settled as if handled: committed and marked, as in a batch.
    if (skipped !== undefined) throw skipped;
  }

  async runBatch(
    deliveries: readonly AnyDelivery[],
    next: (subset: readonly AnyDelivery[], add: object) => Promise<ReadonlySet<unknown>>,
    fail: Fail,
  ): Promise<void> {
    /** By name: the first delivery of a message, and the others. */
    const firsts = new Map<string, { readonly key: MessageKey; readonly delivery: AnyDelivery }>();
    const others: { readonly name: string; readonly delivery: AnyDelivery }[] = [];
    for (const delivery of deliveries) {
      const key = keyOf(delivery);
      const name = nameOf(key);
      if (firsts.has(name)) others.push({ name, delivery });
      else firsts.set(name, { key, delivery });
    }
    const failed = await this.#transaction(async (client, tx) => {
      const marked = await this.#mark(
        client,
        [...firsts.values()].map(({ key }) => key),
      );
      const fresh = [...firsts].filter(([name]) => marked.has(name));
      const unhandled = await next(
        fresh.map(([, { delivery }]) => delivery),
        { tx },
      );
      const again = fresh.filter(([, { delivery }]) => unhandled.has(delivery));
      if (again.length > 0)
        await this.#marks.unmark(
          client,
          again.map(([, { key }]) => key),
        );
      return new Set(again.map(([name]) => name));
    });
    // The broker may have given one message twice: settling this delivery would settle the one that failed.
    for (const { name, delivery } of others)
      if (failed.has(name)) fail(delivery, new Release({ delay: AGAIN_MS, orSooner: true }));
  }

  async forget(): Promise<void> {
    await this.#database.run(
      (client) => client.query(raiseSql(this.#table), [JSON.stringify({ group_name: this.#group })]),
      asIs,
    );
  }

  close(): Promise<void> {
    return this.#sweeper.close();
  }

  async #sweep(most: number): Promise<number> {
    const swept = (client: QueryLike) => client.query(sweepSql(this.#table), [String(most)]);
    return (await this.#database.run(swept, asIs)).rows.length;
  }

  #transaction<T>(work: (client: QueryLike, tx: unknown) => Promise<T>): Promise<T> {
    this.#sweeper.start();
    return this.#database.run(work, (cause) => this.#down(cause));
  }

  async #mark(client: QueryLike, keys: readonly MessageKey[]): Promise<ReadonlySet<string>> {
    try {
      const marked = await this.#marks.mark(client, keys);
      this.#trouble.works();
      return marked;
    } catch (cause) {
      // Another delivery of the message is being handled.
      if (isConflict(cause)) throw new Release({ delay: AGAIN_MS, orSooner: true, cause });
      throw this.#down(cause);
    }
  }

  #down(cause: unknown): DependencyDown {
    this.#trouble.failed(cause);
    return new DependencyDown(`the inbox's database${hintOf(cause, this.#table, "inboxSchema()")}`, { cause });
  }
}

const asIs = (cause: unknown): Error => (cause instanceof Error ? cause : new Error("failed", { cause }));
