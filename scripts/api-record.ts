/** The public API of a package as text: the built declarations its entry points reach, without comments. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { reach } from "../test/support/module-graph.ts";
import { root, type Workspace } from "../test/support/workspace.ts";

export const recordPath = (of: Workspace) => join(root, "docs/api", `${of.short}.d.ts`);

const bare = (text: string) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{2,}/g, "\n")
    .trim();

export function apiRecord(of: Workspace): string {
  const entries = Object.entries(of.manifest.exports).flatMap(([subpath, targets]) =>
    typeof targets === "string" ? [] : [{ specifier: of.manifest.name + subpath.slice(1), types: targets.types ?? "" }],
  );
  const files = new Set(entries.flatMap(({ types }) => reach(join(of.folder, types), { dynamic: true }).files));
  const sections = [...files]
    .map((path) => ({ name: relative(join(of.folder, "dist"), path).replaceAll("\\", "/"), path }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, path }) => `// ${name}\n${bare(readFileSync(path, "utf8"))}\n`);
  const head = entries.map(({ specifier, types }) => `// ${specifier}: ${types.replace("./dist/", "")}`).join("\n");
  return `${head}\n\n${sections.join("\n")}`;
}
