/** Where a configuration is, by its name. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { invalidConfig } from "../layers/problems.ts";

export const EXTENSIONS = ["yaml", "yml", "json", "ts", "mts", "cts", "js", "mjs", "cjs"] as const;
export const FILES: readonly string[] = EXTENSIONS.map((extension) => `switchyard.config.${extension}`);

/** The nearest configuration in `cwd` or above it. Throws `invalid-config` if a folder has several. */
export function nearestConfig(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = configIn(folder);
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The configuration in a folder. */
export function configIn(folder: string): string | undefined {
  const found = FILES.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1)
    throw invalidConfig("configuration", [
      { path: folder, message: `has ${found.join(" and ")}; keep only one of them` },
    ]);
  return found[0] === undefined ? undefined : join(folder, found[0]);
}
