import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channel, consumer, type OperationEntry, type OperatorOptions } from "@switchyard/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { type Testbed, testbed } from "./index.ts";

const orders = channel("orders", { messages: { placed: z.object({ n: z.number() }) } });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-letters-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function dead(count: number): Promise<Testbed<typeof orders>> {
  const bed = await testbed({ channels: [orders], policy: { retry: { attempts: 1 } } });
  const fail = (): never => {
    throw new Error("closed");
  };
  bed.messaging.consume(consumer(orders, "billing", { placed: fail }));
  await bed.messaging.start();
  for (let n = 0; n < count; n++) await bed.messaging.publish(orders, "placed", { n }, { id: `m-${n}` });
  await bed.settled();
  return bed;
}

const lettersOf = (bed: Testbed<typeof orders>, operator?: OperatorOptions) =>
  bed.messaging.deadLetters(orders, "billing", operator);
const linesOf = async (path: string) => (await readFile(path, "utf8")).split("\n").slice(0, -1);

test("an export's file is its owner's alone; one that exists, or a link, is refused", async () => {
  await using bed = await dead(3);
  const letters = lettersOf(bed);
  const to = join(folder, "a.jsonl");
  expect(await letters.export({ to, max: 2 })).toMatchObject({ written: 2, removed: 0, complete: false, why: "max" });
  expect((await stat(to)).mode & 0o777).toBe(0o600);
  await expect(letters.export({ to }).result).rejects.toMatchObject({ code: "export-exists" });
  const link = join(folder, "link.jsonl");
  await symlink(to, link);
  await expect(letters.export({ to: link, resume: true }).result).rejects.toMatchObject({ code: "export-failed" });
  expect((await letters.count()).ready).toBe(3);
});

test("an export goes on where it was cut off: no letter twice, and half a line is replaced", async () => {
  await using bed = await dead(5);
  const letters = lettersOf(bed);
  const to = join(folder, "a.jsonl");
  await letters.export({ to, max: 3 });
  const text = await readFile(to, "utf8");
  await writeFile(to, text.slice(0, -10));
  await chmod(to, 0o644);
  expect(await letters.export({ to, resume: true, remove: true })).toMatchObject({ written: 3, known: 2, removed: 5 });
  expect((await stat(to)).mode & 0o777).toBe(0o600);
  expect(new Set((await linesOf(to)).map((line) => JSON.parse(line).id)).size).toBe(5);
  expect((await linesOf(to)).length).toBe(5);
  expect((await letters.count()).ready).toBe(0);
});

test("a file with a bad line is refused before anything of it is sent, and is not continued", async () => {
  await using bed = await dead(2);
  const letters = lettersOf(bed);
  const to = join(folder, "a.jsonl");
  await letters.export({ to, remove: true });
  await writeFile(to, `${await readFile(to, "utf8")}{}\n`);
  await expect(letters.import({ from: to }).result).rejects.toMatchObject({
    code: "bad-import",
    message: expect.stringMatching(/^line 3: /),
  });
  await expect(letters.export({ to, resume: true }).result).rejects.toMatchObject({ code: "bad-import" });
  expect((await letters.count()).ready).toBe(0);
  expect(await letters.import({ from: (await linesOf(to)).slice(0, 2), skip: 1 })).toEqual({
    imported: 1,
    failed: 0,
    line: 2,
  });
});

test("an import of a file that was cut off says so, and what to do", async () => {
  await using bed = await dead(2);
  const letters = lettersOf(bed);
  const to = join(folder, "a.jsonl");
  await letters.export({ to });
  await writeFile(to, (await readFile(to, "utf8")).slice(0, -10));
  await expect(letters.import({ from: to }).result).rejects.toMatchObject({
    code: "bad-import",
    message: expect.stringMatching(/^line 2: the file ends in the middle of it.*delete this line/),
  });
  expect((await letters.count()).ready).toBe(2);
  // Only its line feed is missing: nothing of the letter is.
  await letters.export({ to: join(folder, "b.jsonl") });
  const whole = await readFile(join(folder, "b.jsonl"), "utf8");
  await writeFile(to, whole.slice(0, -1));
  expect(await letters.import({ from: to })).toMatchObject({ imported: 2, failed: 0, line: 2 });
});

test("an export that could not write or synchronize a line deletes nothing, though a later synchronization works", async () => {
  await using bed = await dead(3);
  const letters = lettersOf(bed);
  for (const broken of ["write", "sync"] as const) {
    let left = broken === "write" ? 3 : 1;
    const fails = async (of: typeof broken): Promise<void> => {
      if (of === broken && --left === 0) throw new Error("the disk is full");
    };
    const to = { write: () => fails("write"), sync: () => fails("sync") };
    await expect(letters.export({ to, remove: true }).result, broken).rejects.toMatchObject({
      code: "export-failed",
      message: expect.stringMatching(/their letters stay: the disk is full; mend that and export again with resume$/),
    });
    expect(left, broken).toBe(0);
    expect((await letters.count()).ready, broken).toBe(3);
  }
});

test("an audit is told before anything is done and afterwards; if it fails, nothing is done", async () => {
  await using bed = await dead(2);
  const entries: OperationEntry[] = [];
  const letters = lettersOf(bed, { by: "ann", audit: (entry) => void entries.push(entry) });
  const filter = { code: "attempts-exhausted", key: "customer-1" };
  await letters.purge({ filter });
  await letters.purge({ filter, dryRun: true });
  expect(entries).toMatchObject([
    { action: "purge", phase: "begin", by: "ann", channel: "orders", group: "billing" },
    { action: "purge", phase: "end", operation: entries[0]!.operation, done: { deleted: 0 } },
  ]);
  expect(JSON.stringify(entries)).not.toContain("customer-1");
  const told = bed.events.filter(({ type }) => type === "operation");
  expect(told.length).toBe(2);
  const refusing = lettersOf(bed, { audit: () => Promise.reject(new Error("the disk is full")) });
  const to = join(folder, "a.jsonl");
  for (const attempt of [refusing.purge(), refusing.redrive().result, refusing.export({ to }).result])
    await expect(attempt).rejects.toMatchObject({ code: "audit-failed" });
  await expect(stat(to)).rejects.toMatchObject({ code: "ENOENT" });
  expect((await letters.count()).ready).toBe(2);
});

test("the caller's signal ends a redrive, and its result says how to go on", async () => {
  await using bed = await dead(4);
  const done = await lettersOf(bed).redrive({ signal: AbortSignal.abort() });
  expect(done).toMatchObject({ moved: 0, stopped: "signal", resume: { before: expect.any(Number) } });
});
