/** What is done to a fake and to the real broker alike. */
import fc from "fast-check";

/** Keys that stand in different partitions are the world's to choose. */
export type Key = 0 | 1 | 2;

export type Operation =
  | { readonly do: "send"; readonly messages: readonly Sending[] }
  /** Everything that can be had now. */
  | { readonly do: "receive" }
  /** Of what is held, in the order of its bodies, those whose bit is set. Of a stream, so many from the oldest of each partition. */
  | { readonly do: "ack" | "release" | "retry"; readonly which: number }
  /** Again what was settled before, or is no longer held: its hold has ended, it has come again, or its receiver was closed. `which` as above. */
  | { readonly do: "late"; readonly what: Late; readonly which: number }
  /**
   * Something that takes its time: a delayed publish, a delayed retry, a hold that ends. All that can be had is then received, except after
   * `lapse`, a hold that ends unseen. `which` as above.
   */
  | {
      readonly do: "later";
      readonly what: "publish" | "retry" | "end" | "lapse";
      readonly which: number;
      readonly key: Key;
    }
  /** Another member of the group. */
  | { readonly do: "join" }
  /** A member is closed, whatever it holds. */
  | { readonly do: "leave"; readonly which: number }
  /** All members are closed, whatever they hold, and one is opened. */
  | { readonly do: "reopen" }
  /** The connection is lost. */
  | { readonly do: "cut" }
  /** The retention passes. `held`: while all messages are held. Otherwise while there is no receiver. */
  | { readonly do: "age"; readonly held: boolean }
  | { readonly do: "depth" }
  | { readonly do: "purge" };

export type Late = "ack" | "release" | "retry" | "extend";

export interface Sending {
  readonly key: Key;
  /** `over` is one byte more than fits, `binary` is bytes. */
  readonly body: "short" | "empty" | "over" | "binary";
  readonly headers: number;
  readonly delayed: boolean;
}

const key = fc.constantFrom<Key>(0, 1, 2);

const sending = fc.record<Sending>({
  key,
  body: fc.oneof(
    { weight: 12, arbitrary: fc.constant("short" as const) },
    { weight: 1, arbitrary: fc.constantFrom("empty" as const, "over" as const, "binary" as const) },
  ),
  headers: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(0, 1) },
    { weight: 1, arbitrary: fc.constantFrom(9, 10, 11) },
  ),
  delayed: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const which = fc.integer({ min: 0, max: 255 });
const send = fc.record({
  do: fc.constant("send" as const),
  messages: fc.array(sending, { minLength: 1, maxLength: 4 }),
});
const receive = fc.constant({ do: "receive" as const });
const ack = fc.record({ do: fc.constant("ack" as const), which });
const giveBack = fc.record({ do: fc.constantFrom("release" as const, "retry" as const), which });
const late = fc.record({
  do: fc.constant("late" as const),
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constant("ack" as const) },
    { weight: 2, arbitrary: fc.constantFrom("release" as const, "retry" as const, "extend" as const) },
  ),
  which,
});
const later = fc.record({
  do: fc.constant("later" as const),
  what: fc.constantFrom("publish" as const, "retry" as const, "end" as const, "lapse" as const),
  which,
  key,
});
const join = fc.constant({ do: "join" as const });
const leave = fc.record({ do: fc.constant("leave" as const), which });
const reopen = fc.constant({ do: "reopen" as const });
const cut = fc.constant({ do: "cut" as const });
const depth = fc.constant({ do: "depth" as const });
const purge = fc.constant({ do: "purge" as const });

/** Any. */
export const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: send },
    { weight: 6, arbitrary: receive },
    { weight: 4, arbitrary: ack },
    { weight: 3, arbitrary: giveBack },
    { weight: 3, arbitrary: late },
    { weight: 2, arbitrary: later },
    { weight: 2, arbitrary: fc.oneof(join, leave) },
    { weight: 1, arbitrary: fc.oneof(reopen, cut, purge) },
    { weight: 2, arbitrary: depth },
  ),
  { minLength: 3, maxLength: 16 },
);

/** Few, for a broker whose retention passes in real time: all that is done between two ages must take less than it. */
export const agingOperations: fc.Arbitrary<readonly Operation[]> = fc
  .array(
    fc.tuple(
      fc.array(
        fc.oneof(
          { weight: 3, arbitrary: send },
          { weight: 2, arbitrary: receive },
          { weight: 1, arbitrary: ack },
          { weight: 1, arbitrary: giveBack },
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.record({ do: fc.constant("age" as const), held: fc.boolean() }),
      fc.array(fc.oneof(receive, depth, ack, giveBack, late), { minLength: 1, maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((rounds) => rounds.flatMap(([before, age, after]) => [...before, age, ...after]));
