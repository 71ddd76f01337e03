/** `npm create @switchyard`: what it writes is installed, compiled, tested and started, as its README says. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { create } from "@switchyard/create";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "./support/run.ts";
import { bin, root } from "./support/workspace.ts";

// Inside the test workspace, so that the service finds the packages without an install.
mkdirSync(join(root, "test/.tmp"), { recursive: true });
const folder = mkdtempSync(join(root, "test/.tmp/create-"));
const service = join(folder, "order-billing");
let written: readonly string[];
beforeAll(() => {
  written = create(service);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("writes everything, with the name and nothing left to fill in", () => {
  expect(written).toEqual(expect.arrayContaining([".gitignore", "Dockerfile", "package.json", "src/billing.test.ts"]));
  for (const file of written) expect(readFileSync(join(service, file), "utf8"), file).not.toMatch(/\{\{|\}\}/);
  const manifest = JSON.parse(readFileSync(join(service, "package.json"), "utf8"));
  expect(manifest).toMatchObject({ name: "order-billing", switchyard: { service: "order-billing" } });
  const { version } = JSON.parse(readFileSync(join(root, "packages/core/package.json"), "utf8"));
  expect(manifest.dependencies["@switchyard/core"]).toBe(`^${version}`);
});

test.each([
  ["Order Billing", "no name for a service"],
  ["order-billing", "has files already"],
])("%s is refused, and nothing is written", (name, said) => {
  expect(() => create(join(folder, name))).toThrow(said);
  expect(existsSync(join(folder, "Order Billing"))).toBe(false);
});

test("its types are right and its test passes", async () => {
  const types = await run(process.execPath, [bin("tsc"), "-p", service], { cwd: service });
  expect(types.output).toBe("");
  const tested = await run(process.execPath, ["--test", "src/billing.test.ts"], { cwd: service });
  expect(tested.code, tested.output).toBe(0);
});

test("it starts, handles a message, is ready, and stops on SIGTERM", async () => {
  const child = spawn(process.execPath, ["src/main.ts"], {
    cwd: service,
    env: { ...process.env, NODE_OPTIONS: undefined, PORT: "0", SWITCHYARD_PROFILE: undefined },
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
    await Promise.race([handled, ended.then((code) => expect.fail(`it ended with ${String(code)}`))]);
  } finally {
    child.kill("SIGTERM");
  }
  expect(await ended).toBe(0);
});

test("the command line finds its channels, in every profile", async () => {
  for (const profile of ["memory", "sqs", "rabbit"]) {
    const cli = join(root, "packages/cli/dist/bin.js");
    const { code, stdout, output } = await run(process.execPath, [cli, "explain", "--json", "--profile", profile], {
      cwd: service,
    });
    expect(code, output).toBe(0);
    expect(JSON.parse(stdout).explanation).toMatchObject({ service: "order-billing", profile });
  }
});
