/** Replaces `${NAME}` and `${NAME:-default}` in parsed strings. A value can therefore never change the structure. */
import { isTree, type Path, pathText, type Tree } from "../layers/tree.ts";

export interface Filled {
  readonly value: unknown;
  /** The filled-in values by path as text. No error quotes a value at such a path. */
  readonly fromEnv: ReadonlyMap<string, FromEnv>;
  /** What could not be filled in, by path as text. It is a mistake only if the value is used. */
  readonly missing: ReadonlyMap<string, { readonly path: Path; readonly message: string }>;
}

export interface FromEnv {
  readonly path: Path;
  /** The names of the variables. */
  readonly names: readonly string[];
  /** The texts that were filled in. */
  readonly parts: readonly string[];
  readonly value: string;
}

const HOLE = /\$?\$\{([^}]*)\}?/g;
const INNER = /^([A-Za-z_]\w*)(?::-(.*))?$/s;

export function fill(root: unknown, env: Readonly<Record<string, string | undefined>>): Filled {
  const fromEnv = new Map<string, FromEnv>();
  const missing = new Map<string, { path: Path; message: string }>();
  const inside = new Set<object>();

  const text = (value: string, path: Path): string => {
    const names: string[] = [];
    const parts: string[] = [];
    const wrong = (message: string) => {
      const before = missing.get(pathText(path))?.message;
      if (before?.includes(message) === true) return;
      missing.set(pathText(path), { path, message: before === undefined ? message : `${before}; ${message}` });
    };
    const result = value.replaceAll(HOLE, (whole: string, inner: string) => {
      if (whole.startsWith("$$")) return whole.slice(1);
      const hole = whole.endsWith("}") ? INNER.exec(inner) : null;
      if (hole === null) {
        wrong("write ${NAME} or ${NAME:-default}; for a literal ${ write $${");
        return whole;
      }
      const [, name = "", otherwise] = hole;
      names.push(name);
      const found = Object.hasOwn(env, name) ? env[name] : undefined;
      const part = found === "" || found === undefined ? (otherwise ?? found) : found;
      if (part !== undefined) {
        parts.push(part);
        return part;
      }
      wrong(`the environment variable ${name} is not set; set it, or write \${${name}:-default}`);
      return whole;
    });
    if (names.length > 0) fromEnv.set(pathText(path), { path, names, parts, value: result });
    return result;
  };

  // An object in which nothing is filled in is returned as it is, not copied: it may be a client.
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") return value.includes("${") ? text(value, path) : value;
    if (!(isTree(value) || Array.isArray(value)) || inside.has(value)) return value;
    inside.add(value);
    let copy: Tree | unknown[] | undefined;
    for (const [key, inner] of Object.entries(value)) {
      const next =
        key === "use" && typeof inner !== "string"
          ? inner
          : walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
      if (next === inner) continue;
      copy ??= Array.isArray(value) ? [...value] : { ...value };
      (copy as Tree)[key] = next;
    }
    inside.delete(value);
    return copy ?? value;
  };

  return { value: walk(root, []), fromEnv, missing };
}
