// @switchyard/memory: index.d.ts
// @switchyard/memory/testing: testing/index.d.ts

// adapter.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type MemoryOptions, type ResolvedOptions } from "./options.ts";
interface Keeps {
    queue: "ordering" | "delay" | "fairness";
    pubsub: "ordering" | "delay" | "fairness";
    stream: "ordering" | "replay";
}
export declare const adapter: Adapter<ResolvedOptions, Keeps>;
export declare function memory<const O extends MemoryOptions = MemoryOptions>(options?: O): {
    readonly use: typeof adapter;
} & O;
export {};

// broker/broker.d.ts
import type { Destination, Runtime, WireMessage } from "@switchyard/core/driver";
import { Clock } from "./clock.ts";
import { InjectedFaults } from "./injected-faults.ts";
import type { Log } from "./log.ts";
import type { Queue } from "./queue.ts";
import type { Topic } from "./topic.ts";
export interface Watch {
    published(to: Destination, message: WireMessage, id: string): void;
}
export interface Droppable {
    drop(): void;
}
export declare class Broker {
    readonly clock: Clock;
    readonly queues: Map<string, Queue>;
    readonly topics: Map<string, Topic>;
    readonly logs: Map<string, Log>;
    readonly faults: InjectedFaults;
    readonly connections: Set<Droppable>;
    readonly hinted: Set<string>;
    deadLetters: number;
    watch: Watch | undefined;
    constructor(runtime: Runtime);
}

// broker/clock.d.ts
import type { Runtime } from "@switchyard/core/driver";
export declare class Clock {
    #private;
    readonly runtime: Runtime;
    constructor(runtime: Runtime);
    now(): number;
    after(ms: number): number;
    until(time: number): number;
    toMonotonic(time: number): number;
    toEpoch(time: number): number;
    fromEpoch(at: number): number;
}

// broker/dedup.d.ts
export declare class Accepted {
    readonly id: string;
    readonly position?: string;
    constructor(id: string, position?: string);
}
export declare class Dedup<T> {
    #private;
    constructor(windowMs: number);
    get on(): boolean;
    find(id: string | undefined, now: number): T | undefined;
    remember(id: string | undefined, now: number, answer: T): void;
}

// broker/due-heap.d.ts
export interface Due {
    due: number;
    slot: number;
}
export declare class DueHeap<T extends Due> {
    #private;
    get size(): number;
    get next(): T | undefined;
    add(entry: T): void;
    moved(entry: T): void;
    remove(entry: T): void;
    clear(): void;
    [Symbol.iterator](): Iterator<T>;
}

// broker/injected-faults.d.ts
import { MemoryFault } from "../errors.ts";
export type FailKind = "retryable" | "throttled" | "permanent" | "auth" | "config";
export declare class InjectedFaults {
    #private;
    onDrop(drop: () => void): void;
    ambiguousPublish(times?: number, options?: {
        readonly stored?: boolean;
    }): void;
    failPublish(times?: number, kind?: FailKind): void;
    failReceive(times?: number, kind?: FailKind): void;
    loseAcks(times?: number, options?: {
        readonly reply?: "ok" | "error";
    }): void;
    duplicate(times?: number): void;
    dropConnection(): void;
    clear(): void;
    takeSend(): {
        readonly stored: boolean;
    } | undefined;
    takeRefusal(): MemoryFault | undefined;
    takeReceive(): MemoryFault | undefined;
    takeAck(): "ok" | "error" | undefined;
    takeDuplicate(): boolean;
}

// broker/log-group.d.ts
import type { Position } from "@switchyard/core/driver";
import { type Checkpoint, LeaseEngine, type LeaseStore, type ShardSource } from "@switchyard/leases";
import type { Clock } from "./clock.ts";
import type { LogRecord, Partition } from "./partition.ts";
export interface GroupedLog {
    readonly name: string;
    readonly clock: Clock;
    readonly partitions: ReadonlyMap<string, Partition>;
    readonly seq: number;
    trim(): void;
}
export declare class LogGroup {
    #private;
    readonly name: string;
    readonly store: LeaseStore;
    readonly source: ShardSource;
    constructor(name: string, log: GroupedLog, start: Position);
    engine(worker: string): LeaseEngine;
    close(engine: LeaseEngine): Promise<void>;
    tell(): void;
    holder(partition: string): string | undefined;
    read(partition: string, token: number, offset: number): void;
    readTo(partition: string): number;
    handedOut(): LogRecord[];
    checkpoint(id: string): number;
    offsetAfter(at: Checkpoint, partition: Partition): number;
    revoke(partition: string): Promise<void>;
    seek(to: Position, signal: AbortSignal): Promise<void>;
}

