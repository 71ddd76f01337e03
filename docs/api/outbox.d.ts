// @switchyard/outbox: index.d.ts

// adapters.d.ts
import type { TransactionLike } from "./sql.ts";
export declare function fromKysely(transaction: {
    executeQuery(query: any): Promise<{
        readonly rows: readonly any[];
    }>;
}): TransactionLike;
export declare function fromDrizzle(transaction: {
    execute(query: any): PromiseLike<any>;
}, sql: {
    raw(text: string): any;
    param(value: unknown): any;
    join(parts: any[]): any;
}): TransactionLike;
export declare function fromPrisma(transaction: {
    $queryRawUnsafe(text: string, ...values: any[]): PromiseLike<any>;
}): TransactionLike;
export declare function fromKnex(transaction: {
    raw(text: string, values: any): PromiseLike<any>;
}): TransactionLike;
export declare function fromTypeOrm(transaction: {
    query(text: string, values?: any[]): Promise<any>;
}): TransactionLike;
export declare function fromPostgresJs(transaction: {
    unsafe(text: string, values?: any[]): PromiseLike<any>;
}): TransactionLike;

// dead-rows.d.ts
import type { PoolLike, Tables } from "./sql.ts";
export interface DeadRow {
    readonly seq: string;
    readonly id: string;
    readonly channel: string;
    readonly key: string | null;
    readonly type: string;
    readonly createdAt: Date;
    readonly failedAt: Date;
    readonly code: string;
    readonly reason: string;
    readonly blocks: boolean;
}
export interface DeadFilter {
    readonly ids?: readonly string[];
    readonly channel?: string;
    readonly code?: string;
}
export interface DeadRows {
    list(options?: DeadFilter & {
        readonly after?: string;
        readonly limit?: number;
    }): Promise<readonly DeadRow[]>;
    retry(filter?: DeadFilter): Promise<number>;
    purge(filter?: DeadFilter): Promise<number>;
}
export declare function deadRows(pool: PoolLike, { rows, dead }: Tables): DeadRows;

// figures.d.ts
import type { PoolLike, Tables } from "./sql.ts";
export interface OutboxFigures {
    readonly backlog: number;
    readonly ageMs: number;
    readonly delayed: number;
    readonly dead: number;
    readonly blockedKeys: number;
    readonly deadTuples: number;
    readonly oldestXminAge: number;
}
export declare function figuresOf(pool: PoolLike, { rows, dead }: Tables): Promise<OutboxFigures>;

// index.d.ts
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

// outbox.d.ts
import { type AnyChannel, type Duration, type Explanation, type InputOf, type PayloadOf, type PublishOptions, type Runtime, type TypeOf } from "@switchyard/core";
import type { Connected } from "@switchyard/core/publish-kit";
import { type DeadRows } from "./dead-rows.ts";
import { Relay, type RelayOptions } from "./relay.ts";
import { type PoolLike, type TransactionLike } from "./sql.ts";
export interface OutboxSettings<Channels extends readonly AnyChannel[]> {
    readonly channels: Channels;
    readonly service: string;
    readonly table?: string;
    readonly ordered?: "row-lock" | "commit";
    readonly notify?: boolean;
    readonly limits?: Pick<Explanation, "channels">;
    readonly runtime?: Runtime;
}
export interface OutboxOptions<C extends AnyChannel = AnyChannel> extends Omit<PublishOptions<C>, "delay" | "signal"> {
    readonly delay?: Duration;
}
export type OutboxItem<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = K extends unknown ? {
    readonly type: K;
    readonly data: InputOf<C, K>;
} & OutboxOptions<C> : never;
export interface OutboxTransaction<C extends AnyChannel> {
    publish<X extends AnyChannel, K extends keyof NonNullable<X[typeof Symbol.species]>["messages"] & string>(channel: Connected<X, C>, type: K, data: PayloadOf<X, K>, options?: OutboxOptions<X>): Promise<{
        readonly id: string;
    }>;
    publishMany<X extends AnyChannel>(channel: Connected<X, C>, messages: readonly OutboxItem<X>[]): Promise<{
        readonly ids: readonly string[];
    }>;
    cancel(id: string): Promise<"cancelled" | "too-late">;
}
export interface Outbox<C extends AnyChannel> {
    (transaction: TransactionLike): OutboxTransaction<C>;
    relay(options: RelayOptions): Relay;
    dead(pool: PoolLike): DeadRows;
    nudge(): void;
}
export declare function createOutbox<const Channels extends readonly AnyChannel[]>(settings: OutboxSettings<Channels>): Outbox<Channels[number]>;

// protocol.d.ts
export interface ProtocolRow {
    readonly seq: string;
    readonly channel: string;
    readonly key: string | null;
}
export type Outcome = "accepted" | "refused" | "unsure";
export type PartitionState<R extends ProtocolRow = ProtocolRow> = {
    readonly phase: "idle";
} | {
    readonly phase: "reading";
} | {
    readonly phase: "sending";
    readonly rows: readonly R[];
} | {
    readonly phase: "settling";
    readonly accepted: readonly R[];
    readonly refused: readonly R[];
} | {
    readonly phase: "over";
};
export type PartitionEvent<R extends ProtocolRow = ProtocolRow> =
{
    readonly type: "turn";
}
 | {
    readonly type: "read";
    readonly rows: readonly R[];
}
 | {
    readonly type: "sent";
    readonly outcomes: readonly Outcome[];
}
 | {
    readonly type: "settled";
}
 | {
    readonly type: "failed";
}
 | {
    readonly type: "lost";
};
export type PartitionEffect<R extends ProtocolRow = ProtocolRow> =
{
    readonly do: "wait";
    readonly found: boolean;
} | {
    readonly do: "read";
}
 | {
    readonly do: "send";
    readonly rows: readonly R[];
}
 | {
    readonly do: "settle";
    readonly accepted: readonly R[];
    readonly refused: readonly R[];
} | {
    readonly do: "stop";
};
export interface Step<R extends ProtocolRow = ProtocolRow> {
    readonly state: PartitionState<R>;
    readonly effect: PartitionEffect<R>;
}
export declare const begun: PartitionState<never>;
export declare function step<R extends ProtocolRow>(state: PartitionState<R>, event: PartitionEvent<R>): Step<R>;

