// @switchyard/core: index.d.ts
// @switchyard/core/driver: driver/index.d.ts
// @switchyard/core/driver-kit: driver-kit/index.d.ts
// @switchyard/core/pipeline: pipeline/index.d.ts
// @switchyard/core/publish-kit: publish/stored.d.ts
// @switchyard/core/push: messaging/pushed.d.ts
// @switchyard/core/endpoints: endpoints/index.d.ts
// @switchyard/core/policies: policies/index.d.ts
// @switchyard/core/testing: testing/index.d.ts

// api/byte-size.d.ts
declare const UNITS: {
    readonly B: 1;
    readonly KB: 1000;
    readonly MB: 1000000;
    readonly GB: 1000000000;
    readonly KiB: number;
    readonly MiB: number;
    readonly GiB: number;
};
export type ByteSize = number | `${number}${keyof typeof UNITS}`;
export declare function parseByteSize(value: unknown): number | undefined;
export declare function formatByteSize(bytes: number): ByteSize;
export {};

// api/channel.d.ts
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { WireSafe } from "./json-safe.ts";
import type { Join, Refused } from "./refused.ts";
import { type ChannelShape, type Codec, type ForeignMessage, type Needs } from "./shapes.ts";
export type MessageTypes = Readonly<Record<string, {
    readonly in: unknown;
    readonly out: unknown;
}>>;
export type Need = "ordering" | "delay" | "fairness" | "replay" | "encryption";
export interface Channel<Name extends string = string, M extends MessageTypes = any, N extends Need = any> extends ChannelShape {
    readonly name: Name;
    readonly messages: {
        readonly [K in keyof M]: StandardSchemaV1<M[K]["in"], M[K]["out"]>;
    };
    readonly [Symbol.species]?: {
        readonly messages: M;
        readonly needs: N;
    };
}
export type AnyChannel = Channel<string, any, any>;
type Types<C extends AnyChannel> = NonNullable<C[typeof Symbol.species]>;
export type TypeOf<C extends AnyChannel> = keyof Types<C>["messages"] & string;
export type InputOf<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = Types<C>["messages"][K]["in"];
export type OutputOf<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = Types<C>["messages"][K]["out"];
export type NeedOf<C extends AnyChannel> = Types<C>["needs"];
type Schemas = Readonly<Record<string, StandardSchemaV1>>;
type In<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never;
type SchemaMessage<S extends Schemas> = {
    [K in keyof S & string]: {
        readonly type: K;
        readonly data: In<S[K]>;
    };
}[keyof S & string];
type CommonKey<S extends Schemas, U = In<S[keyof S]>> = {
    [K in keyof U & string]-?: U[K] extends string ? K : never;
}[keyof U & string];
interface Absent {
    readonly [absent]: true;
}
declare const absent: unique symbol;
type KebabCase<Name extends string> = Name extends Lowercase<Name> ? Name extends "" | `${string}${"_" | " " | "." | "/" | ":" | "--"}${string}` | `-${string}` | `${string}-` ? Refused<`"${Name}" is not kebab-case; write a name like "video-uploads"`> : Name : Refused<`"${Name}" is not kebab-case; write a name like "video-uploads"`>;
type OnlyNeeds<D> = {
    readonly [K in Exclude<keyof D, keyof Needs>]: Refused<`unknown need "${K & string}"; allowed: ${Join<keyof Needs>}`>;
};
export interface ChannelOptions<S extends Schemas, O, D, C = Absent> {
    readonly messages: {
        readonly [K in keyof S]: K extends "*" ? Refused<`"*" means every type; give the type a name`> : Absent extends C ? WireSafe<K & string, S[K]> : unknown;
    } & S;
    readonly orderingKey?: O;
    readonly needs?: OnlyNeeds<D> & D & Needs;
    readonly foreign?: NoInfer<keyof S & string> | ((raw: ForeignRaw) => string | undefined);
    readonly codec?: C;
}
export interface ForeignRaw extends ForeignMessage {
    readonly body: any;
}
export declare function channel<const Name extends string, S extends Schemas, const O extends CommonKey<S> | ((message: SchemaMessage<S>) => string) | Absent, const D extends Needs = {}, C extends Codec | Absent = Absent>(name: KebabCase<Name>, options: ChannelOptions<S, O, D, C>): Channel<Name, {
    readonly [K in keyof S & string]: {
        readonly in: In<S[K]>;
        readonly out: StandardSchemaV1.InferOutput<S[K]>;
    };
}, (Absent extends O ? never : "ordering") | (keyof D & Need)>;
export declare const isChannel: (value: unknown) => value is AnyChannel;
export {};

// api/config-input.d.ts
import type { Adapter, Model, Position } from "../driver/index.ts";
import type { ByteSize } from "./byte-size.ts";
import type { Duration } from "./duration.ts";
import type { ClaimCheckExtension, KeysExtension } from "../pipeline/extension.ts";
export type Backoff = "constant" | "linear" | "exponential";
interface LayerInput<Null, Connection> {
    readonly prefix?: string | Null;
    readonly drain?: Duration | Null;
    readonly connections?: Readonly<Record<string, Connection | Null>> | Null;
    readonly channels?: Readonly<Record<string, ChannelInput<Null> | Null>> | Null;
    readonly policies?: Readonly<Record<string, PolicyInput<Null> | Null>> | Null;
    readonly keys?: Readonly<Record<string, KeysInput<Null> | Null>> | Null;
}
export interface ConfigInput<Connection = ConnectionInput, ProfileConnection = ConnectionOverlay> extends LayerInput<never, Connection> {
    readonly profiles?: Readonly<Record<string, OverlayInput<ProfileConnection>>>;
}
export interface OverlayInput<Connection = ConnectionOverlay> extends LayerInput<null, Connection> {
}
export type Provision = "auto" | "verify" | "off";
export interface ConnectionBasics {
    readonly use: string | Adapter;
    readonly provision?: Provision;
}
export interface ConnectionInput extends ConnectionBasics {
    readonly [option: string]: unknown;
}
export interface ConnectionOverlay {
    readonly use?: string | Adapter | null;
    readonly provision?: Provision | null;
    readonly [option: string]: unknown;
}
export interface ChannelInput<Null = never> {
    readonly model?: Model | Null;
    readonly on?: string | Null;
    readonly groups?: Readonly<Record<string, GroupInput<Null> | Null>> | Null;
    readonly policy?: string | Null;
    readonly partitions?: number | Null;
    readonly form?: Form | Null;
    readonly address?: string | Null;
    readonly retention?: Duration | Null;
    readonly publish?: PublishInput<Null> | Null;
    readonly atRest?: "required" | "assume" | Null;
    readonly compress?: CompressInput<Null> | Null;
    readonly encrypt?: EncryptInput<Null> | Null;
    readonly claimCheck?: ClaimCheckInput<Null> | Null;
    readonly native?: Readonly<Record<string, unknown>> | Null;
}
export interface CompressInput<Null = never> {
    readonly above?: ByteSize | Null;
    readonly with?: "brotli" | "gzip" | "zstd" | Null;
}
export interface EncryptInput<Null = never> {
    readonly keys?: string | Null;
    readonly context?: string | Null;
    readonly accept?: "required" | "optional" | Null;
    readonly until?: string | number | Date | Null;
}
export interface ClaimCheckInput<Null = never> {
    readonly store?: string | ClaimCheckExtension | Null;
    readonly above?: ByteSize | Null;
    readonly [option: string]: unknown;
}
export interface KeysInput<Null = never> {
    readonly use?: string | KeysExtension | Null;
    readonly [option: string]: unknown;
}
export type Form = "standard" | "ordered" | "fifo";
export interface PublishInput<Null = never> {
    readonly timeout?: Duration | Null;
    readonly maxPending?: number | Null;
    readonly maxPendingBytes?: ByteSize | Null;
    readonly whenFull?: "wait" | "reject" | Null;
}
export interface GroupInput<Null = never> {
    readonly concurrency?: number | Null;
    readonly maxInFlight?: number | Null;
    readonly maxInFlightBytes?: ByteSize | Null;
    readonly hold?: Duration | Null;
    readonly policy?: string | Null;
    readonly start?: Exclude<Position, object> | {
        readonly time: string | number | Date;
    } | {
        readonly at: string;
    } | Null;
    readonly address?: string | Null;
    readonly deadLetterAddress?: string | Null;
    readonly editDeadLetters?: boolean | Null;
    readonly batch?: BatchInput<Null> | Null;
    readonly filter?: boolean | readonly string[] | Null;
    readonly breaker?: BreakerInput<Null> | Null;
    readonly rate?: RateInput<Null> | Null;
    readonly runsOn?: string | Null;
    readonly native?: Readonly<Record<string, unknown>> | Null;
}
export interface BreakerInput<Null = never> {
    readonly on?: readonly string[] | Null;
    readonly window?: Duration | Null;
    readonly failures?: number | Null;
    readonly minimum?: number | Null;
    readonly pause?: string | Null;
}
export interface RateInput<Null = never> {
    readonly max?: number | Null;
    readonly per?: Duration | Null;
    readonly key?: "ordering-key" | "fairness-key" | "type" | Null;
}
interface BatchInput<Null> {
    readonly size?: number | Null;
    readonly wait?: Duration | Null;
    readonly perKey?: number | Null;
}
export interface RetryInput<Null = never> {
    readonly attempts?: number | Null;
    readonly backoff?: Backoff | Null;
    readonly first?: Duration | Null;
    readonly max?: Duration | Null;
    readonly jitter?: number | Null;
    readonly total?: Duration | Null;
}
interface RetriesInput<Null> extends RetryInput<Null> {
    readonly errors?: Readonly<Record<string, RetryInput<Null> | "deadLetter" | "release" | Null>> | Null;
}
export interface PolicyInput<Null = never> {
    readonly retry?: RetriesInput<Null> | Null;
    readonly deadLetter?: boolean | "park" | "block" | "skip" | {
        readonly channel: string;
    } | Null;
}
export {};

// api/consumer.d.ts
import type { AnyChannel, OutputOf, TypeOf } from "./channel.ts";
import type { Batch, Delivery } from "./delivery.ts";
import { type Duration } from "./duration.ts";
import type { Adds, Middleware } from "./middleware.ts";
import type { Join, Refused } from "./refused.ts";
import { type ConsumerShape } from "./shapes.ts";
export interface Consumer<C extends AnyChannel = AnyChannel> extends ConsumerShape {
    readonly channel: C;
}
export interface ConsumeOptions<U extends readonly Middleware<any>[] = readonly Middleware<any>[]> {
    readonly use?: U;
    readonly concurrency?: number;
    readonly maxInFlight?: number;
    readonly maxInFlightBytes?: number;
    readonly probe?: () => unknown;
    readonly discard?: boolean;
}
export interface BatchOptions<U extends readonly Middleware<any>[] = readonly Middleware<any>[]> extends Omit<ConsumeOptions<U>, "discard"> {
    readonly batch?: {
        readonly size?: number;
        readonly wait?: Duration;
        readonly perKey?: number;
    };
}
type Handler<C extends AnyChannel, K extends TypeOf<C>, Added> = (data: OutputOf<C, K>, delivery: Delivery<C, K, Added>) => unknown;
type Entry<C extends AnyChannel, K, H, Added> = K extends TypeOf<C> | "*" ? "ignore" | Handler<C, K extends TypeOf<C> ? K : Exclude<TypeOf<C>, H>, Added> : UnknownType<`"${K & string}" is not a type of "${C["name"]}"; it has ${Join<`"${TypeOf<C>}"`>}`>;
type UnknownType<Why extends string> = Refused<Why> & ((data: any, delivery: any) => unknown);
type Complete<C extends AnyChannel, H> = "*" extends H ? unknown : [Exclude<TypeOf<C>, H>] extends [never] ? unknown : Refused<`not handled: ${Join<Exclude<TypeOf<C>, H>>}; add it, or "*": "ignore"`>;
type Handlers<C extends AnyChannel, H extends string, Added> = {
    readonly [K in H]: Entry<C, K, H, Added>;
} & {
    readonly [K in Exclude<TypeOf<C> | "*", H>]?: Entry<C, K, H, Added>;
};
export declare function consumer<C extends AnyChannel, const H extends string = never, const U extends readonly Middleware<any>[] = []>(channel: C, group: string, handlers: Complete<C, H> & Handlers<C, H, Adds<U>>, options?: ConsumeOptions<U>): Consumer<C>;
export declare function batchConsumer<C extends AnyChannel, const U extends readonly Middleware<any>[] = []>(channel: C, group: string, handler: (batch: Batch<C, Adds<U>>) => unknown, options?: BatchOptions<U>): Consumer<C>;
export declare const isConsumer: (value: unknown) => value is Consumer<any>;
export {};

// api/dead-letters.d.ts
import type { Duration } from "./duration.ts";
import type { MessagingError } from "./errors.ts";
export interface DeadLetterFilter {
    readonly type?: string | readonly string[];
    readonly key?: string | readonly string[];
    readonly code?: string | readonly string[];
    readonly errorClass?: string | readonly string[];
    readonly reason?: string;
    readonly olderThan?: Duration;
    readonly newerThan?: Duration;
}
export interface ScanOptions extends DeadLetterFilter {
    readonly max?: number;
    readonly hide?: Duration;
}
export interface ScanResult {
    readonly seen: number;
    readonly matched: number;
    readonly hidden: number;
    readonly complete: boolean;
    readonly why?: "max" | "hide" | "others" | "left" | "more";
    readonly heads?: number;
    readonly receives: number;
}
export interface DeadLetterScan extends AsyncIterable<DeadLetterItem> {
    readonly result: Promise<ScanResult>;
}
export interface GroupsOptions extends ScanOptions {
    readonly by: readonly ("type" | "key" | "code" | "errorClass")[];
}
export interface DeadLetterGroup {
    readonly of: Readonly<Partial<Record<"type" | "key" | "code" | "errorClass", string>>>;
    readonly count: number;
    readonly example: {
        readonly id: string;
        readonly reason: string;
    };
    readonly firstAt: Date;
    readonly lastAt: Date;
}
export interface GroupsResult extends ScanResult {
    readonly groups: readonly DeadLetterGroup[];
}
export interface RedriveOptions {
    readonly filter?: DeadLetterFilter;
    readonly ids?: readonly string[];
    readonly max?: number;
    readonly rate?: {
        readonly max: number;
        readonly per?: Duration;
    };
    readonly ramp?: Duration;
    readonly canary?: {
        readonly count: number;
        readonly wait: Duration;
    };
    readonly stopAt?: number;
    readonly maxRedrives?: number;
    readonly before?: Date | number;
    readonly wholeKey?: boolean;
    readonly dryRun?: boolean;
    readonly sample?: number;
    readonly hide?: Duration;
    readonly native?: boolean;
    readonly signal?: AbortSignal;
}
export interface RedriveProgress {
    readonly phase: "canary" | "waiting" | "sending" | "moving" | "done";
    readonly matched: number;
    readonly moved: number;
    readonly died: number;
    readonly left: number;
    readonly failed: number;
    readonly refused: number;
}
export interface CanaryOutcome {
    readonly sent: number;
    readonly ms: number;
    readonly returned: number;
    readonly settled: number;
    readonly unknown: number;
}
export interface Redriven extends Omit<RedriveProgress, "phase"> {
    readonly canary?: CanaryOutcome;
    readonly stopped?: "max" | "canary" | "share" | "error" | "more" | "signal";
    readonly resume?: Pick<RedriveOptions, "filter" | "ids" | "maxRedrives" | "wholeKey" | "before" | "native">;
    readonly others?: number;
    readonly heads?: number;
    readonly errors?: readonly MessagingError[];
}
export interface RedriveRun extends AsyncIterable<RedriveProgress>, PromiseLike<Redriven> {
    readonly result: Promise<Redriven>;
}
export interface PurgeOptions extends Pick<RedriveOptions, "filter" | "ids" | "signal"> {
    readonly dryRun?: boolean;
    readonly sample?: number;
}
export interface PurgeProgress {
    readonly seen: number;
    readonly matched: number;
    readonly deleted: number;
}
export interface PurgeRun extends AsyncIterable<PurgeProgress>, PromiseLike<Purged> {
    readonly result: Promise<Purged>;
}
export interface Purged {
    readonly matched?: number;
    readonly deleted?: number;
    readonly hidden?: number;
    readonly complete: boolean;
}
export interface DeadLetterEdit {
    readonly data?: unknown;
    readonly type?: string;
    readonly headers?: Readonly<Record<string, string>>;
}
export interface EditOptions {
    readonly max?: number;
    readonly hide?: Duration;
}
export interface EditedLetter {
    readonly id: string;
    readonly causationId: string;
    readonly removed: boolean;
}
export interface ExportSink {
    write(line: string): unknown;
    sync?(): Promise<void>;
}
export interface ExportOptions {
    readonly to: string | ExportSink;
    readonly filter?: DeadLetterFilter;
    readonly ids?: readonly string[];
    readonly max?: number;
    readonly remove?: boolean;
    readonly resume?: boolean | Iterable<string>;
    readonly hide?: Duration;
    readonly signal?: AbortSignal;
}
export interface ExportProgress {
    readonly written: number;
    readonly removed: number;
}
export interface ExportResult extends ScanResult {
    readonly written: number;
    readonly known: number;
    readonly removed: number;
}
export interface ExportRun extends AsyncIterable<ExportProgress>, PromiseLike<ExportResult> {
    readonly result: Promise<ExportResult>;
}
export interface ImportOptions {
    readonly from: string | Iterable<string> | AsyncIterable<string>;
    readonly skip?: number;
    readonly dryRun?: boolean;
    readonly signal?: AbortSignal;
}
export interface ImportProgress {
    readonly imported: number;
    readonly failed: number;
}
export interface ImportResult extends ImportProgress {
    readonly line: number;
    readonly stopped?: "error" | "signal";
    readonly errors?: readonly MessagingError[];
}
export interface ImportRun extends AsyncIterable<ImportProgress>, PromiseLike<ImportResult> {
    readonly result: Promise<ImportResult>;
}
export interface OperatorOptions {
    readonly by?: string;
    readonly audit?: (entry: OperationEntry) => unknown;
}
export type OperatorAction = "redrive" | "native-redrive" | "edit" | "purge" | "export" | "import" | "replay";
export interface OperationEntry {
    readonly operation: string;
    readonly action: OperatorAction;
    readonly phase: "begin" | "end";
    readonly at: number;
    readonly by?: string;
    readonly channel: string;
    readonly group: string;
    readonly asked: Readonly<Record<string, unknown>>;
    readonly done?: Readonly<Record<string, unknown>>;
    readonly error?: {
        readonly code: string;
        readonly message: string;
    };
}
export interface DeadLetterCount {
    readonly ready?: number;
    readonly hidden?: number;
    readonly exact: boolean;
}
export interface DeadLetters {
    count(): Promise<DeadLetterCount>;
    peek(count?: number): Promise<readonly DeadLetterItem[]>;
    scan(options?: ScanOptions): DeadLetterScan;
    get(id: string, options?: Pick<ScanOptions, "max" | "hide">): Promise<DeadLetterItem | undefined>;
    groups(options: GroupsOptions): Promise<GroupsResult>;
    redrive(options?: RedriveOptions): RedriveRun;
    edit(id: string, edit: DeadLetterEdit, options?: EditOptions): Promise<EditedLetter>;
    export(options: ExportOptions): ExportRun;
    import(options: ImportOptions): ImportRun;
    purge(options?: PurgeOptions): PurgeRun;
}
export interface DeadLetterItem {
    readonly id: string;
    readonly type: string;
    readonly key?: string;
    readonly data: unknown;
    readonly headers: Readonly<Record<string, string>>;
    readonly reason: string;
    readonly code: string;
    readonly attempts: number;
    readonly errorClass?: string;
    readonly redrives: number;
    readonly firstAt: Date;
    readonly lastAt: Date;
    readonly raw: unknown;
}

