import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** `import ... from "x"`, `export ... from "x"`, `import "x"`. */
const STATIC = /(?:^|[\n;])\s*(?:import\s*["']([^"']+)["']|(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["'])/g;
/** Import types (`import("x").Y`) and dynamic imports. */
const CALL = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

export interface Graph {
  /** Absolute paths of the files reached by relative imports, the entry first. */
  readonly files: readonly string[];
  /** What they import by name. */
  readonly packages: ReadonlySet<string>;
}

/** What a built file reaches. Declarations (`.d.ts`) reach declarations. */
export function reach(entry: string, options: { readonly dynamic: boolean }): Graph {
  const declarations = entry.endsWith(".d.ts");
  const files = [entry];
  const packages = new Set<string>();
  for (const file of files) {
    const text = withoutComments(readFileSync(file, "utf8"));
    const found = [...text.matchAll(STATIC), ...(options.dynamic ? text.matchAll(CALL) : [])];
    for (const [, first, second] of found) {
      const specifier = first ?? second ?? "";
      if (!specifier.startsWith(".")) {
        packages.add(specifier);
        continue;
      }
      const path = resolve(dirname(file), declarations ? specifier.replace(/(\.d)?\.(js|ts)$/, ".d.ts") : specifier);
      if (!files.includes(path)) files.push(path);
    }
  }
  return { files, packages };
}
