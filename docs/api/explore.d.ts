// @switchyard/explore: index.d.ts

// check-handler.d.ts
import { type AnyChannel, type Consumer, type PayloadOf, type TypeOf } from "@switchyard/core";
import type { Effects } from "./effects.ts";
import type { PolicyInput, ServiceTools } from "./scenario.ts";
export type HandlerTools = Pick<ServiceTools<any, object>, "messaging" | "clock">;
export interface CheckHandlerOptions<W extends object = object> {
    readonly effects?: () => W;
    readonly state?: (world: W) => unknown;
    readonly reads?: readonly string[];
    readonly channels?: readonly AnyChannel[];
    readonly policy?: PolicyInput;
    readonly onFailure?: "throw" | "return";
}
export interface HandlerFinding {
    readonly step: string;
    readonly difference: string;
    readonly text: string;
}
export interface HandlerReport {
    readonly effects: readonly string[];
    readonly runs: number;
    readonly findings: readonly HandlerFinding[];
    readonly notices: readonly string[];
}
type Made<C extends AnyChannel, W extends object> = Consumer<C> | ((effects: Effects<W>, tools: HandlerTools) => Consumer<C>);
export declare function checkHandler<C extends AnyChannel, const K extends TypeOf<C>, W extends object = object>(consumer: Made<C, W>, type: K, data: PayloadOf<C, K>, options?: CheckHandlerOptions<W>): Promise<HandlerReport>;
export {};

// choices.d.ts
export declare const SITE: {
    readonly send: 0;
    readonly ack: 1;
    readonly receive: 2;
    readonly before: 3;
    readonly after: 4;
    readonly trouble: 5;
    readonly when: 6;
    readonly whom: 7;
    readonly play: 8;
    readonly extend: 9;
    readonly lease: 10;
    readonly verdicts: 11;
};
export type Site = (typeof SITE)[keyof typeof SITE];
export type Choice = readonly [site: Site, subject: number, place: number, value: number];
export interface Start {
    readonly seed: number;
    readonly choices?: readonly Choice[];
    readonly recorded?: boolean;
}
export declare function hashOf(text: string): number;
export declare class Choices {
    #private;
    readonly record: Choice[];
    constructor(start: Start, random: () => number, apart: () => number);
    get trace(): number;
    get repeats(): boolean;
    begin(): void;
    choose(site: Site, subject: number, options: number, weight?: number): number;
    chooseApart(site: Site, subject: number, options: number, share: number): number;
}
export interface Replay {
    readonly seed: number;
    readonly code: number;
    readonly trace: number;
    readonly choices: readonly Choice[];
}
export declare function written({ seed, code, trace, choices }: Replay): string;
export declare function readReplay(line: string): Replay;

// clock.d.ts
import { type Runtime } from "@switchyard/core";
export declare const turn: () => Promise<void>;
export interface Owner {
    readonly dead: boolean;
    readonly pausedUntil: number;
    readonly skewMs: number;
}
declare class Timer implements Disposable {
    due: number;
    readonly order: number;
    readonly owner: Owner;
    readonly fn: () => void;
    open: boolean;
    forget: (() => void) | undefined;
    constructor(due: number, order: number, owner: Owner, fn: () => void);
    [Symbol.dispose](): void;
}
export declare class Clock {
    #private;
    elapsed: number;
    rejections: boolean;
    turns: number;
    get now(): number;
    runtimeFor(owner: Owner, seed: number): Runtime;
    timer(owner: Owner, ms: number, fn: () => void): Timer;
    sleep(owner: Owner, ms: number): Promise<void>;
    get due(): number | undefined;
    pending(owner: Owner): number;
    next(): void;
    end(): void;
    atTurn(turn: number, act: () => void): void;
    drain(): Promise<void>;
}
export {};

// context.d.ts
export interface Frame {
    readonly process: string;
    readonly message: number;
    waits: number;
    readonly running: string[];
    last: string | undefined;
    ended: boolean;
    begins(name: string): void;
    ends(name: string): void;
    perform<T>(name: string, args: readonly unknown[], act: () => T | Promise<T>): Promise<T>;
    readonly now: () => number;
    readonly random: () => number;
    readonly uuid: () => string;
}
export declare const currentFrame: () => Frame | undefined;
export declare const within: <T>(frame: Frame, run: () => T) => T;

// courses.d.ts
export declare class Courses {
    #private;
    get empty(): boolean;
    learn(course: string, effect: string): void;
    after(effect: string): string;
}

