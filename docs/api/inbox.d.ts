// @switchyard/inbox: index.d.ts

// claim.d.ts
import { type Middleware } from "@switchyard/core";
import { type ClaimStore } from "./store.ts";
import { type InboxOptions } from "./window.ts";
export declare function claim(store: ClaimStore, options: InboxOptions): Middleware;

// dynamodb-store.d.ts
import type { ClaimStore } from "./store.ts";
export interface DynamoDbClientLike {
    send(command: any, options?: {
        abortSignal?: AbortSignal;
    }): Promise<any>;
}
export interface DynamoDbStoreOptions {
    readonly client: DynamoDbClientLike;
    readonly table: string;
    readonly skewMs?: number;
    readonly sdk?: Readonly<Record<string, new (input: any) => any>>;
}
export declare function dynamodbStore(options: DynamoDbStoreOptions): ClaimStore;

// exactly.d.ts
import { type Middleware } from "@switchyard/core";
import { type ClientOf, type PoolLike, type Transactions } from "./transactions.ts";
import { type InboxOptions } from "./window.ts";
export interface ExactlyOptions extends InboxOptions {
    readonly table?: string;
}
export declare function exactly<Pool extends PoolLike>(pool: Pool, options: ExactlyOptions): Middleware<{
    tx: ClientOf<Pool>;
}>;
export declare function exactly<Tx>(transactions: Transactions<Tx>, options: ExactlyOptions): Middleware<{
    tx: Tx;
}>;

// index.d.ts
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

// key.d.ts
import type { AnyDelivery } from "@switchyard/core";
export interface MessageKey {
    readonly group: string;
    readonly source: string;
    readonly id: string;
}
export declare const groupKey: (channel: string, group: string) => string;
export declare function keyOf(delivery: AnyDelivery): MessageKey;
export declare const nameOf: ({ source, id }: MessageKey) => string;

// marks.d.ts
import type { MessageKey } from "./key.ts";
import { type InboxSchema, type InboxSchemaOptions, type QueryLike } from "./sql.ts";
export declare const MARKS = "switchyard_inbox";
export declare function inboxSchema({ table }?: InboxSchemaOptions): InboxSchema;
export declare class Marks {
    #private;
    constructor(table: string, group: string, keepMs: number);
    mark(client: QueryLike, keys: readonly MessageKey[]): Promise<ReadonlySet<string>>;
    unmark(client: QueryLike, keys: readonly MessageKey[]): Promise<void>;
}

// memory-store.d.ts
import type { ClaimStore } from "./store.ts";
export declare function memoryStore(): ClaimStore;

// postgres-store.d.ts
import { type InboxSchema, type InboxSchemaOptions, type QueryLike } from "./sql.ts";
import type { ClaimStore } from "./store.ts";
export declare function claimSchema({ table }?: InboxSchemaOptions): InboxSchema;
export interface PostgresStoreOptions {
    readonly table?: string;
}
export declare function postgresStore(pool: QueryLike, { table: name }?: PostgresStoreOptions): ClaimStore;

// protocol.d.ts
export type Entry =
{
    readonly state: "claimed";
    readonly epoch: number;
    readonly token: string;
    readonly until: number;
}
 | {
    readonly state: "done";
    readonly epoch: number;
    readonly until: number;
};
export type Request = ClaimRequest
 | {
    readonly ask: "renew";
    readonly token: string;
    readonly forMs: number;
}
 | {
    readonly ask: "done";
    readonly token: string;
    readonly forMs: number;
}
 | {
    readonly ask: "release";
    readonly token: string;
};
export interface ClaimRequest {
    readonly ask: "claim";
    readonly token: string;
    readonly epoch: number;
    readonly forMs: number;
}
export type ClaimReply = {
    readonly got: "yes";
}
 | {
    readonly got: "done";
}
 | {
    readonly got: "held";
    readonly leftMs: number;
};
export type Reply = ClaimReply | {
    readonly got: "lost";
};
export interface Step<R extends Reply = Reply> {
    readonly entry: Entry | undefined;
    readonly reply: R;
}
export declare function step(entry: Entry | undefined, request: ClaimRequest, now: number): Step<ClaimReply>;
export declare function step(entry: Entry | undefined, request: Request, now: number): Step;

