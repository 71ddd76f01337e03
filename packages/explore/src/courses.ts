/** The calm course of each type: its effects in order, learned from a run without faults. It gives a story the words "before save". */
export class Courses {
  readonly #effects = new Map<string, string[]>();

  get empty(): boolean {
    return this.#effects.size === 0;
  }

  /** Notes an effect, once for each type. */
  learn(course: string, effect: string): void {
    const known = this.#effects.get(course);
    if (known === undefined) this.#effects.set(course, [effect]);
    else if (!known.includes(effect)) known.push(effect);
  }

  /** What follows an effect. */
  after(effect: string): string {
    for (const effects of this.#effects.values()) {
      const at = effects.indexOf(effect);
      if (at >= 0 && at + 1 < effects.length) return effects[at + 1]!;
    }
    return "the acknowledgement";
  }
}
