import type { Destination } from "@switchyard/core/driver";

const keyOf = (of: Destination): string => of.address ?? of.name;

/** Which topics send to which queues. A topic also sends to a group's dead-letter queue what it cannot deliver to the group's own. */
export class QueueSources {
  readonly #topics = new Map<string, Map<string, string>>();

  /** `topic` is its name or address. `arn` may be a guess until the topic exists. */
  set(group: Destination, topic: string, arn: string): void {
    for (const of of group.deadLetter === undefined ? [group] : [group, group.deadLetter]) {
      const known = this.#topics.get(keyOf(of)) ?? new Map<string, string>();
      this.#topics.set(keyOf(of), known.set(topic, arn));
    }
  }

  of(of: Destination): readonly string[] {
    return [...(this.#topics.get(keyOf(of))?.values() ?? [])];
  }
}
