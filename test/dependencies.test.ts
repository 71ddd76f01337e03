/** docs/dependencies.md is complete for every workspace, and every version is pinned. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./support/workspace.ts";

const KINDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;

interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly kind: (typeof KINDS)[number];
  readonly manifest: string;
}

const manifests = ["package.json", ...globSync("{packages,examples}/*/package.json", { cwd: root })];
manifests.push("bench/package.json", "docs/package.json", "test/package.json", "test-otel-2/package.json");

const all: readonly Dependency[] = manifests.flatMap((manifest) => {
  const text = readFileSync(join(root, manifest), "utf8");
  const parsed = JSON.parse(text) as Partial<Record<string, Readonly<Record<string, string>>>>;
  return KINDS.flatMap((kind) =>
    Object.entries(parsed[kind] ?? {}).map(([name, version]) => ({ name, version, kind, manifest })),
  );
});
const foreign = all.filter(({ name }) => !name.startsWith("@switchyard/"));

const page = readFileSync(join(root, "docs/dependencies.md"), "utf8");
/** `@scope/*` stands for all packages of a scope. */
const listed = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .flatMap((line) => [...(line.split("|")[1] as string).matchAll(/`([^`]+)`/g)].map(([, name]) => name as string));
const covers = (row: string, name: string): boolean =>
  row.endsWith("/*") ? name.startsWith(row.slice(0, -1)) : row === name;

test("every dependency of every workspace has its reason in docs/dependencies.md", () => {
  expect(all.length).toBeGreaterThan(foreign.length);
  const missing = foreign.filter(({ name }) => !listed.some((row) => covers(row, name)));
  expect(missing.map(({ name, manifest }) => `${name} of ${manifest}`)).toEqual([]);
});

test("docs/dependencies.md names each dependency once, and none that nobody has", () => {
  expect(listed.filter((row) => !foreign.some(({ name }) => covers(row, name)))).toEqual([]);
  expect([...new Set(listed)]).toEqual(listed);
});

test("every version is pinned exactly, but those of peers", () => {
  const loose = all.filter(
    ({ kind, version }) => kind !== "peerDependencies" && !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
  );
  expect(loose.map(({ name, version, manifest }) => `${name}@${version} of ${manifest}`)).toEqual([]);
});
