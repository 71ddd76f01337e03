/** Configuration as plain objects, and paths in it. */
export type Tree = Record<string, unknown>;
export type Path = readonly PropertyKey[];

/** True for a plain object. An instance of a class (an SDK client, a Date) is a single value. */
export function isTree(value: unknown): value is Tree {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

/** A path for people: `profiles.test.channels.*.on`. A key with other characters is quoted. */
export function pathText(path: Path): string {
  let text = "";
  for (const key of path) {
    const word = String(key);
    if (typeof key === "number" || !/^(?:[\w-]+|\*)$/.test(word))
      text += `[${typeof key === "number" ? word : JSON.stringify(word)}]`;
    else text += text === "" ? word : `.${word}`;
  }
  return text;
}

export function getAt(root: unknown, path: Path): unknown {
  let at = root;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

/** A copy of `root` without the value at `path`. */
export function without(root: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof root !== "object" || root === null || !Object.hasOwn(root, key)) return root;
  const copy = (Array.isArray(root) ? [...root] : { ...root }) as Record<PropertyKey, unknown>;
  if (rest.length > 0) copy[key] = without(copy[key], rest);
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}

/** Sets a value, and makes the objects above it. */
export function setAt(root: Tree, path: readonly string[], value: unknown): void {
  let at = root;
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(at, key) || !isTree(at[key])) at[key] = {};
    at = at[key] as Tree;
  }
  at[path.at(-1)!] = value;
}
