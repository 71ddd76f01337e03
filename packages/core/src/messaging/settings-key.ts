/** The same text for equal settings. An object that is not plain, such as a client given in code, is equal to itself only. */
export function settingsKey(): (settings: unknown) => string {
  const objects = new Map<object, number>();
  const numbered = (_key: string, value: unknown): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return value;
    if (!objects.has(value)) objects.set(value, objects.size);
    return `object ${objects.get(value)}`;
  };
  return (settings) => JSON.stringify(settings, numbered);
}
