import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, matchesGlob, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { reach } from "./support/module-graph.ts";
import { run } from "./support/run.ts";
import { type Workspace, workspaces } from "./support/workspace.ts";

const entries = (of: Workspace) =>
  Object.entries(of.manifest.exports).flatMap(([subpath, targets]) =>
    typeof targets === "string" ? [] : [{ subpath, targets, specifier: of.manifest.name + subpath.slice(1) }],
  );
const all = workspaces.flatMap((of) => entries(of).map((entry) => ({ of, ...entry })));
const file = (of: Workspace, target: string | undefined) => join(of.folder, target ?? "missing");

/** `@scope/name/sub` and `name/sub` to the package's name. */
const packageOf = (specifier: string) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
const declared = (of: Workspace) => [
  of.manifest.name,
  ...Object.keys({ ...of.manifest.dependencies, ...of.manifest.peerDependencies }),
];
const foreign = (packages: ReadonlySet<string>) =>
  [...packages].filter((name) => !name.startsWith("node:")).map(packageOf);

test("every package is there", () => {
  expect(workspaces.map(({ short }) => short)).toEqual(
    expect.arrayContaining(["aws", "contract", "core", "memory", "sqs"]),
  );
});

describe.each(all)("$specifier", ({ of, targets }) => {
  test("source, types and code are three forms of one module, in the order resolvers need", () => {
    expect(Object.keys(targets)).toEqual(["@switchyard/source", "types", "default"]);
    const path = /^\.\/src\/(.+)\.ts$/.exec(targets["@switchyard/source"] ?? "")?.[1];
    expect(targets.types).toBe(`./dist/${path}.d.ts`);
    expect(targets.default).toBe(`./dist/${path}.js`);
    for (const target of Object.values(targets))
      expect(existsSync(file(of, target)), `${target}: npm run build`).toBe(true);
  });

  test("it imports only what its package declares, in code and in types", () => {
    const code = foreign(reach(file(of, targets.default), { dynamic: true }).packages);
    const types = foreign(reach(file(of, targets.types), { dynamic: true }).packages);
    for (const name of [...code, ...types]) expect(declared(of)).toContain(name);
  });

  test("no test of ours is reachable from it", () => {
    const { files } = reach(file(of, targets.default), { dynamic: true });
    expect(files.filter((path) => path.endsWith(".test.js") || !existsSync(path))).toEqual([]);
  });
});

test.each(workspaces)("what $short ships, an entry reaches; what only tests need stays at home", (of) => {
  const kept = of.manifest.files.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  const commands = Object.values(of.manifest.bin ?? {}).map((target) => file(of, target));
  const reached = new Set([
    ...commands.flatMap((path) => reach(path, { dynamic: true }).files),
    ...entries(of).flatMap(({ targets }) => [
      ...reach(file(of, targets.default), { dynamic: true }).files,
      ...reach(file(of, targets.types), { dynamic: true }).files.map((path) => path.replace(/\.d\.ts$/, ".js")),
    ]),
  ]);
  const shipped = readdirSync(join(of.folder, "dist"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js") && !kept.some((pattern) => matchesGlob(`dist/${path}`, pattern)))
    .filter((path) => existsSync(join(of.folder, "src", path.replace(/js$/, "ts")))) // not one left by an earlier build
    .map((path) => join(of.folder, "dist", path));
  // A module of types alone may be reached by neither once built: what its source is for is then seen by the compiler.
  const code = shipped.filter((path) => !/^export \{\};\s*(\/\/.*)?$/.test(readFileSync(path, "utf8").trim()));
  expect(code.filter((path) => !reached.has(path)).map((path) => relative(of.folder, path))).toEqual([]);
});

test("every entry loads in plain Node, and each name it exports in source it exports when built", async () => {
  const specifiers = all.map(({ specifier }) => specifier);
  const code = `const names = {};
    for (const of of ${JSON.stringify(specifiers)}) names[of] = Object.keys(await import(of)).sort();
    console.log(JSON.stringify(names));`;
  const names = async (...conditions: string[]): Promise<Record<string, string[]>> => {
    const ran = await run("node", [...conditions, "--input-type=module", "-e", code], { cwd: import.meta.dirname });
    expect(ran.code, ran.output).toBe(0);
    return JSON.parse(ran.stdout);
  };
  const built = await names();
  expect(await names("--conditions=@switchyard/source")).toEqual(built);
  expect(built["@switchyard/core"]).toContain("connect");
});

const core = workspaces.find(({ short }) => short === "core") as Workspace;

test("declaring channels loads neither zod nor yaml: configuration is loaded by connect()", () => {
  const { packages } = reach(join(core.folder, "dist/index.js"), { dynamic: false });
  expect(foreign(packages).filter((name) => name === "zod" || name === "yaml")).toEqual([]);
  expect(foreign(reach(join(core.folder, "dist/index.js"), { dynamic: true }).packages)).toContain("zod");
});

test("configuration given as a value loads no YAML parser, which not every bundle can run", () => {
  const { packages } = reach(join(core.folder, "dist/config/index.js"), { dynamic: false });
  expect(foreign(packages)).toContain("zod");
  expect(foreign(packages)).not.toContain("yaml");
});

test("core's declarations name no schema library, so that a channel's type can be exported by any package", () => {
  const { packages } = reach(join(core.folder, "dist/index.d.ts"), { dynamic: true });
  expect(foreign(packages).filter((name) => !name.startsWith("@switchyard/"))).toEqual(["@standard-schema/spec"]);
});

test("telemetry is loaded where it is given, and @switchyard/otel loads nothing of OpenTelemetry", () => {
  const connecting = join(core.folder, "dist/messaging/connect-plan.js");
  const telemetry = (dynamic: boolean) =>
    reach(connecting, { dynamic }).files.filter((path) => /messaging[\\/]telemetry\.js$/.test(path));
  expect([telemetry(false).length, telemetry(true).length]).toEqual([0, 1]);
  const otel = workspaces.find(({ short }) => short === "otel") as Workspace;
  for (const entry of ["dist/index.js", "dist/scaling/index.js"]) {
    const { packages } = reach(join(otel.folder, entry), { dynamic: true });
    expect([...packages].filter((name) => !name.startsWith("@switchyard/core"))).toEqual([]);
  }
});

test.each(["sqs", "sns", "kinesis"])("%s loads no codec and no patched client unless fast is on", (short) => {
  const { folder } = workspaces.find((of) => of.short === short) as Workspace;
  const { files } = reach(join(folder, "dist/client.js"), { dynamic: false });
  expect(files.filter((path) => /[\\/]fast[\\/]/.test(path))).toEqual([]);
  const on = reach(join(folder, "dist/client.js"), { dynamic: true });
  expect(on.files.some((path) => /[\\/]fast[\\/]bodies\.js$/.test(path))).toBe(true);
});

test("amqp loads no codec and no patch of amqplib unless fast is on", () => {
  const { folder } = workspaces.find((of) => of.short === "amqp") as Workspace;
  const fast = (dynamic: boolean) =>
    reach(join(folder, "dist/connection.js"), { dynamic }).files.filter((path) => /[\\/]fast[\\/]/.test(path));
  expect(fast(false)).toEqual([]);
  expect(fast(true).length).toBeGreaterThan(4);
});
