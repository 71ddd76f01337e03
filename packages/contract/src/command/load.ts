import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Harness, HarnessSource } from "../harness.ts";
import { UsageError } from "./options.ts";

/**
 * The transports in the default export of a user's module: a harness, a source that is opened later, a list of these, or a function
 * that returns any of them. Throws UsageError.
 */
export async function loadSources(module: string, cwd: string): Promise<readonly HarnessSource[]> {
  const path = resolve(cwd, module);
  const exported = await imported(path, module);
  const value: unknown = typeof exported === "function" ? await (exported as () => unknown)() : exported;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new UsageError(`${module} exports no transport`);
  const sources = list.map((each, at) => sourceOf(each, Array.isArray(value) ? `${module}, item ${at}` : module));
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`${module}: two transports are called ${JSON.stringify(twice)}`);
  return sources;
}

async function imported(path: string, module: string): Promise<unknown> {
  let exports: { readonly default?: unknown };
  try {
    exports = await import(pathToFileURL(path).href);
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message?: unknown };
    const hint =
      code === "ERR_UNKNOWN_FILE_EXTENSION"
        ? "; Node runs TypeScript directly from 22.18 on; for an older Node, compile the module first"
        : "";
    throw new UsageError(`${module} cannot be loaded: ${String(message ?? cause)}${hint}`, { cause });
  }
  if (exports.default === undefined) {
    throw new UsageError(
      `${module} has no default export; export a harness, or a list of them: export default harness`,
    );
  }
  return exports.default;
}

function sourceOf(value: unknown, where: string): HarnessSource {
  if (typeof value !== "object" || value === null) throw wrong(where, "is not an object");
  const { name, open } = value as Partial<HarnessSource>;
  if (typeof name !== "string" || name === "") throw wrong(where, "has no name");
  if (typeof open === "function") return value as HarnessSource;
  checkHarness(value, where);
  return { name, open: async () => value };
}

/** Refuses a value that is not a harness, with what is missing. Throws UsageError. */
export function checkHarness(value: unknown, where: string): asserts value is Harness {
  const found = (value ?? {}) as Partial<Record<keyof Harness, any>>;
  if (typeof found.adapter?.open !== "function")
    throw wrong(where, "has no adapter; give the value your package exports as `adapter`");
  if (!["queue", "pubsub", "stream"].includes(found.model))
    throw wrong(where, 'has no model: "queue", "pubsub" or "stream"');
  if (typeof found.ordered !== "boolean") throw wrong(where, "does not say whether it is ordered: true or false");
  if (typeof found.connection !== "function")
    throw wrong(where, "has no connection(broker), which returns the options of a connection");
  if (typeof found.runtime !== "function")
    throw wrong(where, "has no runtime(), which returns systemRuntime or a new virtual runtime");
}

const wrong = (where: string, what: string) => new UsageError(`${where} is not a harness: it ${what}`);
