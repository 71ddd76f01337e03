// @switchyard/contract: index.d.ts

// app.d.ts
import type { Adapter, Runtime } from "@switchyard/core/driver";
import { type Item } from "./schema.ts";
export type SuiteChannel = any;
export interface SuiteChannelOptions {
    readonly name?: string;
    readonly needs?: Record<string, unknown>;
    readonly foreign?: unknown;
    readonly ordered?: boolean;
    readonly messages?: Record<string, unknown>;
    readonly codec?: unknown;
}
export interface AppOptions {
    readonly channels: readonly SuiteChannel[];
    readonly groups?: Record<string, Record<string, unknown>>;
    readonly retry?: Record<string, unknown>;
    readonly deadLetter?: unknown;
    readonly publish?: Record<string, unknown>;
    readonly channelConfig?: Record<string, unknown>;
    readonly byChannel?: Record<string, Record<string, unknown>>;
    readonly policies?: Record<string, Record<string, unknown>>;
    readonly drain?: string;
    readonly provision?: "auto" | "verify" | "off";
    readonly service?: string;
    readonly observeHandled?: boolean;
    readonly redact?: (text: string) => string;
    readonly adapter?: Adapter;
    readonly runtime?: Runtime;
    readonly keys?: Record<string, Record<string, unknown>>;
    readonly connection?: Record<string, unknown>;
}
export interface StopReport {
    readonly completed: number;
    readonly drained: number;
    readonly released: number;
    readonly abandoned: number;
}
type Handle = (data: any, delivery: any) => unknown;
export declare class App {
    readonly messaging: any;
    readonly events: readonly any[];
    constructor(messaging: unknown, events: readonly unknown[]);
    publish(to: SuiteChannel, data: Item | unknown, options?: Record<string, unknown>): Promise<{
        id: string;
        position?: string;
    }>;
    publishMany(to: SuiteChannel, items: readonly unknown[], options?: Record<string, unknown>): Promise<readonly any[]>;
    publishAll(to: SuiteChannel, items: readonly unknown[]): Promise<string[]>;
    consume(from: SuiteChannel, group: string, handle: Handle, options?: Record<string, unknown>): Promise<void>;
    consumeBatches(from: SuiteChannel, group: string, handle: (batch: any) => unknown, options?: Record<string, unknown>): Promise<void>;
    stop(options?: {
        readonly deadline?: number | string;
    }): Promise<StopReport>;
    eventsOf(type: string): any[];
}
export declare function makeChannel(name: string, ordered: boolean, options: SuiteChannelOptions): SuiteChannel;
export interface ConnectInput extends AppOptions {
    readonly prefix: string;
    readonly model: string;
    readonly settings?: Readonly<Record<string, unknown>>;
    readonly runsOn?: string;
    readonly connect?: (options: any) => Promise<unknown>;
    readonly runtime: Runtime;
    readonly holdMs: number;
    readonly under: Record<string, unknown>;
    observed(event: unknown): void;
}
export declare function connectApp(input: ConnectInput): Promise<any>;
export {};

// case.d.ts
import type { Adapter, Capabilities, Destination, Runtime } from "@switchyard/core/driver";
import type { App, AppOptions, SuiteChannel, SuiteChannelOptions } from "./app.ts";
import type { DeadLetterCopy } from "./dead.ts";
import type { Layout, Places } from "./destinations.ts";
import type { FaultControl } from "./faults.ts";
import type { ForeignInput, Harness } from "./harness.ts";
import type { Item } from "./schema.ts";
import type { Recorder } from "./recorder.ts";
import type { Seam, SeamOptions } from "./seam.ts";
export interface ContractCase {
    readonly id: string;
    readonly title: string;
    readonly clause: string;
    readonly needs?: (caps: Capabilities, harness: Harness) => string | undefined;
    readonly hold?: "ends";
    run(t: CaseContext): Promise<void>;
}
export interface CaseContext {
    readonly harness: Harness;
    readonly caps: Capabilities;
    readonly runtime: Runtime;
    readonly holdMs: number;
    readonly patienceMs: number;
    readonly slackMs: number;
    readonly prefix: string;
    readonly signal: AbortSignal;
    channel(options?: SuiteChannelOptions): SuiteChannel;
    app(options: AppOptions): Promise<App>;
    mortalApp(options: AppOptions): Promise<App & {
        crash(): void;
    }>;
    faults(where?: "seam"): Promise<{
        readonly control: FaultControl;
        readonly via: Pick<AppOptions, "adapter" | "connection">;
    }>;
    restartable(): Promise<{
        readonly via: Pick<AppOptions, "connection">;
        restart(): Promise<void>;
    }>;
    seam(options?: SeamOptions): Promise<Seam>;
    layout(channel: string, groups: readonly string[], over?: Partial<Layout>): Places;
    recorder(behaviour?: (data: any, delivery: any, seen: Recorder["seen"][number]) => unknown): Recorder;
    item(n: number, extra?: Partial<Item>): Item;
    until(holds: () => boolean | Promise<boolean>, what: string, withinMs?: number): Promise<void>;
    sleep(ms: number): Promise<void>;
    sendForeign(to: Destination, message: ForeignInput): Promise<void>;
    changed(): void;
    open(to: Places, adapter?: Adapter): Promise<Seam>;
    provision(all: readonly Destination[]): Promise<void>;
    deadLetters(channel: string, group: string, count: number): Promise<readonly DeadLetterCopy[]>;
    noDeadLetters(channel: string, group: string): Promise<void>;
    after(undo: () => unknown): void;
}

