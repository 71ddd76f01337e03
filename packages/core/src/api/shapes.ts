/**
 * The run-time shapes of the inert values `channel()`, `consumer()` and `middleware()` make: frozen plain objects with
 * string brands, so that two copies of core in one process agree. The typed faces are in channel.ts and consumer.ts.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "./duration.ts";

type Kind = "channel" | "consumer" | "middleware";

/** The brand. It is not in the shapes, because editors would offer it first on every channel. */
export interface Branded<K extends Kind> {
  readonly "~switchyard": K;
}

export function isMade(kind: Kind, value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as Partial<Branded<Kind>>)["~switchyard"] === kind;
}

export interface Needs {
  /** The longest delay a publish of this channel may ask for. */
  readonly delay?: Duration;
  readonly fairness?: true;
  /** Groups can be moved back to an earlier position. */
  readonly replay?: true;
  /** A message of up to this many bytes, envelope included. */
  readonly messageBytes?: number;
}

export interface ForeignMessage {
  /**
   * JSON parsed; other text where it can be read as text; else bytes. A declared `content-encoding` (gzip, deflate, br, zstd,
   * base64; 16 MiB at most when decoded) and a declared charset are undone; what cannot be undone stays as it came.
   */
  readonly body: unknown;
  /** Names are in lower case; `headers["eventType"]` finds `eventtype` all the same. */
  readonly headers: Readonly<Record<string, string>>;
  readonly type?: string;
}

export interface ChannelShape {
  readonly name: string;
  readonly messages: Readonly<Record<string, StandardSchemaV1>>;
  /** A field of every message's input, or a function of type and input. */
  readonly orderingKey?: string | ((message: { readonly type: string; readonly data: any }) => string);
  readonly needs: Needs;
  /** The type a foreign message has: a name, or a function of the raw message (undefined: unknown, dead-lettered). */
  readonly foreign?: string | ((raw: ForeignMessage) => string | undefined);
}

export interface ConsumerShape {
  readonly kind: "single" | "batch";
  readonly channel: ChannelShape;
  readonly group: string;
  /** single: by type, or `"*"`; `"ignore"` settles unhandled. */
  readonly handlers: Readonly<Record<string, ((data: any, delivery: any) => unknown) | "ignore">>;
  /** batch */
  readonly handler?: (batch: any) => unknown;
  readonly options: ConsumeShapeOptions;
}

export interface ConsumeShapeOptions {
  readonly use?: readonly MiddlewareShape[];
  readonly concurrency?: number;
  readonly maxInFlight?: number;
  readonly maxInFlightBytes?: number;
  readonly batch?: { readonly size?: number; readonly wait?: Duration; readonly perKey?: number };
  /** With `"*": "ignore"` on a queue: yes, other types are to be thrown away. */
  readonly discard?: boolean;
}

export interface MiddlewareShape {
  readonly run: (delivery: any, next: (add?: object) => Promise<void>) => Promise<void>;
}
