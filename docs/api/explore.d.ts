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

// context.d.ts
export interface Frame {
    readonly process: string;
    readonly message: number;
    waits: number;
    readonly running: string[];
    last: string | undefined;
    ended: boolean;
    readonly begins: (name: string) => void;
    readonly ends: (name: string) => void;
    readonly perform: <T>(name: string, args: readonly unknown[], act: () => T | Promise<T>) => Promise<T>;
    readonly now: () => number;
    readonly random: () => number;
    readonly uuid: () => string;
}
export declare const currentFrame: () => Frame | undefined;
export declare const within: <T>(frame: Frame, run: () => T) => T;

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
    readonly effect: boolean;
    readonly duplicate: boolean;
    readonly delay: boolean;
    readonly publish: boolean;
    readonly receive: boolean;
    readonly ack: boolean;
    readonly cut: boolean;
    readonly clock: boolean;
    readonly restart: boolean;
    readonly reshard: boolean;
}
export declare const ALL_FAULTS: Faults;

// index.d.ts
export { asItIs, type AsItIs, effect, type Effects } from "./effects.ts";
export { checkHandler, type CheckHandlerOptions, type HandlerFinding, type HandlerReport, type HandlerTools, } from "./check-handler.ts";
export { explore, type ExploreOptions, type ExploreReport, type Failure } from "./explore.ts";
export type { Accepted, Clock, Eventually, Facts, Never, PlayTools, Scenario, Service, ServiceTools, } from "./scenario.ts";
export type { Faults } from "./faults.ts";

// scenario.d.ts
import type { AnyChannel, ConfigInput, Consumer, Duration, Messaging, Model, PayloadOf, PublishOptions, TypeOf } from "@switchyard/core";
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
    dead(group: string): readonly Accepted[];
}
export type Never<W> = (world: W, facts: Facts) => boolean | string | void;
export type Eventually<W> = (world: W, facts: Facts) => boolean | string | void;
type Place = {
    readonly on?: "memory";
    readonly model?: Model | Readonly<Record<string, Model>>;
} | {
    readonly on: "sqs" | "sqs-fifo";
    readonly model?: "queue" | Readonly<Record<string, "queue">>;
};
type Settings = (Place & {
    readonly config?: never;
    readonly profile?: never;
    readonly policy?: PolicyInput;
    readonly group?: NonNullable<NonNullable<ConfigInput["channels"]>[string]["groups"]>[string];
}) | {
    readonly config: string | ConfigInput;
    readonly profile?: string;
    readonly on?: "memory" | "sqs" | "sqs-fifo";
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
    readonly faults?: Partial<Faults>;
    readonly sometimes?: Readonly<Record<string, (world: NoInfer<W>, facts: Facts) => boolean>>;
};
export {};
