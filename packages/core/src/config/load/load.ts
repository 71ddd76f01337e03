/** Finds and reads the configuration. Errors name the place, never the text there: it may be a secret. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { importFile } from "../../base/import-at-run-time.ts";
import { invalidConfig } from "../layers/problems.ts";
import { isTree, type Tree } from "../layers/tree.ts";
import { readYamlFile } from "./yaml.ts";

const EXTENSIONS = ["yaml", "yml", "json", "ts", "mts", "cts", "js", "mjs", "cjs"] as const;
const FILES = EXTENSIONS.map((extension) => `switchyard.config.${extension}`);

/** Not there in a bundle as CommonJS. */
const HERE = import.meta.dirname as string | undefined;

export interface Loaded {
  readonly value: Tree;
  /** For messages: the file's name, or `configuration`. */
  readonly source: string;
  /** Where adapters are looked for: the file's place, so that layouts like pnpm's work; for a value the working directory, then core's place. */
  readonly directories: readonly string[];
}

/** `config`: a file, a folder or a value; nothing: the nearest configuration file from `cwd` upwards. */
export async function load(config: string | object | undefined, cwd: string): Promise<Loaded> {
  if (typeof config === "object")
    return { value: tree(config, "configuration"), source: "configuration", directories: [cwd, HERE ?? cwd] };
  const file = config === undefined ? search(cwd) : named(resolve(cwd, config));
  return { value: tree(await read(file), basename(file)), source: basename(file), directories: [dirname(file)] };
}

function search(cwd: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = inFolder(folder);
    if (found !== undefined) return found;
    if (folder === dirname(folder))
      throw one(
        "switchyard.config.yaml",
        `not found in ${cwd} or above; create one (also: ${FILES.slice(1).join(", ")}), or pass connect({ config })`,
      );
  }
}

function named(path: string): string {
  if (!existsSync(path)) throw one(path, "there is no such file; check connect({ config })");
  if (!statSync(path).isDirectory()) {
    if (EXTENSIONS.some((extension) => extname(path) === `.${extension}`)) return path;
    throw one(path, `its extension must be one of: ${EXTENSIONS.join(", ")}`);
  }
  const found = inFolder(path);
  if (found === undefined) throw one(path, `holds no configuration; looked for ${FILES.join(", ")}`);
  return found;
}

function inFolder(folder: string): string | undefined {
  const found = FILES.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1) throw one(folder, `holds ${found.join(" and ")}; keep one, it must be clear which counts`);
  return found[0] === undefined ? undefined : join(folder, found[0]);
}

async function read(file: string): Promise<unknown> {
  if (/\.ya?ml$/.test(file)) return readYamlFile(file, readFileSync(file, "utf8"));
  if (file.endsWith(".json")) return json(file, readFileSync(file, "utf8"));
  return readModule(file);
}

async function readModule(file: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = await importFile(file);
  } catch (cause) {
    throw one(basename(file), whyNotImported(file, cause), cause);
  }
  if (!("default" in module))
    throw one(basename(file), "has no default export; write export default defineConfig(channels, {...})");
  const value = module["default"];
  // An ES module that was compiled to CommonJS.
  return isTree(value) && value["__esModule"] === true ? value["default"] : value;
}

const ES_SYNTAX = /import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta'/;
const COMMONJS_SYNTAX = /(?:module|exports|require) is not defined in ES module scope/;

/** A sentence about `file`, which comes before it. */
function whyNotImported(file: string, cause: unknown): string {
  const { code, name, message = "", stack = "" } = cause as Partial<Error> & { code?: string };
  if (code === "ERR_UNKNOWN_FILE_EXTENSION")
    return "this Node cannot import TypeScript; run Node 22.18 or later, or write it in JavaScript or YAML";
  // The first file of the stack: the configuration itself, or one that it imports.
  const wrong = basename(/[^\s()]+\.[cm]?[jt]s(?=:\d)/.exec(stack)?.[0] ?? file);
  const who = wrong === basename(file) ? "is" : `imports ${wrong}, which is`;
  const extension = extname(wrong);
  const [esModule, commonJs] = extension.endsWith("ts") ? [".mts", ".cts"] : [".mjs", ".cjs"];
  const renamed = (to: string) => `rename it to ${basename(wrong, extension)}${to}`;
  if (name === "SyntaxError" && ES_SYNTAX.test(message) && extension !== esModule) {
    const why = extension === commonJs ? extension : 'the package.json above it says "type": "commonjs"';
    return `${who} written as an ES module and read as CommonJS (${why}); ${renamed(esModule)}`;
  }
  if (name === "ReferenceError" && COMMONJS_SYNTAX.test(message) && extension !== commonJs)
    return `${who} written as CommonJS and read as an ES module; ${renamed(commonJs)}, or write export default`;
  return `importing it failed (${code ?? name ?? "thrown"}); see the error's cause`;
}

function json(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Node says where only sometimes, and otherwise quotes the text.
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec((cause as Error).message) ?? [];
    throw one(line === undefined ? basename(file) : `${basename(file)}:${line}:${column}`, "not valid JSON");
  }
}

function tree(value: unknown, source: string): Tree {
  // What `defineConfig` marks its value with is not configuration.
  if (isTree(value)) return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("~")));
  throw one(source, "must be a mapping with prefix, connections, channels, policies and profiles");
}

function one(path: string, message: string, cause?: unknown): Error {
  return invalidConfig("configuration", [{ path, message }], cause);
}