// cases/index.d.ts
import type { ContractCase } from "../case.ts";
export declare const cases: readonly ContractCase[];

// command/command.d.ts
import { type Outcome } from "./output.ts";
export interface CommandIo {
    out(text: string): void;
    err(text: string): void;
    readonly env: NodeJS.ProcessEnv;
    readonly cwd: string;
    readonly signal?: AbortSignal;
}
export interface CommandResult extends Outcome {
    readonly whole: boolean;
}
export declare function command(args: readonly string[], io: CommandIo): Promise<CommandResult>;

// command/output.d.ts
import { type CaseResult, type Report } from "../report.ts";
export interface Unopened {
    readonly harness: string;
    readonly error: unknown;
}
export interface Outcome {
    readonly exitCode: number;
    readonly ms: number;
    readonly reports: readonly Report[];
    readonly unopened: readonly Unopened[];
}
export declare function progressLine(harness: string, at: number, of: number, { id, status, ms, because, error, stalled }: CaseResult): string;
export declare function asJson({ exitCode, ms, reports, unopened }: Outcome): string;
export declare function asJUnit({ ms, reports, unopened }: Outcome): string;

// dead.d.ts
import type { Taken } from "./seam.ts";
export interface DeadLetterCopy {
    readonly id: string;
    readonly type: string;
    readonly body: string | Uint8Array;
    readonly headers: Readonly<Record<string, string>>;
    readonly hop: number;
    readonly key: string | undefined;
    readonly dead: {
        readonly reason: string;
        readonly code: string;
        readonly attempts: number;
        readonly channel: string;
        readonly group: string;
        readonly errorclass?: string;
        readonly firstat: string;
        readonly lastat: string;
    } | undefined;
    readonly at: number;
}
export declare function deadLetterOf({ delivery, at }: Taken): DeadLetterCopy;

// destinations.d.ts
import type { Destination, Model } from "@switchyard/core/driver";
export interface Layout {
    readonly prefix: string;
    readonly channel: string;
    readonly model: Model;
    readonly ordered: boolean;
    readonly groups: readonly string[];
    readonly holdMs: number;
    readonly partitions?: number;
    readonly nativeAttempts?: number;
    readonly types?: readonly string[];
    readonly settings?: Readonly<Record<string, unknown>>;
}
export interface Places {
    readonly to: Destination;
    readonly groups: Readonly<Record<string, Destination>>;
    readonly all: readonly Destination[];
}
export declare function places(layout: Layout): Places;

// faults.d.ts
export type Call = "send" | "receive" | "settle" | "extend";
export type Trouble = "cut" | "lose-reply" | "stall" | "throttle" | "error";
export interface EntryFault {
    readonly permanent?: boolean;
}
export interface FaultControl {
    next(call: Call, trouble: Trouble, times?: number): void;
    refuseEntries(call: "send", text: string, times: number, fault?: EntryFault): void;
    heal(): void;
    readonly hits: number;
    calls(call: Call): number;
}

// harness.d.ts
import type { Adapter, Destination, Model, Runtime } from "@switchyard/core/driver";
import type { ClaimStore } from "@switchyard/inbox";
import type { FaultControl } from "./faults.ts";
export declare const SHORT_HOLD_MS = 2000;
export declare const CASE_MS = 30000;
export interface ForeignInput {
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly key?: string;
    readonly id?: string;
}
export interface Exemption {
    readonly case: string;
    readonly because: string;
    readonly who: string;
}
export interface Harness {
    readonly name: string;
    readonly about?: string;
    readonly adapter: Adapter;
    readonly model: Model;
    readonly ordered: boolean;
    readonly settings?: Readonly<Record<string, unknown>>;
    readonly runsOn?: string;
    connect?(options: any): Promise<unknown>;
    connection(broker: string): Record<string, unknown>;
    runtime(): Runtime;
    faults?(): Promise<WireFaults>;
    restartable?(): Promise<RestartableBroker>;
    readonly native?: {
        sendForeign?(to: Destination, message: ForeignInput): Promise<void>;
        split?(of: Destination): Promise<void>;
        merge?(of: Destination): Promise<void>;
        trim?(of: Destination, keep: number): Promise<void>;
    };
    claimStore?(): ClaimStore;
    readonly limits?: {
        readonly holdMs?: number;
        readonly slackMs?: number;
        readonly bulk?: number;
        readonly balanceMs?: number;
        readonly caseMs?: number;
    };
    readonly parallel?: number;
    readonly exemptions?: readonly Exemption[];
}
export interface HarnessSource {
    readonly name: string;
    open(): Promise<Harness>;
    close?(): Promise<void>;
}
export interface RestartableBroker {
    readonly options: Record<string, unknown>;
    restart(): Promise<void>;
    close(): Promise<void>;
}
export interface WireFaults {
    readonly control: FaultControl;
    readonly options: Record<string, unknown>;
    close(): Promise<void>;
}