// effects.d.ts
import { type Frame } from "./context.ts";
type AsyncOf<F> = F extends (...given: infer A) => infer R ? R extends PromiseLike<unknown> ? F : (...given: A) => Promise<R> : never;
declare const untouched: unique symbol;
export type AsItIs<T> = T & {
    readonly [untouched]: true;
};
export declare function asItIs<T extends object>(value: T): AsItIs<T>;
export type Effects<W> = {
    readonly [K in keyof W]: W[K] extends (...given: never[]) => unknown ? AsyncOf<W[K]> : W[K] extends AsItIs<infer T> ? T : W[K] extends readonly unknown[] | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | Date ? W[K] : W[K] extends object ? {
        readonly [M in keyof W[K]]: W[K][M] extends (...given: never[]) => unknown ? AsyncOf<W[K][M]> : W[K][M];
    } : W[K];
};
export declare function effect<A extends readonly unknown[], R>(name: string, act: (...given: A) => R | Promise<R>): (...given: A) => Promise<R>;
export declare function effectsOf<W extends object>(world: W, perform: Frame["perform"], path?: string, depth?: number): Effects<W>;
export {};

// explore.d.ts
import { type AnyChannel, type Duration } from "@switchyard/core";
import type { Scenario } from "./scenario.ts";
export interface ExploreOptions {
    readonly seeds?: number;
    readonly budget?: Duration;
    readonly shrink?: Duration;
    readonly seed?: number;
    readonly replay?: string;
    readonly onFailure?: "throw" | "return";
}
export interface Failure {
    readonly name: string;
    readonly text: string;
    readonly steps: readonly string[];
    readonly replay: string;
    readonly shrinks: number;
}
export interface ExploreReport {
    readonly runs: number;
    readonly failure: Failure | undefined;
    readonly notices: readonly string[];
    readonly reached: Readonly<Record<string, number>>;
}
export declare function explore<const Channels extends readonly AnyChannel[], W extends object>(scenario: Scenario<Channels, W>, options?: ExploreOptions): Promise<ExploreReport>;

// faults.d.ts
export interface Faults {
    readonly crash: boolean;
    readonly pause: boolean;
    readonly slow: boolean;
    readonly effect: boolean;
    readonly duplicate: boolean;
    readonly delay: boolean;
    readonly publish: boolean;
    readonly throttle: boolean;
    readonly refuse: boolean;
    readonly receive: boolean;
    readonly ack: boolean;
    readonly extend: boolean;
    readonly cut: boolean;
    readonly clock: boolean;
    readonly restart: boolean;
    readonly join: boolean;
    readonly reshard: boolean;
}
export declare const ALL_FAULTS: Faults;

// index.d.ts
export { asItIs, type AsItIs, effect, type Effects } from "./effects.ts";
export { checkHandler, type CheckHandlerOptions, type HandlerFinding, type HandlerReport, type HandlerTools, } from "./check-handler.ts";
export { memoryOutbox, type MemoryOutbox, type OutboxRow } from "./outbox.ts";
export { explore, type ExploreOptions, type ExploreReport, type Failure } from "./explore.ts";
export type { Accepted, Clock, Eventually, Facts, Never, PlayTools, Scenario, Service, ServiceTools, } from "./scenario.ts";
export type { Faults } from "./faults.ts";

// ledger.d.ts
import type { AnyChannel, AnyDelivery } from "@switchyard/core";
import type { Accepted, Facts } from "./scenario.ts";
import type { Story } from "./story.ts";
export declare class Ledger {
    #private;
    readonly groups: Map<string, Set<string>>;
    wrong: {
        readonly name: string;
        readonly text: string;
    } | undefined;
    mostDeliveries: number;
    readonly facts: Facts;
    constructor(channels: readonly AnyChannel[], story: Story);
    befell(fault: string, message: number): void;
    group(channel: string, group: string): void;
    asked(by: string, channel: AnyChannel, message: Accepted, number: number): void;
    accepted(id: string): void;
    refused(id: string): void;
    begins(group: string, deliveries: readonly AnyDelivery[], worker: string, waking: boolean): void;
    resharded(channel: string): void;
    left(group: string, delivery: AnyDelivery): void;
    died(worker: string): void;
    handled(group: string, id: string): void;
    end(group: string, id: string, how: string): void;
    lost(): Generator<string>;
    mostDelivered(): {
        readonly name: string;
        readonly count: number;
    };
}

// outbox.d.ts
import type { AnyChannel, Messaging, PayloadOf, TypeOf } from "@switchyard/core";
import type { RunState } from "./state.ts";
import type { Worker } from "./worker.ts";
export interface OutboxRow {
    readonly id: string;
    readonly channel: string;
    readonly type: string;
    readonly data: unknown;
}
export declare class MemoryOutbox {
    #private;
    get rows(): readonly OutboxRow[];
    store<C extends AnyChannel, const K extends TypeOf<C>>(channel: C, type: K, data: PayloadOf<C, K>, options?: {
        readonly id?: string;
    }): string;
    static take(box: MemoryOutbox, now: number): (OutboxRow & {
        readonly of: AnyChannel;
    }) | undefined;
    static delete(box: MemoryOutbox, id: string): void;
    static stored(box: MemoryOutbox): Promise<void>;
}
export declare const memoryOutbox: () => MemoryOutbox;
export declare function outboxesOf(world: object): readonly (readonly [name: string, box: MemoryOutbox])[];
export declare function relay(state: RunState, worker: Worker, name: string, box: MemoryOutbox, messaging: () => Messaging | undefined): Promise<void>;