// broker/log.d.ts
import type { Position, WireMessage } from "@switchyard/core/driver";
import type { Clock } from "./clock.ts";
import { Accepted, Dedup } from "./dedup.ts";
import { LogGroup } from "./log-group.ts";
import { Partition } from "./partition.ts";
export declare class Log {
    #private;
    readonly name: string;
    readonly clock: Clock;
    readonly retentionMs: number;
    readonly dedup: Dedup<Accepted>;
    readonly partitions: Map<string, Partition>;
    readonly groups: Map<string, LogGroup>;
    constructor(name: string, partitions: number, retentionMs: number, dedupMs: number, clock: Clock);
    get open(): readonly Partition[];
    accept(kept: WireMessage, { key }: WireMessage, now: number): Accepted;
    serve(): void;
    trim(): void;
    group(name: string, start: Position): LogGroup;
    split(id: string): void;
    merge(first: string, second: string): void;
    reshard(count: number): void;
    purge(): void;
    get seq(): number;
}

// broker/partition.d.ts
import type { Position, WireMessage } from "@switchyard/core/driver";
import { Waiters } from "./waiters.ts";
import type { Clock } from "./clock.ts";
export interface LogRecord {
    readonly seq: number;
    readonly message: WireMessage;
    readonly at: number;
}
export declare class Partition {
    #private;
    readonly id: string;
    readonly from: number;
    readonly to: number;
    readonly parents: readonly string[];
    readonly waiters: Waiters<undefined, undefined>;
    closed: boolean;
    first: number;
    purged: number;
    constructor(id: string, from: number, to: number, parents: readonly string[], clock: Clock);
    get end(): number;
    append(record: LogRecord): void;
    read(offset: number): LogRecord | undefined;
    trim(limit: number): void;
    clear(): void;
    close(): void;
    after(seq: number): number;
    hasTrimmedAfter(seq: number): boolean;
    offset(position: Position, clock: Clock): number;
}
export declare function hashKey(key: string): number;

// broker/queue.d.ts
import type { WireMessage } from "@switchyard/core/driver";
import type { Clock } from "./clock.ts";
import { Accepted, Dedup } from "./dedup.ts";
import { Hold, StoredMessage } from "./stored-message.ts";
import { LinkedList } from "@switchyard/core/driver-kit";
import type { Rules } from "./rules.ts";
import { Waiters } from "./waiters.ts";
export interface TakeRequest {
    readonly max: number;
    readonly holdMs: number;
    readonly holder: object;
}
export interface NativeDeadLetter {
    readonly attempts: number;
    readonly name: string;
    readonly to: () => Queue | undefined;
}
export declare class Queue {
    #private;
    readonly name: string;
    rules: Rules;
    readonly dedup: Dedup<Accepted>;
    readonly waiters: Waiters<TakeRequest, Hold[]>;
    deadLetter: NativeDeadLetter | undefined;
    sources: Set<Queue> | undefined;
    consumed: boolean;
    readonly all: LinkedList<StoredMessage>;
    held: number;
    delayed: number;
    constructor(name: string, rules: Rules, clock: Clock);
    accept(kept: WireMessage, given: WireMessage, now: number): Accepted;
    put(message: WireMessage, delayMs: number, now?: number): string;
    take(request: TakeRequest): Hold[];
    wait(request: TakeRequest, waitMs: number, signal: AbortSignal): Promise<Hold[] | undefined>;
    serve(): void;
    ack(hold: Hold, now: number): boolean;
    giveBack(hold: Hold, delayMs: number, attempts: number | undefined): boolean;
    extend(hold: Hold, forMs: number): boolean;
    look(now?: number): void;
    takeBack(holder: object): void;
    purge(): void;
    get ready(): number;
}