// relay-statements.d.ts
import { type PostgresPoolLike } from "@switchyard/leases/postgres";
import type { ProtocolRow } from "./protocol.ts";
import type { Tables } from "./sql.ts";
export interface RelayRow extends ProtocolRow {
    readonly id: string;
    readonly envelope: string;
    readonly body: string;
}
export interface RefusedRow {
    readonly row: RelayRow;
    readonly code: string;
    readonly reason: string;
    readonly blocks: boolean;
}
export interface Claim {
    readonly group: string;
    readonly shard: string;
    readonly fencingToken: number;
}
export declare const readSql: ({ rows, dead }: Tables) => string;
export declare function readRows(pool: PostgresPoolLike, sql: string, part: number, channels: readonly string[], limit: number): Promise<readonly RelayRow[]>;
export declare function settleRows(pool: PostgresPoolLike, { rows, dead }: Tables, leases: string | undefined, part: number, claim: Claim, accepted: readonly RelayRow[], refused: readonly RefusedRow[]): Promise<boolean>;
export declare function checkTables(pool: PostgresPoolLike, { rows, dead }: Tables, parts: number | undefined): Promise<number>;

// relay.d.ts
import { type Duration, type Runtime } from "@switchyard/core";
import type { ChannelShape } from "@switchyard/core/publish-kit";
import { type OutboxFigures } from "./figures.ts";
import { type MessagingLike } from "./sender.ts";
import { type PoolLike, type Tables } from "./sql.ts";
export interface RelayPoolLike extends PoolLike {
    connect?(): Promise<any>;
}
export interface RelayOptions {
    readonly messaging: MessagingLike;
    readonly pool: RelayPoolLike;
    readonly parts?: number;
    readonly later?: "block" | "pass";
    readonly batch?: number;
    readonly lease?: Duration;
    readonly leaseTable?: string;
    readonly red?: Duration;
    readonly onDead?: (dead: {
        readonly id: string;
        readonly channel: string;
        readonly code: string;
        readonly reason: string;
    }) => void;
}
export interface OutboxHealth extends Partial<OutboxFigures> {
    readonly status: "green" | "yellow" | "red";
    readonly state: "idle" | "running" | "stopping" | "stopped" | "failed";
    readonly problems: readonly string[];
    readonly parts: readonly number[];
    readonly relayed: number;
}
export interface RelayParts extends RelayOptions {
    readonly tables: Tables;
    readonly shapes: ReadonlyMap<string, ChannelShape>;
    readonly service: string;
    readonly notify: boolean;
    readonly runtime: Runtime;
}
export declare class Relay {
    #private;
    constructor(parts: RelayParts);
    run(options?: {
        readonly signal?: AbortSignal;
    }): Promise<void>;
    stop({ deadline }?: {
        readonly deadline?: Duration;
    }): Promise<void>;
    nudge(): void;
    health(): Promise<OutboxHealth>;
}

// schema.d.ts
import { type PoolLike } from "./sql.ts";
export interface OutboxSchemaOptions {
    readonly table?: string;
    readonly parts?: number;
}
export interface OutboxSchema {
    readonly sql: readonly string[];
    apply(pool: PoolLike): Promise<void>;
}
export declare const MOST_PARTS = 1024;
export declare function partsIn(expression: string): number | undefined;
export declare function outboxSchema({ table, parts }?: OutboxSchemaOptions): OutboxSchema;

// sender.d.ts
import type { PublishManyResult } from "@switchyard/core";
import { type ChannelShape } from "@switchyard/core/publish-kit";
import type { Outcome } from "./protocol.ts";
import type { RelayRow } from "./relay-statements.ts";
export interface MessagingLike {
    explain?(): {
        readonly service: string;
    };
    publishMany(channel: any, messages: readonly any[], options?: {
        readonly signal?: AbortSignal;
    }): Promise<readonly PublishManyResult[]>;
}
export interface SentRow {
    readonly row: RelayRow;
    readonly outcome: Outcome;
    readonly code?: string;
    readonly reason?: string;
    readonly error?: unknown;
}
export declare class Sender {
    #private;
    readonly channels: readonly string[];
    constructor(messaging: MessagingLike, shapes: ReadonlyMap<string, ChannelShape>);
    send(rows: readonly RelayRow[], signal: AbortSignal): Promise<readonly SentRow[]>;
}
export declare const causeText: (error: unknown) => string;

// sql.d.ts
export interface TransactionLike {
    query(text: string, values: any[]): Promise<{
        readonly rows: readonly any[];
    }>;
}
export interface PoolLike {
    query(text: string, values?: any[]): Promise<{
        readonly rows: any[];
        readonly rowCount: number | null;
    }>;
}
export interface Tables {
    readonly rows: string;
    readonly dead: string;
}
export declare function tablesOf(table?: string): Tables;
export declare const notifyName: ({ rows }: Tables) => string;