// prepared.d.ts
import type { AnyChannel } from "@switchyard/core";
import { type ResolvedConfig } from "@switchyard/core/testing";
import { Courses } from "./courses.ts";
import type { Scenario } from "./scenario.ts";
export type AnyScenario = Scenario<readonly AnyChannel[], any>;
export type Groups = ReadonlyMap<string, ReadonlySet<string>>;
export interface PreparedConfig extends ResolvedConfig {
    readonly holdMs: number;
}
type Named<Kind extends "never" | "eventually" | "sometimes"> = readonly [
    string,
    NonNullable<AnyScenario[Kind]>[string]
];
export declare class Prepared {
    #private;
    readonly scenario: AnyScenario;
    readonly never: readonly Named<"never">[];
    readonly eventually: readonly Named<"eventually">[];
    readonly sometimes: readonly Named<"sometimes">[];
    readonly courses: Courses;
    turns: number;
    loaded: boolean;
    constructor(scenario: AnyScenario);
    config(groups: Groups): Promise<PreparedConfig>;
}
export {};

// scenario.d.ts
import type { AnyChannel, ConfigInput, Consumer, Duration, Messaging, Model, Observe, PayloadOf, PublishOptions, TypeOf } from "@switchyard/core";
import type { Effects } from "./effects.ts";
import type { Faults } from "./faults.ts";
export type PolicyInput = NonNullable<ConfigInput["policies"]>[string];
export interface Clock {
    now(): Date;
    sleep(time: Duration, signal?: AbortSignal): Promise<void>;
}
export interface ServiceTools<C extends AnyChannel, W extends object> {
    readonly world: Effects<W>;
    readonly messaging: Messaging<C>;
    readonly clock: Clock;
}
export type Service<C extends AnyChannel, W extends object> = (tools: ServiceTools<C, W>) => Consumer<any> | readonly Consumer<any>[];
export interface PlayTools<C extends AnyChannel> {
    publish<X extends C, const K extends TypeOf<X>>(channel: X, type: K, data: PayloadOf<X, K>, options?: PublishOptions<X>): Promise<void>;
    readonly clock: Clock;
    choose(options: number): number;
}
export interface Accepted {
    readonly channel: string;
    readonly type: string;
    readonly data: any;
    readonly id: string;
}
export interface Facts {
    readonly accepted: readonly Accepted[];
    handled(group: string): number;
    befell(id: string, fault: keyof Faults): boolean;
    happened(fault: keyof Faults): number;
    readonly refused: readonly Accepted[];
    dead(group: string): readonly Accepted[];
}
export type Never<W> = (world: W, facts: Facts) => boolean | string | void;
export type Eventually<W> = (world: W, facts: Facts) => boolean | string | void;
type Models<M extends Model> = M | Readonly<Record<string, M>>;
type Place = {
    readonly on?: "memory";
    readonly model?: Models<Model>;
} | {
    readonly on: "sqs" | "sqs-fifo";
    readonly model?: Models<"queue">;
} | {
    readonly on: "sns";
    readonly model: Models<"pubsub">;
} | {
    readonly on: "rabbitmq-queue";
    readonly model?: Models<"queue" | "pubsub">;
} | {
    readonly on: "kinesis" | "rabbitmq-stream";
    readonly model: Models<"stream">;
};
type Settings = (Place & {
    readonly config?: never;
    readonly profile?: never;
    readonly policy?: PolicyInput;
    readonly group?: NonNullable<NonNullable<ConfigInput["channels"]>[string]["groups"]>[string];
}) | {
    readonly config: string | ConfigInput;
    readonly profile?: string;
    readonly on?: Place["on"];
    readonly model?: never;
    readonly policy?: never;
    readonly group?: never;
};
export type Scenario<Channels extends readonly AnyChannel[], W extends object> = Settings & {
    readonly channels: Channels;
    readonly world: () => W;
    readonly services: Readonly<Record<string, Service<Channels[number], NoInfer<W>>>>;
    readonly processes?: number;
    readonly play: (tools: PlayTools<Channels[number]>) => Promise<unknown> | void;
    readonly never?: Readonly<Record<string, Never<NoInfer<W>>>>;
    readonly eventually?: Readonly<Record<string, Eventually<NoInfer<W>>>>;
    readonly compare?: {
        readonly expected: (accepted: readonly Accepted[]) => unknown;
        readonly actual: (world: NoInfer<W>) => unknown;
    };
    readonly observe?: Observe;
    readonly faults?: Partial<Faults>;
    readonly sometimes?: Readonly<Record<string, (world: NoInfer<W>, facts: Facts) => boolean>>;
};
export {};

