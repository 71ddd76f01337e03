import { isTree, type Path, pathText, type Tree } from "./tree.ts";

/** One channel, connection or policy, merged from all layers. It remembers where each value came from. */
export class Section {
  readonly value: Tree = {};
  readonly #origins = new Map<string, string>();
  #home: string;
  #mentioned = false;
  #named = false;

  /** `home` is the place to report while no layer names the entry. */
  constructor(home: string) {
    this.#home = home;
  }

  /**
   * Merges a layer's entry. Objects are merged, null removes, other values are replaced. `at` names a path within `source` for people.
   * `named` is false for an entry under `"*"`.
   */
  merge(source: Tree, at: (path: Path) => string, named = true): void {
    this.#mentioned = true;
    if (named && !this.#named) {
      this.#named = true;
      this.#home = at([]);
    }
    this.#merge(this.value, source, [], at);
  }

  /** True if no layer has the entry. */
  get empty(): boolean {
    return !this.#mentioned;
  }

  /** Removes the entry, because a layer sets it to null at `where`. */
  remove(where: string): void {
    this.clear();
    this.#mentioned = false;
    this.#named = true;
    this.#home = where;
  }

  clear(): void {
    for (const key of Object.keys(this.value)) this.drop([key]);
  }

  /** Removes the value at a path. */
  drop(path: readonly string[]): void {
    // The objects belong to the layers too, so copy them before changing them.
    let tree = this.value;
    for (const key of path.slice(0, -1)) {
      const inner = Object.hasOwn(tree, key) ? tree[key] : undefined;
      if (!isTree(inner)) return;
      const copy = { ...inner };
      tree[key] = copy;
      tree = copy;
    }
    delete tree[path.at(-1)!];
    this.#forget(path);
  }

  #forget(path: readonly string[]): void {
    const own = id(path);
    for (const key of this.#origins.keys()) if (key === own || key.startsWith(`${own}\0`)) this.#origins.delete(key);
  }

  /** The place where a value was set, or where it would have to be set. */
  where(...path: readonly string[]): string {
    for (let length = path.length; length > 0; length--) {
      const found = this.#origins.get(id(path.slice(0, length)));
      if (found === undefined) continue;
      const rest = pathText(path.slice(length));
      return rest === "" ? found : rest.startsWith("[") ? found + rest : `${found}.${rest}`;
    }
    return pathText(path) === "" ? this.#home : `${this.#home}.${pathText(path)}`;
  }

  /** All places that the values came from. */
  origins(): Iterable<string> {
    return this.#origins.values();
  }

  #merge(target: Tree, source: Tree, path: readonly string[], at: (path: Path) => string): void {
    if (path.length > 0 && !this.#origins.has(id(path))) this.#origins.set(id(path), at(path));
    for (const [key, value] of Object.entries(source)) {
      if (value === undefined) continue;
      const next = [...path, key];
      if (value === null) {
        this.#forget(next);
        delete target[key];
        continue;
      }
      const current = Object.hasOwn(target, key) ? target[key] : undefined;
      if (isTree(value) && isTree(current) && !opaque(value) && !opaque(current)) {
        const merged = { ...current };
        target[key] = merged;
        this.#merge(merged, value, next, at);
      } else {
        this.#forget(next);
        target[key] = withoutNulls(value);
        this.#note(value, next, at);
      }
    }
  }

  #note(value: unknown, path: readonly string[], at: (path: Path) => string, seen = new Set<object>()): void {
    this.#origins.set(id(path), at(path));
    if (!(isTree(value) || Array.isArray(value)) || seen.has(value)) return;
    seen.add(value);
    for (const [key, inner] of Object.entries(value)) this.#note(inner, [...path, key], at, seen);
  }
}

/** Removes nulls, because there is no lower value for them to remove. An object without nulls is returned as it is: it may be a client. */
function withoutNulls(value: unknown, seen = new Set<object>()): unknown {
  if (!isTree(value) || opaque(value) || seen.has(value)) return value;
  seen.add(value);
  let copy: Tree | undefined;
  for (const [key, inner] of Object.entries(value)) {
    const kept = inner === null ? undefined : withoutNulls(inner, seen);
    if (kept === inner) continue;
    copy ??= { ...value };
    if (inner === null) delete copy[key];
    else copy[key] = kept;
  }
  return copy ?? value;
}

const id = (path: readonly string[]) => path.join("\0");

/** True for an object with functions: an adapter or a client. It is replaced, never merged. */
function opaque(value: Tree): boolean {
  return Object.values(value).some((inner) => typeof inner === "function");
}
