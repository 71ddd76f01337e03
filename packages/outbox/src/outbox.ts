import {
  type AnyChannel,
  type Duration,
  type Explanation,
  type InputOf,
  MessagingError,
  type PayloadOf,
  type PublishOptions,
  type Runtime,
  systemRuntime,
  type TypeOf,
} from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import type { ChannelShape, Connected } from "@switchyard/core/publish-kit";
import { type DeadRows, deadRows } from "./dead-rows.ts";
import { Relay, type RelayOptions } from "./relay.ts";
import { type PoolLike, tablesOf, type TransactionLike } from "./sql.ts";
import { type NewRow, type RawOptions, rowOf } from "./stored-row.ts";
import { cancelSql, insertSql } from "./write.ts";

/** The options of `createOutbox`. */
export interface OutboxSettings<Channels extends readonly AnyChannel[]> {
  /** The channels that are published to through the outbox. */
  readonly channels: Channels;
  /** The name of this service, as for `connect()`. The relay's messaging must have the same. */
  readonly service: string;
  /** The table, as given to `outboxSchema`. Default `switchyard_outbox`. */
  readonly table?: string;
  /**
   * What keeps messages of one ordering key in the order of their transactions. `row-lock` (default): the caller's own lock; every
   * transaction that publishes for a key has locked something of that key before, such as its row. `commit`: an advisory lock for each key,
   * taken by `publish` and held to the end of the transaction.
   */
  readonly ordered?: "row-lock" | "commit";
  /**
   * Wakes relays in other processes by NOTIFY. Default false: relays look again after 50 ms to a second. PostgreSQL takes a lock of the whole
   * server for each commit that notifies, so leave it out where there are many writers.
   */
  readonly notify?: boolean;
  /**
   * What `messaging.explain()` returns: messages larger than their channel's transport takes are refused in the transaction, unless something
   * may make them smaller. Without it, only `needs: { messageBytes }` of a channel is known.
   */
  readonly limits?: Pick<Explanation, "channels">;
  /** Clock and ids. Default: the system's. */
  readonly runtime?: Runtime;
}

/** The options of one message. Unlike with `publish` of messaging, any channel without an ordering key can be delayed, for any time. */
export interface OutboxOptions<C extends AnyChannel = AnyChannel> extends Omit<PublishOptions<C>, "delay" | "signal"> {
  /** Relay no earlier than this time from now, by the database's clock. Not with an ordering key. */
  readonly delay?: Duration;
}

/** One message of `publishMany`. */
export type OutboxItem<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = K extends unknown
  ? { readonly type: K; readonly data: InputOf<C, K> } & OutboxOptions<C>
  : never;

/** The outbox in one transaction of the caller. */
export interface OutboxTransaction<C extends AnyChannel> {
  /**
   * Stores a message in the transaction, by one statement. It is relayed if the transaction commits. Resolves with the message's id.
   *
   * @throws MessagingError as `publish` of messaging does (`invalid-message`, `too-large`, ...), before the database is called;
   * `delay-unordered` for a delay with an ordering key. An error of the database is thrown as it is.
   */
  publish<X extends AnyChannel, K extends keyof NonNullable<X[typeof Symbol.species]>["messages"] & string>(
    channel: Connected<X, C>,
    type: K,
    data: PayloadOf<X, K>,
    options?: OutboxOptions<X>,
  ): Promise<{ readonly id: string }>;
  /** Stores several messages by one statement: all or none. They are relayed in the given order where they have the same ordering key. */
  publishMany<X extends AnyChannel>(
    channel: Connected<X, C>,
    messages: readonly OutboxItem<X>[],
  ): Promise<{ readonly ids: readonly string[] }>;
  /**
   * Takes a delayed message back. `cancelled`: it was deleted before it was due by the database's clock, and is not relayed if this
   * transaction commits. `too-late`: it is due, was relayed, or there is none of this id.
   */
  cancel(id: string): Promise<"cancelled" | "too-late">;
}

/** A transactional outbox: call it with a transaction to publish. */
export interface Outbox<C extends AnyChannel> {
  (transaction: TransactionLike): OutboxTransaction<C>;
  /** A relay for this outbox. Every process may run one; they share the work. */
  relay(options: RelayOptions): Relay;
  /** The rows that could never be sent: list them, relay them again, or delete them. */
  dead(pool: PoolLike): DeadRows;
  /** Wakes the relays of this outbox in this process. Call it after the commit. */
  nudge(): void;
}

