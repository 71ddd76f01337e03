/** What a value of JSON must be for us to read or write it: no member that is not named, and none that is null. */
export type Shape = (value: unknown) => boolean;

export const text: Shape = (value) => typeof value === "string";
export const whole: Shape = Number.isSafeInteger;
export const flag: Shape = (value) => typeof value === "boolean";

/** Any of the named members, in any order. */
export function members(of: Readonly<Record<string, Shape>>): Shape {
  const known = new Map(Object.entries(of));
  return (value) => {
    if (!isObject(value)) return false;
    for (const name in value) if (known.get(name)?.(value[name]) !== true) return false;
    return true;
  };
}

/** Whatever the names are. */
export const mapOf =
  (of: Shape): Shape =>
  (value) => {
    if (!isObject(value)) return false;
    for (const name in value) if (name === "__proto__" || !of(value[name])) return false;
    return true;
  };

export const listOf =
  (of: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(of);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
