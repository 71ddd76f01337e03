/**
 * The run-time shapes of what `channel()`, `consumer()` and `middleware()` return: frozen plain objects, marked by a string so that two
 * copies of core in one process recognize them. channel.ts and consumer.ts have the typed versions.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "./duration.ts";

type Kind = "channel" | "consumer" | "middleware";

/** The mark. It is not part of the shapes, because editors would offer it first on every channel. */
export interface Branded<K extends Kind> {
  readonly "~switchyard": K;
}

/** True if the value was made by `channel()`, `consumer()` or `middleware()` of any copy of core. */
export function isMade(kind: Kind, value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as Partial<Branded<Kind>>)["~switchyard"] === kind;
}

export interface Needs {
  /** The longest `delay` that a publisher may use. */
  readonly delay?: Duration;
  /** Publishers use `fairnessKey`. */
  readonly fairness?: true;
  /** Operators move groups back to an earlier position. */
  readonly replay?: true;
  /** The size of the largest message in bytes, including the envelope. */
  readonly messageBytes?: number;
  /** Messages must be encrypted before they leave the process: the configuration must set `encrypt` for the channel. */
  readonly encryption?: true;
}

/** How the data of a channel is serialised. Without a codec, data is JSON, and a `Uint8Array` is carried as it is. */
export interface Codec<T = any> {
  /** The media type of what `encode` returns, such as `application/avro`. Text types are `text/…` and JSON. */
  readonly contentType: string;
  /** Serialises data that has passed its schema. Text must be well-formed. It must be pure and synchronous. */
  encode(data: T, type: string): string | Uint8Array;
  /**
   * Reads a body of this media type: text for a text type, otherwise bytes. What it returns is validated by the schema. It must throw
   * if the body is malformed; the message is then dead-lettered. Bodies of other media types are read as without a codec.
   */
  decode(body: any, type: string): T;
}

export interface ForeignMessage {
  /**
   * Parsed JSON, otherwise text, otherwise bytes. A declared `content-encoding` (gzip, deflate, br, zstd, base64) and a declared charset
   * are decoded first, up to 16 MiB. A body that cannot be decoded stays as it came.
   */
  readonly body: unknown;
  /** Names are lower-case. Look-ups ignore case: `headers["eventType"]` finds `eventtype`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly type?: string;
}

export interface ChannelShape {
  readonly name: string;
  readonly messages: Readonly<Record<string, StandardSchemaV1>>;
  /** The name of a field of every message, or a function of the message's type and data. */
  readonly orderingKey?: string | ((message: { readonly type: string; readonly data: any }) => string);
  readonly needs: Needs;
  /** The type of foreign messages: a name, or a function of the message. Undefined: unknown, so the message is dead-lettered. */
  readonly foreign?: string | ((raw: ForeignMessage) => string | undefined);
  readonly codec?: Codec;
}

export interface ConsumerShape {
  readonly kind: "single" | "batch";
  readonly channel: ChannelShape;
  readonly group: string;
  /** For `single`: handlers by type or `"*"`. `"ignore"` settles a message without a handler. */
  readonly handlers: Readonly<Record<string, ((data: any, delivery: any) => unknown) | "ignore">>;
  /** For `batch`. */
  readonly handler?: (batch: any) => unknown;
  readonly options: ConsumeShapeOptions;
}

export interface ConsumeShapeOptions {
  readonly use?: readonly MiddlewareShape[];
  readonly concurrency?: number;
  readonly maxInFlight?: number;
  readonly maxInFlightBytes?: number;
  readonly batch?: { readonly size?: number; readonly wait?: Duration; readonly perKey?: number };
  /** Tells the circuit breaker whether what handlers need works again. */
  readonly probe?: () => unknown;
  /** Confirms that a queue's messages with the handler `"ignore"` are thrown away. */
  readonly discard?: boolean;
}

export interface MiddlewareShape {
  readonly run: (delivery: any, next: (add?: object) => Promise<void>) => Promise<void>;
  /** Runs once around a whole batch, in place of `run` for each of its deliveries. */
  readonly runBatch?: (
    deliveries: readonly any[],
    next: (subset: readonly any[], add?: object) => Promise<ReadonlySet<unknown>>,
    fail: (delivery: any, error: unknown) => void,
  ) => Promise<void>;
  readonly name?: string;
  readonly attach?: (to: any) => {
    readonly run?: MiddlewareShape["run"];
    readonly runBatch?: MiddlewareShape["runBatch"];
  } & {
    readonly problems?: readonly string[];
    readonly explanation?: string;
    readonly inbox?: { readonly windowMs: number; forget(): Promise<void> };
    readonly close?: () => unknown;
  };
}
