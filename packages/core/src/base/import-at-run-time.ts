/** Loads modules by names from the configuration. A bundler must not touch these calls. */
import nodeModule from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The path of a module, resolved as `require` would from a file in `directory`. Throws the same errors. */
export function resolveFrom(directory: string, specifier: string): string {
  // webpack replaces an imported `createRequire` with its own, which finds only bundled modules.
  return nodeModule.createRequire(join(directory, "_")).resolve(specifier);
}

export async function importFile(path: string): Promise<Record<string, unknown>> {
  return (await import(/* webpackIgnore: true */ pathToFileURL(path).href)) as Record<string, unknown>;
}
