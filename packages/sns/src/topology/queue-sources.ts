import type { Destination } from "@switchyard/core/driver";

const keyOf = (of: Destination): string => of.address ?? of.name;

/** Which topics send to which queues: a group's, and its dead-letter queue, for what SNS cannot deliver. */
export class Senders {
  readonly #topics = new Map<string, Map<string, string>>();

  /** `topic`: its name or address; `arn` may be a guess until it exists. */
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