// api/define-config.d.ts
import type { AnyChannel, NeedOf } from "./channel.ts";
import type { ChannelInput, ConfigInput, ConnectionBasics, ConnectionInput, ConnectionOverlay, OverlayInput } from "./config-input.ts";
import type { Adapter, Model } from "../driver/index.ts";
import type { Allow, Join, Refused } from "./refused.ts";
export declare function defineConfig<const Channels extends readonly AnyChannel[], const C extends TypedInput>(channels: Channels, config: Checked<Channels, C>): ConfigInput;
type TypedInput = ConfigInput<ConnectionInput | ConnectionBasics, ConnectionOverlay | object>;
type Checked<Channels extends readonly AnyChannel[], C> = [C] extends [TypedInput] ? CheckConfig<Channels, C> & TypedInput : C;
type Get<T, Key, Else> = Key extends keyof T ? Exclude<T[Key], undefined> : Else;
type List<Names> = Join<`"${Names & string}"`>;
type CheckConfig<Channels extends readonly AnyChannel[], C> = Allow<FirstOf<[
    Unknown<C, keyof ConfigInput>,
    AtChannels<Channels, C, [C]>,
    AtProfiles<Channels, C, Get<C, "profiles", {}>>
]>>;
type AtProfiles<Channels extends readonly AnyChannel[], C, Profiles> = Wrong<"profiles", {
    [P in keyof Profiles]: FirstOf<[
        Unknown<Profiles[P], keyof OverlayInput>,
        AtChannels<Channels, Profiles[P], [Profiles[P], C]>
    ]>;
}>;
type AtChannels<Channels extends readonly AnyChannel[], Layer, Layers extends readonly unknown[]> = FirstOf<[
    Misnamed<Channels, keyof Get<Layer, "channels", {}>>,
    Wrong<"channels", {
        [N in keyof Get<Layer, "channels", {}>]: Unknown<Get<Layer, "channels", {}>[N], keyof ChannelInput>;
    }>,
    Verdicts<Channels, Layers> extends infer Refusals ? [Refusals] extends [never] ? never : {
        readonly channels: Refusals;
    } : never
]>;
type FirstOf<Checks extends readonly unknown[]> = Checks extends readonly [infer First, ...infer Rest] ? [First] extends [never] ? FirstOf<Rest> : First : never;
type Wrong<Key extends string, Entries> = {
    [E in keyof Entries as [Entries[E]] extends [never] ? never : E]: Entries[E];
} extends infer Kept ? [keyof Kept] extends [never] ? never : {
    readonly [K in Key]: Kept;
} : never;
type Unknown<Value, Known extends PropertyKey> = string extends keyof Value ? never : [Exclude<keyof Value, Known>] extends [never] ? never : {
    readonly [K in Exclude<keyof Value, Known> & string]: Refused<`unknown key "${K}"; allowed: ${List<Known>}`>;
};
type Misnamed<Channels extends readonly AnyChannel[], Given> = string extends Given | Channels[number]["name"] ? never : [Exclude<Given, Channels[number]["name"] | "*">] extends [never] ? never : {
    readonly channels: {
        readonly [W in Exclude<Given, Channels[number]["name"] | "*"> & string]: Refused<`"${W}" is not one of the channels ${List<Channels[number]["name"]>}`>;
    };
};
type Verdicts<Channels extends readonly AnyChannel[], Layers extends readonly unknown[]> = {
    [I in keyof Channels]: Verdict<Channels[I]["name"], NeedOf<Channels[I]>, Field<"model", Channels[I]["name"], Layers>, Field<"on", Channels[I]["name"], Layers>, Layers>;
}[number];
type Field<F extends string, Name extends string, Layers extends readonly unknown[]> = Layers extends readonly [
    infer Top,
    ...infer Rest
] ? Get<Get<Get<Top, "channels", {}>, Name, {}>, F, Get<Get<Get<Top, "channels", {}>, "*", {}>, F, Field<F, Name, Rest>>> : undefined;
type Groups<Name extends string, Layers extends readonly unknown[]> = Layers extends readonly [infer Top, ...infer Rest] ? GroupKeys<GroupsOf<Top, Name>> | Exclude<GroupKeys<GroupsOf<Top, "*">> | Groups<Name, Rest>, NullKeys<GroupsOf<Top, Name>>> : never;
type GroupsOf<Layer, Name extends string> = Get<Get<Get<Layer, "channels", {}>, Name, {}>, "groups", {}>;
type GroupKeys<Given> = {
    [G in keyof Given]: Given[G] extends null ? never : G;
}[keyof Given];
type NullKeys<Given> = {
    [G in keyof Given]: Given[G] extends null ? G : never;
}[keyof Given];
type Connections<Layers extends readonly unknown[]> = Layers extends readonly [infer Top, ...infer Rest] ? keyof Get<Top, "connections", {}> | Connections<Rest> : "memory";
type Use<On extends string, Layers extends readonly unknown[]> = Layers extends readonly [infer Top, ...infer Rest] ? Get<Get<Get<Top, "connections", {}>, On, {}>, "use", Use<On, Rest>> : undefined;
type KeepsOf<U> = U extends Adapter<any, infer Keeps> ? Keeps : unknown;
type IsUnion<T, Whole = T> = [T] extends [never] ? false : T extends unknown ? [Whole] extends [T] ? false : true : never;
type Verdict<Name extends string, Needs, M, On, Layers extends readonly unknown[]> = string extends Name ? never : M extends "queue" ? IsUnion<Groups<Name, Layers>> extends true ? Refused<`"${Name}" is a queue with the groups ${List<Groups<Name, Layers>>}; a queue has one, pubsub and stream have several`> : FirstOf<[OnConnection<Name, Needs, M, On, Layers>, Encryption<Name, Needs, Layers>]> : FirstOf<[OnConnection<Name, Needs, M, On, Layers>, Encryption<Name, Needs, Layers>]>;
type Encryption<Name extends string, Needs, Layers extends readonly unknown[]> = "encryption" extends Needs ? Field<"encrypt", Name, Layers> extends infer E ? [E] extends [undefined | null] ? Refused<`"${Name}" needs encryption; set encrypt: { keys: ... }`> : E extends {
    readonly accept: "optional";
} ? E extends {
    readonly until: {};
} ? never : Refused<`"${Name}" needs encryption, and accept: "optional" must end; set until to a date`> : never : never : never;
type OnConnection<Name extends string, Needs, M, On, Layers extends readonly unknown[]> = On extends string ? string extends On ? never : On extends Connections<Layers> ? M extends Model ? NeedsKept<Name, Needs, M, On, KeepsOf<Use<On, Layers>>> : never : Refused<`"${Name}" is on "${On}", which is not a connection; connections are ${List<Connections<Layers>>}`> : never;
type Unkept<Needs, Kept> = Exclude<Needs, Kept | "encryption">;
type NeedsKept<Name extends string, Needs, M extends Model, On extends string, Keeps> = unknown extends Keeps ? never : M extends keyof Keeps ? [Unkept<Needs, Keeps[M]>] extends [never] ? never : Refused<`"${Name}" needs ${Join<Unkept<Needs, Keeps[M]>>}; a ${M} on "${On}" cannot keep it`> : Refused<`"${Name}" is a ${M}; "${On}" has ${Join<keyof Keeps>}`>;
export {};

// api/delivery.d.ts
import type { AnyChannel, OutputOf, TypeOf } from "./channel.ts";
export interface DeliveryFacts {
    readonly id: string;
    readonly channel: string;
    readonly group: string;
    readonly attempt: number;
    readonly key?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly source: string;
    readonly time: Date;
    readonly enqueuedAt?: Date;
    readonly position?: string;
    readonly fingerprint: string;
    readonly foreign: boolean;
    readonly raw: unknown;
    readonly signal: AbortSignal;
    readonly fencingToken?: number;
    readonly fairnessKey?: string;
    readonly traceparent?: string;
    readonly tracestate?: string;
    readonly hop: number;
    readonly causationId?: string;
    readonly expiresAt?: Date;
    readonly encrypted?: boolean;
}
interface TypedDelivery<K extends string, Data> extends DeliveryFacts {
    readonly type: K;
    readonly data: Data;
}
export type Delivery<C extends AnyChannel = AnyChannel, K extends TypeOf<C> = TypeOf<C>, Added = {}> = K extends unknown ? TypedDelivery<K, OutputOf<C, K>> & Added : never;
export interface AnyDelivery extends DeliveryFacts {
    readonly type: string;
    readonly data: unknown;
}
export interface Batch<C extends AnyChannel = AnyChannel, Added = {}> extends Iterable<Delivery<C, TypeOf<C>, Added>> {
    readonly size: number;
    readonly signal: AbortSignal;
    fail(delivery: AnyDelivery, error: unknown): void;
}
export {};

// api/depth.d.ts
import type { Depth } from "../driver/index.ts";
import type { Duration } from "./duration.ts";
export type DepthNumber = "ready" | "delayed" | "held" | "oldestMs";
export interface GroupDepth extends Omit<Depth, "lease" | "holder"> {
    readonly channel: string;
    readonly group: string;
    readonly leases: readonly Depth[];
    readonly asOf: Date;
    readonly exact: boolean;
    readonly unknown: readonly DepthNumber[];
}
export interface DepthOptions {
    readonly maxAge?: Duration;
}

// api/duration.d.ts
declare const UNITS: {
    readonly ms: 1;
    readonly s: 1000;
    readonly m: 60000;
    readonly h: 3600000;
    readonly d: 86400000;
};
export type Duration = number | `${number}${keyof typeof UNITS}`;
export declare function parseDuration(value: unknown): number | undefined;
export declare function milliseconds(value: Duration, what: string): number;
export declare function formatDuration(ms: number): Duration;
export {};

// api/errors.d.ts
import type { Fault } from "../driver/index.ts";
export type Kind = "retryable" | "throttled" | "ambiguous" | "permanent" | "auth" | "config" | "closed";
export interface ErrorDetails {
    readonly kind: Kind;
    readonly cause?: unknown;
    readonly channel?: string | undefined;
    readonly group?: string | undefined;
    readonly id?: string | undefined;
    readonly retryAfterMs?: number | undefined;
    readonly giveUpAfterMs?: number | undefined;
    readonly problems?: readonly Problem[] | undefined;
}
export interface Problem {
    readonly path: string;
    readonly message: string;
}
declare const BRAND = "~switchyard-error";
export declare class MessagingError extends Error {
    readonly name = "MessagingError";
    readonly code: string;
    readonly kind: Kind;
    readonly channel?: string | undefined;
    readonly group?: string | undefined;
    readonly id?: string | undefined;
    readonly retryAfterMs?: number | undefined;
    readonly giveUpAfterMs?: number | undefined;
    readonly problems: readonly Problem[];
    readonly [BRAND] = true;
    constructor(code: string, message: string, details: ErrorDetails);
    toJSON(): Record<string, unknown>;
}
export declare const copyOf: (error: unknown, redact?: (text: string) => string) => unknown;
export declare const copyWithoutText: (error: unknown) => unknown;
export declare function isMessagingError(error: unknown, code?: string): error is MessagingError;
export interface RedactedFault extends Fault {
    readonly redact?: (text: string) => string;
}
export declare function fromFault(fault: Fault, doing: string, cause: unknown, context: Omit<ErrorDetails, "kind" | "cause">): MessagingError;
export {};

