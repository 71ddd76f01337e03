import type { HeldMessage } from "./held-message.ts";

/**
 * Keeps the held messages in order per key. Only the head of a lane may run, alone or in a batch with the messages right behind it.
 * It stays the head while it waits for its next attempt, so that no message of its key overtakes it.
 */
export class Lanes {
  readonly #lanes = new Map<string, HeldMessage[]>();
  /** By key, the broker ids of messages on their way back to the broker. */
  readonly #returning = new Map<string, Set<string>>();

  /** Appends a message to its lane. True if it is the head. */
  add(key: string, message: HeldMessage): boolean {
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [message]);
    else lane.push(message);
    return lane === undefined;
  }

  /** Removes a message. Returns the new head if the message was the head. */
  remove(key: string, message: HeldMessage): HeldMessage | undefined {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(message) ?? -1;
    if (lane === undefined || at < 0) return undefined;
    lane.splice(at, 1);
    if (lane.length === 0) this.#lanes.delete(key);
    return at === 0 ? lane[0] : undefined;
  }

  /** Removes and returns all messages behind one, in order, except those running in its batch: they keep their place until they end. */
  cutBehind(key: string, message: HeldMessage): HeldMessage[] {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(message) ?? -1;
    return lane === undefined || at < 0 ? [] : lane.splice(at + 1 + runningAfter(lane, at));
  }

  /** The messages behind one that run in its batch. */
  runningBehind(key: string, message: HeldMessage): HeldMessage[] {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(message) ?? -1;
    return lane === undefined || at < 0 ? [] : lane.slice(at + 1, at + 1 + runningAfter(lane, at));
  }

  /** How many messages of a key are held, the head included. */
  length(key: string): number {
    return this.#lanes.get(key)?.length ?? 0;
  }

  /** At most `most` ready messages right behind the head, for its batch. */
  following(key: string, most: number): HeldMessage[] {
    const next = this.#lanes.get(key)?.slice(1, 1 + most) ?? [];
    const end = next.findIndex(({ state }) => state !== "ready");
    return end < 0 ? next : next.slice(0, end);
  }

  /** Marks a message as on its way back to the broker. */
  returning(key: string, { delivery }: HeldMessage): void {
    const ids = this.#returning.get(key);
    if (ids === undefined) this.#returning.set(key, new Set([delivery.id]));
    else ids.add(delivery.id);
  }

  /** Call this when the return of a message has succeeded or finally failed. */
  returned(key: string, { delivery }: HeldMessage): void {
    const ids = this.#returning.get(key);
    if (ids?.delete(delivery.id) === true && ids.size === 0) this.#returning.delete(key);
  }

  /**
   * True if an arrived message follows one that is still on its way back: the broker sent it before it got the earlier one back.
   * When the earlier one itself arrives again, the broker has had it.
   */
  behind(key: string, { delivery }: HeldMessage): boolean {
    const ids = this.#returning.get(key);
    if (ids === undefined) return false;
    if (!ids.has(delivery.id)) return true;
    this.#returning.delete(key);
    return false;
  }
}

/** How many messages behind the one at `at` are in its batch. They include lost ones, whose handlers still run. */
function runningAfter(lane: readonly HeldMessage[], at: number): number {
  let count = 0;
  for (let next = lane[at + 1]; next?.state === "running" || next?.state === "lost"; next = lane[at + 1 + count])
    count++;
  return count;
}
