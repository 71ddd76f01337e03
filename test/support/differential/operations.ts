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
  /**
   * Something that takes its time, and then all that can be had: a delayed publish, a delayed retry, or a hold that ends. `which` as above.
   */
  | { readonly do: "later"; readonly what: "publish" | "retry" | "end"; readonly which: number; readonly key: Key }
  /** The receiver is closed, whatever it holds, and another one opened. */
  | { readonly do: "reopen" }
  | { readonly do: "depth" }
  | { readonly do: "purge" };

export interface Sending {
  readonly key: Key;
  /** `over` is one byte more than fits, `binary` is bytes. */
  readonly body: "short" | "empty" | "over" | "binary";
  readonly headers: number;
  readonly delayed: boolean;
}

const sending = fc.record<Sending>({
  key: fc.constantFrom<Key>(0, 1, 2),
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

export const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("send" as const),
        messages: fc.array(sending, { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 5, arbitrary: fc.constant({ do: "receive" as const }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("ack" as const), which }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("release" as const, "retry" as const), which }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("later" as const),
        what: fc.constantFrom("publish" as const, "retry" as const, "end" as const),
        which,
        key: fc.constantFrom<Key>(0, 1, 2),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: "reopen" as const }) },
    { weight: 2, arbitrary: fc.constant({ do: "depth" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "purge" as const }) },
  ),
  { minLength: 3, maxLength: 14 },
);
