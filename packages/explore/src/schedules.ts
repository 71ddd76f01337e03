/** Schedules for fast-check: a seed at first, the choices of its run once it has run, and ever fewer of them while it is shrunk. */
import { Arbitrary, type Random, Stream, Value } from "fast-check";
import type { Choice, Start } from "./choices.ts";

/** How one run goes. `record` is filled in by the run. */
export interface Schedule extends Start {
  record: readonly Choice[];
}

/** Gives seeds, and shrinks by leaving choices out and by making them smaller. */
export class Schedules extends Arbitrary<Schedule> {
  generate(random: Random): Value<Schedule> {
    return new Value<Schedule>({ seed: random.nextInt(0, 0x7fffffff), record: [] }, undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Schedule {
    return typeof value === "object" && value !== null && "record" in value;
  }

  shrink(schedule: Schedule): Stream<Value<Schedule>> {
    return new Stream(candidates(schedule)).map((value) => new Value(value, undefined));
  }
}

/** The calm run first, then halves, quarters and single choices left out, then single choices made smaller. */
function* candidates({ seed, record }: Schedule): Generator<Schedule, void, unknown> {
  const with_ = (choices: readonly Choice[]): Schedule => ({ seed, choices, record: [] });
  if (record.length === 0) return;
  for (let size = record.length; size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < record.length; at += size) yield with_([...record.slice(0, at), ...record.slice(at + size)]);
  for (const [at, [site, subject, place, value]] of record.entries())
    for (const less of new Set([1, value >> 1, value - (value >> 2), value - (value >> 3), value - 1]))
      if (less >= 1 && less < value) yield with_(record.with(at, [site, subject, place, less]));
}
