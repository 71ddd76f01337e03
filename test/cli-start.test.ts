/** What starting the command line costs: modules are counted, because times depend on the machine. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { SHOP } from "./support/command.ts";
import { run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

const HOOK = pathToFileURL(join(root, "test/support/loaded-modules.mjs")).href;
const CLI = join(root, "packages/cli/dist");

interface Started {
  readonly output: string;
  /** Modules by package; Node's own under their names. */
  readonly loaded: Readonly<Record<string, number>>;
  readonly connections: readonly string[];
}

async function started(args: readonly string[]): Promise<Started> {
  const { code, stdout, output } = await run(process.execPath, ["--import", HOOK, ...args], { cwd: SHOP });
  expect(code, output).toBe(0);
  const loaded: Record<string, number> = {};
  for (const [, url] of output.matchAll(/^loaded (.+)$/gm)) {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url!)?.[1];
    const ours = /\/packages\/([^/]+)\/dist\//.exec(url!)?.[1];
    const key = name ?? (ours === undefined ? url! : `@switchyard/${ours}`);
    loaded[key] = (loaded[key] ?? 0) + 1;
  }
  return { output: stdout, loaded, connections: [...output.matchAll(/^connects (.+)$/gm)].map(([, where]) => where!) };
}

test("help loads the command line's own words, and nothing else", async () => {
  const { loaded } = await started([join(CLI, "bin.js"), "--help"]);
  expect(Object.keys(loaded).filter((name) => !name.startsWith("node:") && !name.startsWith("file:"))).toEqual([
    "@switchyard/cli",
  ]);
  expect(loaded["@switchyard/cli"]).toBeLessThanOrEqual(7);
});

test("explain on YAML loads the resolver and the declarations of adapters, no broker and no client library", async () => {
  const { loaded, connections } = await started([join(CLI, "bin.js"), "explain"]);
  const packages = Object.keys(loaded).filter((name) => !name.startsWith("node:") && !name.startsWith("file:"));
  expect(packages.sort()).toEqual(["@switchyard/cli", "@switchyard/core", "@switchyard/memory", "yaml", "zod"]);
  // As counted when this was written: 9, 80 and 7. What makes it more makes every command slower to start.
  expect(loaded["@switchyard/cli"]).toBeLessThanOrEqual(10);
  expect(loaded["@switchyard/core"]).toBeLessThanOrEqual(84);
  expect(loaded["@switchyard/memory"]).toBeLessThanOrEqual(8);
  for (const dear of ["node:net", "node:tls", "node:http", "node:https", "node:child_process"])
    expect(loaded).not.toHaveProperty([dear]);
  expect(connections).toEqual([]);
});

/** Each on every broker of the shop. */
const BROKERLESS = [
  ...["explain", "explain --diff sqs", "policy --account 123456789012", "asyncapi", "diagram"],
  ...["emit cloudformation", "emit terraform", "emit rabbitmq-definitions"],
];

test("verbs that need no broker open no connection and load no client library, on any transport", async () => {
  const script = `
    const { main } = await import(${JSON.stringify(pathToFileURL(join(CLI, "main.js")).href)});
    const signal = new AbortController().signal;
    for (const line of ${JSON.stringify(BROKERLESS)})
      for (const profile of ["rabbit", "sqs", "kinesis", "rabbit-stream"]) {
        let err = "";
        const stream = { write: (text) => void (err += text) };
        const argv = [...line.split(" "), "--profile", profile];
        const code = await main(argv, { env: {}, cwd: ".", stdin: [], stdout: { write() {} }, stderr: stream, signal });
        console.log(code, argv.join(" "), code === 1 ? err : "");
      }`;
  const { output, loaded, connections } = await started(["--input-type=module", "--eval", script]);
  const codes = output.trim().split("\n");
  expect(codes).toHaveLength(BROKERLESS.length * 4);
  // 2: there is nothing to emit for another broker. 3: the profiles differ.
  for (const line of codes) expect(line).toMatch(/^(?:0 |2 emit |3 explain --diff )/);
  expect(codes.filter((line) => line.startsWith("0 "))).toHaveLength(4 + 1 + 3 * 4 + 6);
  expect(connections).toEqual([]);
  expect(Object.keys(loaded).filter((name) => /^@aws-sdk|^@smithy|^amqplib|^pg$/.test(name))).toEqual([]);
  expect(loaded).toHaveProperty(["@switchyard/amqp"]);
  expect(loaded).toHaveProperty(["@switchyard/kinesis"]);
});

test("a connection would have been seen", async () => {
  const script = `const { connect } = await import("node:net"); try { connect(1, "127.0.0.1"); } catch {}`;
  const { connections } = await started(["--input-type=module", "--eval", script]);
  expect(connections).toEqual([expect.stringContaining('"port":1')]);
});