// api/events.d.ts
import type { OperatorAction } from "./dead-letters.ts";
import type { MessagingError } from "./errors.ts";
export type MessagingEvent = EventContext &
({
    readonly type: "handled";
    readonly level: "info";
    readonly messageType: string;
    readonly attempt: number;
    readonly durationMs: number;
    readonly batch?: number;
}
 | {
    readonly type: "retry";
    readonly level: "info";
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: unknown;
}
 | {
    readonly type: "unreadable";
    readonly level: "warn";
    readonly error: MessagingError;
    readonly retryInMs: number;
}
 | {
    readonly type: "breaker";
    readonly level: "warn" | "info";
    readonly state: "open" | "half-open" | "closed";
    readonly reason: string;
    readonly pauseMs?: number;
}
 | {
    readonly type: "dead-letter";
    readonly level: "warn";
    readonly attempt: number;
    readonly code: string;
    readonly reason: string;
    readonly error?: unknown;
}
 | {
    readonly type: "blocked-message";
    readonly level: "error";
    readonly reason: string;
    readonly error?: unknown;
}
 | {
    readonly type: "skipped";
    readonly level: "warn";
    readonly by: "policy";
    readonly reason: string;
    readonly error?: unknown;
}
 | {
    readonly type: "skipped";
    readonly level: "info";
    readonly by: "handler";
    readonly reason: string;
}
 | {
    readonly type: "expired";
    readonly level: "info";
}
 | {
    readonly type: "discarded";
    readonly level: "info";
    readonly messageType: string;
}
 | {
    readonly type: "order-gap";
    readonly level: "warn";
    readonly reason: "dead-letter" | "skip" | "expiry" | "redrive" | "replay";
}
 | {
    readonly type: "lost";
    readonly level: "warn";
    readonly during: "handling" | "settling";
    readonly error?: unknown;
}
 | {
    readonly type: "abandoned";
    readonly level: "warn";
}
 | {
    readonly type: "released";
    readonly level: "info";
    readonly reason: "stop" | "asked" | "order" | "hold" | "breaker" | "room";
    readonly counted?: boolean;
}
 | {
    readonly type: "receive-failed";
    readonly level: "warn" | "error";
    readonly error: unknown;
    readonly retryInMs: number;
}
 | {
    readonly type: "resend";
    readonly level: "info";
    readonly error: unknown;
    readonly retryInMs: number;
}
 | {
    readonly type: "connection";
    readonly level: "info" | "warn";
    readonly state: "up" | "down" | "blocked" | "unblocked" | "throttled";
    readonly error?: unknown;
}
 | {
    readonly type: "operation";
    readonly level: "info";
    readonly operation: string;
    readonly action: OperatorAction;
    readonly phase: "begin" | "end";
    readonly by?: string;
    readonly asked: Readonly<Record<string, unknown>>;
    readonly done?: Readonly<Record<string, unknown>>;
    readonly error?: unknown;
}
 | {
    readonly type: "position-lost";
    readonly level: "error";
    readonly error?: unknown;
}
 | {
    readonly type: "start-waits";
    readonly level: "warn";
    readonly waitMs: number;
    readonly reason: string;
}
 | {
    readonly type: "warning";
    readonly level: "warn";
    readonly error?: unknown;
}
 | {
    readonly type: "stop-shortened";
    readonly level: "warn";
    readonly deadlineMs: number;
    readonly drainMs: number;
});
interface EventContext {
    readonly connection?: string;
    readonly channel?: string;
    readonly group?: string;
    readonly id?: string;
    readonly key?: string;
    readonly lease?: string;
}
export type Observe = (event: MessagingEvent) => void;
export {};

// api/explanation.d.ts
import type { Capabilities, Model } from "../driver/index.ts";
export type Exhausted = "deadLetter" | "park" | "block" | "skip";
export interface Explanation {
    readonly service: string;
    readonly profile: string | null;
    readonly sources: readonly string[];
    readonly prefix: string;
    readonly connections: Readonly<Record<string, ConnectionExplanation>>;
    readonly channels: Readonly<Record<string, ChannelExplanation>>;
}
export interface ConnectionExplanation {
    readonly use: string;
    readonly provision: "auto" | "verify" | "off";
    readonly place?: string;
}
export interface ChannelExplanation {
    readonly model: Model;
    readonly transport: string;
    readonly connection: string;
    readonly form: string;
    readonly address: string;
    readonly partitionNames?: readonly string[];
    readonly partitions?: number;
    readonly needs: readonly string[];
    readonly groups: Readonly<Record<string, GroupExplanation>>;
    readonly capabilities: Capabilities;
    readonly content: readonly string[];
    readonly notPortable: readonly string[];
}
export interface GroupExplanation {
    readonly address: string;
    readonly deadLetter: string | null;
    readonly concurrency: number;
    readonly maxInFlight: number;
    readonly hold: string;
    readonly runsOn?: string;
    readonly retry: string;
    readonly exhausted: Exhausted;
    readonly editDeadLetters: boolean;
    readonly nativeRedrive: boolean;
    readonly notes?: readonly string[];
    readonly use?: readonly string[];
}

// api/imports.d.ts
export interface Imports {
    readonly from: string;
    readonly packages: readonly string[];
}

// api/json-safe.d.ts
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Join, Refused } from "./refused.ts";
type Primitive = string | number | boolean | null | undefined;
type Json = Primitive | readonly Json[] | {
    readonly [key: string]: Json;
};
interface NotJson {
    readonly Date: Date;
    readonly bigint: bigint;
    readonly symbol: symbol;
    readonly function: (...args: never) => unknown;
    readonly Map: ReadonlyMap<any, any>;
    readonly Set: ReadonlySet<any>;
    readonly WeakMap: WeakMap<any, any>;
    readonly RegExp: RegExp;
    readonly Promise: PromiseLike<any>;
    readonly bytes: ArrayBuffer | ArrayBufferView;
}
type NotJsonName<T> = {
    [K in keyof NotJson]: T extends NotJson[K] ? K : never;
}[keyof NotJson];
type UnsafePaths<T, Path extends string, Depth extends 0[] = []> = 0 extends 1 & T ? never : unknown extends T ? never : T extends Primitive ? never : [NotJsonName<T>] extends [never] ? Depth["length"] extends 6 ? never : T extends readonly (infer E)[] ? UnsafePaths<E, `${Path}[]`, [...Depth, 0]> : T extends object ? {
    [K in keyof T & string]-?: UnsafePaths<T[K], Path extends "" ? K : `${Path}.${K}`, [...Depth, 0]>;
}[keyof T & string] : never : Path extends "" ? NotJsonName<T> : `${Path} (${NotJsonName<T>})`;
export type JsonSafe<Name extends string, T> = [T] extends [Json | Uint8Array] ? unknown : [UnsafePaths<T, "">] extends [never] ? unknown : Refused<`"${Name}": JSON cannot carry ${Join<UnsafePaths<T, "">>}; let the schema's input be JSON and decode it to the output`>;
export type WireSafe<Name extends string, Schema> = Schema extends StandardSchemaV1 ? JsonSafe<Name, StandardSchemaV1.InferInput<Schema>> : unknown;
export {};

// api/messaging.d.ts
import type { AnyChannel } from "./channel.ts";
import type { Consumer } from "./consumer.ts";
import type { ConfigInput } from "./config-input.ts";
import type { DeadLetters, OperatorOptions } from "./dead-letters.ts";
import type { DepthOptions, GroupDepth } from "./depth.ts";
import type { ChannelPlace, PlacesOptions } from "./place.ts";
import type { Adapter } from "../driver/index.ts";
import type { Duration } from "./duration.ts";
import type { Extension } from "../pipeline/extension.ts";
import type { Observe } from "./events.ts";
import type { Explanation } from "./explanation.ts";
import type { ReplayFrom } from "./replay-from.ts";
import type { LeftTail, Tail, TailOptions } from "./tail.ts";
import type { Connected, Publisher } from "./publisher.ts";
import type { Imports } from "./imports.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Runtime } from "../driver/runtime.ts";
export interface ConnectOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> {
    readonly channels: Channels;
    readonly service: string;
    readonly config?: string | ConfigInput;
    readonly profile?: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly cwd?: string;
    readonly imports?: Imports;
    readonly adapters?: readonly Adapter[];
    readonly extensions?: readonly Extension[];
    readonly provision?: "off";
    readonly runtime?: Runtime;
    readonly observe?: Observe;
    readonly observeHandled?: boolean;
    readonly telemetry?: Telemetry;
    readonly redact?: (text: string) => string;
}
export interface Messaging<C extends AnyChannel = never> extends Publisher<C>, AsyncDisposable {
    consume<X extends AnyChannel>(consumer: Connected<X, C, Consumer<X>, Consumer>): void;
    start(): Promise<void>;
    run(options?: {
        readonly signal?: AbortSignal;
        readonly deadline?: Duration;
    }): Promise<StopReport>;
    stop(options?: {
        readonly deadline?: Duration;
    }): Promise<StopReport>;
    explain(): Explanation;
    flush(options?: {
        readonly signal?: AbortSignal;
    }): Promise<void>;
    health(): Health;
    depth<X extends AnyChannel>(channel: Connected<X, C>, group?: string, options?: DepthOptions): Promise<readonly GroupDepth[]>;
    places<X extends AnyChannel>(channel: Connected<X, C>, options?: PlacesOptions): Promise<readonly ChannelPlace[]>;
    resume<X extends AnyChannel>(channel: Connected<X, C>, group: string): void;
    deadLetters<X extends AnyChannel>(channel: Connected<X, C>, group: string, operator?: OperatorOptions): DeadLetters;
    replay<X extends AnyChannel>(channel: Connected<X, C>, group: string, from: ReplayFrom, options?: ReplayOptions): Promise<void>;
    tail<X extends AnyChannel>(channel: Connected<X, C>, options?: TailOptions): Tail;
    sweepTails<X extends AnyChannel>(channel: Connected<X, C>, options?: {
        readonly dryRun?: boolean;
    }): Promise<readonly LeftTail[]>;
}
export interface ReplayOptions extends OperatorOptions {
    readonly inbox?: "keep" | "forget";
    readonly progress?: (step: {
        readonly done: number;
        readonly total: number;
    }) => void;
}
export interface StopReport {
    readonly completed: number;
    readonly drained: number;
    readonly released: number;
    readonly abandoned: number;
}
export interface Health {
    readonly status: "green" | "yellow" | "red";
    readonly state: "connected" | "started" | "stopping" | "stopped";
    readonly problems: readonly string[];
    readonly connections: Readonly<Record<string, ConnectionHealth>>;
    readonly live: boolean;
    readonly ready: boolean;
    readonly channels: Readonly<Record<string, ChannelHealth>>;
}
export interface ChannelHealth {
    readonly status: Health["status"];
    readonly problems: readonly string[];
    readonly lastError?: {
        readonly code: string;
        readonly message: string;
        readonly at: number;
    };
}
export interface ConnectionHealth {
    readonly state: "up" | "down" | "blocked" | "throttled";
    readonly since: number;
}

// api/middleware.d.ts
import type { AnyDelivery } from "./delivery.ts";
import { MessagingError } from "./errors.ts";
import type { Refused } from "./refused.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { MiddlewareShape } from "./shapes.ts";
export interface Middleware<Added extends object = {}> extends MiddlewareShape {
    readonly [Symbol.species]?: Added;
}
declare const passed: unique symbol;
export interface Passed<Added> {
    readonly [passed]: Added;
}
type NoReplacing<Added> = {
    readonly [K in keyof Added & keyof AnyDelivery]: Refused<`next() cannot replace delivery.${K}`>;
};
interface Next {
    (): Promise<Passed<{}>>;
    <Added extends object>(add: NoReplacing<Added> & Added): Promise<Passed<Added>>;
}
type Returned<Added> = {} extends Added ? Passed<Added> | void : Passed<Added>;
export type Adds<U extends readonly Middleware<any>[]> = U extends readonly [
    Middleware<infer A>,
    ...infer Rest extends readonly Middleware<any>[]
] ? A & Adds<Rest> : {};
export interface AttachContext {
    readonly runtime: Runtime;
    readonly channel: string;
    readonly group: string;
    readonly batch: boolean;
    readonly perKey: number;
    readonly holdMs: number;
    readonly keptMs: number;
    emit(event: MiddlewareEvent): void;
}
export interface MiddlewareEvent {
    readonly type: "warning";
    readonly level: "warn";
    readonly error: MessagingError;
    readonly id?: string;
}
export type RunBatch = (deliveries: readonly AnyDelivery[],
next: (subset: readonly AnyDelivery[], add?: object) => Promise<ReadonlySet<unknown>>,
fail: (delivery: AnyDelivery, error: unknown) => void) => Promise<void>;
export interface Attached {
    readonly run?: (delivery: AnyDelivery, next: (add?: object) => Promise<void>) => Promise<void>;
    readonly runBatch?: RunBatch;
    readonly problems?: readonly string[];
    readonly explanation?: string;
    readonly inbox?: AttachedInbox;
    readonly close?: () => unknown;
}
export interface AttachedInbox {
    readonly windowMs: number;
    forget(): Promise<void>;
}
export interface MiddlewareOptions {
    readonly name: string;
    readonly attach?: (to: AttachContext) => Attached;
    readonly runBatch?: RunBatch;
}
export declare function middleware<Added extends object = {}>(run: (delivery: AnyDelivery, next: Next) => Promise<Returned<Added>>, options?: MiddlewareOptions): Middleware<Added>;
export {};

// api/place.d.ts
import type { FoundPlace } from "../driver/index.ts";
export type ChannelPart = "channel" | "group" | "deadLetters";
export interface PlacesOptions {
    readonly group?: string;
    readonly parts?: readonly ChannelPart[];
}
export interface NamedPlace extends FoundPlace {
    readonly connection: string;
    readonly address: string;
    readonly missing?: true;
}
export interface ChannelPlace extends NamedPlace {
    readonly part: ChannelPart;
    readonly group?: string;
}

// api/publisher.d.ts
import type { AnyChannel, InputOf, NeedOf, TypeOf } from "./channel.ts";
import type { Duration } from "./duration.ts";
import type { MessagingError } from "./errors.ts";
import type { Join, Refused } from "./refused.ts";
type NameOf<C extends AnyChannel> = C["name"];
type Declared<C extends AnyChannel, N extends string, Value, Write extends string> = N extends NeedOf<C> ? Value : Refused<`"${NameOf<C>}" does not declare ${N}; add needs: { ${Write} }`>;
export interface PublishOptions<C extends AnyChannel = AnyChannel> {
    readonly id?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly delay?: Declared<C, "delay", Duration, 'delay: "15m"'>;
    readonly expires?: Duration | Date;
    readonly fairnessKey?: Declared<C, "fairness", string, "fairness: true">;
    readonly signal?: AbortSignal;
}
export interface Published {
    readonly id: string;
    readonly position?: string;
}
export type PublishManyItem<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = K extends unknown ? {
    readonly type: K;
    readonly data: InputOf<C, K>;
} & Omit<PublishOptions<C>, "signal"> : never;
export type PublishManyResult = ({
    readonly ok: true;
} & Published) | {
    readonly ok: false;
    readonly id: string;
    readonly error: MessagingError;
};
export type Connected<X extends AnyChannel, C extends AnyChannel, Given = X, Any = AnyChannel> = [X] extends [C] ? Given : Refused<NotConnected<X["name"], C["name"]>> & Any;
type NotConnected<Name extends string, Known extends string> = [Known] extends [never] ? `"${Name}" is not one of this type's channels; name them, as in Messaging<typeof orders>, or in connect({ channels })` : Name extends Known ? `"${Name}" is another channel than the connected one of that name; import the one given to connect({ channels })` : `"${Name}" is not connected; add it to connect({ channels })`;
export type PayloadOf<C extends AnyChannel, K extends TypeOf<C>> = [Boxed<K, K>] extends [Each<K>] ? InputOf<C, K> : OfAll<C, K> | Refused<`the type is one of ${Join<`"${K}"`>}: narrow it first, or give data that is right for each`>;
type Boxed<K, All> = K extends unknown ? (of: All) => All : never;
type Each<K> = K extends unknown ? (of: K) => K : never;
type OfAll<C extends AnyChannel, K extends TypeOf<C>> = (K extends unknown ? (data: InputOf<C, K>) => void : never) extends (data: infer All) => void ? All : never;
export interface Publisher<C extends AnyChannel> {
    publish<X extends AnyChannel, K extends keyof NonNullable<X[typeof Symbol.species]>["messages"] & string>(channel: Connected<X, C>, type: K, data: PayloadOf<X, K>, options?: PublishOptions<X>): Promise<Published>;
    publishMany<X extends AnyChannel>(channel: Connected<X, C>, messages: readonly PublishManyItem<X>[], options?: {
        readonly signal?: AbortSignal;
    }): Promise<readonly PublishManyResult[]>;
    readonly [Symbol.species]?: (name: C["name"], channel: C) => void;
}
export {};

// api/refused.d.ts
declare const refused: unique symbol;
export interface Refused<Why extends string> {
    readonly [refused]: Why;
}
export type Allow<Verdict> = [Verdict] extends [never] ? unknown : Verdict;
type Last<U> = (U extends unknown ? (of: () => U) => void : never) extends (of: infer F) => void ? F extends () => infer L ? L : never : never;
export type Join<U, Text extends string = ""> = [U] extends [never] ? Text : Last<U> extends infer L extends string ? Join<Exclude<U, L>, Text extends "" ? L : `${L}, ${Text}`> : Text;
export {};

// api/replay-from.d.ts
export type ReplayFrom = "earliest" | "latest" | {
    readonly time: Date | number;
} | {
    readonly at: string;
};

