import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Act } from "./act.ts";
import type { Call } from "./command.ts";
import type { Io } from "./io.ts";
import { Output } from "./output.ts";
import type { Project } from "./project.ts";

let folder: string;
let said: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-act-"));
  said = "";
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const actOf = (audit?: string) => {
  const stream = { write: (text: string) => (said += text) };
  const io = { env: {}, cwd: folder, stdout: stream, stderr: stream } as unknown as Io;
  const project = () => Promise.resolve({ profile: "prod", service: "billing" } as Project);
  const values = audit === undefined ? {} : { audit };
  const call: Call = { io, out: new Output(io, false), values, words: [], project };
  return Act.looking(call, "apply", { destructive: false });
};
const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("an act stands between two lines of the audit, in the file that is named", async () => {
  await actOf("audit.jsonl").during({ changes: ["create a"] }, async () => {
    expect(lines(readFileSync(join(folder, "audit.jsonl"), "utf8"))).toHaveLength(1);
  });
  expect(lines(readFileSync(join(folder, "audit.jsonl"), "utf8"))).toMatchObject([
    { version: 1, verb: "apply", service: "billing", profile: "prod", phase: "begin", changes: ["create a"] },
    { version: 1, verb: "apply", service: "billing", profile: "prod", phase: "end", destructive: false },
  ]);
  expect(said).toBe("");
});

test("one that fails says so in its second line, on stderr without a file", async () => {
  const failed = Object.assign(new Error("no rights"), { code: "denied" });
  await expect(actOf().during({}, () => Promise.reject(failed))).rejects.toBe(failed);
  expect(lines(said)).toMatchObject([
    { phase: "begin" },
    { phase: "end", error: { code: "denied", message: "no rights" } },
  ]);
});

test("nothing is done if the first line cannot be written", async () => {
  const work = vi.fn<() => Promise<void>>();
  await expect(actOf("no/such/folder/audit.jsonl").during({}, work)).rejects.toThrow("nothing was done");
  expect(work).not.toHaveBeenCalled();
});

test("what was done is done, if the second line cannot be written: it is said", async () => {
  const act = actOf("gone/audit.jsonl");
  mkdirSync(join(folder, "gone"));
  await act.during({}, async () => rmSync(join(folder, "gone"), { recursive: true }));
  expect(said).toContain("the end is not in the audit file");
});
