/** Whether one of our codecs handles a JSON value. A value with unknown members or null is left to the SDK. */
export type Shape = (value: unknown) => boolean;

export const text: Shape = (value) => typeof value === "string";
export const whole: Shape = Number.isSafeInteger;
export const flag: Shape = (value) => typeof value === "boolean";

/** An object with any of these members and no others. */
export function members(of: Readonly<Record<string, Shape>>): Shape {
  const known = new Map(Object.entries(of));
  return (value) => {
    if (!isObject(value)) return false;
    for (const name in value) if (known.get(name)?.(value[name]) !== true) return false;
    return true;
  };
}

/** An object with any member names. */
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