// api/shapes.d.ts
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "./duration.ts";
type Kind = "channel" | "consumer" | "middleware";
export interface Branded<K extends Kind> {
    readonly "~switchyard": K;
}
export declare function isMade(kind: Kind, value: unknown): boolean;
export interface Needs {
    readonly delay?: Duration;
    readonly fairness?: true;
    readonly replay?: true;
    readonly messageBytes?: number;
    readonly encryption?: true;
}
export interface Codec<T = any> {
    readonly contentType: string;
    encode(data: T, type: string): string | Uint8Array;
    decode(body: any, type: string): T;
}
export interface ForeignMessage {
    readonly body: unknown;
    readonly headers: Readonly<Record<string, string>>;
    readonly type?: string;
}
export interface ChannelShape {
    readonly name: string;
    readonly messages: Readonly<Record<string, StandardSchemaV1>>;
    readonly orderingKey?: string | ((message: {
        readonly type: string;
        readonly data: any;
    }) => string);
    readonly needs: Needs;
    readonly foreign?: string | ((raw: ForeignMessage) => string | undefined);
    readonly codec?: Codec;
}
export interface ConsumerShape {
    readonly kind: "single" | "batch";
    readonly channel: ChannelShape;
    readonly group: string;
    readonly handlers: Readonly<Record<string, ((data: any, delivery: any) => unknown) | "ignore">>;
    readonly handler?: (batch: any) => unknown;
    readonly options: ConsumeShapeOptions;
}
export interface ConsumeShapeOptions {
    readonly use?: readonly MiddlewareShape[];
    readonly concurrency?: number;
    readonly maxInFlight?: number;
    readonly maxInFlightBytes?: number;
    readonly batch?: {
        readonly size?: number;
        readonly wait?: Duration;
        readonly perKey?: number;
    };
    readonly probe?: () => unknown;
    readonly discard?: boolean;
}
export interface MiddlewareShape {
    readonly run: (delivery: any, next: (add?: object) => Promise<void>) => Promise<void>;
    readonly runBatch?: (deliveries: readonly any[], next: (subset: readonly any[], add?: object) => Promise<ReadonlySet<unknown>>, fail: (delivery: any, error: unknown) => void) => Promise<void>;
    readonly name?: string;
    readonly attach?: (to: any) => {
        readonly run?: MiddlewareShape["run"];
        readonly runBatch?: MiddlewareShape["runBatch"];
    } & {
        readonly problems?: readonly string[];
        readonly explanation?: string;
        readonly inbox?: {
            readonly windowMs: number;
            forget(): Promise<void>;
        };
        readonly close?: () => unknown;
    };
}
export {};

// api/tail.d.ts
import type { Duration } from "./duration.ts";
import type { ReplayFrom } from "./replay-from.ts";
export interface TailOptions {
    readonly from?: ReplayFrom;
    readonly data?: boolean;
    readonly for?: Duration;
    readonly signal?: AbortSignal;
}
export interface TailedMessage {
    readonly id: string;
    readonly type?: string;
    readonly source?: string;
    readonly key?: string;
    readonly publishedAt?: Date;
    readonly bytes: number;
    readonly partition?: string;
    readonly position?: string;
    readonly to?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly data?: unknown;
    readonly unreadable?: {
        readonly code: string;
        readonly message: string;
    };
}
export interface Tail extends AsyncIterable<TailedMessage> {
    readonly watching: Promise<void>;
}
export interface LeftTail {
    readonly name: string;
    readonly expiresAt?: Date;
    readonly removed: boolean;
}

// api/telemetry.d.ts
import type { ServerAddress } from "../driver/connection.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { MessagingEvent } from "./events.ts";
import type { GroupDepth } from "./depth.ts";
export interface Telemetry {
    open(context: TelemetryContext): TelemetrySession | Promise<TelemetrySession>;
}
export interface TelemetryContext {
    readonly service: string;
    readonly runtime: Runtime;
    readonly channels: readonly string[];
    inFlight(): readonly InFlight[];
    depth(channel: string, group?: string): Promise<readonly GroupDepth[]>;
}
export interface InFlight {
    readonly channel: string;
    readonly group: string;
    readonly messages: number;
}
export interface TelemetryPlace {
    readonly connection: string;
    readonly transport: string;
    readonly channel: string;
    readonly group?: string;
    readonly destination: string;
    readonly dead: boolean;
    readonly server?: ServerAddress | undefined;
    readonly pushed?: boolean;
}
export interface MessageTrace {
    readonly traceparent: string;
    readonly tracestate?: string;
}
export interface PublishedMessage {
    readonly id: string;
    readonly type: string;
}
export interface HandledMessage {
    readonly id: string;
    readonly type: string;
    readonly source: string;
    readonly time: Date;
    readonly attempt: number;
    readonly foreign: boolean;
    readonly hop: number;
    readonly trace: MessageTrace | undefined;
}
export type HandlerEnd = "ack" | "failed" | "retry" | "deadLetter" | "release" | "down" | "skip";
export interface TelemetrySettlement {
    readonly action: "ack" | "retry" | "release";
    readonly handling: Handling | undefined;
}
export interface TelemetryResult {
    readonly code?: string;
}
export type Ended = (results: readonly TelemetryResult[]) => void;
export interface Publishing {
    readonly trace?: MessageTrace;
    ended(error?: unknown): void;
}
export interface Handling {
    run<T>(call: () => T): T;
    ended(ends: readonly {
        readonly end: HandlerEnd;
        readonly error?: unknown;
    }[]): void;
}
export interface ReceivedMessages {
    readonly count: number;
    traces(): readonly (MessageTrace | undefined)[];
}
export interface TelemetrySession {
    publishing?(place: TelemetryPlace, message: PublishedMessage): Publishing | undefined;
    sending?(place: TelemetryPlace, traces: readonly (MessageTrace | undefined)[]): Ended | undefined;
    received?(place: TelemetryPlace, messages: ReceivedMessages, tookMs: number, failure?: TelemetryResult): void;
    handling?(place: TelemetryPlace, messages: readonly HandledMessage[], batch: boolean): Handling | undefined;
    settling?(place: TelemetryPlace, settlements: readonly TelemetrySettlement[]): Ended | undefined;
    lease?(place: TelemetryPlace, change: "gained" | "ended" | "lost"): void;
    event?(event: MessagingEvent): void;
    close?(): Promise<void> | void;
}

// api/verdicts.d.ts
import type { Duration } from "./duration.ts";
declare const BRAND = "~switchyard-verdict";
export type VerdictKind = "retry" | "deadLetter" | "release" | "skip" | "down";
interface VerdictOptions {
    readonly cause?: unknown;
}
declare abstract class Verdict extends Error {
    abstract readonly [BRAND]: VerdictKind;
    constructor(message: string, options?: VerdictOptions);
}
export declare class Retry extends Verdict {
    readonly name = "Retry";
    readonly [BRAND]: "retry";
    readonly delay?: Duration;
    constructor(options?: VerdictOptions & {
        readonly delay?: Duration;
    });
}
export declare class DeadLetter extends Verdict {
    readonly name = "DeadLetter";
    readonly [BRAND]: "deadLetter";
    readonly reason: string;
    constructor(reason: string, options?: VerdictOptions);
}
export declare class Release extends Verdict {
    readonly name = "Release";
    readonly [BRAND]: "release";
    readonly delay?: Duration;
    readonly orSooner?: true;
    constructor(options?: VerdictOptions & {
        readonly delay?: Duration;
        readonly orSooner?: boolean;
    });
}
export declare class DependencyDown extends Verdict {
    readonly name = "DependencyDown";
    readonly [BRAND]: "down";
    constructor(what: string, options?: VerdictOptions);
}
export declare class Skip extends Verdict {
    readonly name = "Skip";
    readonly [BRAND]: "skip";
    readonly reason: string;
    constructor(reason: string, options?: VerdictOptions);
}
export type AnyVerdict = Retry | DeadLetter | Release | DependencyDown | Skip;
export declare function verdictOf(error: unknown): AnyVerdict | undefined;
export declare function verdictKind(verdict: AnyVerdict): VerdictKind;
export declare function verdictKindOf(error: unknown): VerdictKind | undefined;
export {};

// base/causes.d.ts
export declare function causesOf(error: unknown): Generator<object>;

// base/deque.d.ts
export declare class Deque<T> {
    #private;
    get size(): number;
    push(item: T): void;
    unshift(item: T): void;
    peek(): T | undefined;
    at(index: number): T | undefined;
    shift(): T | undefined;
    clear(): void;
    drain(): T[];
    [Symbol.iterator](): Iterator<T>;
}

// base/excerpt.d.ts
export declare function excerpt(text: string, maxChars?: number): string;
export declare function oneLine(text: string, maxChars?: number): string;

// base/guarded.d.ts
export declare function printThrow(name: string, error: unknown): void;
export declare function guarded<T>(name: string, callback: (value: T) => unknown): (value: T) => void;

// base/json-copy.d.ts
export declare class JsonCopy {
    length: number;
    flat: boolean;
    value: unknown;
}
export declare function copyJson(data: unknown): JsonCopy | undefined;
export declare function copyAgain(value: unknown, flat: boolean): unknown;

// base/key-hash.d.ts
export declare const keyHash: (key: string) => string;

// base/linked-list.d.ts
export interface Listed<T> {
    older: T | undefined;
    newer: T | undefined;
}
export declare class LinkedList<T extends Listed<T>> implements Iterable<T> {
    #private;
    get size(): number;
    get oldest(): T | undefined;
    add(item: T): void;
    has(item: T): boolean;
    delete(item: T): boolean;
    clear(): void;
    [Symbol.iterator](): Iterator<T>;
}

// base/linked-queue.d.ts
export interface Linked<T> {
    next: T | undefined;
}
export declare class LinkedQueue<T extends Linked<T>> {
    #private;
    get size(): number;
    push(item: T): void;
    unshift(item: T): void;
    peek(): T | undefined;
    shift(): T | undefined;
    drain(): T[];
}

// base/load-once.d.ts
export interface LoadOnce<M> {
    (): Promise<M>;
    readonly loaded: M | undefined;
}
export declare function loadOnce<M>(load: () => Promise<M>): LoadOnce<M>;

// base/quoted-words.d.ts
export declare function quotedWords(said: string): string;

// base/troubles.d.ts
import type { Runtime } from "../driver/runtime.ts";
export interface Trouble {
    readonly text: string;
    readonly needsPerson: boolean;
    readonly channel?: string;
}
export declare class Troubles {
    #private;
    constructor(runtime: Pick<Runtime, "monotonic">);
    note(name: string, trouble: Trouble, forMs: number): void;
    clear(name: string): void;
    list(): readonly Trouble[];
}
export declare function needsPerson(kind: string): boolean;

// config/layers/section.d.ts
import { type Path, type Tree } from "./tree.ts";
export declare class Section {
    #private;
    readonly value: Tree;
    constructor(home: string);
    merge(source: Tree, at: (path: Path) => string, named?: boolean): void;
    get empty(): boolean;
    remove(where: string): void;
    clear(): void;
    drop(path: readonly string[]): void;
    where(...path: readonly string[]): string;
    origins(): Iterable<string>;
}

// config/layers/tree.d.ts
export type Tree = Record<string, unknown>;
export type Path = readonly PropertyKey[];
export declare function isTree(value: unknown): value is Tree;
export declare function pathText(path: Path): string;
export declare function getAt(root: unknown, path: Path): unknown;
export declare function without(root: unknown, path: Path): unknown;
export declare function setAt(root: Tree, path: readonly string[], value: unknown): void;

// config/resolve/policies.d.ts
import type { Model } from "../../driver/index.ts";
import type { Policy } from "../../plan/plan.ts";
import type { Section } from "../layers/section.ts";
import type { PolicyInput } from "../../api/config-input.ts";
export interface PolicyPlan {
    readonly policy: Policy;
    readonly channel?: string;
}
export type NamedPolicy = PolicyPlan & {
    readonly section: Section;
};
export declare function policyOf(input: PolicyInput, model: Model): PolicyPlan;
export declare function nativeAttempts(policy: Policy): number;

// consume/lease/bodies.d.ts
import type { Codec } from "../../api/shapes.ts";
import type { Reservation } from "../../content/opened-bytes.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import type { DeadInfo, Envelope } from "../../wire/envelope.ts";
export interface Bodies {
    readonly plain: number;
    read(message: Unread, opened: Opened, type: string, codec: Codec | undefined, together: object | undefined): unknown;
    told(opened: Opened, original: Envelope, why: Told): Promise<Pick<DeadInfo, "reason" | "detail">>;
}
interface Told {
    readonly code: string;
    readonly reason: string;
    readonly errorClass: string | undefined;
}
export declare const NO_ROOM = "no-room";
export interface Unread {
    readonly delivery: {
        readonly enqueuedAt?: number;
    };
    readonly signal: AbortSignal;
    body: BodyState | undefined;
}
export declare function isProcessed({ envelope }: Opened): boolean;
export declare class BodyState {
    encrypted: boolean | undefined;
    since: number;
    tries: number;
    own: boolean;
    reservation: Reservation | undefined;
    free(): void;
}
export {};

// consume/lease/budget.d.ts
export declare class Budget {
    #private;
    onShort: () => void;
    constructor(max: number, maxBytes: number);
    get held(): number;
    get free(): number;
    get paused(): boolean;
    pause(paused: boolean): void;
    get wanted(): boolean;
    tryTake(most: number, least?: number): number;
    take(most: number, least?: number): Promise<number>;
    offer(): void;
    get full(): boolean;
    fill(bytes: number): void;
    leave(bytes: number): void;
    unreserve(count: number): void;
    close(): void;
}

// consume/lease/group-context.d.ts
import type { Connection, Delivery, ReceiverDriver, ReceiverOptions, Runtime } from "../../driver/index.ts";
import type { MessagingEvent } from "../../api/events.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import type { Probe } from "../../wire/probe.ts";
import type { Bodies } from "./bodies.ts";
import type { AsyncScope } from "../../runtime/async-context.ts";
import type { Attempts } from "./known-attempts.ts";
import type { Budget } from "./budget.ts";
import type { Trouble, Troubles } from "../../base/troubles.ts";
import type { HeldMessage } from "./held-message.ts";
export type HandlerOutcome = "passed" | "failed" | "neither";
export interface Gate {
    readonly room: number;
    readonly open: boolean;
    waitMs(message: HeldMessage): number;
    started(message: HeldMessage): void;
    note(message: HeldMessage, outcome: HandlerOutcome, error: unknown): void;
    ended(message: HeldMessage): void;
    resume(): void;
    stop(): void;
    trouble(): Trouble | undefined;
    onRoom: () => void;
    onOpen: () => void;
}
type Without<T> = T extends unknown ? Omit<T, "connection" | "channel" | "group"> : never;
export type GroupEvent = Without<MessagingEvent>;
export type ToldOf = {
    readonly dead: true;
} | {
    readonly delayMs: number;
};
export interface GroupContext {
    readonly consumer: ConsumerShape;
    readonly channel: ChannelPlan;
    readonly plan: GroupPlan;
    readonly physicalName: string;
    readonly runtime: Runtime;
    readonly connection: Connection;
    receiver(options: ReceiverOptions, signal: AbortSignal): Promise<ReceiverDriver>;
    readonly told?: ((delivery: Delivery, what: ToldOf) => void) | undefined;
    readonly bodies: Bodies | undefined;
    loadBodies(): Promise<Bodies>;
    readonly budget: Budget;
    readonly gate: Gate | undefined;
    readonly attempts: Attempts;
    readonly lastError: {
        readonly code: string;
        readonly message: string;
        readonly at: number;
    } | undefined;
    readonly troubles: Troubles;
    readonly deadLetters: SendQueue | undefined;
    emit(event: GroupEvent): void;
    readonly scope: AsyncScope;
    readonly probe: Probe | undefined;
    readonly observed: boolean;
    readonly traced: boolean;
    readonly watched: boolean;
    readonly describe: (error: unknown) => string;
    readonly redact: (reason: string) => string;
}
export {};

