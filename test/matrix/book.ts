/** What the clerk did. It stands for a database, and goes by the message's id. */
import { DeadLetter } from "@switchyard/core";
import type { AnyDelivery, MessagingEvent } from "@switchyard/core";

export interface Handled {
  readonly channel: string;
  readonly type: string;
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly source: string;
  readonly data: unknown;
}

export interface Dead {
  readonly id: string;
  readonly channel: string;
  readonly type: string;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly code: string;
  readonly attempts: number;
  readonly errorClass: string | undefined;
}

/** What the contract lets an application rely on. */
export interface Report {
  /** Published, and neither handled nor a dead letter. */
  readonly lost: readonly string[];
  readonly handled: Readonly<Record<string, Handled>>;
  /** Ids, as each customer's orders were handled for the first time. */
  readonly byCustomer: Readonly<Record<string, readonly string[]>>;
  /** Customers of whose orders two were handled at once. */
  readonly overlapping: readonly string[];
  readonly dead: readonly Dead[];
  /** After the repair. */
  readonly stillDead: readonly Dead[];
}

interface Work extends AnyDelivery {
  readonly data: { readonly trouble: "none" | "once" | "broken" | "refused"; readonly placedAt?: Date };
}

export class Book {
  readonly handled = new Map<string, Handled>();
  readonly byCustomer = new Map<string, string[]>();
  readonly overlapping = new Set<string>();
  deliveries = 0;
  /** Deliveries of what had been handled: allowed, and counted. */
  duplicates = 0;
  /** The pen, that is. */
  #repaired = false;
  readonly #tried = new Set<string>();
  readonly #running = new Set<string>();
  readonly #dead = new Set<string>();
  #look = () => {};

  async work(delivery: Work): Promise<void> {
    const { id, key, data } = delivery;
    this.deliveries++;
    if (key !== undefined && this.#running.has(key)) this.overlapping.add(key);
    if (key !== undefined) this.#running.add(key);
    try {
      await new Promise((resolve) => setTimeout(resolve, 2)); // time for others to come between
      const tried = this.#tried.has(id);
      this.#tried.add(id);
      if (data.trouble === "refused") throw new DeadLetter("no such thing");
      if (data.trouble === "broken" && !this.#repaired) throw new TypeError("the clerk's pen is broken");
      if (data.trouble === "once" && !tried) throw new Error("not now");
      this.#note(delivery);
    } finally {
      if (key !== undefined) this.#running.delete(key);
    }
  }

  #note({ id, channel, type, key, headers, source, data }: Work): void {
    if (this.handled.has(id)) {
      this.duplicates++;
      return;
    }
    // As it was published, but through the schema: a date is one.
    const plain = data.placedAt === undefined ? data : { ...data, placedAt: data.placedAt.toISOString() };
    this.handled.set(id, { channel, type, ...(key === undefined ? {} : { key }), headers, source, data: plain });
    if (key !== undefined) this.byCustomer.set(key, [...(this.byCustomer.get(key) ?? []), id]);
    this.#look();
  }

  readonly observe = (event: MessagingEvent): void => {
    if (event.type !== "dead-letter" || event.id === undefined) return;
    this.#dead.add(event.id);
    this.#look();
  };

  /** Ids of dead letters. */
  get dead(): ReadonlySet<string> {
    return this.#dead;
  }

  repair(): void {
    this.#repaired = true;
    this.#dead.clear();
  }

  /** Those of `ids` neither handled nor dead: none, unless it takes longer than `giveUpMs`. */
  async settled(ids: readonly string[], giveUpMs: number): Promise<readonly string[]> {
    const open = () => ids.filter((id) => !this.handled.has(id) && !this.#dead.has(id));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, giveUpMs);
    this.#look = () => {
      if (open().length === 0) late.resolve();
    };
    this.#look();
    await late.promise;
    clearTimeout(timer);
    return open();
  }
}
