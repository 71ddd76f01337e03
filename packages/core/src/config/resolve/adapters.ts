/** Finds the adapter that a connection names: passed in code, given as a value, or imported as seen from the configuration file. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Adapter } from "../../driver/index.ts";
import { isAdapter } from "../layers/schema.ts";
import { importFile, resolveFrom } from "../../base/import-at-run-time.ts";
import { listed, nearest } from "../../base/suggest.ts";

/** Our adapters, with the packages that they need. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  memory: [],
  sqs: ["@aws-sdk/client-sqs"],
  sns: ["@aws-sdk/client-sns", "@aws-sdk/client-sqs"],
  kinesis: ["@aws-sdk/client-kinesis", "@aws-sdk/client-dynamodb"],
  aws: ["@aws-sdk/client-sqs", "@aws-sdk/client-sns"],
  amqp: ["amqplib"],
};

export type Found = { readonly adapter: Adapter } | { readonly problem: string };

export class Adapters {
  readonly #given: readonly Adapter[];
  readonly #directories: readonly string[];
  readonly #loaded = new Map<string, Promise<Found>>();

  /** `directories` are searched in order. */
  constructor(given: readonly Adapter[], directories: readonly string[]) {
    this.#given = given;
    this.#directories = directories;
  }

  find(use: string | Adapter): Promise<Found> {
    if (typeof use !== "string") return Promise.resolve({ adapter: use });
    const specifier = specifierOf(use);
    const given = this.#given.find(({ name }) => name === use || specifierOf(name) === specifier);
    if (given !== undefined) return Promise.resolve({ adapter: given });
    const loading = this.#loaded.get(specifier) ?? this.#load(use, specifier);
    this.#loaded.set(specifier, loading);
    return loading;
  }

  async #load(use: string, specifier: string): Promise<Found> {
    let path: string | undefined;
    for (const directory of this.#directories) path ??= locate(directory, specifier);
    if (path === undefined) return { problem: notInstalled(use, specifier, this.#directories[0]!) };
    let module: Record<string, unknown>;
    try {
      module = await importFile(path);
    } catch (cause) {
      return { problem: failed(specifier, cause) };
    }
    const { adapter } = module;
    if (isAdapter(adapter)) return { adapter: adapter as Adapter };
    return { problem: `${specifier} exports no adapter; is it a Switchyard transport of this version?` };
  }
}

const SCOPE = "@switchyard/";

function specifierOf(use: string): string {
  return use.startsWith(".") || use.includes("/") ? use : SCOPE + use;
}

function notInstalled(use: string, specifier: string, directory: string): string {
  if (specifier.startsWith(".") || specifier.startsWith("/"))
    return `${specifier} does not exist, relative to ${directory}`;
  const name = specifier.startsWith(SCOPE) ? specifier.slice(SCOPE.length) : undefined;
  // Never suggest installing a package in our scope that we did not publish: it could be someone else's.
  if (name !== undefined && !Object.hasOwn(KNOWN, name)) {
    const meant = adapterMeant(name);
    const hint = meant === undefined ? "" : ` Did you mean ${JSON.stringify(meant)}?`;
    return `unknown adapter ${JSON.stringify(use)}; use ${allowedAdapters}.${hint}`;
  }
  const packages = [packageOf(specifier), ...(name === undefined ? [] : KNOWN[name]!)].join(" ");
  return `${specifier} is not installed where ${directory} can find it: npm install ${packages}`;
}

/** The allowed values of `use`, for errors. */
export const allowedAdapters = `${listed(Object.keys(KNOWN))}, or the full package name of another adapter, such as @acme/adapter`;

/** Other names that people use for a broker. */
const ALSO: ReadonlyMap<string, string> = new Map([
  ["rabbitmq", "amqp"],
  ["rabbit", "amqp"],
  ["amqplib", "amqp"],
]);

/** The adapter with the closest spelling, otherwise one that is part of the name: `aws-sqs` means `sqs`. */
function adapterMeant(name: string): string | undefined {
  const near = nearest(name, Object.keys(KNOWN));
  if (near !== undefined) return near;
  const parts = name.toLowerCase().split(/[^a-z]+/);
  const named = parts.map((part) => ALSO.get(part) ?? part).filter((part) => Object.hasOwn(KNOWN, part));
  return named.find((adapter) => adapter !== "aws") ?? named[0];
}

/** Why importing an installed adapter failed: a package that it needs is missing, or it threw. */
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

function packageOf(specifier: string): string {
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
