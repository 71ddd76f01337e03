import type { AnyDelivery, MessagingEvent } from "@switchyard/core";

interface Asked {
  readonly id: string;
  readonly key: string | undefined;
  state: "asked" | "accepted" | "refused";
}

/** A message in one group: handled, dead-lettered, skipped or expired; each is an end. */
interface Course {
  handled: number;
  readonly ends: Set<string>;
  last: number;
}

/** What was published and what became of it; finds what the contract forbids. */
export class Ledger {
  readonly wrong: string[] = [];
  readonly #inOrder: boolean;
  readonly #asked = new Map<string, Asked>();
  readonly #byKey = new Map<string, Asked[]>();
  readonly #courses = new Map<string, Course>();
  readonly #running = new Map<string, AnyDelivery>();
  readonly #deadSaid = new Map<string, Set<string>>();

  constructor(inOrder: boolean) {
    this.#inOrder = inOrder;
  }

  asked(id: string, key: string | undefined): void {
    const asked: Asked = { id, key, state: "asked" };
    this.#asked.set(id, asked);
    if (key === undefined) return;
    const before = this.#byKey.get(key);
    if (before === undefined) this.#byKey.set(key, [asked]);
    else before.push(asked);
  }

  accepted(id: string): void {
    (this.#asked.get(id) as Asked).state = "accepted";
  }

  /** For certain: it must never be seen. */
  refused(id: string): void {
    (this.#asked.get(id) as Asked).state = "refused";
  }

  /** A handler begins; call what it returns at its end. */
  begin(group: string, delivery: AnyDelivery): (handled: boolean) => void {
    const { id, key, attempt } = delivery;
    const course = this.#course(group, id);
    if (attempt < 1) this.wrong.push(`${group}: attempt ${attempt} of ${id}`);
    if (this.#inOrder && key !== undefined) this.#checkOrder(group, id, key, delivery);
    return (handled) => {
      if (this.#running.get(`${group} ${key}`) === delivery) this.#running.delete(`${group} ${key}`);
      if (!handled) return;
      course.handled++;
      course.ends.add("handled");
    };
  }

  #checkOrder(group: string, id: string, key: string, delivery: AnyDelivery): void {
    const lane = `${group} ${key}`;
    const other = this.#running.get(lane);
    // A delivery whose hold is lost knows it: from then on another may have the message.
    if (other !== undefined && !other.signal.aborted) this.wrong.push(`${lane}: ${id} began while ${other.id} ran`);
    this.#running.set(lane, delivery);
    if (this.#course(group, id).ends.size > 0) return;
    for (const earlier of this.#byKey.get(key) ?? []) {
      if (earlier.id === id) break;
      if (earlier.state === "accepted" && this.#course(group, earlier.id).ends.size === 0)
        this.wrong.push(`${lane}: ${id} began before ${earlier.id} had ended`);
    }
  }

  event(group: string, event: MessagingEvent): void {
    if (event.id === undefined) return;
    if (event.type !== "dead-letter" && event.type !== "skipped" && event.type !== "expired") return;
    this.#course(group, event.id).ends.add(event.type);
    if (event.type !== "dead-letter") return;
    const said = this.#deadSaid.get(group) ?? new Set<string>();
    this.#deadSaid.set(group, said.add(event.id));
  }

  deadSaid(group: string): number {
    return this.#deadSaid.get(group)?.size ?? 0;
  }

  /** Found among the dead letters. */
  dead(group: string, id: string, code: string): void {
    if (!this.#asked.has(id)) this.wrong.push(`${group}: a dead letter ${id} (${code}) nobody published`);
    else this.#course(group, id).ends.add("found dead");
  }

  audit(groups: readonly string[], deadAreKnown: boolean): void {
    for (const group of groups) {
      for (const { id, state } of this.#asked.values()) {
        const known = this.#courses.get(`${group} ${id}`);
        if (state === "accepted" && (known === undefined || known.ends.size === 0))
          this.wrong.push(`${group}: ${id} is lost`);
        if (state === "refused" && known !== undefined)
          this.wrong.push(`${group}: ${id} came though its publish was refused`);
        if (deadAreKnown && known?.ends.has("dead-letter") === true && !known.ends.has("found dead"))
          this.wrong.push(`${group}: ${id} was said to be dead, and is not among the dead letters`);
      }
    }
  }

  #course(group: string, id: string): Course {
    const name = `${group} ${id}`;
    let course = this.#courses.get(name);
    if (course === undefined) {
      course = { handled: 0, ends: new Set(), last: 0 };
      this.#courses.set(name, course);
    }
    return course;
  }
}