// consume/lease/held-message.d.ts
import type { Linked } from "../../base/linked-queue.ts";
import type { Listed } from "../../base/linked-list.ts";
import type { Delivery, Outcome, Runtime, Settlement } from "../../driver/index.ts";
import type { Handling } from "../../api/telemetry.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import type { BodyState } from "./bodies.ts";
export interface Condemned {
    readonly action: "deadLetter";
    readonly code: string;
    readonly reason: string;
    readonly error?: unknown;
}
export type HeldState = "ready" | "running" | "waiting" | "settling" | "done" | "lost";
export type ReleaseReason = "stop" | "asked" | "order" | "hold" | "breaker" | "room";
export interface Keeper {
    readonly id: string;
    readonly runtime: Runtime;
    readonly log: boolean;
    readonly ending: boolean;
    readonly fencingToken: number | undefined;
    begin(message: HeldMessage): void;
    end(message: HeldMessage): void;
    ack(message: HeldMessage): void;
    canKeep(message: HeldMessage, delayMs: number): boolean;
    canReturn(message: HeldMessage, delayMs: number): boolean;
    wait(message: HeldMessage, delayMs: number): void;
    giveBack(message: HeldMessage, delayMs: number, attempt: number): void;
    postpone(message: HeldMessage, delayMs: number, reason: ReleaseReason): void;
    release(message: HeldMessage, reason: ReleaseReason): void;
    leave(message: HeldMessage): void;
    following(message: HeldMessage, most: number): readonly HeldMessage[];
    laneLength(message: HeldMessage): number;
}
export declare class HeldMessage implements Linked<HeldMessage>, Listed<HeldMessage> {
    #private;
    readonly delivery: Delivery;
    readonly lease: Keeper;
    readonly bytes: number;
    readonly lane: string | undefined;
    readonly state: HeldState;
    deadline: number | undefined;
    failures: number;
    attempted: boolean;
    readonly before: number;
    get waits(): number;
    dueAt: number;
    wait: Disposable | undefined;
    extending: Promise<readonly Outcome[] | undefined> | undefined;
    settlement: Settlement | undefined;
    settleTries: number;
    condemned: Condemned | undefined;
    condemnedAt: number | undefined;
    opened: Opened | undefined;
    body: BodyState | undefined;
    firstFailedAt: number | undefined;
    older: HeldMessage | undefined;
    newer: HeldMessage | undefined;
    next: HeldMessage | undefined;
    handling?: Handling | undefined;
    constructor(delivery: Delivery, lease: Keeper, lane: string | undefined, before: number);
    get attempt(): number;
    get signal(): AbortSignal;
    abort(reason: Error): void;
}
export declare class PostponedMessage extends HeldMessage {
    #private;
    constructor(delivery: Delivery, lease: Keeper, lane: string | undefined, before: number, waits: number);
    get waits(): number;
    get attempt(): number;
}

// consume/lease/known-attempts.d.ts
export interface Known {
    readonly attempts: number;
    readonly firstAt: number | undefined;
    readonly attempted?: boolean;
    readonly waits?: number;
}
export declare class Attempts {
    #private;
    get(id: string): Known | undefined;
    failed(id: string, known: Known): void;
    forget(id: string): void;
}

// consume/push/pushed-group.d.ts
import type { Adapter, Delivery, ReceiverDriver } from "../../driver/index.ts";
import type { PushedEvent, Verdict } from "../../driver/push.ts";
import type { GroupContext, GroupEvent } from "../lease/group-context.ts";
export interface EventResult {
    readonly verdicts: readonly Verdict[];
    readonly abandoned: readonly Delivery[];
    readonly due: ReadonlyMap<string, number>;
}
export declare class PushedGroup {
    #private;
    readonly context: GroupContext;
    readonly adapter: Adapter;
    readonly options: unknown;
    readonly address: string;
    constructor(context: GroupContext, adapter: Adapter, options: unknown);
    handle(event: PushedEvent, answerAt: number): Promise<EventResult>;
    open(signal: AbortSignal): Promise<ReceiverDriver>;
    emit(event: GroupEvent): void;
}

// content/opened-bytes.d.ts
export declare class OpenedBytes {
    #private;
    constructor(most: number);
    take(bytes: number): boolean;
    wait(bytes: number): Promise<void>;
    free(bytes: number): void;
}
export declare class Attempted {
    first: Promise<void> | undefined;
    used: number;
}
export declare class Reservation {
    #private;
    constructor(opened: OpenedBytes, attempted: Attempted, need: number);
    get need(): number;
    reserve(bytes: number): void | Promise<void>;
    free(): void;
}

// driver-kit/endpoint.d.ts
export declare function isLoopback(hostname: string): boolean;
export declare function withoutScheme(endpoint: string): URL | undefined;
export declare function originProblem(endpoint: string, allowInsecure: boolean, example: string): string | undefined;

// driver-kit/index.d.ts
export { causesOf } from "../base/causes.ts";
export { Deque } from "../base/deque.ts";
export { formatDuration, parseDuration } from "../api/duration.ts";
export { fromFault, isMessagingError, MessagingError } from "../api/errors.ts";
export { ATTRIBUTES as ENVELOPE_ATTRIBUTES, type Attribute, DEAD_ATTRIBUTES } from "../wire/attribute-table.ts";
export { charsetOf } from "../wire/charset.ts";
export { readForeign } from "../wire/foreign-message.ts";
export { networkFault, type NetworkHints } from "./network-fault.ts";
export { isLoopback, originProblem, withoutScheme } from "./endpoint.ts";
export { LinkedList, type Listed } from "../base/linked-list.ts";
export { type Linked, LinkedQueue } from "../base/linked-queue.ts";
export { guarded } from "../base/guarded.ts";
export { loadPeer } from "./peer.ts";
export { quotedWords } from "../base/quoted-words.ts";
export { capturedContext, outside } from "../runtime/async-context.ts";
export { anySignal } from "../runtime/any-signal.ts";
export { sleepOver } from "../runtime/sleep.ts";
export { excerpt, oneLine } from "../wire/text.ts";
export { within } from "../runtime/within.ts";

// driver-kit/network-fault.d.ts
import type { Fault, Phase } from "../driver/index.ts";
export interface NetworkHints {
    readonly unreachable: string;
    readonly tls: string;
}
export declare function networkFault(error: object, during: Phase, hints?: NetworkHints): Fault | undefined;

// driver-kit/peer.d.ts
export declare function loadPeer<T>(name: string, by: string, beside: () => Promise<unknown>, ofProject?: () => Promise<unknown>): Promise<T>;

// driver/adapter.d.ts
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Capabilities } from "./capabilities.ts";
import type { Connection } from "./connection.ts";
import type { Destination, Located } from "./destination.ts";
import type { Resources } from "./resources.ts";
import type { Rights } from "./rights.ts";
import type { Runtime } from "./runtime.ts";
import type { Topology } from "./topology.ts";
export interface Adapter<O = any, Keeps = unknown> {
    readonly name: string;
    readonly options: StandardSchemaV1<unknown, O>;
    capabilities(of: Destination, options: O): Capabilities | undefined;
    locate(of: Destination, options: O): Located;
    nativeProblems?(of: Destination, options: O): readonly string[];
    explain?(of: Destination, options: O): readonly string[];
    place?(options: O): string;
    open(options: O, runtime: Runtime, report: (event: DriverEvent) => void, client?: {
        readonly service: string;
    }): Promise<Connection>;
    topology?(options: O, runtime: Runtime): Promise<Topology>;
    rights?(options: O): Promise<Rights>;
    resources?(options: O): Promise<Resources>;
    readonly "~keeps"?: Keeps;
}
export interface DriverEvent {
    readonly type: "up" | "down" | "blocked" | "unblocked" | "throttled" | "position-lost" | "warning";
    readonly id?: string;
    readonly cause?: unknown;
}

// driver/capabilities.d.ts
export interface Capabilities {
    readonly ordering: "none" | "partition" | "key";
    readonly publishConfirm: "none" | "received" | "stored";
    readonly publishDedupMs: number;
    readonly maxBatch: {
        readonly count: number;
        readonly bytes: number;
    };
    readonly maxMessageBytes: number;
    readonly headers: number;
    readonly binary: boolean;
    readonly concurrency: {
        readonly send: number;
        readonly receive: number;
    };
    readonly minInFlight?: number;
    readonly delayedPublishMs: number;
    readonly retryDelayMs: number;
    readonly holdExtend: boolean;
    readonly releaseWithoutPenalty: boolean;
    readonly releaseDelayMs?: number;
    readonly attempts: "exact" | "failures" | "approximate" | "local";
    readonly settleResult: "confirmed" | "sent" | "checkpoint";
    readonly deadLetter: "none" | "native";
    readonly redrive: "none" | "group";
    readonly replay: readonly ("earliest" | "latest" | "time" | "at")[];
    readonly retentionMs: number;
    readonly filter: "none" | "broker";
    readonly fairness: boolean;
    readonly groupMembership: "competing" | "leases";
    readonly fencingToken: boolean;
    readonly poisonSkip: readonly ("deadLetter" | "park" | "skip" | "block")[];
    readonly depth: "none" | "lag" | "approximate" | "exact";
    readonly purge: boolean;
    readonly delivery?: "pulled" | "pushed";
    readonly moveAll?: boolean;
}

// driver/connection.d.ts
import type { Destination, Position } from "./destination.ts";
import type { ReceiverDriver } from "./receiver.ts";
import type { SenderDriver } from "./sender.ts";
import type { Tails } from "./tail.ts";
export interface Connection {
    sender(to: Destination, signal: AbortSignal): Promise<SenderDriver>;
    receiver(from: Destination, options: ReceiverOptions, signal: AbortSignal): Promise<ReceiverDriver>;
    depth?(of: Destination, signal: AbortSignal): Promise<readonly Depth[]>;
    place?(of: Destination, signal: AbortSignal): Promise<FoundPlace>;
    purge?(of: Destination, signal: AbortSignal): Promise<void>;
    readonly moves?: Moves;
    readonly tails?: Tails;
    seek?(of: Destination, to: Position, signal: AbortSignal, moved?: Moved): Promise<void>;
    classify(cause: unknown, during: Phase): Fault;
    server?(of: Destination): ServerAddress | undefined;
    close(): Promise<void>;
}
export type Moved = (step: {
    readonly done: number;
    readonly total: number;
}) => void;
export interface FoundPlace {
    readonly account?: string;
    readonly region?: string;
    readonly host?: string;
    readonly virtualHost?: string;
    readonly cluster?: string;
}
export interface ServerAddress {
    readonly address: string;
    readonly port?: number;
}
export interface Moves {
    start(from: Destination, to: Destination, perSecond: number | undefined, signal: AbortSignal): Promise<string>;
    list(from: Destination, to: Destination, signal: AbortSignal): Promise<readonly MoveTask[]>;
    cancel(handle: string, signal: AbortSignal): Promise<void>;
}
export interface MoveTask {
    readonly state: "running" | "cancelling" | "completed" | "cancelled" | "failed";
    readonly handle?: string;
    readonly into: boolean;
    readonly startedAt: number;
    readonly moved: number;
    readonly total?: number;
    readonly failure?: string;
}
export type Phase = "open" | "send" | "receive" | "settle" | "extend" | "topology";
export interface ReceiverOptions {
    readonly holdMs: number;
    readonly prefetch: number;
    readonly window?: number;
    readonly start: Position;
    readonly announce?: (waitMs: number, why: string) => void;
}
export interface Depth {
    readonly lease?: string;
    readonly holder?: string;
    readonly ready?: number;
    readonly delayed?: number;
    readonly held?: number;
    readonly oldestMs?: number;
    readonly oldestAsOf?: Date;
}
export interface Fault {
    readonly kind: "retryable" | "throttled" | "ambiguous" | "permanent" | "auth" | "config" | "closed" | "lost";
    readonly code: string;
    readonly hint?: string;
    readonly where?: string;
    readonly said?: string;
    readonly retryAfterMs?: number;
    readonly partial?: boolean;
}

// driver/destination.d.ts
export type Model = "queue" | "pubsub" | "stream";
export interface Destination {
    readonly channel: string;
    readonly base: string;
    readonly name: string;
    readonly model: Model;
    readonly ordered: boolean;
    readonly dead?: boolean;
    readonly partitions?: number;
    readonly group?: string;
    readonly types?: readonly string[];
    readonly foreign?: boolean;
    readonly address?: string;
    readonly baseAddress?: string;
    readonly deadLetter?: Destination;
    readonly nativeAttempts?: number;
    readonly holdMs?: number;
    readonly runsOn?: string;
    readonly retentionMs?: number;
    readonly native: Readonly<Record<string, unknown>>;
}
export type Position = "earliest" | "latest" | {
    readonly time: number;
} | {
    readonly at: string;
};
export interface Located {
    readonly address: string;
    readonly partitionNames?: readonly string[];
    readonly transport?: string;
    readonly problem?: string;
}

// driver/index.d.ts
export type { Adapter, DriverEvent } from "./adapter.ts";
export type { Capabilities } from "./capabilities.ts";
export type { Connection, Depth, Fault, FoundPlace, Moved, Moves, MoveTask, Phase, ReceiverOptions, ServerAddress, } from "./connection.ts";
export type { Destination, Located, Model, Position } from "./destination.ts";
export type { Delivery, Lease, Outcome, Settlement } from "./lease.ts";
export type { LocalContent, WireMessage } from "./message.ts";
export type { PushedEvent, Verdict } from "./push.ts";
export type { Existing, ReceiverDriver } from "./receiver.ts";
export { HERE, type Resource, type ResourceList, type Resources } from "./resources.ts";
export type { BrokerRight, Condition, ConnectionUse, IamRight, Needed, Place, ResourceRights, ResourceStatement, Right, Rights, TopologyUse, UseDetails, } from "./rights.ts";
export type { Runtime, RuntimeTimer } from "./runtime.ts";
export type { SenderDriver, Sent } from "./sender.ts";
export type { TailDriver, TailLeft, TailRecord, Tails, TailStart } from "./tail.ts";
export type { ApplyOptions, Change, Topology, TopologyPlan } from "./topology.ts";

// driver/lease.d.ts
import type { WireMessage } from "./message.ts";
export interface Lease<R = any> {
    readonly id: string;
    readonly fencingToken?: number;
    readonly lost: AbortSignal;
    readonly settlesAtOnce?: boolean;
    receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<R>[] | null>;
    settle(batch: readonly Settlement<R>[], signal: AbortSignal): Promise<readonly Outcome[]>;
    extend?(receipts: readonly R[], forMs: number, signal: AbortSignal): Promise<readonly Outcome[]>;
    limit?(most: number): void;
    release(reason: "drained" | "stopping", signal: AbortSignal): Promise<void>;
}
export interface Delivery<R = any> {
    readonly id: string;
    readonly unique?: false | undefined;
    readonly message: WireMessage;
    readonly receipt: R;
    readonly raw: unknown;
    readonly attempt?: number | undefined;
    readonly enqueuedAt?: number;
    readonly position?: string;
    readonly deadline?: number;
    readonly lastDeadline?: number;
}
export type Settlement<R = any> = {
    readonly receipt: R;
    readonly action: "ack";
}
 | {
    readonly receipt: R;
    readonly action: "retry";
    readonly delayMs: number;
    readonly attempt: number;
}
 | {
    readonly receipt: R;
    readonly action: "release";
    readonly delayMs?: number;
};
export type Outcome = undefined | {
    readonly cause: unknown;
};

// driver/message.d.ts
export interface LocalContent {
    readonly id: string;
    readonly envelope: object;
    readonly length: number;
    readonly atMostBytes: number;
    fresh(): unknown;
}
export interface WireMessage {
    readonly body: string | Uint8Array;
    readonly headers: Readonly<Record<string, string>>;
    readonly type?: string;
    readonly key?: string;
    readonly fairness?: string;
    readonly dedup?: string;
    readonly coding?: string;
    readonly offloaded?: {
        readonly bytes: number;
        readonly attribute: string;
    };
    readonly delayMs?: number;
    readonly local?: LocalContent;
}

// driver/push.d.ts
import type { Delivery, Outcome, Settlement } from "./lease.ts";
export interface PushedEvent<R = any> {
    readonly id: string;
    readonly deliveries: readonly Delivery<R>[];
    readonly alone?: boolean;
    settle?(batch: readonly Settlement<R>[], signal: AbortSignal): Promise<readonly Outcome[]>;
}
export type Verdict = "ack" | "dead" | "retry" | "released";

// driver/receiver.d.ts
import type { Capabilities } from "./capabilities.ts";
import type { Lease } from "./lease.ts";
export interface ReceiverDriver<R = any> {
    readonly capabilities: Capabilities;
    readonly existing?: Existing;
    leases(signal: AbortSignal): AsyncIterable<Lease<R>>;
    close(): Promise<void>;
}
export interface Existing {
    readonly deliveries?: {
        readonly count: number;
        readonly setting: string;
    };
    readonly retentionMs?: number;
    readonly encryptedAtRest?: boolean;
    readonly discards?: readonly string[];
}

