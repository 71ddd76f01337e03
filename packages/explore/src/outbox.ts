/** An outbox for worlds: rows that a transaction stores, and relays of the run that publish them and then delete them. */
import type { AnyChannel, Messaging, PayloadOf, TypeOf } from "@switchyard/core";
import { within } from "./context.ts";
import { frameOf } from "./handling.ts";
import { messagingOf } from "./service-tools.ts";
import type { RunState } from "./state.ts";
import type { Worker } from "./worker.ts";

/** A message that waits to be relayed. */
export interface OutboxRow {
  readonly id: string;
  readonly channel: string;
  readonly type: string;
  readonly data: unknown;
}

/** For how long a relay that has read a row has it for itself, in milliseconds: the lease of the real one. */
const LEASE_MS = 15_000;

/**
 * An outbox in memory, as part of a scenario's world. A function of the world that changes the world and calls `store()` is one
 * transaction, as it is one effect. `store()` itself is an effect where a service calls it: a transaction of its own.
 */
export class MemoryOutbox {
  readonly #rows = new Map<string, OutboxRow & { readonly of: AnyChannel }>();
  readonly #taken = new Map<string, number>();
  #stored = 0;
  #wake: (() => void)[] = [];

  /** The rows that wait, in the order in which they were stored. */
  get rows(): readonly OutboxRow[] {
    return [...this.#rows.values()].map(({ id, channel, type, data }) => ({ id, channel, type, data }));
  }

  /** Stores a message. Its id is `options.id`, or one of its own; a row of the same id is there already, and stays. */
  store<C extends AnyChannel, const K extends TypeOf<C>>(
    channel: C,
    type: K,
    data: PayloadOf<C, K>,
    options: { readonly id?: string } = {},
  ): string {
    const id = options.id ?? `outbox-${++this.#stored}`;
    if (!this.#rows.has(id)) this.#rows.set(id, { id, channel: channel.name, type, data, of: channel });
    for (const wake of this.#wake.splice(0)) wake();
    return id;
  }

  /** Takes a row that no relay has, until `now` and the lease are over. */
  static take(box: MemoryOutbox, now: number): (OutboxRow & { readonly of: AnyChannel }) | undefined {
    for (const row of box.#rows.values()) {
      if ((box.#taken.get(row.id) ?? 0) > now) continue;
      box.#taken.set(row.id, now + LEASE_MS);
      return row;
    }
    return undefined;
  }

  static delete(box: MemoryOutbox, id: string): void {
    box.#rows.delete(id);
    box.#taken.delete(id);
  }

  /** Resolves when a row was stored. */
  static stored(box: MemoryOutbox): Promise<void> {
    return new Promise((resolve) => box.#wake.push(resolve));
  }
}

/** An outbox for a world: `world: () => ({ outbox: memoryOutbox() })`. Its relays are processes of the run, which die as others do. */
export const memoryOutbox = (): MemoryOutbox => new MemoryOutbox();

/** The outboxes of a world, by their names in it. */
export function outboxesOf(world: object): readonly (readonly [name: string, box: MemoryOutbox])[] {
  return Object.entries(world).filter((entry): entry is [string, MemoryOutbox] => entry[1] instanceof MemoryOutbox);
}

/** Relays one outbox for as long as its process lives: publishes each row, and then deletes it. */
export async function relay(
  state: RunState,
  worker: Worker,
  name: string,
  box: MemoryOutbox,
  messaging: () => Messaging | undefined,
): Promise<void> {
  const publisher = messagingOf(state, worker, messaging) as any;
  for (;;) {
    const row = MemoryOutbox.take(box, state.clock.elapsed);
    if (row === undefined) {
      // Rows that another relay has come free when its lease ends.
      if (box.rows.length > 0) {
        worker.sleeping++;
        await worker.runtime.sleep(LEASE_MS / 3);
        worker.sleeping--;
      } else await MemoryOutbox.stored(box);
      if (worker.shut) await worker.gate();
      continue;
    }
    const frame = frameOf(state, worker, state.story.number(row.id, row.channel, row.type), () => `relay of ${name}`);
    worker.frames.add(frame);
    try {
      await within(frame, async () => {
        await publisher.publish(row.of, row.type, row.data, { id: row.id });
        await frame.perform(`${name}.delete`, [row.id], () => MemoryOutbox.delete(box, row.id));
      });
    } catch {
      // It stays, and is relayed again when its lease has ended.
    }
    frame.ended = true;
    worker.frames.delete(frame);
  }
}
