import type { WireMessage } from "@switchyard/core/driver";
import { Accepted, Dedup } from "./dedup.ts";
import type { Queue } from "./queue.ts";

interface Subscription {
  readonly queue: Queue;
  readonly types: ReadonlySet<string> | undefined;
  /** The types as text, for comparison. */
  readonly filter: string;
}

/** Copies every message to the queue of each group that exists when it is accepted. */
export class Topic {
  readonly name: string;
  readonly dedup: Dedup<Accepted>;
  readonly #groups = new Map<string, Subscription>();
  #seq = 0;

  constructor(name: string, dedupMs: number) {
    this.name = name;
    this.dedup = new Dedup(dedupMs);
  }

  get groups(): ReadonlyMap<string, Subscription> {
    return this.#groups;
  }

  subscribe(group: string, queue: Queue, types: readonly string[] | undefined, filter: string): void {
    this.#groups.set(group, { queue, types: types === undefined ? undefined : new Set(types), filter });
  }

  unsubscribe(group: string): void {
    this.#groups.delete(group);
  }

  /** Accepts a message. One without a type, which another producer sent, passes every filter. */
  accept(kept: WireMessage, given: WireMessage, now: number): Accepted {
    for (const { queue, types } of this.#groups.values()) {
      if (types === undefined || kept.type === undefined || types.has(kept.type))
        queue.put(kept, given.delayMs ?? 0, now);
    }
    return new Accepted(String(++this.#seq));
  }

  serve(): void {
    for (const { queue } of this.#groups.values()) queue.serve();
  }
}
