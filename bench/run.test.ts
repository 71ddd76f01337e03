/** The command itself, on the row that counts and does not time. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("./run.ts", import.meta.url));
// For the contenders' processes, too: they run from source.
const env = { ...process.env, NODE_OPTIONS: "--conditions=@switchyard/source" };
const bench = (...args: readonly string[]) => run(process.execPath, [SCRIPT, ...args], { env });

test("a row is measured in a process of its own, judged, printed and written as JSON", async () => {
  const folder = await mkdtemp(join(tmpdir(), "switchyard-bench-"));
  try {
    const file = join(folder, "out.json");
    const { stdout } = await bench("--only", "memory-held", "--quick", "--strict", "--json", file);
    expect(stdout).toContain("memory held for each queued message");
    expect(stdout).toContain("1 targets met, 0 missed");
    const { machine, rows } = JSON.parse(await readFile(file, "utf8")) as Record<string, any>;
    expect(machine).toMatchObject({ node: process.version, quick: true });
    expect(rows).toMatchObject([{ id: "memory-held", targets: [{ metric: "bytes", met: true }] }]);
    expect(rows[0].contenders[0].rounds.length).toBeGreaterThan(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a row that does not exist is refused with those that do", async () => {
  await expect(bench("--only", "memroy")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/begins with memroy; there are .*memory-held/) as unknown,
  });
});
