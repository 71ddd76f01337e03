/** A queue that is to be there. */
export interface DesiredQueue {
  readonly kind: "queue";
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
  /** The least `x-delivery-limit` that will do where the queue is there already. */
  readonly leastLimit?: number;
  /** Given by address: somebody else's to make. */
  readonly external: boolean;
  /** Shared by all channels of the prefix. */
  readonly shared?: boolean;
}

export interface DesiredExchange {
  readonly kind: "exchange";
  readonly name: string;
  readonly type: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly external: boolean;
  readonly shared?: boolean;
  /** The queue it says something of: made only where that is so. */
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
  readonly bindings: readonly Binding[];
}