// driver/resources.d.ts
import type { Destination } from "./destination.ts";
export interface Resource {
    readonly type: string;
    readonly name: string;
    readonly arn?: string;
    readonly properties: Readonly<Record<string, unknown>>;
}
export interface ResourceList {
    readonly resources: readonly Resource[];
    readonly notes: readonly string[];
}
export interface Resources {
    list(destinations: readonly Destination[]): ResourceList;
}
export declare const HERE: {
    readonly partition: "@{partition}";
    readonly region: "@{region}";
    readonly account: "@{account}";
};

// driver/rights.d.ts
import type { Destination } from "./destination.ts";
export type ConnectionUse = "send" | "receive" | "depth" | "purge" | "seek" | "move" | "tail";
export type TopologyUse = "plan" | "apply" | "destroy";
export type Right = IamRight | BrokerRight;
export interface IamRight {
    readonly kind: "iam";
    readonly action: string;
    readonly resource: string;
    readonly condition?: Condition;
}
export type Condition = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
export interface BrokerRight {
    readonly kind: "rabbitmq";
    readonly vhost: string;
    readonly permission: "configure" | "write" | "read";
    readonly name: string;
    readonly prefix?: boolean;
}
export interface ResourceStatement {
    readonly Sid: string;
    readonly Effect: "Allow";
    readonly Principal: Readonly<Record<string, string | readonly string[]>>;
    readonly Action: string | readonly string[];
    readonly Resource: string;
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}
export interface ResourceRights {
    readonly arn: string;
    readonly statements: readonly ResourceStatement[];
}
export interface Needed {
    readonly rights: readonly Right[];
    readonly warnings?: readonly string[];
}
export interface Place {
    readonly account?: string | undefined;
    readonly region?: string | undefined;
    readonly partition?: string | undefined;
}
export interface UseDetails {
    readonly source?: Destination;
    readonly delayed?: boolean;
}
export interface Rights {
    connection(use: ConnectionUse, of: Destination, place: Place, details?: UseDetails): Needed;
    topology(use: TopologyUse, destinations: readonly Destination[], place: Place): Needed;
    resources?(destinations: readonly Destination[], place: Place): readonly ResourceRights[];
}

// driver/runtime.d.ts
export interface Runtime {
    now(): number;
    monotonic(): number;
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
    timer(ms: number, fn: () => void): RuntimeTimer;
    defer(fn: () => void): void;
    random(): number;
    uuid(): string;
}
export interface RuntimeTimer extends Disposable {
    unref?(): void;
}

// driver/sender.d.ts
import type { Capabilities } from "./capabilities.ts";
import type { WireMessage } from "./message.ts";
export interface SenderDriver {
    readonly capabilities: Capabilities;
    readonly encryptedAtRest?: boolean;
    readonly local?: boolean;
    size(message: WireMessage): number;
    send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]>;
    close(): Promise<void>;
}
export type Sent = {
    readonly cause: unknown;
} | {
    readonly cause?: never;
    readonly id: string;
    readonly position?: string;
};

// driver/tail.d.ts
import type { Destination, Position } from "./destination.ts";
import type { WireMessage } from "./message.ts";
export interface Tails {
    open(of: Destination, options: TailStart, signal: AbortSignal): Promise<TailDriver>;
    left?(of: Destination, signal: AbortSignal): Promise<readonly TailLeft[]>;
    remove?(of: Destination, left: TailLeft, signal: AbortSignal): Promise<void>;
}
export interface TailStart {
    readonly start: Position;
    readonly expiresAt: number;
}
export interface TailDriver {
    read(signal: AbortSignal): Promise<readonly TailRecord[]>;
    close(): Promise<void>;
}
export interface TailRecord {
    readonly id: string;
    readonly message: WireMessage;
    readonly raw: unknown;
    readonly enqueuedAt?: number;
    readonly partition?: string;
    readonly position?: string;
}
export interface TailLeft {
    readonly name: string;
    readonly expiresAt?: number;
}

// driver/topology.d.ts
import type { Destination } from "./destination.ts";
export interface Change {
    readonly action: "create" | "update" | "destructive" | "drift";
    readonly resource: string;
    readonly name: string;
    readonly summary: string;
    readonly detail?: Readonly<Record<string, unknown>>;
}
export interface TopologyPlan {
    readonly changes: readonly Change[];
    readonly state?: unknown;
}
export interface ApplyOptions {
    readonly destructive?: boolean;
    readonly applied?: (name: string) => void;
}
export interface Topology {
    plan(destinations: readonly Destination[], signal: AbortSignal): Promise<TopologyPlan>;
    apply(plan: TopologyPlan, signal: AbortSignal, options?: ApplyOptions): Promise<void>;
    destroy?(destinations: readonly Destination[], signal: AbortSignal): Promise<void>;
    close(): Promise<void>;
}

// endpoints/endpoints.d.ts
import type { Health } from "../api/messaging.ts";
export interface Peer {
    readonly remoteAddress?: string | undefined;
}
export type Handle = (request: Request, peer?: Peer) => Promise<Response>;
export type MetricsSource = (() => string | Promise<string>) | {
    getMetricsRequestHandler(request: any, response: any): void;
};
export interface EndpointOptions {
    readonly metrics?: MetricsSource;
    readonly detail?: (request: Request, peer: Peer) => boolean;
    readonly base?: string;
}
export declare function endpoints(messaging: {
    health(): Health;
}, options?: EndpointOptions): Handle;

// endpoints/index.d.ts
export { type EndpointOptions, endpoints, type Handle, type MetricsSource, type Peer } from "./endpoints.ts";
export { isLoopback } from "./is-loopback.ts";
export { toNode } from "./to-node.ts";

// endpoints/is-loopback.d.ts
import type { Peer } from "./endpoints.ts";
export declare function isLoopback(_request: Request, { remoteAddress }?: Peer): boolean;

// endpoints/to-node.d.ts
import type { Handle } from "./endpoints.ts";
interface NodeRequest {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    readonly socket: {
        readonly remoteAddress?: string | undefined;
    };
}
interface NodeResponse {
    writeHead(status: number, headers: Record<string, string>): unknown;
    end(text: string): unknown;
}
export declare function toNode(handle: Handle): (request: NodeRequest, response: NodeResponse) => void;
export {};

// index.d.ts
export type { AnyChannel, Channel, ForeignRaw, InputOf, OutputOf, TypeOf } from "./api/channel.ts";
export { channel, isChannel } from "./api/channel.ts";
export type { ByteSize } from "./api/byte-size.ts";
export type { ConfigInput } from "./api/config-input.ts";
export { connect } from "./messaging/connect.ts";
export type { BatchOptions, ConsumeOptions, Consumer } from "./api/consumer.ts";
export { batchConsumer, consumer, isConsumer } from "./api/consumer.ts";
export { defineConfig } from "./api/define-config.ts";
export type { AnyDelivery, Batch, Delivery } from "./api/delivery.ts";
export type { Capabilities, FoundPlace, Model, ServerAddress } from "./driver/index.ts";
export type { DepthNumber, DepthOptions, GroupDepth } from "./api/depth.ts";
export type { ChannelPart, ChannelPlace, NamedPlace, PlacesOptions } from "./api/place.ts";
export type { Duration } from "./api/duration.ts";
export type { Codec } from "./api/shapes.ts";
export type { Kind, Problem } from "./api/errors.ts";
export { isMessagingError, MessagingError } from "./api/errors.ts";
export type { MessagingEvent, Observe } from "./api/events.ts";
export { type EventLogger, logEvents, type LogOptions } from "./messaging/log-events.ts";
export { keyHash } from "./base/key-hash.ts";
export type { ChannelHealth, ConnectionHealth, ConnectOptions, Health, Messaging, StopReport, ReplayOptions, } from "./api/messaging.ts";
export type { Imports } from "./api/imports.ts";
export type { ReplayFrom } from "./api/replay-from.ts";
export type { Attached, AttachContext, AttachedInbox, Middleware, MiddlewareEvent, MiddlewareOptions, RunBatch, } from "./api/middleware.ts";
export { middleware } from "./api/middleware.ts";
export type { ChannelExplanation, ConnectionExplanation, Explanation, GroupExplanation } from "./api/explanation.ts";
export { apply, explain, findConfig, places, plan, resources } from "./messaging/deploy.ts";
export type { ConnectionResources, PlannedResources } from "./messaging/resources.ts";
export type { ApplyPlanOptions, PlannedTopology, PlanOptions } from "./messaging/provision.ts";
export type { PayloadOf, Published, Publisher, PublishManyItem, PublishManyResult, PublishOptions, } from "./api/publisher.ts";
export type { Refused } from "./api/refused.ts";
export type { Runtime, RuntimeTimer } from "./driver/runtime.ts";
export { systemRuntime } from "./runtime/system-runtime.ts";
export type { DeadLetterCount, DeadLetterEdit, DeadLetterFilter, DeadLetterGroup, DeadLetterItem, CanaryOutcome, DeadLetters, DeadLetterScan, EditedLetter, EditOptions, ExportOptions, ExportProgress, ExportResult, ExportRun, ExportSink, GroupsOptions, GroupsResult, ImportOptions, ImportProgress, ImportResult, ImportRun, OperationEntry, OperatorAction, OperatorOptions, Purged, PurgeOptions, PurgeProgress, PurgeRun, Redriven, RedriveOptions, RedriveProgress, RedriveRun, ScanOptions, ScanResult, } from "./api/dead-letters.ts";
export type { LeftTail, Tail, TailedMessage, TailOptions } from "./api/tail.ts";
export type { Ended, HandledMessage, HandlerEnd, Handling, InFlight, MessageTrace, PublishedMessage, Publishing, ReceivedMessages, Telemetry, TelemetryContext, TelemetryPlace, TelemetryResult, TelemetrySession, TelemetrySettlement, } from "./api/telemetry.ts";
export type { VerdictKind } from "./api/verdicts.ts";
export { DeadLetter, DependencyDown, Release, Retry, Skip, verdictKindOf } from "./api/verdicts.ts";

// messaging/connect.d.ts
import type { AnyChannel } from "../api/channel.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
export declare function connect<const Channels extends readonly AnyChannel[]>(options: ConnectOptions<Channels>): Promise<Messaging<Channels[number]>>;

// messaging/deploy.d.ts
import type { Explanation } from "../api/explanation.ts";
import type { NamedPlace } from "../api/place.ts";
import type { ApplyPlanOptions, PlannedTopology, PlanOptions } from "./provision.ts";
import type { PlannedResources } from "./resources.ts";
export declare function explain(options: PlanOptions): Promise<Explanation>;
export declare function plan(options: PlanOptions): Promise<PlannedTopology>;
export declare function apply(planned: PlannedTopology, options?: ApplyPlanOptions): Promise<void>;
export declare function places(planned: PlannedTopology, options?: {
    readonly signal?: AbortSignal;
}): Promise<readonly NamedPlace[]>;
export declare function resources(options: PlanOptions): Promise<PlannedResources>;
export declare function findConfig(cwd?: string): Promise<string | undefined>;

// messaging/log-events.d.ts
import type { Observe } from "../api/events.ts";
export interface EventLogger {
    debug(fields: object, text: string): void;
    info(fields: object, text: string): void;
    warn(fields: object, text: string): void;
    error(fields: object, text: string): void;
}
export interface LogOptions {
    readonly info?: "debug" | "info";
    readonly stacks?: boolean;
}
export declare function logEvents(logger: EventLogger, options?: LogOptions): Observe;

// messaging/provision.d.ts
import type { AnyChannel } from "../api/channel.ts";
import type { Imports } from "../api/imports.ts";
import type { Consumer } from "../api/consumer.ts";
import type { NamedPlace } from "../api/place.ts";
import type { Adapter, Destination, Runtime } from "../driver/index.ts";
import type { Plan } from "../plan/plan.ts";
import type { Explanation } from "../api/explanation.ts";
import type { Change } from "../driver/topology.ts";
import type { Extension } from "../pipeline/extension.ts";
export interface PlanOptions {
    readonly channels: readonly AnyChannel[];
    readonly consumers?: readonly Consumer<any>[];
    readonly service?: string;
    readonly config?: string | object;
    readonly profile?: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly cwd?: string;
    readonly imports?: Imports;
    readonly adapters?: readonly Adapter[];
    readonly extensions?: readonly Extension[];
    readonly runtime?: Runtime;
    readonly signal?: AbortSignal;
}
export interface ApplyPlanOptions {
    readonly destructive?: boolean;
    readonly signal?: AbortSignal;
    readonly progress?: (step: {
        readonly done: number;
        readonly total: number;
    }) => void;
}
export interface PlannedTopology {
    readonly changes: Readonly<Record<string, readonly Change[]>>;
    readonly explanation: Explanation;
}
export declare function resolvedOf({ service, ...options }: PlanOptions): Promise<Plan>;
export declare function explain(options: PlanOptions): Promise<Explanation>;
export declare function plan(options: PlanOptions): Promise<PlannedTopology>;
export declare function apply(planned: PlannedTopology, options?: ApplyPlanOptions): Promise<void>;
export declare function places(planned: PlannedTopology, { signal }?: {
    readonly signal?: AbortSignal;
}): Promise<readonly NamedPlace[]>;
export declare function provision(resolved: Plan, runtime: Runtime, signal: AbortSignal): Promise<void>;
export declare function destinationsOf(resolved: Plan, connection: string): readonly Destination[];

// messaging/pushed.d.ts
import type { AnyChannel } from "../api/channel.ts";
import type { Consumer } from "../api/consumer.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
import { PushedGroup } from "../consume/push/pushed-group.ts";
export type { EventResult, PushedGroup } from "../consume/push/pushed-group.ts";
export type { PushedEvent, Verdict } from "../driver/push.ts";
export interface PushedOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> extends ConnectOptions<Channels> {
    readonly consumers: readonly Consumer[];
    readonly runsOn: string;
}
export interface Pushed<C extends AnyChannel = AnyChannel> {
    readonly messaging: Messaging<C>;
    readonly groups: readonly PushedGroup[];
}
export declare function connectPushed<const Channels extends readonly AnyChannel[]>(options: PushedOptions<Channels>): Promise<Pushed<Channels[number]>>;

// messaging/resources.d.ts
import type { Resource } from "../driver/index.ts";
import type { Explanation } from "../api/explanation.ts";
import { type PlanOptions } from "./provision.ts";
export interface ConnectionResources {
    readonly adapter: string;
    readonly resources: readonly Resource[];
    readonly notes: readonly string[];
}
export interface PlannedResources {
    readonly connections: Readonly<Record<string, ConnectionResources>>;
    readonly explanation: Explanation;
}
export declare function resources(options: PlanOptions): Promise<PlannedResources>;

// pipeline/content.d.ts
export interface Content {
    readonly body: string | Uint8Array;
    readonly contentType: string;
    readonly coding?: Coding | undefined;
    readonly claim?: Claim | undefined;
}
export interface Coding {
    readonly name: "br" | "gzip" | "zstd";
    readonly bytes: number;
}
export interface Claim {
    readonly ref: string;
    readonly bytes: number;
    readonly sha256?: string | undefined;
    readonly attribute?: string | undefined;
}
export interface Attributes {
    readonly channel: string;
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly time: number;
    readonly key?: string | undefined;
    readonly expiresAt?: number | undefined;
    readonly hop: number;
    readonly headers: Readonly<Record<string, string>>;
}
export interface Writing {
    readonly signal: AbortSignal | undefined;
    readonly binary: boolean;
}
export interface Reading {
    readonly signal: AbortSignal;
    readonly foreign: boolean;
    readonly native: Readonly<Record<string, string>>;
    reserve(bytes: number): void | Promise<void>;
    encrypted(): void;
}
export interface Step {
    readonly name: "compress" | "encrypt" | "claim-check";
    most(bytes: number): number;
    write(content: Content, message: Attributes, how: Writing): Content | Promise<Content>;
    read(content: Content, message: Attributes, how: Reading): Content | Promise<Content>;
}

