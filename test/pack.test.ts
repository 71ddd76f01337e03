import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { blocksOf } from "../scripts/document-blocks.ts";
import { skipped } from "./support/rabbit.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { run } from "./support/run.ts";
import { bin, root, workspaces } from "./support/workspace.ts";

/** What a user gets: the packed files, installed by npm in an empty project outside this repository. */
interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const folder = mkdtempSync(join(tmpdir(), "switchyard-pack-"));
/** With core and memory alone. */
const project = join(folder, "project");
/** With all packages and the AWS SDK. */
const full = join(folder, "full");
let packed: readonly Packed[];

const tarball = (short: string) =>
  join(folder, (packed.find(({ name }) => name === `@switchyard/${short}`) as Packed).filename);
const versions: Record<string, string> = JSON.parse(
  readFileSync(join(root, "test/package.json"), "utf8"),
).devDependencies;
const pinned = (name: string) => `${name}@${versions[name]}`;
const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", "--loglevel=error"];

/** Makes an empty project, installs into it, and writes the named blocks of a README there. */
async function make(cwd: string, install: readonly string[], readmes: readonly string[]): Promise<void> {
  mkdirSync(cwd);
  writeFileSync(join(cwd, "package.json"), '{ "name": "empty", "private": true, "type": "module" }');
  const { code, output } = await run("npm", ["install", ...quiet, ...install], { cwd });
  expect(code, output).toBe(0);
  for (const readme of readmes) {
    for (const { name, text } of blocksOf(readFileSync(join(root, readme), "utf8"))) {
      if (name !== undefined) writeFileSync(join(cwd, name), text);
    }
  }
}

