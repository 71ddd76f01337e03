/** A queue that must exist. */
export interface DesiredQueue {
  readonly kind: "queue";
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
  /** The lowest `x-delivery-limit` that is enough if the queue exists already. */
  readonly leastLimit?: number;
  /** Given by address, so its owner must create it. */
  readonly external: boolean;
  /** True if all channels of the prefix share it. */
  readonly shared?: boolean;
}

export interface DesiredExchange {
  readonly kind: "exchange";
  readonly name: string;
  readonly type: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly external: boolean;
  readonly shared?: boolean;
  /** It has no bindings and is made last, because publishers use it as soon as it is there. It may be deleted and made anew. */
  readonly entrance?: boolean;
  /** The queue that the mark stands for. The mark is made only if it is true of that queue. */
  readonly marks?: string;
}

export interface Binding {
  readonly from: string;
  readonly to: string;
  readonly kind: "queue" | "exchange";
  readonly key: string;
}

/** An exchange that says which bindings were made: see `marks.ts`. */
export interface Mark extends DesiredExchange {
  /** What the bindings are for: a queue, or the exchange in front of partitions. */
  readonly place: string;
  readonly bindings: readonly Binding[];
}