// pipeline/extension.d.ts
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Needed, Place } from "../driver/rights.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { TopologyPlan } from "../driver/topology.ts";
import type { Attributes, Content, Step } from "./content.ts";
export interface ExtensionContext {
    readonly runtime: Runtime;
    readonly name: string;
    readonly service: string;
    readonly directory: string;
    readonly trouble: (text: string | undefined, needsPerson?: boolean) => void;
}
export interface KeysExtension<O = any> {
    readonly kind: "keys";
    readonly names: readonly string[];
    readonly options: StandardSchemaV1<unknown, O>;
    open(options: O, context: ExtensionContext): Promise<Keys>;
    rights?(options: O): Promise<KeysRights>;
}
export type KeysCall = "write" | "seal" | "read";
export interface KeysRights {
    needed(call: KeysCall, of: Pick<CipherOptions, "channel" | "context" | "contexts">, place: Place): Needed;
}
export interface Keys {
    cipher(options: CipherOptions): Cipher;
    readonly summary: string;
    close(): Promise<void>;
}
export interface CipherOptions {
    readonly channel: string;
    readonly context: string;
    readonly contexts: readonly string[];
    readonly accept: "required" | "optional";
}
export interface Cipher extends Step {
    readonly name: "encrypt";
    sealText(text: string, message: Attributes): string | Promise<string>;
    openText(sealed: string, message: Attributes): string | Promise<string>;
}
export interface ClaimCheckExtension<O = any> {
    readonly kind: "claim-check";
    readonly names: readonly string[];
    readonly options: StandardSchemaV1<unknown, O>;
    place?(options: O): string;
    open(options: O, context: ExtensionContext): Promise<ClaimCheck>;
    topology?(options: O, context: ExtensionContext): Promise<ClaimTopology>;
    rights?(options: O): Promise<ClaimRights>;
}
export type ClaimCall = "write" | "read" | "renew" | "plan" | "apply";
export interface ClaimRights {
    needed(call: ClaimCall, channels: readonly string[], place: Place): Needed;
}
export interface ClaimUse {
    readonly channel: string;
    readonly keepMs: number;
}
export interface ClaimTopology {
    plan(uses: readonly ClaimUse[], signal: AbortSignal): Promise<TopologyPlan>;
    apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
    close(): Promise<void>;
}
export interface ClaimCheck extends Step {
    readonly name: "claim-check";
    readonly summary: string;
    renew(content: Pick<Content, "body" | "claim">, message: Attributes): Promise<void>;
    close(): Promise<void>;
}
export type Extension = KeysExtension | ClaimCheckExtension;

// pipeline/index.d.ts
export type { Attributes, Claim, Coding, Content, Reading, Step, Writing } from "./content.ts";
export type { Cipher, CipherOptions, ClaimCall, ClaimCheck, ClaimCheckExtension, ClaimRights, ClaimTopology, ClaimUse, Extension, ExtensionContext, Keys, KeysCall, KeysExtension, KeysRights, } from "./extension.ts";

// plan/plan.d.ts
import type { Backoff } from "../api/config-input.ts";
import type { Exhausted, Explanation } from "../api/explanation.ts";
import type { ClaimCheckExtension, KeysExtension } from "../pipeline/extension.ts";
import type { Adapter, Capabilities, Destination, Model, Position } from "../driver/index.ts";
export interface RetryRule {
    readonly attempts: number;
    readonly backoff: Backoff;
    readonly firstMs: number;
    readonly maxMs: number;
    readonly jitter?: number;
    readonly totalMs?: number;
}
export interface Policy {
    readonly retry: RetryRule;
    readonly errors: Readonly<Record<string, Partial<RetryRule> | "deadLetter" | "release">>;
    readonly exhausted: Exhausted;
}
export interface GroupPlan {
    readonly group: string;
    readonly from: Destination;
    readonly deadLetter?: Destination;
    readonly deadLetterOn?: string;
    readonly policy: Policy;
    readonly editDeadLetters?: true;
    readonly concurrency: number;
    readonly maxInFlight: number;
    readonly maxInFlightBytes: number;
    readonly holdMs: number;
    readonly start: Position;
    readonly batch: {
        readonly size: number;
        readonly waitMs: number;
        readonly perKey?: number;
    };
    readonly atRest?: AtRest;
    readonly breaker?: BreakerPlan;
    readonly rate?: {
        readonly max: number;
        readonly perMs: number;
        readonly key?: "ordering-key" | "fairness-key" | "type";
    };
    readonly capabilities: Capabilities;
    readonly pulled?: {
        readonly from: Destination;
        readonly capabilities: Capabilities;
    };
    readonly elsewhere?: string;
}
export interface BreakerPlan {
    readonly on: readonly string[];
    readonly windowMs: number;
    readonly failures: number;
    readonly minimum: number;
    readonly firstPauseMs: number;
    readonly longestPauseMs: number;
}
export interface PublishPlan {
    readonly timeoutMs: number;
    readonly maxPending: number;
    readonly maxPendingBytes: number;
    readonly whenFull: "wait" | "reject";
    readonly atRest?: AtRest;
}
export type AtRest = "required" | "assume";
export interface ContentPlan {
    readonly compress?: {
        readonly above: number;
        readonly with: "br" | "gzip" | "zstd";
    };
    readonly encrypt?: {
        readonly keys: string;
        readonly context: string;
        readonly contexts: readonly string[];
        readonly accept: "required" | "optional";
        readonly untilMs?: number;
    };
    readonly claimCheck?: {
        readonly store: string;
        readonly extension: ClaimCheckExtension;
        readonly options: unknown;
        readonly above?: number;
    };
}
export interface KeysPlan {
    readonly name: string;
    readonly extension: KeysExtension;
    readonly options: unknown;
}
export interface ChannelPlan {
    readonly channel: string;
    readonly model: Model;
    readonly on: string;
    readonly ordered: boolean;
    readonly to: Destination;
    readonly groups: Readonly<Record<string, GroupPlan>>;
    readonly publish: PublishPlan;
    readonly capabilities: Capabilities;
    readonly content?: ContentPlan;
}
export interface ConnectionPlan {
    readonly name: string;
    readonly adapter: Adapter;
    readonly options: unknown;
    readonly provision: "auto" | "verify" | "off";
}
export interface Plan {
    readonly service: string;
    readonly profile: string | undefined;
    readonly prefix: string;
    readonly drainMs: number;
    readonly connections: Readonly<Record<string, ConnectionPlan>>;
    readonly channels: Readonly<Record<string, ChannelPlan>>;
    readonly keys: Readonly<Record<string, KeysPlan>>;
    readonly directory: string;
    readonly explanation: Explanation;
    readonly redact?: (text: string) => string;
}

// policies/document.d.ts
import type { IamRight } from "../driver/index.ts";
export interface PolicyDocument {
    readonly Version: "2012-10-17";
    readonly Statement: readonly Statement[];
}
export interface Statement {
    readonly Sid: string;
    readonly Effect: "Allow";
    readonly Principal?: Readonly<Record<string, string | readonly string[]>>;
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}
export interface Grain extends IamRight {
    readonly uses: ReadonlySet<string>;
}
export declare function grainsOf(rights: readonly (IamRight & {
    readonly use: string;
})[]): readonly Grain[];
export declare function documentOf(grains: readonly Grain[]): PolicyDocument | undefined;
export declare const compare: (a: string, b: string) => number;

// policies/index.d.ts
export type { PolicyDocument, Statement } from "./document.ts";
export type { RabbitPermission } from "./permissions.ts";
export { type Policies, policies, type PoliciesOptions, type ResourcePolicy } from "./policies.ts";
export type { Role } from "./roles.ts";

// policies/permissions.d.ts
import type { BrokerRight } from "../driver/index.ts";
import type { Role } from "./roles.ts";
export interface RabbitPermission {
    readonly role: Role;
    readonly connection: string;
    readonly vhost: string;
    readonly configure: string;
    readonly write: string;
    readonly read: string;
}
export declare function permissionsOf(role: Role, connection: string, rights: readonly BrokerRight[]): RabbitPermission[];

// policies/policies.d.ts
import type { AnyChannel } from "../api/channel.ts";
import type { Consumer } from "../api/consumer.ts";
import type { Imports } from "../api/imports.ts";
import type { Adapter } from "../driver/index.ts";
import type { Extension } from "../pipeline/extension.ts";
import { type PolicyDocument } from "./document.ts";
import { type RabbitPermission } from "./permissions.ts";
export interface PoliciesOptions {
    readonly service: string;
    readonly publishes?: readonly AnyChannel[];
    readonly consumes?: readonly Consumer<any>[];
    readonly channels?: readonly AnyChannel[];
    readonly account?: string;
    readonly region?: string;
    readonly partition?: string;
    readonly destructive?: boolean;
    readonly config?: string | object;
    readonly profile?: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly cwd?: string;
    readonly imports?: Imports;
    readonly adapters?: readonly Adapter[];
    readonly extensions?: readonly Extension[];
}
export interface ResourcePolicy {
    readonly arn: string;
    readonly document: PolicyDocument;
}
export interface Policies {
    readonly publisher: PolicyDocument | undefined;
    readonly consumer: PolicyDocument | undefined;
    readonly viewer: PolicyDocument | undefined;
    readonly watcher: PolicyDocument | undefined;
    readonly operator: PolicyDocument | undefined;
    readonly purger: PolicyDocument | undefined;
    readonly provisioner: PolicyDocument | undefined;
    readonly resources: readonly ResourcePolicy[];
    readonly rabbitmq: readonly RabbitPermission[];
    readonly warnings: readonly string[];
}
export declare function policies(options: PoliciesOptions): Promise<Policies>;

// policies/roles.d.ts
import type { ConnectionUse, Destination, TopologyUse, UseDetails } from "../driver/index.ts";
import type { Plan } from "../plan/plan.ts";
export type Role = "publisher" | "consumer" | "viewer" | "watcher" | "operator" | "purger" | "provisioner";
export declare const ROLES: readonly Role[];
export type Call = {
    readonly role: Role;
    readonly on: string;
    readonly use: ConnectionUse;
    readonly of: Destination;
    readonly details?: UseDetails;
} | {
    readonly role: Role;
    readonly on: string;
    readonly use: TopologyUse;
    readonly destinations: readonly Destination[];
};
export interface Doing {
    readonly plan: Plan;
    readonly publishes: readonly {
        readonly channel: string;
        readonly delayed: boolean;
    }[];
    readonly consumes: readonly {
        readonly channel: string;
        readonly group: string;
    }[];
    readonly channels: readonly string[];
    readonly destructive: boolean;
}
export declare function callsOf(doing: Doing): readonly Call[];
export declare function editable({ plan, consumes, channels }: Doing): readonly string[];

// publish/checks.d.ts
import type { Capabilities } from "../driver/index.ts";
import { MessagingError } from "../api/errors.ts";
import type { ChannelShape, Codec } from "../api/shapes.ts";
import type { MessageTrace } from "../api/telemetry.ts";
import type { ResolvedOptions } from "../wire/resolved-options.ts";
export interface RawOptions {
    readonly id?: unknown;
    readonly headers?: unknown;
    readonly delay?: unknown;
    readonly expires?: unknown;
    readonly fairnessKey?: unknown;
}
export declare function contentOf(data: unknown): string | Uint8Array;
export declare function encodedBy(codec: Codec, shape: ChannelShape, type: string, data: unknown): string | Uint8Array;
export declare function resolveOptions(shape: ChannelShape, source: string, type: string, data: unknown, now: number, options: RawOptions | undefined, valid: Promise<void> | undefined, signal: AbortSignal | undefined, traced?: MessageTrace): ResolvedOptions | undefined;
export declare function checkMessage(shape: ChannelShape, type: string, data: unknown): Promise<void> | undefined;
export declare function orderingKey(shape: ChannelShape, type: string, data: unknown): string | undefined;
export declare function checkCapabilities(shape: ChannelShape, options: ResolvedOptions, capabilities: Capabilities): void;
export declare function checkId(options: RawOptions | undefined): void;
export declare function refusalOf(error: unknown, channel: string, id: string): MessagingError;

// publish/queue/send-queue.d.ts
import type { Capabilities, Connection, Destination, SenderDriver } from "../../driver/index.ts";
import { type InProcess } from "../../wire/in-process.ts";
import type { Observe } from "../../api/events.ts";
import type { Probe } from "../../wire/probe.ts";
import type { PublishPlan } from "../../plan/plan.ts";
import type { Runtime } from "../../driver/runtime.ts";
import { type Trouble } from "../../base/troubles.ts";
import { type Accepted, type OutgoingMessage, type Make, type SendOptions } from "../send/outgoing-message.ts";
export type { Accepted, Make, SendOptions } from "../send/outgoing-message.ts";
export interface SendQueueOptions {
    readonly destination: Destination;
    readonly physicalName: string;
    readonly connection: Connection;
    readonly runtime: Runtime;
    readonly plan: PublishPlan;
    readonly expected: Capabilities;
    readonly observe: Observe;
    readonly probe?: Probe | undefined;
    readonly errorContext: {
        readonly connection?: string;
        readonly channel: string;
        readonly group?: string;
    };
}
export declare class SendQueue {
    #private;
    constructor(options: SendQueueOptions);
    get probe(): Probe | undefined;
    get trouble(): Trouble | undefined;
    get unresolved(): number;
    get declared(): Capabilities;
    get capabilities(): Capabilities;
    get inProcess(): InProcess | undefined;
    ready(signal: AbortSignal): Promise<SenderDriver>;
    send(make: Make, options?: SendOptions): Promise<Accepted>;
    submit(message: OutgoingMessage): void;
    flush(signal: AbortSignal): Promise<void>;
    close(): Promise<void>;
}

// publish/send/outgoing-message.d.ts
import type { Capabilities, SenderDriver, Sent, WireMessage } from "../../driver/index.ts";
import type { MessageTrace } from "../../api/telemetry.ts";
import type { MessagingError } from "../../api/errors.ts";
import type { Listed } from "../../base/linked-list.ts";
import type { Linked } from "../../base/linked-queue.ts";
import type { OpenSender } from "./sender-slot.ts";
export type Accepted = Extract<Sent, {
    id: string;
}>;
export interface Many {
    readonly failed: Map<string, number>;
}
export declare function markFailed(many: Many, key: string | undefined, index: number): void;
export declare function isBlocked(message: OutgoingMessage): boolean;
export interface SendOptions {
    readonly signal?: AbortSignal | undefined;
    readonly timeoutMs?: number | undefined;
    readonly id?: string | undefined;
    readonly reserve?: boolean;
    readonly trace?: MessageTrace | undefined;
    readonly gate?: PromiseLike<unknown> | undefined;
}
export type Make = (capabilities: Capabilities) => WireMessage;
export interface Lane {
    head: OutgoingMessage;
    tail: OutgoingMessage;
}
export declare abstract class OutgoingMessage implements Linked<OutgoingMessage>, Listed<OutgoingMessage> {
    #private;
    deadline: number;
    wire: WireMessage | undefined;
    wireFor: Capabilities | undefined;
    size: number;
    attempts: number;
    call: SendCall | undefined;
    error: MessagingError | undefined;
    older: OutgoingMessage | undefined;
    newer: OutgoingMessage | undefined;
    next: OutgoingMessage | undefined;
    get admitted(): boolean;
    set admitted(is: boolean);
    get gated(): boolean;
    set gated(is: boolean);
    get started(): boolean;
    set started(is: boolean);
    get finished(): boolean;
    set finished(is: boolean);
    get ambiguous(): boolean;
    set ambiguous(is: boolean);
    get lane(): Lane | undefined;
    set lane(lane: Lane | undefined);
    get behind(): OutgoingMessage | undefined;
    set behind(message: OutgoingMessage | undefined);
    get weight(): number;
    abstract get key(): string | undefined;
    abstract get bodyLength(): number;
    abstract get id(): string | undefined;
    abstract make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage;
    abstract done(error: MessagingError | undefined, sent: Accepted | undefined): void;
    get trace(): MessageTrace | undefined;
    get sizes(): string | undefined;
    get storeAbove(): number;
    sizeOnceStored(_capabilities: Capabilities, _driver: SenderDriver): number | undefined;
    store(): Promise<void> | undefined;
    get signal(): AbortSignal | undefined;
    get gate(): PromiseLike<unknown> | undefined;
    get timeoutMs(): number | undefined;
    get reserve(): boolean;
    get many(): Many | undefined;
    get index(): number;
}
export declare class SendCall {
    readonly messages: OutgoingMessage[];
    readonly sender: OpenSender;
    readonly controller: AbortController;
    live: number;
    abandoned: boolean;
    grace: Disposable | undefined;
    constructor(messages: OutgoingMessage[], sender: OpenSender);
}
export declare class GivenMessage extends OutgoingMessage {
    #private;
    readonly key: string | undefined;
    readonly bodyLength: number;
    constructor(made: WireMessage, wireFor: Capabilities, make: Make, options: SendOptions, resolve: (sent: Accepted) => void, reject: (error: unknown) => void);
    get id(): string | undefined;
    get signal(): AbortSignal | undefined;
    get gate(): PromiseLike<unknown> | undefined;
    get timeoutMs(): number | undefined;
    get trace(): MessageTrace | undefined;
    get reserve(): boolean;
    make(capabilities: Capabilities): WireMessage;
    done(error: MessagingError | undefined, sent: Accepted | undefined): void;
}