// index.d.ts
export type { CaseContext, ContractCase } from "./case.ts";
export { cases } from "./cases/index.ts";
export type { Call, EntryFault, FaultControl, Trouble } from "./faults.ts";
export { command, type CommandIo, type CommandResult } from "./command/command.ts";
export type { Outcome, Unopened } from "./command/output.ts";
export type { Exemption, ForeignInput, Harness, HarnessSource, RestartableBroker, WireFaults, } from "./harness.ts";
export { type Hooks, intercept } from "./intercept.ts";
export { type CaseResult, describe, matrix, notes, type Report, type Status, summary } from "./report.ts";
export { type RunOptions, runCase, runContract, skipReason } from "./run.ts";
export { seamFaults } from "./seam-faults.ts";
export { contract, type TestApi } from "./suite.ts";

// intercept.d.ts
import type { Adapter, Capabilities, Connection, Delivery, Depth, Destination, Existing, Fault, Lease, Outcome, Phase, Sent, Settlement, Tails, WireMessage } from "@switchyard/core/driver";
type ReceiverOptions = Parameters<Connection["receiver"]>[1];
export interface Hooks {
    capabilities?(declared: Capabilities, of: Destination): Capabilities;
    send?(batch: readonly WireMessage[], call: (batch: readonly WireMessage[]) => Promise<readonly Sent[]>, to: Destination, signal: AbortSignal): Promise<readonly Sent[]>;
    lease?(lease: Lease, from: Destination): unknown;
    receive?(max: number, call: (max: number) => Promise<readonly Delivery[] | null>, from: Destination, signal: AbortSignal, lease: Lease): Promise<readonly Delivery[] | null>;
    settle?(batch: readonly Settlement[], call: (batch: readonly Settlement[]) => Promise<readonly Outcome[]>, from: Destination, signal: AbortSignal, lease: Lease): Promise<readonly Outcome[]>;
    extend?(receipts: readonly unknown[], call: (receipts: readonly unknown[]) => Promise<readonly Outcome[]>, from: Destination, signal: AbortSignal): Promise<readonly Outcome[]>;
    existing?(found: Existing | undefined): Existing;
    receiver?(asked: ReceiverOptions): ReceiverOptions;
    release?(from: Destination): Promise<boolean>;
    close?(what: "sender" | "receiver" | "connection"): Promise<boolean>;
    depth?(found: readonly Depth[]): readonly Depth[];
    tails?(tails: Tails): Tails;
    classify?(cause: unknown, during: Phase): Fault | undefined;
}
export declare function intercept(adapter: Adapter, hooks: Hooks): Adapter;
export {};

// recorder.d.ts
export interface Seen {
    readonly id: string;
    readonly type: string;
    readonly data: any;
    readonly attempt: number;
    readonly key: string | undefined;
    readonly headers: Readonly<Record<string, string>>;
    readonly foreign: boolean;
    readonly delivery: any;
    readonly startedAt: number;
    endedAt: number | undefined;
}
type Behaviour = (data: any, delivery: any, seen: Seen) => unknown;
export declare class Recorder {
    #private;
    readonly seen: Seen[];
    running: number;
    mostRunning: number;
    constructor(clock: () => number, changed: () => void, behaviour?: Behaviour);
    readonly handle: (data: any, delivery: any) => Promise<void>;
    get ids(): string[];
    get numbers(): number[];
    of(n: number): Seen[];
    get done(): Seen[];
}
export {};

// report.d.ts
import type { ContractCase } from "./case.ts";
export type Status = "passed" | "failed" | "skipped" | "exempt" | "exempt-but-passes";
export interface CaseResult {
    readonly id: string;
    readonly clause: string;
    readonly title: string;
    readonly status: Status;
    readonly because?: string;
    readonly error?: unknown;
    readonly stalled?: readonly string[];
    readonly ms: number;
}
export interface Report {
    readonly harness: string;
    readonly results: readonly CaseResult[];
    readonly ok: boolean;
}
export declare function summary(reports: readonly Report[]): string;
export declare function describe(error: unknown): string;
export declare function matrix(cases: readonly ContractCase[], reports: readonly Report[]): string;
export declare function notes(reports: readonly Report[]): string;

