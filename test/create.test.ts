/** `npm create @switchyard`: what it writes, and what it refuses. That it runs is in `pack.test.ts`, from the packages as they are published. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@switchyard/create";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "./support/workspace.ts";

const folder = mkdtempSync(join(tmpdir(), "switchyard-create-"));
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