// broker/registry.d.ts
import type { Runtime } from "@switchyard/core/driver";
import { Broker } from "./broker.ts";
import type { ResolvedOptions } from "../options.ts";
export declare function brokerFor(options: ResolvedOptions, runtime: Runtime): Broker;
export declare function brokerOf(options: ResolvedOptions): Broker | undefined;
export declare function openBroker(name: string, runtime: Runtime): Broker;
export declare const brokerNamed: (name: string) => Broker | undefined;
export declare function forgetBroker(name: string): void;

// broker/rules.d.ts
import type { Form } from "../profiles.ts";
export interface Rules {
    readonly form: Form;
    readonly ordered: boolean;
    readonly keyBatches: boolean;
    readonly partitions?: number;
    readonly returnsByHold: boolean;
    readonly countsFailures: boolean;
    readonly late: "lost" | "accepted";
    readonly consumerTimeoutMs?: number;
    readonly holdLimitMs?: number;
    readonly receiveLimit: number;
    readonly heldLimit?: number;
    readonly dedupMs: number;
    readonly retentionMs: number;
    readonly expiry: "removed" | "dead";
    readonly duplicates: number;
}

// broker/stored-message.d.ts
import type { WireMessage } from "@switchyard/core/driver";
import type { Linked, Listed } from "@switchyard/core/driver-kit";
import type { Due } from "./due-heap.ts";
type State = typeof READY | typeof HELD | typeof DELAYED | typeof GONE;
export declare const READY = 0;
export declare const HELD = 1;
export declare const DELAYED = 2;
export declare const GONE = 3;
export declare class StoredMessage implements Linked<StoredMessage | Lane>, Listed<StoredMessage> {
    #private;
    readonly seq: number;
    readonly message: WireMessage;
    at: number;
    hold: Hold | null;
    older: StoredMessage | undefined;
    newer: StoredMessage | undefined;
    next: StoredMessage | Lane | undefined;
    constructor(seq: number, message: WireMessage, at: number);
    get state(): State;
    set state(state: State);
    get attempts(): number;
    set attempts(attempts: number);
}
export declare class Hold implements Due {
    readonly item: StoredMessage;
    due: number;
    slot: number;
    holder: object | null;
    readonly from: number;
    constructor(item: StoredMessage, from: number, due: number, holder: object | null);
}
export declare class LaneMessage extends StoredMessage {
    lane: Lane;
    after: LaneMessage | null;
    constructor(seq: number, message: WireMessage, at: number, lane: Lane);
}
export declare const laneOf: (item: StoredMessage) => Lane | null;
export declare const dueOf: (item: StoredMessage) => number;
export declare class Lane implements Linked<StoredMessage | Lane> {
    readonly id: string;
    readonly serial: boolean;
    head: LaneMessage | null;
    tail: LaneMessage | null;
    out: number;
    holder: object | null;
    returning: boolean;
    queued: boolean;
    next: StoredMessage | Lane | undefined;
    constructor(id: string, serial: boolean);
    insert(item: LaneMessage): void;
    first(): LaneMessage | null;
    shift(): LaneMessage | null;
}
export {};

// broker/topic.d.ts
import type { WireMessage } from "@switchyard/core/driver";
import { Accepted, Dedup } from "./dedup.ts";
import type { Queue } from "./queue.ts";
interface Subscription {
    readonly queue: Queue;
    readonly types: ReadonlySet<string> | undefined;
    readonly filter: string;
}
export declare class Topic {
    #private;
    readonly name: string;
    readonly dedup: Dedup<Accepted>;
    constructor(name: string, dedupMs: number);
    get groups(): ReadonlyMap<string, Subscription>;
    subscribe(group: string, queue: Queue, types: readonly string[] | undefined, filter: string): void;
    unsubscribe(group: string): void;
    accept(kept: WireMessage, given: WireMessage, now: number): Accepted;
    serve(): void;
}
export {};

