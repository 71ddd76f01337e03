/**
 * Inboxes: a message that comes twice is handled once. {@link exactly} marks a message in the handler's own PostgreSQL transaction. {@link claim}
 * claims it in a store while it is handled, for work that is elsewhere. Both are middleware: `import * as inbox from "@switchyard/inbox"`.
 */
export { claim } from "./claim.ts";
export type { ExactlyOptions } from "./exactly.ts";
export type { ClientLike, ClientOf, PoolLike, Transactions } from "./transactions.ts";
export { exactly } from "./exactly.ts";
export type { InboxOptions } from "./window.ts";
export { inboxSchema } from "./marks.ts";
export type { InboxSchema, InboxSchemaOptions, QueryLike } from "./sql.ts";
export type { ClaimReply } from "./protocol.ts";
export type { MessageKey } from "./key.ts";
export type { Claims, ClaimStore } from "./store.ts";
export { memoryStore } from "./memory-store.ts";
export type { IoRedisLike, NodeRedisLike, RedisStoreOptions } from "./redis-store.ts";
export { redisStore } from "./redis-store.ts";
export type { PostgresStoreOptions } from "./postgres-store.ts";
export { claimSchema, postgresStore } from "./postgres-store.ts";
export type { DynamoDbClientLike, DynamoDbStoreOptions } from "./dynamodb-store.ts";
export { dynamodbStore } from "./dynamodb-store.ts";
