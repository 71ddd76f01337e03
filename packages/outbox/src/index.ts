/**
 * A transactional outbox in PostgreSQL: a message is stored in the caller's own transaction, and a relay publishes it through messaging, on
 * any transport.
 *
 * What is guaranteed. A message is published if its transaction commits, and not otherwise; at least once. Messages of an ordering key
 * arrive for the first time in the order in which their transactions committed, if these transactions lock the key before they publish, or
 * with `ordered: "commit"`.
 *
 * What is not. A relay that dies or stalls between the broker's answer and its own delete publishes again: deduplicate by id.
 */
export type { Outbox, OutboxItem, OutboxOptions, OutboxSettings, OutboxTransaction } from "./outbox.ts";
export { createOutbox } from "./outbox.ts";
export type { OutboxSchema, OutboxSchemaOptions } from "./schema.ts";
export { outboxSchema } from "./schema.ts";
export type { PoolLike, TransactionLike } from "./sql.ts";
export type { OutboxHealth, Relay, RelayOptions, RelayPoolLike } from "./relay.ts";
export type { MessagingLike } from "./sender.ts";
export type { OutboxFigures } from "./figures.ts";
export type { DeadFilter, DeadRow, DeadRows } from "./dead-rows.ts";
export { fromDrizzle, fromKnex, fromKysely, fromPostgresJs, fromPrisma, fromTypeOrm } from "./adapters.ts";