// broker/waiters.d.ts
import type { Runtime } from "@switchyard/core/driver";
export declare class Waiter<Request, Answer> {
    #private;
    readonly request: Request;
    readonly signal: AbortSignal;
    readonly until: number;
    constructor(of: Waiters<Request, Answer>, request: Request, until: number, signal: AbortSignal, resolve: (value: Answer | undefined) => void);
    get open(): boolean;
    answer(value: Answer | undefined): void;
}
export declare class Waiters<Request, Answer> {
    #private;
    constructor(runtime: Runtime, unanswered?: () => void);
    get size(): number;
    wait(request: Request, ms: number, signal: AbortSignal): Promise<Answer | undefined>;
    get first(): Waiter<Request, Answer> | undefined;
    get all(): readonly Waiter<Request, Answer>[];
    left(): void;
    dismiss(whose: (request: Request) => boolean): void;
    wakeAll(): void;
}

// control.d.ts
import type { Broker } from "./broker/broker.ts";
import type { InjectedFaults } from "./broker/injected-faults.ts";
import type { ResolvedOptions } from "./options.ts";
export interface Control {
    readonly faults: InjectedFaults;
    backlog(name: string, group?: string): number;
    partitions(stream: string): readonly string[];
    split(stream: string, partition: string): void;
    merge(stream: string, first: string, second: string): void;
    reshard(stream: string, count: number): void;
    revoke(stream: string, group: string, partition: string): Promise<void>;
}
export declare function controlFor(broker: Broker): Control;
export declare function controlOf(options: ResolvedOptions): Control | undefined;
export declare function control(name: string): Control | undefined;

// errors.d.ts
import type { Fault, Phase } from "@switchyard/core/driver";
export declare class MemoryFault extends Error {
    readonly name = "MemoryFault";
    readonly fault: Fault;
    constructor(kind: Fault["kind"], code: string, hint: string);
}
export declare const LOST: {
    readonly cause: MemoryFault;
};
export declare function classify(cause: unknown, during: Phase): Fault;
export declare const closed: (what: string) => MemoryFault;
export declare const notFound: (resource: "queue" | "topic" | "stream", name: string) => MemoryFault;

// index.d.ts
export { adapter, memory } from "./adapter.ts";
export type { MemoryOptions } from "./options.ts";

// options.d.ts
import type { Duration } from "@switchyard/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Profile } from "./profiles.ts";
export interface MemoryOptions {
    readonly broker?: string;
    readonly profile?: Profile;
    readonly retention?: Duration;
    readonly dedup?: Duration;
    readonly duplicates?: number;
    readonly maxMessageBytes?: number;
}
export interface ResolvedOptions {
    readonly broker: string | undefined;
    readonly profile: Profile | undefined;
    readonly retentionMs: number;
    readonly dedupMs: number;
    readonly duplicates: number;
    readonly maxMessageBytes: number;
}
export declare const optionsSchema: StandardSchemaV1<MemoryOptions | undefined, ResolvedOptions>;

// profiles.d.ts
import type { Destination } from "@switchyard/core/driver";
export declare const PROFILES: readonly ["sqs", "sqs-fifo", "sns", "kinesis", "rabbitmq-queue", "rabbitmq-stream"];
export type Profile = (typeof PROFILES)[number];
export type Form = "memory" | "sqs" | "sqs-fifo" | "kinesis" | "rabbitmq";
export declare const isSqs: (form: Form | undefined) => form is "sqs" | "sqs-fifo";
export declare const FIFO_DEDUP_MS = 300000;
export declare const SQS_HOLD_MS: number;
export declare const CONSUMER_TIMEOUT_MS: number;
export declare function formOf({ model, ordered }: Pick<Destination, "model" | "ordered">, { profile }: {
    readonly profile: Profile | undefined;
}): Form | undefined;
export declare const RETENTION: Readonly<Record<Profile, {
    readonly fallback: number;
    readonly least: number;
    readonly most: number;
}>>;
export declare const LARGEST: Readonly<Record<Profile, {
    readonly fallback: number;
    readonly most: number;
}>>;