// redis-store.d.ts
import type { ClaimStore } from "./store.ts";
export interface NodeRedisLike {
    eval(script: string, options: {
        keys: string[];
        arguments: string[];
    }): Promise<unknown>;
    evalSha(sha1: string, options: {
        keys: string[];
        arguments: string[];
    }): Promise<unknown>;
}
export interface IoRedisLike {
    eval(script: string, keys: number, ...args: string[]): Promise<unknown>;
    evalsha(sha1: string, keys: number, ...args: string[]): Promise<unknown>;
}
export interface RedisStoreOptions {
    readonly prefix?: string;
}
export declare function redisStore(client: NodeRedisLike | IoRedisLike, { prefix }?: RedisStoreOptions): ClaimStore;

// sql.d.ts
export interface QueryLike {
    query(text: string, values?: any[]): Promise<{
        readonly rows: readonly any[];
    }>;
}
export interface InboxSchema {
    readonly sql: readonly string[];
    apply(pool: QueryLike): Promise<void>;
}
export interface InboxSchemaOptions {
    readonly table?: string;
}
export declare function tableNamed(table: string): string;
export declare function schemaOf(sql: readonly string[]): InboxSchema;
export declare const epochsSql: (table: string) => string;
export declare const epochOf: (table: string, group: string) => string;
export declare const raiseSql: (table: string) => string;
export declare const sweepSql: (table: string, and?: string) => string;
export declare const isConflict: (cause: unknown) => boolean;
export declare function codeOf(error: unknown): string | undefined;
export declare function hintOf(cause: unknown, table: string, schema: string): string;

// store.d.ts
import type { Runtime } from "@switchyard/core";
import type { MessageKey } from "./key.ts";
import type { ClaimReply } from "./protocol.ts";
export interface ClaimStore {
    readonly name: string;
    readonly strength: "strong" | "weak";
    open(runtime: Runtime): Claims;
}
export interface Claims {
    claim(key: MessageKey, token: string, forMs: number, keptMs: number): Promise<ClaimReply>;
    renew(key: MessageKey, token: string, forMs: number): Promise<boolean>;
    done(key: MessageKey, token: string, keptMs: number): Promise<boolean>;
    release(key: MessageKey, token: string): Promise<boolean>;
    forget(group: string): Promise<void>;
    sweep?(most: number): Promise<number>;
}

// transactions.d.ts
import { type QueryLike } from "./sql.ts";
export interface ClientLike {
    query(text: string, values?: any[]): Promise<{
        readonly rows: any[];
    }>;
    release(destroy?: boolean): void;
    on?(event: "error", listener: (error: Error) => void): unknown;
    removeListener?(event: "error", listener: (error: Error) => void): unknown;
}
export interface PoolLike {
    connect(): Promise<ClientLike>;
}
export type ClientOf<Pool> = Pool extends {
    connect: {
        (): Promise<infer Client>;
        (...more: any[]): any;
    };
} ? Client : Pool extends {
    connect(): Promise<infer Client>;
} ? Client : never;
export interface Transactions<Tx> {
    transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
    query(tx: Tx): QueryLike;
}
export interface Database {
    run<T>(work: (client: QueryLike, tx: unknown) => Promise<T>, down: (cause: unknown) => Error): Promise<T>;
}
export declare function databaseOf(given: PoolLike | Transactions<any>): Database | undefined;

// window.d.ts
import { type AttachContext, type Attached, type Duration } from "@switchyard/core";
export interface InboxOptions {
    readonly window: Duration;
    readonly accept?: "shorter";
}
export declare function checkOptions(of: string, options: InboxOptions, others?: readonly string[]): number;
export declare function windowOf(what: string, windowMs: number, accept: InboxOptions["accept"], { keptMs }: Pick<AttachContext, "keptMs">): {
    readonly explanation: string;
    readonly problems: string[];
} & Attached;