// seam.d.ts
import type { Adapter } from "@switchyard/core/driver";
import type { Owner } from "./clock.ts";
import type { RunState } from "./state.ts";
export interface SeamOwner extends Owner {
    readonly name: string;
    readonly number: number;
    readonly shut: boolean;
    readonly frames: ReadonlySet<unknown>;
    busy: number;
    gate(): Promise<void>;
    die(how: string, message: number): void;
    redeploy(): void;
    readonly stoppedAt: number | undefined;
}
export declare class Seam {
    #private;
    readonly adapter: Adapter;
    constructor(worker: SeamOwner, state: RunState);
    cut(): void;
    close(): void;
    known(raw: unknown, number: number): void;
}

// state.d.ts
import type { AnyDelivery, Runtime } from "@switchyard/core";
import { Choices, type Start } from "./choices.ts";
import { Clock, type Owner } from "./clock.ts";
import type { Courses } from "./courses.ts";
import { type Faults } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import type { AnyScenario, Prepared } from "./prepared.ts";
import { Story } from "./story.ts";
export interface Wrong {
    readonly name: string;
    readonly text: string;
}
export interface Performed {
    readonly name: string;
    readonly args: readonly unknown[];
    readonly message: number;
}
export declare class RunState {
    readonly prepared: Prepared;
    readonly scenario: AnyScenario;
    readonly seed: number;
    readonly clock: Clock;
    readonly choices: Choices;
    readonly story: Story;
    readonly ledger: Ledger;
    readonly courses: Courses;
    readonly learning: boolean;
    readonly calm: boolean;
    readonly faults: Faults;
    readonly broker: string;
    readonly brokerOwner: Owner;
    underWay: number;
    readonly brokerRuntime: Runtime;
    readonly world: object;
    readonly performed: Performed[];
    begun: Set<AnyDelivery> | undefined;
    holdMs: number;
    wrong: Wrong | undefined;
    constructor(prepared: Prepared, start: Start);
    chose(fault: keyof Faults, text: () => string, message?: number): void;
    fail(name: string, text: string): void;
}

// story.d.ts
export interface Entry {
    readonly at: number;
    readonly text: string;
    readonly message: number;
    readonly chosen: boolean;
}
export declare class Story {
    #private;
    readonly entries: Entry[];
    readonly recorded: boolean;
    constructor(clock: {
        readonly elapsed: number;
    }, recorded: boolean);
    begin(): void;
    tell(text: () => string, message?: number, chosen?: boolean): void;
    number(id: string, channel?: string, type?: string): number;
    known(id: string): number;
    name(number: number): string;
    get chosen(): readonly Entry[];
    lines(): string[];
}
export declare function quoted(value: unknown, most?: number): string;
export declare const called: (name: string, args: readonly unknown[]) => string;
export declare function thrownBy(error: unknown): string;

// worker.d.ts
import type { Runtime } from "@switchyard/core";
import type { Owner } from "./clock.ts";
import type { Frame } from "./context.ts";
import { Seam, type SeamOwner } from "./seam.ts";
import type { RunState } from "./state.ts";
export declare class EffectFailed extends Error {
    readonly name = "EffectFailed";
    readonly unhandled: () => void;
    constructor(worker: Worker, text: string);
}
export interface WorkerEnds {
    died(worker: Worker): void;
    redeploy(worker: Worker): void;
}
export declare class Worker implements Owner, SeamOwner {
    #private;
    readonly name: string;
    readonly number: number;
    readonly service: string;
    readonly runtime: Runtime;
    readonly seam: Seam;
    readonly frames: Set<Frame>;
    dead: boolean;
    pausedUntil: number;
    skewMs: number;
    busy: number;
    sleeping: number;
    readonly nextId: () => string;
    stoppedAt: number | undefined;
    constructor(name: string, service: string, number: number, state: RunState, ends: WorkerEnds);
    withId<T>(id: string, publish: () => T): T;
    get shut(): boolean;
    get waking(): boolean;
    gate(): Promise<void>;
    die(how: string, message?: number): void;
    dieWaiting(): void;
    redeploy(): void;
    rejects(): void;
    pause(how: string, message?: number): void;
    perform<T>(frame: Frame | undefined, name: string, args: readonly unknown[], act: () => T | Promise<T>): Promise<T>;
}