/**
 * Makes an outbox. It has no side effects, and opens nothing.
 *
 * @throws MessagingError `bad-outbox-table`, or `bad-outbox` for options that are not allowed.
 */
export function createOutbox<const Channels extends readonly AnyChannel[]>(
  settings: OutboxSettings<Channels>,
): Outbox<Channels[number]> {
  const { channels, service, ordered = "row-lock", notify = false, limits, runtime = systemRuntime } = settings;
  const tables = tablesOf(settings.table);
  if (typeof service !== "string" || service === "")
    throw new MessagingError("bad-outbox", "createOutbox needs `service`: the name given to connect()", {
      kind: "config",
    });
  if (ordered !== "row-lock" && ordered !== "commit")
    throw new MessagingError("bad-outbox", '`ordered` must be "row-lock" or "commit"', { kind: "config" });
  const shapes = new Map<string, ChannelShape>(channels.map((channel) => [channel.name, channel]));
  const relays = new Set<Relay>();
  const nudge = () => {
    for (const relay of relays) relay.nudge();
  };

  const known = (channel: ChannelShape): ChannelShape => {
    const shape = shapes.get(channel?.name);
    if (shape === channel) return shape;
    const text = `"${channel?.name}" is not a channel of this outbox; add it to createOutbox({ channels })`;
    throw new MessagingError("unknown-channel", text, { kind: "config", channel: channel?.name });
  };

  const limitOf = (shape: ChannelShape): number | undefined => {
    const known = limits?.channels[shape.name];
    const most = known?.content.length === 0 ? known.capabilities.maxMessageBytes : undefined;
    return Math.min(most ?? Number.POSITIVE_INFINITY, shape.needs.messageBytes ?? Number.POSITIVE_INFINITY);
  };

  const row = (
    shape: ChannelShape,
    type: string,
    data: unknown,
    options: RawOptions & { readonly delay?: unknown },
  ) => {
    const id = typeof options.id === "string" ? options.id : runtime.uuid();
    return rowOf(shape, service, id, type, data, options, delayOf(shape, options.delay), runtime.now(), limitOf(shape));
  };

  const insert = async (transaction: TransactionLike, rows: readonly NewRow[]): Promise<void> => {
    const locks = ordered === "commit" ? locksOf(tables.rows, rows) : [];
    const text = insertSql(tables, { lock: locks.length > 0, notify });
    await transaction.query(text, [JSON.stringify({ rows, locks })]);
  };

  const inside = (transaction: TransactionLike) => ({
    publish: async (channel: ChannelShape, type: string, data: unknown, options: object = {}) => {
      const made = await row(known(channel), type, data, options);
      await insert(transaction, [made]);
      return { id: made.id };
    },
    publishMany: async (
      channel: ChannelShape,
      messages: readonly ({ readonly type: string; readonly data: unknown } & RawOptions)[],
    ) => {
      const shape = known(channel);
      const rows = await Promise.all(messages.map((item) => row(shape, item.type, item.data, item)));
      if (rows.length > 0) await insert(transaction, rows);
      return { ids: rows.map(({ id }) => id) };
    },
    cancel: async (id: string) => {
      const { rows } = await transaction.query(cancelSql(tables), [id]);
      return rows.length > 0 ? "cancelled" : "too-late";
    },
  });

  return Object.assign(inside, {
    relay: (options: RelayOptions) => {
      const relay = new Relay({ ...options, tables, shapes, service, notify, runtime });
      relays.add(relay);
      return relay;
    },
    dead: (pool: PoolLike) => deadRows(pool, tables),
    nudge,
  }) as unknown as Outbox<Channels[number]>;
}

/** Sorted, so that two transactions with one `publishMany` each do not wait for each other. */
function locksOf(table: string, rows: readonly NewRow[]): readonly string[] {
  const keys = rows.flatMap(({ channel, key }) => (key === null ? [] : [`${table}\n${channel}\n${key}`]));
  return [...new Set(keys)].sort();
}

/** About a thousand years: what PostgreSQL's `timestamptz` holds with certainty. */
const LONGEST_DELAY = 365_250 * 24 * 3_600_000;

function delayOf(shape: ChannelShape, value: unknown): number | null {
  if (value === undefined) return null;
  const ms = parseDuration(value as Duration);
  if (ms === undefined || ms > LONGEST_DELAY)
    throw new MessagingError("bad-duration", `"${shape.name}": delay must be a duration such as 3d`, {
      kind: "permanent",
      channel: shape.name,
    });
  return ms === 0 ? null : ms;
}