// run.d.ts
import type { Capabilities } from "@switchyard/core/driver";
import type { ContractCase } from "./case.ts";
import { type Harness } from "./harness.ts";
import { type CaseResult, type Report } from "./report.ts";
export interface RunOptions {
    readonly cases?: readonly ContractCase[];
    readonly onResult?: (result: CaseResult) => void;
    readonly signal?: AbortSignal;
}
export declare function skipReason(each: ContractCase, harness: Harness, caps?: Capabilities): string | undefined;
export declare function runCase(each: ContractCase, harness: Harness, signal?: AbortSignal): Promise<void>;
export declare function parallelOf(harness: Harness): number;
export declare function startCases(harness: Harness, cases: readonly ContractCase[], parallel?: number, signal?: AbortSignal): ReadonlyMap<string, Promise<CaseResult>>;
export declare function runContract(harness: Harness, options?: RunOptions): Promise<Report>;

// schema.d.ts
export interface SmallSchema<I, O = I> {
    readonly "~standard": {
        readonly version: 1;
        readonly vendor: "switchyard-contract";
        readonly validate: (value: unknown) => {
            readonly value: O;
        } | {
            readonly issues: readonly {
                readonly message: string;
                readonly path?: readonly PropertyKey[];
            }[];
        };
        readonly types?: {
            readonly input: I;
            readonly output: O;
        };
    };
}
export interface Item {
    readonly n: number;
    readonly k?: string;
    readonly [extra: string]: unknown;
}
export declare const item: SmallSchema<Item>;
export declare const timed: SmallSchema<{
    at: string;
    k?: string;
}, {
    at: Date;
}>;
export declare const anything: SmallSchema<unknown, any>;

// seam-faults.d.ts
import type { Adapter } from "@switchyard/core/driver";
import type { FaultControl } from "./faults.ts";
export declare function seamFaults(adapter: Adapter): {
    readonly adapter: Adapter;
    readonly control: FaultControl;
};

// seam.d.ts
import type { Connection, Delivery, Destination, DriverEvent, Lease, Outcome, Position, ReceiverDriver, Runtime, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import type { Places } from "./destinations.ts";
export interface SeamOptions {
    readonly groups?: readonly string[];
    readonly holdMs?: number;
    readonly partitions?: number;
    readonly nativeAttempts?: number;
    readonly types?: readonly string[];
    readonly ordered?: boolean;
    readonly provision?: boolean;
}
export interface Taken {
    readonly lease: Lease;
    readonly delivery: Delivery;
    readonly at: number;
}
export declare class Reader {
    #private;
    readonly driver: ReceiverDriver;
    readonly leases: Lease[];
    readonly ended: Lease[];
    constructor(driver: ReceiverDriver, runtime: Runtime, changed: () => void, patienceMs: number);
    lease(nth?: number): Promise<Lease>;
    once(max: number, waitMs: number): Promise<Taken[]>;
    take(count: number, options?: {
        readonly withinMs?: number;
        readonly max?: number;
        readonly ack?: boolean;
    }): Promise<Taken[]>;
    watch(forMs: number, ack?: boolean): Promise<Taken[]>;
    settle(taken: readonly Taken[], action?: "ack" | "release" | {
        readonly retryMs: number;
    } | {
        readonly releaseMs: number;
    }): Promise<Outcome[]>;
    close(): Promise<void>;
}
export declare class Seam {
    #private;
    readonly places: Places;
    readonly connection: Connection;
    readonly events: readonly DriverEvent[];
    constructor(places: Places, connection: Connection, events: readonly DriverEvent[], runtime: Runtime, holdMs: number, changed: () => void, patienceMs: number);
    sender(to?: Destination): Promise<SenderDriver>;
    reader(group?: string, options?: {
        readonly start?: Position;
        readonly prefetch?: number;
        readonly holdMs?: number;
    }): Promise<Reader>;
    readerOf(from: Destination, options?: {
        readonly start?: Position;
        readonly prefetch?: number;
        readonly holdMs?: number;
    }): Promise<Reader>;
    send(messages: readonly WireMessage[], through?: SenderDriver): Promise<Sent[]>;
    close(): Promise<void>;
}

// suite.d.ts
import type { ContractCase } from "./case.ts";
import type { Harness } from "./harness.ts";
export interface TestApi {
    readonly describe?: (name: string, body: () => void) => unknown;
    readonly test: ((name: string, body: () => Promise<void>) => unknown) & {
        readonly skip?: (name: string, body: () => void) => unknown;
    };
}
export declare function contract(harness: Harness, api: TestApi, cases?: readonly ContractCase[]): void;
