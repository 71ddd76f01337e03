import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the compiler on files that live for as long as `use` runs, against the packages' sources. */
export function compile<T>(
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>>,
  use: (output: string, folder: string) => Promise<T>,
): Promise<T> {
  return project(files, options, async (folder) => use(await tsc(folder), folder));
}

/** A folder of these files, ready for the compiler. It lives for as long as `use` runs. */
export async function project<T>(
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "switchyard-types-"));
  try {
    await symlink(join(root, "node_modules"), join(folder, "node_modules"), "dir");
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { ...common, ...options },
      files: Object.keys(files),
      references: [],
    };
    const all = { ...files, "package.json": '{ "type": "module" }', "tsconfig.json": JSON.stringify(config) };
    await Promise.all(Object.entries(all).map(([name, text]) => writeFile(join(folder, name), text)));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function tsc(folder: string): Promise<string> {
  const args = [join(root, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (_failed, output) => resolve(output));
  });
}

const common = {
  composite: false,
  declarationMap: false,
  sourceMap: false,
  rewriteRelativeImportExtensions: false,
  allowImportingTsExtensions: true,
  noErrorTruncation: true,
  customConditions: ["@switchyard/source"],
  typeRoots: [join(root, "node_modules/@types")],
};
