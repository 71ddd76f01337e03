import type { HeldMessage } from "./held-message.ts";

/**
 * In order per key, one at a time or as the first few of one batch. The head of a lane is the one that may run; it stays the head while it waits for
 * its next attempt, so that nothing of its key overtakes it.
 */
export class Lanes {
  readonly #lanes = new Map<string, HeldMessage[]>();
  /** By key, the broker's ids of what goes back and is not known to be there yet. */
  readonly #returning = new Map<string, Set<string>>();

  /** True when it is the head at once. */
  add(key: string, message: HeldMessage): boolean {
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [message]);
    else lane.push(message);
    return lane === undefined;
  }

  /** Takes one out. The new head, where the one taken was the head. */
  remove(key: string, message: HeldMessage): HeldMessage | undefined {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(message) ?? -1;
    if (lane === undefined || at < 0) return undefined;
    lane.splice(at, 1);
    if (lane.length === 0) this.#lanes.delete(key);
    return at === 0 ? lane[0] : undefined;
  }

  /** Takes out everything behind one, in order, but for what runs in one batch with it: that keeps its place until it ends. */
  cutBehind(key: string, message: HeldMessage): HeldMessage[] {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(message) ?? -1;
    return lane === undefined || at < 0 ? [] : lane.splice(at + 1 + runningAfter(lane, at));
  }

  /** What runs in one batch with it, behind it. */
  runningBehind(key: string, message: HeldMessage): HeldMessage[] {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(message) ?? -1;
    return lane === undefined || at < 0 ? [] : lane.slice(at + 1, at + 1 + runningAfter(lane, at));
  }

  /** How many of its key have come, the head included. */
  length(key: string): number {
    return this.#lanes.get(key)?.length ?? 0;
  }

  /** The next at most `most` behind a head that is ready, for the same batch. */
  following(key: string, most: number): HeldMessage[] {
    const next = this.#lanes.get(key)?.slice(1, 1 + most) ?? [];
    const end = next.findIndex(({ state }) => state !== "ready");
    return end < 0 ? next : next.slice(0, end);
  }

  /** On its way back from now on. */
  returning(key: string, { delivery }: HeldMessage): void {
    const ids = this.#returning.get(key);
    if (ids === undefined) this.#returning.set(key, new Set([delivery.id]));
    else ids.add(delivery.id);
  }

  /** The broker has it, or never will. */
  returned(key: string, { delivery }: HeldMessage): void {
    const ids = this.#returning.get(key);
    if (ids?.delete(delivery.id) === true && ids.size === 0) this.#returning.delete(key);
  }

  /**
   * True where what has just come follows something that is still on its way back: its driver handed it out before it was
   * told. What comes again itself shows that the broker has it.
   */
  behind(key: string, { delivery }: HeldMessage): boolean {
    const ids = this.#returning.get(key);
    if (ids === undefined) return false;
    if (!ids.has(delivery.id)) return true;
    this.#returning.delete(key);
    return false;
  }
}

/** Of those behind the one at `at`: how many are in its batch. A hold that was lost meanwhile does not end its handler. */
function runningAfter(lane: readonly HeldMessage[], at: number): number {
  let count = 0;
  for (let next = lane[at + 1]; next?.state === "running" || next?.state === "lost"; next = lane[at + 1 + count])
    count++;
  return count;
}
