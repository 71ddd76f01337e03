/** Writes a new service: the files of `template`, with its name filled in. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

const TEMPLATE = join(import.meta.dirname, "../template");

/** Files of these names would be left out of the package, or renamed by npm. */
const RENAMED: Readonly<Record<string, string>> = {
  "_package.json": "package.json",
  "_billing-test.ts": "billing.test.ts",
  _gitignore: ".gitignore",
  _dockerignore: ".dockerignore",
};

/** As the peer of `@switchyard/amqp`. */
const AMQPLIB = "^2.3.1";

/**
 * Writes the service into the folder, which is made if it does not exist.
 *
 * @throws Error if the folder's name is no service's name, or if it has files. It says what to change; nothing is written then.
 * @returns The paths of the files, relative to the folder.
 */
export function create(folder: string): readonly string[] {
  const target = resolve(folder);
  const name = basename(target);
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name))
    throw new Error(`"${name}" is no name for a service; write lower-case words with hyphens, such as order-billing`);
  if (existsSync(target) && readdirSync(target).some((entry) => entry !== ".git"))
    throw new Error(`${target} has files already; name a folder that is empty or does not exist`);
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
    version: string;
  };
  const values: Readonly<Record<string, string>> = { name, version, amqplib: AMQPLIB };
  const written: string[] = [];
  for (const entry of readdirSync(TEMPLATE, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    const path = join(relative(TEMPLATE, entry.parentPath), RENAMED[entry.name] ?? entry.name);
    const text = readFileSync(from, "utf8").replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? "");
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
    written.push(path);
  }
  return written.sort();
}
