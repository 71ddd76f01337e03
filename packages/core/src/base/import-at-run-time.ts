/** Modules that are found when the program runs, by a name from its configuration. A bundler must leave these calls as they are. */
import nodeModule from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The path of a module, resolved as `require` would from a file in `directory`; throws as it does. */
export function resolveFrom(directory: string, specifier: string): string {
  // webpack takes an imported `createRequire` for its own, and then knows only what it bundled.
  return nodeModule.createRequire(join(directory, "_")).resolve(specifier);
}

export async function importFile(path: string): Promise<Record<string, unknown>> {
  return (await import(/* webpackIgnore: true */ pathToFileURL(path).href)) as Record<string, unknown>;
}
