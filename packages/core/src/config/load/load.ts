/** Finds and reads the configuration. Errors name the place but never quote its text, which may be a secret. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { importFile } from "../../base/import-at-run-time.ts";
import { invalidConfig } from "../layers/problems.ts";
import { isTree, type Tree } from "../layers/tree.ts";
import { configIn, EXTENSIONS, FILES, nearestConfig } from "./find.ts";
import { readYamlFile } from "./yaml.ts";

/** Undefined in a CommonJS bundle. */
const HERE = import.meta.dirname as string | undefined;

export interface Loaded {
  readonly value: Tree;
  /** The file's name, or `configuration`, for errors. */
  readonly source: string;
  /**
   * Where adapters are looked for. For a file it is the file's folder, so that layouts such as pnpm's work. For a value it is the working
   * directory, then the folder of core.
   */
  readonly directories: readonly string[];
}

/** Loads `config`: a file, a folder or a value. Default: the nearest configuration file in `cwd` or above it. */
export async function load(config: string | object | undefined, cwd: string): Promise<Loaded> {
  if (typeof config === "object")
    return { value: tree(config, "configuration"), source: "configuration", directories: [cwd, HERE ?? cwd] };
  const file = config === undefined ? search(cwd) : named(resolve(cwd, config));
  return { value: tree(await read(file), basename(file)), source: basename(file), directories: [dirname(file)] };
}

function search(cwd: string): string {
  const found = nearestConfig(cwd);
  if (found !== undefined) return found;
  throw invalid(
    "switchyard.config.yaml",
    `not found in ${cwd} or above; create one (also: ${FILES.slice(1).join(", ")}), or pass connect({ config })`,
  );
}

function named(path: string): string {
  if (!existsSync(path)) throw invalid(path, "file not found; check connect({ config })");
  if (!statSync(path).isDirectory()) {
    if (EXTENSIONS.some((extension) => extname(path) === `.${extension}`)) return path;
    throw invalid(path, `its extension must be one of: ${EXTENSIONS.join(", ")}`);
  }
  const found = configIn(path);
  if (found === undefined) throw invalid(path, `has no configuration file; looked for ${FILES.join(", ")}`);
  return found;
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
    throw invalid(basename(file), whyNotImported(file, cause), cause);
  }
  if (!("default" in module))
    throw invalid(basename(file), "has no default export; write export default defineConfig(channels, {...})");
  const value = module["default"];
  // This is an ES module that was compiled to CommonJS.
  return isTree(value) && value["__esModule"] === true ? value["default"] : value;
}

const ES_SYNTAX = /import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta'/;
const COMMONJS_SYNTAX = /(?:module|exports|require) is not defined in ES module scope/;

/** Why importing `file` failed. The sentence follows the file's name. */
function whyNotImported(file: string, cause: unknown): string {
  const { code, name, message = "", stack = "" } = cause as Partial<Error> & { code?: string };
  if (code === "ERR_UNKNOWN_FILE_EXTENSION")
    return "this Node cannot import TypeScript; run Node 22.18 or later, or write it in JavaScript or YAML";
  // The first file in the stack is the configuration or a file that it imports.
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
    // Node's message gives a position or quotes the text, which may be a secret.
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec((cause as Error).message) ?? [];
    throw invalid(line === undefined ? basename(file) : `${basename(file)}:${line}:${column}`, "not valid JSON");
  }
}

function tree(value: unknown, source: string): Tree {
  // Keys with a tilde are marks, not configuration.
  if (isTree(value)) return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("~")));
  throw invalid(source, "must be a mapping with prefix, connections, channels, policies and profiles");
}

function invalid(path: string, message: string, cause?: unknown): Error {
  return invalidConfig("configuration", [{ path, message }], cause);
}
