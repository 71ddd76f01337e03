import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const bin = (name: string) => join(root, "node_modules/.bin", name);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly files: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** The folder's name, which is the package's name without its scope. */
  readonly short: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The packages that are published. */
export const workspaces: readonly Workspace[] = readdirSync(join(root, "packages"))
  .filter((short) => existsSync(join(root, "packages", short, "package.json")))
  .map((short) => {
    const folder = join(root, "packages", short);
    return { short, folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) };
  });