// publish/send/sender-slot.d.ts
import type { Capabilities, Connection, Destination, SenderDriver } from "../../driver/index.ts";
import { type ErrorDetails } from "../../api/errors.ts";
import type { PublishPlan } from "../../plan/plan.ts";
export interface OpenSender {
    readonly driver: SenderDriver;
    readonly capabilities: Capabilities;
    calls: number;
    dropped: boolean;
}
export interface SenderSlotOptions {
    readonly destination: Destination;
    readonly physicalName: string;
    readonly connection: Connection;
    readonly expected: Capabilities;
    readonly plan: Pick<PublishPlan, "atRest">;
    readonly errorContext: Omit<ErrorDetails, "kind" | "cause">;
}
export declare class SenderSlot {
    #private;
    current: OpenSender | undefined;
    constructor(options: SenderSlotOptions);
    get opening(): boolean;
    open(): Promise<OpenSender>;
    cancelOpening(): void;
    drop(sender: OpenSender): void;
    closeIfIdle(sender: OpenSender): void;
    close(): Promise<void>;
}

// publish/stored.d.ts
import type { PublishManyResult } from "../api/publisher.ts";
import type { ChannelShape } from "../api/shapes.ts";
import { type RawOptions } from "./checks.ts";
export type { Connected } from "../api/publisher.ts";
export type { ChannelShape } from "../api/shapes.ts";
export interface CheckedMessage {
    readonly type: string;
    readonly key: string | undefined;
    readonly body: string | Uint8Array;
    readonly contentType: string;
    readonly headers: Readonly<Record<string, string>> | undefined;
    readonly expiresAt: number | undefined;
    readonly fairness: string | undefined;
}
export declare function checkForLater(shape: ChannelShape, service: string, id: string, type: string, data: unknown, options: RawOptions | undefined, now: number): Promise<CheckedMessage>;
export interface StoredMessage extends RawOptions {
    readonly id: string;
    readonly type: string;
    readonly key: string | undefined;
    readonly body: string | Uint8Array;
    readonly contentType: string;
}
export declare function takesStored(messaging: object): boolean;
export declare function publishStored(messaging: object, channel: ChannelShape, messages: readonly StoredMessage[], options?: {
    readonly signal?: AbortSignal;
}): Promise<readonly PublishManyResult[]>;
export declare function dataOfStored(shape: ChannelShape, type: string, contentType: string, body: string | Uint8Array): unknown;

// runtime/any-signal.d.ts
export declare function anySignal(...signals: readonly AbortSignal[]): {
    readonly signal: AbortSignal;
    readonly aborted: Promise<void>;
} & Disposable;

// runtime/async-context.d.ts
import { AsyncResource } from "node:async_hooks";
export type AsyncScope = Pick<AsyncResource, "runInAsyncScope">;
export declare const capturedContext: () => AsyncScope;
export declare const outside: <T>(call: () => T) => T;

// runtime/sleep.d.ts
import type { Runtime } from "../driver/runtime.ts";
export declare function sleepOver(timer: Runtime["timer"]): Runtime["sleep"];

// runtime/system-runtime.d.ts
import type { Runtime } from "../driver/runtime.ts";
export declare const systemRuntime: Runtime;

// runtime/within.d.ts
import type { Runtime } from "../driver/runtime.ts";
export declare function within<T>(runtime: Pick<Runtime, "sleep">, ms: number, work: Promise<T>, signal?: AbortSignal): Promise<T | undefined>;

// testing/attempt-once.d.ts
import type { Policy } from "../plan/plan.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { ConsumerShape } from "../api/shapes.ts";
export interface AttemptOptions {
    readonly attempt?: number;
    readonly id?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly source?: string;
}
export type AttemptResult = {
    readonly verdict: "ack";
} | {
    readonly verdict: "retry";
    readonly delayMs: number;
    readonly error: unknown;
} | {
    readonly verdict: "deadLetter";
    readonly code: string;
    readonly reason: string;
    readonly error?: unknown;
} | {
    readonly verdict: "release" | "down";
    readonly error: unknown;
} | {
    readonly verdict: "skip";
    readonly reason: string;
};
export declare function attemptOnce(given: ConsumerShape, type: string, data: unknown, policy: Policy, runtime: Runtime, options?: AttemptOptions): Promise<AttemptResult>;

// testing/index.d.ts
export { seededRandom, uuidFrom } from "./random.ts";
export { type VirtualRuntime, type VirtualRuntimeOptions, virtualRuntime } from "./virtual-runtime.ts";
export { type AttemptOptions, attemptOnce, type AttemptResult } from "./attempt-once.ts";
export { type ReadMessage, readMessage } from "./read-message.ts";
export { type ConnectAgain, type ResolvedConfig, resolveConfig } from "./resolved-config.ts";
export { policyOf } from "../config/resolve/policies.ts";

// testing/random.d.ts
export declare function seededRandom(seed: number): () => number;
export declare function uuidFrom(random: () => number): string;

// testing/read-message.d.ts
import type { WireMessage } from "../driver/index.ts";
import { type DeadInfo } from "../wire/envelope.ts";
import type { ChannelShape } from "../api/shapes.ts";
export interface ReadMessage {
    readonly id: string;
    readonly type: string | undefined;
    readonly data: unknown;
    readonly key?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly hop: number;
    readonly foreign: boolean;
    readonly dead?: DeadInfo;
}
export declare function readMessage(channel: ChannelShape, message: WireMessage, brokerId: string): ReadMessage;

// testing/resolved-config.d.ts
import type { AnyChannel } from "../api/channel.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
import type { Explanation } from "../api/explanation.ts";
import type { Observe } from "../api/events.ts";
import type { Adapter } from "../driver/adapter.ts";
import type { Runtime } from "../driver/runtime.ts";
export interface ConnectAgain {
    readonly service: string;
    readonly runtime: Runtime;
    readonly observe: Observe;
    readonly adapter: Adapter;
    readonly options: object;
    readonly provision?: "off";
}
export interface ResolvedConfig<C extends AnyChannel = AnyChannel> {
    readonly explanation: Explanation;
    connect(again: ConnectAgain): Promise<Messaging<C>>;
}
export declare function resolveConfig<const Channels extends readonly AnyChannel[]>(options: Pick<ConnectOptions<Channels>, "channels" | "service" | "config" | "profile" | "env" | "cwd" | "adapters">): Promise<ResolvedConfig<Channels[number]>>;

// testing/virtual-runtime.d.ts
import { type Duration } from "../api/duration.ts";
import type { Runtime } from "../driver/runtime.ts";
export interface VirtualRuntimeOptions {
    readonly seed?: number;
    readonly start?: number;
    readonly patienceMs?: number;
    readonly quietTurns?: number;
}
export interface VirtualRuntime extends Runtime {
    advance(d: Duration): Promise<void>;
    settle(): Promise<void>;
    track(name: string): () => void;
    readonly pending: number;
    readonly elapsed: number;
}
export declare function virtualRuntime(options?: VirtualRuntimeOptions): VirtualRuntime;

// wire/attribute-table.d.ts
import { type Carried, type Envelope } from "./envelope.ts";
type Field = "key" | "expiresAt" | "hop" | "redrives" | "to" | "carried" | "causationId" | "notBefore" | "maxAttempts";
export interface Attribute {
    readonly name: string;
    readonly field: Field;
    readonly part?: keyof Carried;
    readonly json: "number" | "string";
    write(envelope: Envelope): string | undefined;
    read(value: unknown): string | number | undefined;
}
export declare const ATTRIBUTES: readonly Attribute[];
export declare const DEAD_ATTRIBUTES: readonly Pick<Attribute, "name" | "json">[];
export {};

// wire/charset.d.ts
export declare const isUtf8: (label: string) => boolean;
export declare function charsetOf(contentType: string | undefined): string | undefined;
export declare function inCharset(bytes: Uint8Array, contentType: string): string | undefined;

// wire/envelope.d.ts
export interface Envelope {
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly time: number;
    readonly key?: string | undefined;
    readonly hop: number;
    readonly redrives?: number | undefined;
    readonly expiresAt?: number | undefined;
    readonly notBefore?: number | undefined;
    readonly maxAttempts?: number | undefined;
    readonly contentType: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly traceparent?: string | undefined;
    readonly tracestate?: string | undefined;
    readonly dead?: DeadInfo;
    readonly to?: string;
    readonly causationId?: string | undefined;
    readonly carried?: Carried | undefined;
    readonly encoding?: "base64";
}
export interface Carried {
    readonly coding?: string;
    readonly codedBytes?: number;
    readonly ref?: string;
    readonly refBytes?: number;
    readonly refSha256?: string;
    readonly refAttribute?: string;
}
export interface DeadInfo {
    readonly reason: string;
    readonly code: string;
    readonly attempts: number;
    readonly channel: string;
    readonly group: string;
    readonly errorClass?: string;
    readonly detail?: string;
    readonly firstAt: number;
    readonly lastAt: number;
}
export declare const MAX_HOP = 1000000;
export declare function nextHop(hop: number): number;
export declare function isCoded({ carried }: Pick<Envelope, "carried">): boolean;

// wire/foreign-message.d.ts
import type { WireMessage } from "../driver/index.ts";
import type { ForeignMessage } from "../api/shapes.ts";
export declare const FOREIGN_SOURCE = "foreign";
export declare const FOREIGN_TYPE = "foreign-type";
export interface ForeignBody extends Coded {
    readonly body: string | Uint8Array;
}
export interface Coded {
    readonly decoded: boolean;
    readonly note?: string | undefined;
}
export declare function readForeign(message: Pick<WireMessage, "body" | "headers">): ForeignBody;
export declare function foreignOf(message: Pick<WireMessage, "headers" | "type">, read: ForeignBody): ForeignMessage;
export declare function inAnyCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>>;

// wire/in-process-message.d.ts
import type { LocalContent } from "../driver/index.ts";
import { type Envelope } from "./envelope.ts";
import { type JsonCopy } from "../base/json-copy.ts";
import type { SharedFields } from "./shared-fields.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
export { copyJson } from "../base/json-copy.ts";
export declare class LocalMessage implements LocalContent {
    #private;
    readonly id: string;
    readonly common: SharedFields;
    constructor(common: SharedFields, id: string, time: number, copy: JsonCopy);
    get extra(): ResolvedOptions | undefined;
    get local(): this;
    get length(): number;
    get atMostBytes(): number;
    get type(): string;
    get time(): number;
    get key(): string | undefined;
    get dedup(): string;
    get envelope(): Envelope;
    get body(): string;
    get headers(): Readonly<Record<string, string>>;
    fresh(): unknown;
}
export declare function localMessage(common: SharedFields, id: string, time: number, copy: JsonCopy, extra: ResolvedOptions | undefined): LocalMessage;

// wire/in-process.d.ts
export declare const inProcess: import("../base/load-once.ts").LoadOnce<typeof import("./in-process-message.ts")>;
export type InProcess = NonNullable<typeof inProcess.loaded>;

// wire/incoming-message.d.ts
import type { Delivery } from "../driver/index.ts";
import { type Envelope } from "./envelope.ts";
import type { Coded } from "./foreign-message.ts";
import type { LocalMessage } from "./in-process-message.ts";
import type { Codec, ForeignMessage } from "../api/shapes.ts";
export interface Opened {
    readonly id: string;
    readonly foreign: boolean;
    readonly envelope?: Envelope;
    readonly type?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | Uint8Array;
    readonly raw?: ForeignMessage;
    readonly coded?: Coded;
    readonly local?: LocalMessage;
}
export declare function openOwn({ message }: Delivery): Opened | undefined;
export declare function maybeJson(body: unknown): unknown;
export declare function dataFrom(opened: Opened, codec?: Codec): unknown;

// wire/probe.d.ts
import type { WireMessage } from "../driver/index.ts";
import type { MessagingEvent } from "../api/events.ts";
import type { Ended, HandledMessage, HandlerEnd, Handling, MessageTrace, PublishedMessage, Publishing, ReceivedMessages, TelemetryPlace, TelemetryResult, TelemetrySession, TelemetrySettlement } from "../api/telemetry.ts";
export declare const resultOf: (code: string | undefined) => TelemetryResult;
export declare class Watch {
    #private;
    constructor(session: TelemetrySession);
    at(place: TelemetryPlace): Probe;
    get handles(): boolean;
    call<R>(name: keyof TelemetrySession, call: (session: TelemetrySession) => R): R | undefined;
    event(event: MessagingEvent): void;
    close(): Promise<void>;
    failed(name: string, error: unknown): void;
}
export declare class Probe {
    #private;
    readonly place: TelemetryPlace;
    constructor(watch: Watch, place: TelemetryPlace);
    get handles(): boolean;
    publishing(message: PublishedMessage): Publishing | undefined;
    published(publishing: Publishing, error?: unknown): void;
    sending(traces: readonly (MessageTrace | undefined)[]): Ended | undefined;
    received(messages: ReceivedMessages, tookMs: number, failure?: TelemetryResult): void;
    handling(messages: readonly HandledMessage[], batch: boolean): Handling | undefined;
    run<T>(handling: Handling, call: () => T): T;
    handled(handling: Handling, ends: readonly {
        readonly end: HandlerEnd;
        readonly error?: unknown;
    }[]): void;
    settling(settlements: readonly TelemetrySettlement[]): Ended | undefined;
    lease(change: "gained" | "ended" | "lost"): void;
}
export declare function carriedBy({ trace }: Publishing): MessageTrace | undefined;
export declare function traceIn({ local, headers }: WireMessage): MessageTrace | undefined;

// wire/resolved-options.d.ts
import type { TraceContext } from "./trace.ts";
export interface ResolvedOptions {
    readonly key: string | undefined;
    readonly headers: Readonly<Record<string, string>> | undefined;
    readonly trace: TraceContext | undefined;
    readonly expiresAt: number | undefined;
    readonly dedup: string | undefined;
    readonly fairness: string | undefined;
    readonly delayMs: number | undefined;
    readonly valid: Promise<void> | undefined;
    readonly signal: AbortSignal | undefined;
}

// wire/shared-fields.d.ts
import type { ChannelShape } from "../api/shapes.ts";
export declare class SharedFields {
    readonly shape: ChannelShape;
    readonly source: string;
    readonly type: string;
    readonly epoch: number;
    constructor(shape: ChannelShape, source: string, type: string, epoch: number);
    reaches(time: number): boolean;
}
export declare class SharedFieldsByType {
    #private;
    constructor(shape: ChannelShape, source: string);
    of(type: string, time: number): SharedFields;
}

// wire/text.d.ts
export { excerpt, oneLine } from "../base/excerpt.ts";
export declare function escapeNoncharacters(json: string): string;
export declare function quote(text: string): string;
export declare const PLAIN: RegExp;
export declare const quoteName: (text: string) => string;
export declare function checkName(value: unknown, field: string): string;
export declare function checkHeaders(headers: unknown): Record<string, string>;
export declare function jsonText(data: unknown, field?: string): string;
export declare function clip(text: string, maxBytes: number): string;
export declare function parseJson(text: string): unknown;
export declare function isBytes(value: unknown): value is Uint8Array;
export declare function asText(body: string | Uint8Array): string | Uint8Array;

// wire/trace.d.ts
export interface TraceContext {
    readonly traceparent: string;
    readonly tracestate?: string;
}
export declare function isTraced(): boolean;
export declare function untraced<T>(call: () => T): T;
export declare function inTraceOf<T>(carrier: Readonly<Record<string, unknown>>, call: () => T): T;
export declare function outgoingTrace(headers: Readonly<Record<string, string>> | undefined): TraceContext | undefined;
export declare function readTrace(headers: {
    readonly traceparent?: unknown;
    readonly tracestate?: unknown;
}): TraceContext | undefined;
