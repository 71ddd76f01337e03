/** The part of Standard Schema v1 that the suite needs, so that it depends on no schema library. */
export interface SmallSchema<I, O = I> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "switchyard-contract";
    readonly validate: (
      value: unknown,
    ) =>
      | { readonly value: O }
      | { readonly issues: readonly { readonly message: string; readonly path?: readonly PropertyKey[] }[] };
    readonly types?: { readonly input: I; readonly output: O };
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function schema<I, O = I>(validate: SmallSchema<I, O>["~standard"]["validate"]): SmallSchema<I, O> {
  return { "~standard": { version: 1, vendor: "switchyard-contract", validate } };
}

export interface Item {
  readonly n: number;
  readonly k?: string;
  readonly [extra: string]: unknown;
}

/** Accepts an object with a number `n`. Other fields are kept. */
export const item: SmallSchema<Item> = schema((value) => {
  if (!isRecord(value)) return { issues: [{ message: "expected an object" }] };
  if (typeof value["n"] !== "number") return { issues: [{ message: "expected a number", path: ["n"] }] };
  return { value: value as Item };
});

/** Its input is an ISO time as text, its output a Date. */
export const timed: SmallSchema<{ at: string; k?: string }, { at: Date }> = schema((value) => {
  const at = isRecord(value) ? value["at"] : undefined;
  if (typeof at !== "string" || Number.isNaN(Date.parse(at)))
    return { issues: [{ message: "expected an ISO time", path: ["at"] }] };
  return { value: { at: new Date(at) } };
});

/** Anything at all. */
export const anything: SmallSchema<unknown, any> = schema((value) => ({ value }));