// testing/deliver.d.ts
import type { AnyChannel, Consumer, PayloadOf, TypeOf } from "@switchyard/core";
import { type AttemptOptions, type AttemptResult } from "@switchyard/core/testing";
import type { PolicyInput } from "./settings.ts";
export interface DeliverOptions extends AttemptOptions {
    readonly policy?: PolicyInput;
}
export declare function deliver<C extends AnyChannel, const K extends TypeOf<C>>(consumer: Consumer<C>, type: K, data: PayloadOf<C, K>, options?: DeliverOptions): Promise<AttemptResult>;

// testing/index.d.ts
export type { AttemptResult } from "@switchyard/core/testing";
export { type Control, control } from "../control.ts";
export type { FailKind, InjectedFaults } from "../broker/injected-faults.ts";
export { forgetBroker } from "../broker/registry.ts";
export { deliver, type DeliverOptions } from "./deliver.ts";
export type { BrokerMessage, DeadMessage } from "./inspect.ts";
export type { TestbedOptions } from "./settings.ts";
export { type BedClock, type Testbed, testbed } from "./testbed.ts";

// testing/inspect.d.ts
import type { AnyChannel, Messaging } from "@switchyard/core";
import { type ReadMessage } from "@switchyard/core/testing";
import type { Broker, Watch } from "../broker/broker.ts";
export type BrokerMessage = Omit<ReadMessage, "dead">;
export interface DeadMessage extends BrokerMessage {
    readonly reason: string;
    readonly code: string;
    readonly attempts: number;
    readonly errorClass?: string;
}
export declare class Inspection {
    #private;
    constructor(broker: () => Broker | undefined, messaging: () => Messaging | undefined);
    readonly watch: Watch;
    published(channel: AnyChannel): readonly BrokerMessage[];
    dead(channel: AnyChannel, group: string): readonly DeadMessage[];
    inFlight(channel: AnyChannel, group: string): readonly BrokerMessage[];
}

// testing/settings.d.ts
import type { AnyChannel, ConfigInput, ConnectOptions, Consumer, Duration, Model, Observe } from "@switchyard/core";
import type { MemoryOptions } from "../options.ts";
export type PolicyInput = NonNullable<ConfigInput["policies"]>[string];
export interface TestbedOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> {
    readonly channels: Channels;
    readonly service?: string;
    readonly policy?: PolicyInput;
    readonly model?: Model | Readonly<Record<string, Model>>;
    readonly groups?: Readonly<Record<string, readonly string[]>>;
    readonly broker?: Omit<MemoryOptions, "broker">;
    readonly config?: string | ConfigInput;
    readonly profile?: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly seed?: number;
    readonly start?: Date | number;
    readonly patience?: Duration;
    readonly observe?: Observe;
}
export declare function settingsFor(options: TestbedOptions, consumers: readonly Consumer[], broker: string): Pick<ConnectOptions, "config" | "profile" | "env" | "adapters">;

// testing/testbed.d.ts
import { type AnyChannel, type AnyDelivery, type Duration, type Messaging, type MessagingEvent } from "@switchyard/core";
import { type VirtualRuntime } from "@switchyard/core/testing";
import { type Control } from "../control.ts";
import type { InjectedFaults } from "../broker/injected-faults.ts";
import { type BrokerMessage, type DeadMessage } from "./inspect.ts";
import { type TestbedOptions } from "./settings.ts";
export interface BedClock {
    advance(by: Duration): Promise<void>;
    now(): Date;
    sleep(ms: Duration): Promise<void>;
}
export interface Testbed<C extends AnyChannel = AnyChannel> extends AsyncDisposable {
    readonly messaging: Messaging<C>;
    readonly clock: BedClock;
    settled(): Promise<void>;
    until(condition: () => boolean): Promise<void>;
    published(channel: C): readonly BrokerMessage[];
    delivered(channel: C, group: string): readonly AnyDelivery[];
    dead(channel: C, group: string): readonly DeadMessage[];
    inFlight(channel: C, group: string): readonly BrokerMessage[];
    readonly faults: InjectedFaults;
    readonly broker: Control;
    readonly events: readonly MessagingEvent[];
    readonly runtime: VirtualRuntime;
}
export declare function testbed<const Channels extends readonly AnyChannel[]>(options: TestbedOptions<Channels>): Promise<Testbed<Channels[number]>>;
