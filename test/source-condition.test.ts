import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import * as driver from "@switchyard/core/driver";
import { expect, test } from "vitest";

const resolve = createRequire(import.meta.url).resolve;

test("tests run packages from source, with one copy of core however it is reached", async () => {
  const path = resolve("@switchyard/core/driver");
  expect(path).toMatch(/packages[\\/]core[\\/]src[\\/]driver[\\/]index\.ts$/);
  expect(await import(path)).toBe(driver);
  expect(await import(pathToFileURL(path).href)).toBe(driver);
});
