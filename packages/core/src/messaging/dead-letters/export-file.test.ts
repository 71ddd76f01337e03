import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ExportFile } from "./export-file.ts";

const origin = { channel: "orders", group: "billing" };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-export-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("two exports that go on with one file at once keep each other's lines: both have deleted their letters", async () => {
  const path = join(folder, "a.jsonl");
  const one = await ExportFile.open(path, false, origin);
  const other = await ExportFile.open(path, true, origin);
  for (const [file, line] of [
    [one, "one\n"],
    [other, "other\n"],
    [one, "one again\n"],
  ] as const) {
    await file.write(line);
    await file.sync();
  }
  await Promise.all([one.close(), other.close()]);
  expect(await readFile(path, "utf8")).toBe("one\nother\none again\n");
});

test("half a line at the end of a file is replaced", async () => {
  const path = join(folder, "a.jsonl");
  await writeFile(path, '{"half');
  const file = await ExportFile.open(path, true, origin);
  await file.write("whole\n");
  await file.sync();
  await file.close();
  expect(await readFile(path, "utf8")).toBe("whole\n");
});
