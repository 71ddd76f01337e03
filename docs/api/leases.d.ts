// @switchyard/leases: index.d.ts
// @switchyard/leases/dynamodb: dynamodb/index.d.ts
// @switchyard/leases/dynamodb/topology: dynamodb/topology/index.d.ts
// @switchyard/leases/postgres: postgres/index.d.ts
// @switchyard/leases/testing: testing/index.d.ts

// attempts.d.ts
export interface AttemptRow {
    readonly from: string;
    readonly sequence: string;
    readonly sub: number;
    readonly attempts: number;
    readonly firstAt: number;
    readonly notBefore: number;
    readonly begun: number;
}
export interface AttemptStore {
    load(shard: string, signal: AbortSignal): Promise<AttemptRow | undefined>;
    save(shard: string, row: AttemptRow | undefined, signal: AbortSignal): Promise<void>;
    close(): Promise<void>;
}

// calls.d.ts
import type { Runtime } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";
import type { LeaseStore } from "./store.ts";
import type { Times } from "./timing.ts";
export declare class Calls {
    #private;
    constructor(store: LeaseStore, runtime: Runtime, times: Pick<Times, "callMs" | "leaseMs">, report: (event: LeaseEvent) => void);
    store<T>(doing: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
    source<T>(doing: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

// checkpoint.d.ts
import type { Checkpoint } from "./store.ts";
export declare function compareCheckpoints(a: Checkpoint, b: Checkpoint): number;
export declare const isSequence: (text: string) => boolean;

// dynamodb/attempts.d.ts
import type { AttemptStore } from "../attempts.ts";
import type { DynamoDbConnection } from "./options.ts";
export declare function dynamodbAttempts({ table, ...connection }: DynamoDbConnection & {
    readonly table: string;
}): AttemptStore;

// dynamodb/index.d.ts
export { dynamodbAttempts } from "./attempts.ts";
export { dynamodbLeases } from "./store.ts";
export type { DynamoDbClientLike, DynamoDbConnection, DynamoDbOptions, DynamoDbSdk } from "./options.ts";

// dynamodb/options.d.ts
export interface DynamoDbClientLike {
    send(command: any, options?: {
        abortSignal?: AbortSignal;
    }): Promise<any>;
    destroy?(): void;
}
export type DynamoDbSdk = Readonly<Record<string, new (input: any) => any>>;
export interface DynamoDbConnection {
    readonly client?: DynamoDbClientLike;
    readonly region?: string;
    readonly endpoint?: string;
    readonly sdk?: DynamoDbSdk;
}
export interface DynamoDbOptions extends DynamoDbConnection {
    readonly table: string;
    readonly watchMs?: number;
}

// dynamodb/store.d.ts
import type { LeaseStore } from "../store.ts";
import type { DynamoDbOptions } from "./options.ts";
export declare function dynamodbLeases(options: DynamoDbOptions): LeaseStore;

// dynamodb/topology/index.d.ts
import type { Runtime, TopologyPlan } from "@switchyard/core/driver";
import type { DynamoDbConnection } from "../options.ts";
export interface LeaseTableSpec {
    readonly table: string;
    readonly tags?: Readonly<Record<string, string>>;
}
export interface LeaseTables {
    plan(tables: readonly LeaseTableSpec[], signal: AbortSignal): Promise<TopologyPlan>;
    apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
    destroy(tables: readonly LeaseTableSpec[], signal: AbortSignal): Promise<void>;
    close(): Promise<void>;
}
export declare const LEASE_TABLE: {
    readonly KeySchema: readonly [{
        readonly AttributeName: "leaseKey";
        readonly KeyType: "HASH";
    }];
    readonly AttributeDefinitions: readonly [{
        readonly AttributeName: "leaseKey";
        readonly AttributeType: "S";
    }];
    readonly BillingMode: "PAY_PER_REQUEST";
};
export declare function leaseTables(connection: DynamoDbConnection, runtime: Runtime): LeaseTables;

// engine-options.d.ts
import type { Position, Runtime } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";
import type { ShardSource } from "./source.ts";
import type { LeaseStore } from "./store.ts";
import type { Timing } from "./timing.ts";
export interface LeaseEngineOptions {
    readonly store: LeaseStore;
    readonly source: ShardSource;
    readonly group: string;
    readonly stream: string;
    readonly start: Position;
    readonly runtime: Runtime;
    readonly worker?: string;
    readonly timing?: Timing;
    readonly report?: (event: LeaseEvent) => void;
}

// engine.d.ts
import type { LeaseEngineOptions } from "./engine-options.ts";
import type { HeldShard } from "./held-shard.ts";
import { type ShardStatus } from "./status.ts";
import type { Announce } from "./store.ts";
export declare class LeaseEngine {
    #private;
    readonly worker: string;
    constructor(options: LeaseEngineOptions);
    open(signal: AbortSignal, announce?: Announce): Promise<void>;
    shards(signal: AbortSignal): AsyncGenerator<HeldShard>;
    look(): void;
    status(): readonly ShardStatus[];
    close(): Promise<void>;
}

// events.d.ts
import type { Checkpoint } from "./store.ts";
export type LeaseEvent = {
    readonly type: "acquired";
    readonly shard: string;
    readonly fencingToken: number;
    readonly tenures: number;
    readonly from: Checkpoint;
}
 | {
    readonly type: "lost";
    readonly shard: string;
    readonly fencingToken: number;
    readonly reason: LossReason;
} | {
    readonly type: "handover-asked";
    readonly shard: string;
    readonly by: string;
} | {
    readonly type: "released";
    readonly shard: string;
    readonly fencingToken: number;
} | {
    readonly type: "ended";
    readonly shard: string;
    readonly children: readonly string[];
}
 | {
    readonly type: "discovered";
    readonly shard: string;
    readonly from: Checkpoint;
}
 | {
    readonly type: "forgotten";
    readonly shard: string;
}
 | {
    readonly type: "down";
    readonly what: "store" | "source";
    readonly doing: string;
    readonly code: string;
    readonly cause: unknown;
} | {
    readonly type: "up";
    readonly what: "store" | "source";
    readonly doing: string;
};
export type LossReason = "expired" | "taken" | "handover-timeout" | "closed";

// held-shard.d.ts
import type { Shard } from "./source.ts";
import type { Checkpoint } from "./store.ts";
export interface HeldShard {
    readonly id: string;
    readonly fencingToken: number;
    readonly tenures: number;
    readonly from: Checkpoint;
    readonly stored: Checkpoint;
    readonly lost: AbortSignal;
    readonly asked: AbortSignal;
    readonly valid: boolean;
    checkpoint(at: {
        readonly sequence: string;
        readonly sub?: number;
    }): Promise<void>;
    ended(children: readonly Shard[]): Promise<void>;
    release(): Promise<void>;
    readonly claim: LeaseClaim;
}
export interface LeaseClaim {
    readonly group: string;
    readonly shard: string;
    readonly fencingToken: number;
}

// index.d.ts
export { LeaseEngine } from "./engine.ts";
export type { LeaseEngineOptions } from "./engine-options.ts";
export type { ShardStatus } from "./status.ts";
export type { LeaseEvent, LossReason } from "./events.ts";
export { Outages } from "./outages.ts";
export type { HeldShard, LeaseClaim } from "./held-shard.ts";
export type { AttemptRow, AttemptStore } from "./attempts.ts";
export { memoryAttempts } from "./memory/attempts.ts";
export { memoryLeases } from "./memory/index.ts";
export { seek, type SeekOptions } from "./seek.ts";
export { compareCheckpoints } from "./checkpoint.ts";
export type { Shard, ShardSource } from "./source.ts";
export type { Announce, Change, Checkpoint, Expect, GroupIdentity, GroupRow, LeaseRow, LeaseStore, LeaseTable, NewLease, StoreFault, Updated, WorkerRow, } from "./store.ts";
export type { Timing } from "./timing.ts";

// memory/attempts.d.ts
import type { AttemptStore } from "../attempts.ts";
export declare function memoryAttempts(name: string): AttemptStore;

// memory/index.d.ts
import type { LeaseStore } from "../store.ts";
export declare function memoryLeases(name?: string): LeaseStore;

// outages.d.ts
import type { DriverEvent } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";
export declare class Outages {
    #private;
    constructor(group: string, report: (event: DriverEvent) => void);
    readonly seen: (event: LeaseEvent) => void;
    close(): void;
}

// postgres/holds-lease.d.ts
export declare function holdsLease(table: string | undefined, first?: number): string;

// postgres/index.d.ts
export type { PostgresLeases, PostgresOptions, PostgresPoolLike, PostgresTransactionLike } from "./options.ts";
export { holdsLease } from "./holds-lease.ts";
export { leaseSchema } from "./schema.ts";
export { postgresLeases } from "./store.ts";

// postgres/options.d.ts
import type { LeaseClaim } from "../held-shard.ts";
import type { LeaseStore } from "../store.ts";
export interface PostgresPoolLike {
    query(text: string, values?: any[]): Promise<{
        readonly rows: any[];
        readonly rowCount: number | null;
    }>;
}
export type PostgresTransactionLike = PostgresPoolLike;
export interface PostgresOptions {
    readonly pool: PostgresPoolLike;
    readonly table?: string;
    readonly group: string;
}
export interface PostgresLeases extends LeaseStore {
    checkpointIn(transaction: PostgresTransactionLike, claim: LeaseClaim, at: {
        readonly sequence: string;
        readonly sub?: number;
    }): Promise<"stored" | "already">;
}

// postgres/schema.d.ts
import type { TopologyPlan } from "@switchyard/core/driver";
import type { PostgresOptions } from "./options.ts";
export interface LeaseSchema {
    plan(signal: AbortSignal): Promise<TopologyPlan>;
    apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
}
export declare function leaseSchema({ pool, table }: Pick<PostgresOptions, "pool" | "table">): LeaseSchema;

// postgres/store.d.ts
import type { PostgresLeases, PostgresOptions } from "./options.ts";
export declare function postgresLeases({ pool, table, group }: PostgresOptions): PostgresLeases;

// seek.d.ts
import type { Moved, Position, Runtime } from "@switchyard/core/driver";
import type { ShardSource } from "./source.ts";
import type { Checkpoint, GroupIdentity, LeaseStore } from "./store.ts";
export interface SeekOptions extends GroupIdentity {
    readonly store: LeaseStore;
    readonly source: ShardSource;
    readonly runtime: Runtime;
    readonly to: Position | ((shard: string) => Checkpoint | undefined);
    readonly moved?: Moved | undefined;
}
export declare function seek(options: SeekOptions, signal: AbortSignal): Promise<void>;

// source.d.ts
import type { Position } from "@switchyard/core/driver";
import type { Checkpoint } from "./store.ts";
export interface Shard {
    readonly id: string;
    readonly parents: readonly string[];
    readonly hashRange?: {
        readonly from: string;
        readonly to: string;
    };
}
export interface ShardSource {
    list(since: Checkpoint, signal: AbortSignal): Promise<readonly Shard[]>;
    resolve?(start: Position, signal: AbortSignal): Promise<Checkpoint>;
}

// status.d.ts
import type { Checkpoint, LeaseTable } from "./store.ts";
import type { Tenure } from "./tenure.ts";
export interface ShardStatus {
    readonly shard: string;
    readonly owner?: string;
    readonly handoverFrom?: string;
    readonly checkpoint: Checkpoint;
    readonly tenures: number;
    readonly eligible: boolean;
    readonly here: boolean;
}
export declare function statusOf(table: LeaseTable, tenures: ReadonlyMap<string, Tenure>, worker: string): ShardStatus[];

// store.d.ts
import type { Runtime } from "@switchyard/core/driver";
export type Checkpoint = "TRIM_HORIZON" | "LATEST" | "SHARD_END" | {
    readonly time: number;
} | {
    readonly sequence: string;
    readonly sub?: number;
};
export interface LeaseRow {
    readonly key: string;
    readonly counter: number;
    readonly owner?: string;
    readonly handoverFrom?: string;
    readonly token?: number;
    readonly checkpoint: Checkpoint;
    readonly tenures: number;
    readonly parents: readonly string[];
    readonly children: readonly string[];
    readonly hashRange?: {
        readonly from: string;
        readonly to: string;
    };
}
export type NewLease = Pick<LeaseRow, "key" | "checkpoint" | "parents" | "hashRange">;
export interface WorkerRow {
    readonly id: string;
    readonly counter: number;
    readonly state: "active" | "draining";
}
export interface GroupRow {
    readonly group: string;
    readonly stream: string;
    readonly start: Checkpoint;
    readonly complete: boolean;
}
export type GroupIdentity = Pick<GroupRow, "group" | "stream">;
export interface LeaseTable {
    readonly group: GroupRow | undefined;
    readonly leases: readonly LeaseRow[];
    readonly workers: readonly WorkerRow[];
}
export interface Expect {
    readonly counter?: number;
    readonly token?: number | null;
    readonly owner?: string | null;
    readonly handoverFrom?: string | null;
    readonly holder?: string;
}
export interface Change {
    readonly bump: boolean;
    readonly token?: number | null;
    readonly owner?: string | null;
    readonly handoverFrom?: string | null;
    readonly checkpoint?: Checkpoint;
    readonly tenures?: number;
    readonly children?: readonly string[];
}
export type Updated = {
    readonly applied: true ;
    readonly row: LeaseRow;
} | {
    readonly applied: false ;
    readonly row: LeaseRow | undefined;
};
export interface LeaseStore {
    readonly name: string;
    open(signal: AbortSignal, runtime: Runtime, announce?: Announce): Promise<void>;
    load(signal: AbortSignal): Promise<LeaseTable>;
    get(key: string, signal: AbortSignal): Promise<LeaseRow | undefined>;
    insert(rows: readonly NewLease[], signal: AbortSignal): Promise<void>;
    update(key: string, expect: Expect, change: Change, signal: AbortSignal): Promise<Updated>;
    remove(key: string, counter: number, signal: AbortSignal): Promise<boolean>;
    begin(group: GroupRow, signal: AbortSignal): Promise<GroupRow>;
    complete(signal: AbortSignal): Promise<void>;
    beat(worker: Pick<WorkerRow, "id" | "state">, signal: AbortSignal): Promise<void>;
    forget(worker: string, counter: number | undefined, signal: AbortSignal): Promise<void>;
    classify(cause: unknown): StoreFault;
    close(): Promise<void>;
}
export type Announce = (waitMs: number, why: string) => void;
export interface StoreFault {
    readonly kind: "retryable" | "throttled" | "auth" | "config" | "permanent" | "closed";
    readonly code: string;
    readonly hint?: string;
    readonly said?: string;
}

// tenure.d.ts
import type { Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Calls } from "./calls.ts";
import type { LeaseEvent, LossReason } from "./events.ts";
import type { HeldShard, LeaseClaim } from "./held-shard.ts";
import type { Shard } from "./source.ts";
import type { Checkpoint, LeaseRow, LeaseStore } from "./store.ts";
import type { Times } from "./timing.ts";
export interface TenureHost {
    readonly store: LeaseStore;
    readonly calls: Calls;
    readonly runtime: Runtime;
    readonly times: Times;
    readonly worker: string;
    readonly group: string;
    report(event: LeaseEvent): void;
    moved(): void;
    dead(worker: string): boolean;
    addChildShards(children: readonly Shard[], parent: string): Promise<void>;
    over(tenure: Tenure, released: boolean, owed: boolean): void;
}
export declare class Tenure implements HeldShard {
    #private;
    readonly id: string;
    readonly fencingToken: number;
    readonly tenures: number;
    readonly from: Checkpoint;
    readonly claim: LeaseClaim;
    constructor(host: TenureHost, row: LeaseRow, sentAt: number);
    get stored(): Checkpoint;
    get lost(): AbortSignal;
    get asked(): AbortSignal;
    get valid(): boolean;
    checkpoint(at: {
        readonly sequence: string;
        readonly sub?: number;
    }): Promise<void>;
    ended(children: readonly Shard[]): Promise<void>;
    release(): Promise<void>;
    abandon(): Promise<void>;
    seen(row: LeaseRow | undefined): void;
    lose(reason: LossReason): void;
}
export declare const FREED: {
    readonly bump: true;
    readonly owner: null;
    readonly token: null;
    readonly handoverFrom: null;
};
export declare const leaseLost: (shard: string, token: number) => MessagingError;

// testing/cases.d.ts
import type { LeaseStoreCase } from "./harness.ts";
export declare const leaseStoreCases: readonly LeaseStoreCase[];

// testing/harness.d.ts
import type { Runtime } from "@switchyard/core/driver";
import type { LeaseStore } from "../store.ts";
export interface LeaseStoreHarness {
    readonly runtime: Runtime;
    open(table: string): Promise<LeaseStore>;
    missing?(): Promise<LeaseStore>;
    foreign?(): Promise<LeaseStore>;
}
export interface LeaseStoreCase {
    readonly name: string;
    run(harness: LeaseStoreHarness): Promise<void>;
}

// testing/index.d.ts
export { leaseStoreCases } from "./cases.ts";
export type { LeaseStoreCase, LeaseStoreHarness } from "./harness.ts";

// timing.d.ts
import type { Runtime } from "@switchyard/core/driver";
export interface Timing {
    readonly leaseMs?: number;
    readonly handoverMs?: number;
    readonly discoverMs?: number;
    readonly callMs?: number;
}
export interface Times {
    readonly leaseMs: number;
    readonly renewMs: number;
    readonly marginMs: number;
    readonly quickMs: number;
    readonly handoverMs: number;
    readonly discoverMs: number;
    readonly callMs: number;
}
export declare function timesOf(timing?: Timing): Times;
export declare const jittered: (ms: number, runtime: Pick<Runtime, "random">) => number;
