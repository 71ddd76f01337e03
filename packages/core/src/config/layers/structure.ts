/** Reads from the schema which keys are allowed where, so that they need not be listed twice. */
import type { z } from "zod";

type Def = {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly out?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly catchall?: z.ZodType;
  readonly valueType?: z.ZodType;
};

export interface Place {
  /** The allowed keys. Undefined: any key. */
  readonly keys: readonly string[] | undefined;
  /** True if the keys are names that the user chose (channels, groups). */
  readonly named: boolean;
  /** The schema of the value under a key. Undefined if there can be none. */
  below(key: string): z.ZodType | undefined;
}

/** What a schema allows below it. Undefined if it is a single value. */
export function placeOf(schema: z.ZodType): Place | undefined {
  const def = schema._zod.def as unknown as Def;
  switch (def.type) {
    case "optional":
    case "nullable":
      return placeOf(def.innerType!);
    case "pipe":
      return placeOf(def.out!);
    case "union":
      return def.options!.map(placeOf).find((place) => place !== undefined);
    case "record":
      return { keys: undefined, named: true, below: () => def.valueType };
    case "object": {
      const { shape } = schema as z.ZodObject;
      const loose = (def.catchall?._zod.def as unknown as Def | undefined)?.type === "unknown";
      return {
        keys: loose ? undefined : Object.keys(shape),
        named: false,
        below: (key) => (Object.hasOwn(shape, key) ? (shape[key] as z.ZodType) : loose ? def.catchall : undefined),
      };
    }
    case "unknown":
      return { keys: undefined, named: false, below: () => schema };
    default:
      return undefined;
  }
}

/** The keys that a schema lists. A connection's schema lists some and allows others. */
export function knownKeys(schema: z.ZodType): readonly string[] {
  const def = schema._zod.def as unknown as Def;
  if (def.type === "optional" || def.type === "nullable") return knownKeys(def.innerType!);
  if (def.type === "pipe") return knownKeys(def.out!);
  if (def.type === "union") return def.options!.flatMap(knownKeys);
  return def.type === "object" ? Object.keys((schema as z.ZodObject).shape) : [];
}
