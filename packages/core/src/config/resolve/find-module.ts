/** Finds and imports modules that the configuration names, as seen from the configuration file. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { importFile, resolveFrom } from "../../base/import-at-run-time.ts";

/** The scope of our own packages. */
export const SCOPE = "@switchyard/";

export type Module = { readonly module: Record<string, unknown> } | { readonly problem: string };

/** Where modules are looked for, and which may be. */
export interface ModuleSource {
  /** Searched in order. */
  readonly directories: readonly string[];
  /** The packages that may be imported, and no file. Undefined: all. */
  readonly packages?: readonly string[];
}

/** Imports a module. `notFound` says what to do if none of the directories can find it. */
export async function loadModule(
  specifier: string,
  { directories, packages }: ModuleSource,
  notFound: (directory: string) => string,
): Promise<Module> {
  const other = packages !== undefined && !packages.includes(packageOf(specifier));
  // A listed package with a way out of it, such as `zod/../../evil.js`, is no package.
  if (other || (packages !== undefined && (isPath(specifier) || specifier.includes(".."))))
    return {
      problem: `${specifier} is not imported: the configuration is above ${directories[0]!}, whose package.json does not list it`,
    };
  let path: string | undefined;
  for (const directory of directories) path ??= locate(directory, specifier);
  if (path === undefined) return { problem: notFound(directories[0]!) };
  try {
    return { module: await importFile(path) };
  } catch (cause) {
    return { problem: failed(specifier, cause) };
  }
}

export const isPath = (specifier: string): boolean => specifier.startsWith(".") || specifier.startsWith("/");

/** Why importing an installed module failed: a package that it needs is missing, or it threw. */
function failed(specifier: string, cause: unknown): string {
  const text = cause instanceof Error ? cause.message : "";
  const missing =
    /Cannot find (?:package|module) '([^']+)'/.exec(text)?.[1] ??
    /Failed to resolve (?:import|entry for package) "([^"]+)"/.exec(text)?.[1];
  if (missing !== undefined && !missing.startsWith(".") && !missing.startsWith("/")) {
    return `${specifier} needs ${packageOf(missing)}, which is not installed: npm install ${packageOf(missing)}`;
  }
  const name = cause instanceof Error ? cause.name : "error";
  return `loading ${specifier} failed: ${name}: ${text}`;
}

export function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/**
 * Resolves a specifier as `import` would from a file in `directory`. `require.resolve` does it, except for packages whose exports have
 * only the `import` condition. `import.meta.resolve` with a parent is still behind a flag in Node.
 */
function locate(directory: string, specifier: string): string | undefined {
  try {
    return resolveFrom(directory, specifier);
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") return undefined;
  }
  const name = packageOf(specifier);
  for (let folder = directory; ; folder = dirname(folder)) {
    const home = join(folder, "node_modules", name);
    if (existsSync(join(home, "package.json"))) return entry(home, `.${specifier.slice(name.length)}`);
    if (folder === dirname(folder)) return undefined;
  }
}

function entry(home: string, subpath: string): string | undefined {
  const { exports } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { exports?: unknown };
  const table = isSubpaths(exports) ? exports[subpath] : subpath === "." ? exports : undefined;
  const target = pick(table);
  return target === undefined ? undefined : realpathSync(join(home, target));
}

function isSubpaths(exports: unknown): exports is Record<string, unknown> {
  return typeof exports === "object" && exports !== null && Object.keys(exports).some((key) => key.startsWith("."));
}

function pick(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (typeof target !== "object" || target === null) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    const found = ["import", "node", "default", "module-sync"].includes(condition) ? pick(inner) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
