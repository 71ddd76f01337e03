import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderStore } from "./folder.ts";
import { contextOf, json, messageOf, open, reader, runtime, writing } from "./fixtures/steps.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claims-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = { store: "folder", folder: "claims" };
const about = { sha256: "", contentType: "text/plain" };
const files = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => statSync(join(folder, path)).isFile());

test("an object is one whole file under the folder, which is relative to the configuration file", async () => {
  const step = await open(options, contextOf(folder));
  const content = await step.write(json("{}"), messageOf({ id: "../../etc/passwd" }), writing());
  expect(files()).toEqual([expect.stringMatching(/^claims\/claims\/messages\/orders\/_[0-9a-f]{64}\.[0-9a-f]{32}$/)]);
  // Another process of the same machine.
  const other = await open(options, contextOf(folder));
  expect(await other.read(content, messageOf({ id: "../../etc/passwd" }), reader())).toEqual(json("{}"));
});

test("is renewed by its time, and missing once it is deleted", async () => {
  const step = await open(options, contextOf(folder));
  const content = await step.write(json("{}"), messageOf(), writing());
  const file = join(folder, files()[0]!);
  utimesSync(file, 0, 0);
  await step.renew(content, messageOf());
  expect(statSync(file).mtimeMs).toBe(runtime.now());
  rmSync(file);
  await expect(step.renew(content, messageOf())).rejects.toMatchObject({ code: "claim-missing" });
  await expect(step.read(content, messageOf(), reader())).rejects.toMatchObject({ code: "claim-missing" });
});

test("no key leads out of the folder, whoever made it", async () => {
  const store = folderStore(folder, runtime, 1);
  for (const key of ["../../x", "a/../../../x"]) {
    const place = { bucket: "claims", key };
    await expect(store.put(place, Buffer.from("x"), about, undefined)).rejects.toMatchObject({ code: "claim-refused" });
    await expect(store.size(place, new AbortController().signal)).rejects.toMatchObject({ code: "claim-refused" });
  }
});

test("an aborted write leaves nothing behind", async () => {
  const step = await open(options, contextOf(folder));
  const signal = AbortSignal.abort();
  await expect(step.write(json("{}"), messageOf(), writing(signal))).rejects.toMatchObject({ code: "aborted" });
  expect(files()).toEqual([]);
});

test("a folder that cannot be made is a failed publish", async () => {
  writeFileSync(join(folder, "claims"), "a file");
  const step = await open(options, contextOf(folder));
  await expect(step.write(json("{}"), messageOf(), writing())).rejects.toMatchObject({
    code: "claim-store-failed",
    kind: "retryable",
  });
});

test.skipIf(process.getuid?.() === 0)("a file without rights is refused, and waits", async () => {
  const step = await open({ ...options, wait: "1m" }, contextOf(folder));
  const content = await step.write(json("{}"), messageOf(), writing());
  chmodSync(join(folder, files()[0]!), 0);
  await expect(step.read(content, messageOf(), reader())).rejects.toMatchObject({
    code: "claim-denied",
    giveUpAfterMs: 60_000,
  });
  expect(existsSync(folder)).toBe(true);
});