/** For ranges of the form `^1.2.3`. */
function satisfies(version: string, range: string): boolean {
  const [have, least] = [version, range.slice(1)].map((text) => text.split(".").map(Number));
  const fixed = least![0] === 0 ? 2 : 1;
  const at = have!.findIndex((part, nth) => part !== least![nth]);
  return range.startsWith("^") && (at === -1 || (at >= fixed && have![at]! > least![at]!));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  const some = workspaces.flatMap(({ manifest }) => ["--workspace", manifest.name]);
  const pack = await run(
    "npm",
    ["pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", folder, ...some],
    { cwd: root },
  );
  expect(pack.code, pack.output).toBe(0);
  const report: Packed[] | Record<string, Packed> = JSON.parse(pack.stdout);
  packed = Object.values(report);

  await make(
    project,
    [tarball("core"), tarball("leases"), tarball("memory"), pinned("zod")],
    ["README.md", "packages/core/README.md"],
  );
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(workspaces)("the tarball of $short", ({ manifest }) => {
  test("has the code, its types, its source, a README and the licence, and nothing else", () => {
    const paths = packed.find(({ name }) => name === manifest.name)?.files.map(({ path }) => path) ?? [];
    expect(paths).toEqual(
      expect.arrayContaining([
        "LICENSE",
        "README.md",
        "package.json",
        "dist/index.js",
        "dist/index.d.ts",
        "src/index.ts",
      ]),
    );
    const other = paths.filter(
      (path) =>
        !/^(dist|src)\/.+\.(ts|js|map)$|^src\/fast\/README\.md$|^vectors\/v1\.json$|^dashboards\/[\w.-]+\.(json|yml)$|^template\/.+$|^(LICENSE|README\.md|package\.json)$/.test(
          path,
        ),
    );
    expect(other).toEqual([]);
    expect(paths.filter((path) => /\.test\.|\/fixtures\/|tsbuildinfo/.test(path))).toEqual([]);
  });
});

test("the quick start runs on memory from the tarballs", async () => {
  const { code, output } = await run("node", ["quick-start.ts"], { cwd: project });
  expect(output).toBe("o-1 charged 4200\n");
  expect(code).toBe(0);
});

test("a user's compiler accepts our declarations, libraries checked", async () => {
  const compilerOptions = {
    ...{ module: "nodenext", target: "es2024", strict: true, exactOptionalPropertyTypes: true, noEmit: true },
    ...{ skipLibCheck: false, allowImportingTsExtensions: true, lib: ["es2024", "esnext.disposable"] },
    ...{ types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const { code, output } = await run(bin("tsc"), ["-p", "."], { cwd: project });
  expect(output).toBe("");
  expect(code).toBe(0);
});

test("a transport that is configured and not installed is named, with the command that installs it", async () => {
  const config = {
    connections: { jobs: { use: "sqs", region: "eu-west-1" } },
    channels: { orders: { model: "queue", on: "jobs", groups: { billing: {} } } },
  };
  const code = `
    import { connect } from "@switchyard/core";
    import { orders } from "./channels.ts";
    await connect({ channels: [orders], service: "billing", config: ${JSON.stringify(config)} }).then(
      () => console.log("connected"),
      (error) => console.log(error.code, error.message),
    );`;
  writeFileSync(join(project, "missing.ts"), code);
  const { stdout, output } = await run("node", ["missing.ts"], { cwd: project });
  expect(stdout, output).toContain("invalid-config");
  expect(stdout).toContain("npm install @switchyard/sqs");
});

test("a bundle in one file runs with nothing installed, its adapters passed in code", async () => {
  const bundle = await rolldown({
    input: join(project, "bundled.ts"),
    platform: "node",
    cwd: project,
    logLevel: "silent",
  });
  const elsewhere = join(folder, "elsewhere");
  await bundle.write({ file: join(elsewhere, "bundle.mjs"), format: "esm", codeSplitting: false });
  await bundle.close();
  const { code, output } = await run("node", ["bundle.mjs"], { cwd: elsewhere });
  expect(output).toBe("published\n");
  expect(code).toBe(0);
});

describe("with every package installed", () => {
  let aws: Aws;
  beforeAll(async () => {
    aws = await startAws();
    const clients = ["zod", "@aws-sdk/client-sqs", "amqplib"].map(pinned);
    await make(full, [...workspaces.map(({ short }) => tarball(short)), ...clients], ["README.md"]);
  }, 120_000);
  afterAll(() => aws?.close());

  test("the same quick start runs on SQS", async () => {
    const config = {
      prefix: `pack-${process.pid}`,
      connections: { cloud: { use: "aws", provision: "auto" } },
      channels: { orders: { model: "queue", on: "cloud", groups: { billing: {} } } },
    };
    rmSync(join(full, "switchyard.config.yaml"));
    writeFileSync(join(full, "switchyard.config.json"), JSON.stringify(config));
    const { code, output } = await run("node", ["quick-start.ts"], { cwd: full, env: aws.env, timeout: 60_000 });
    expect(output).toBe("o-1 charged 4200\n");
    expect(code).toBe(0);
  });

  /** In the folder above are the packages that an install would bring. */
  describe("a service of npm create @switchyard", () => {
    const service = join(full, "order-billing");
    const image = join(full, "image");
    const npx = (...words: readonly string[]) => ["--no-install", "switchyard", ...words];
    beforeAll(async () => {
      const made = await run("npx", ["--no-install", "create", "order-billing"], { cwd: full });
      expect(made.code, made.output).toBe(0);
    }, 60_000);

    test("asks for versions that are there: ours, and of others those that we test", () => {
      const { dependencies, devDependencies } = JSON.parse(readFileSync(join(service, "package.json"), "utf8"));
      const known: Record<string, string> = {
        ...JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies,
        ...versions,
        ...Object.fromEntries(workspaces.map(({ manifest }) => [manifest.name, manifest.version])),
      };
      for (const [name, range] of Object.entries<string>({ ...dependencies, ...devDependencies }))
        expect(satisfies(known[name]!, range), `${name} ${known[name]} in ${range}`).toBe(true);
      // What an image has is what the service imports.
      for (const file of ["billing", "channels", "health", "main"])
        for (const [, name] of readFileSync(join(service, `src/${file}.ts`), "utf8").matchAll(/ from "([^."][^"]*)"/g))
          if (!name!.startsWith("node:"))
            expect(Object.keys(dependencies)).toContain(name!.split("/", name!.startsWith("@") ? 2 : 1).join("/"));
    });

    test("its types are right and its test passes", async () => {
      const types = await run(bin("tsc"), ["-p", ".", "--typeRoots", join(root, "node_modules/@types")], {
        cwd: service,
      });
      expect(types.output).toBe("");
      const tested = await run("npm", ["test"], { cwd: service });
      expect(tested.code, tested.output).toBe(0);
    });

    /** Does to a folder what the image's last stage does. */
    function build(): readonly string[] {
      mkdirSync(image);
      const [, last] = readFileSync(join(service, "Dockerfile"), "utf8")
        .split(/^FROM .*$/m)
        .slice(1);
      for (const [, words] of last!.matchAll(/^COPY (?!--from)(.+)$/gm)) {
        const names = words!.split(" ");
        const to = join(image, names.pop()!);
        for (const name of names) {
          const from = join(service, name);
          cpSync(from, statSync(from).isDirectory() ? to : join(to, name), { recursive: true });
        }
      }
      return JSON.parse(/^CMD (.+)$/m.exec(last!)![1]!);
    }

    const PLACES = [
      { profile: "memory", skip: false, envOf: () => Promise.resolve({}) },
      { profile: "sqs", skip: false, envOf: () => Promise.resolve({ ...aws.env, AWS_REGION: aws.region }) },
      { profile: "rabbit", skip: skipped, envOf: async () => ({ AMQP_URL: (await sharedRabbit()).url }) },
    ];
    test.each(PLACES.filter(({ skip }) => !skip))(
      "as its image it handles a message, is alive and ready, and stops on SIGTERM: $profile",
      async (place) => {
        const command = existsSync(image) ? ["node", "src/main.ts"] : build();
        const port = String(await freePort());
        const env = {
          ...process.env,
          NODE_OPTIONS: undefined,
          NODE_ENV: "production",
          PORT: port,
          STAGE: `p${process.pid}`,
        };
        const all = { ...env, ...(await place.envOf()), SWITCHYARD_PROFILE: place.profile };
        const switchyard = async (...words: readonly string[]) => {
          const { code, output } = await run("npx", npx(...words), { cwd: service, env: all });
          expect(code, output).toBe(0);
        };
        if (place.profile !== "memory") await switchyard("apply", "--profile", place.profile, "--yes");
        const child = spawn(command[0]!, command.slice(1), {
          cwd: image,
          env: all,
          stdio: ["ignore", "pipe", "inherit"],
        });
        const ended = new Promise((resolve) => child.once("exit", resolve));
        const handled = new Promise<void>((resolve) => {
          let out = "";
          child.stdout.on("data", (chunk: Buffer) => {
            out += chunk.toString();
            if (out.includes("o-1: 500 cents charged")) resolve();
          });
        });
        try {
          if (place.profile !== "memory")
            await switchyard("publish", "orders", "order.placed", '{"orderId":"o-1","cents":500}');
          await Promise.race([handled, ended.then((code) => expect.fail(`it ended with ${String(code)}`))]);
          for (const path of ["livez", "readyz"])
            await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/${path}`)).status).toBe(200);
        } finally {
          child.kill("SIGTERM");
        }
        expect(await ended).toBe(0);
      },
    );
  });
});

test("a third party's adapter is put to the contract by the packed command, and so is a broken one", async () => {
  const theirs = join(folder, "theirs");
  const readme = "packages/contract/README.md";
  await make(
    theirs,
    [tarball("core"), tarball("leases"), tarball("memory"), tarball("inbox"), tarball("contract")],
    [readme],
  );
  const broken = `
    import harness from "./harness.ts";
    // Every acknowledgement is lost: what was handled comes again and again.
    const { adapter } = harness;
    const open: typeof adapter.open = async (...args) => {
      const connection = await adapter.open(...args);
      const receiver: typeof connection.receiver = async (...of) => {
        const inner = await connection.receiver(...of);
        async function* leases(signal: AbortSignal) {
          for await (const lease of inner.leases(signal)) {
            const settle: typeof lease.settle = async (all) => all.map(() => ({ ok: true, result: "confirmed" }) as never);
            yield Object.assign(Object.create(lease), { settle });
          }
        }
        return Object.assign(Object.create(inner), { leases });
      };
      return Object.assign(Object.create(connection), { receiver });
    };
    export default { ...harness, name: "broken", adapter: { ...adapter, open } };`;
  writeFileSync(join(theirs, "broken.ts"), broken);
  const suite = (...args: readonly string[]) =>
    run("npx", ["--no-install", "@switchyard/contract", ...args], { cwd: theirs, timeout: 100_000 });
  const some = ["--case", "C3-*", "--case", "C5-*", "--case", "C16-*"];

  const fine = await suite("./harness.ts", ...some, "--junit", "junit.xml", "--reporter", "json");
  expect(fine.code, fine.output).toBe(0);
  expect(JSON.parse(fine.stdout)).toMatchObject({ ok: true, transports: [{ name: "memory queue", ok: true }] });
  expect(readFileSync(join(theirs, "junit.xml"), "utf8")).toContain('<testsuite name="memory queue"');

  const failing = await suite(
    "./broken.ts",
    "--case",
    "C3-acked-stays-away",
    "--case",
    "C2-empty",
    "--case-timeout",
    "20s",
  );
  expect(failing.output).toContain("FAILED  C3-acked-stays-away");
  expect(failing.output).toContain("ok  C2-empty");
  expect(failing.code).toBe(1);
}, 240_000);
