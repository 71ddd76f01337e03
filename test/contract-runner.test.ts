/** The suite's runner: skips say why, exemptions are counted and do not outlive their reason, and any framework will do. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  cases,
  type ContractCase,
  contract,
  type Harness,
  intercept,
  matrix,
  notes,
  runContract,
  seamFaults,
  summary,
} from "@switchyard/contract";
import { systemRuntime } from "@switchyard/core";
import { adapter as memory } from "@switchyard/memory";
import { describe, expect, test } from "vitest";
import { exactly } from "../packages/contract/src/cases/kit.ts";
import { memoryHarness, memoryVarieties } from "./support/contract-harnesses.ts";

const queue = memoryHarness(memoryVarieties[0]!);
const made = (id: string, run: ContractCase["run"], more: Partial<ContractCase> = {}): ContractCase => ({
  id,
  title: `the claim of ${id}`,
  clause: "C0",
  run,
  ...more,
});
const passes = made("passes", async () => {});
const fails = made("fails", async () => {
  throw new Error("it did not");
});
const skipped = made("skipped", async () => {}, { needs: (caps) => `headers: ${caps.headers}` });

const statuses = async (harness: Harness, list: readonly ContractCase[]) =>
  Object.fromEntries((await runContract(harness, { cases: list })).results.map(({ id, status }) => [id, status]));

test("each case is named once, with its clause in its name", () => {
  const ids = cases.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(60);
  for (const { id, clause, title } of cases) {
    expect(id).toMatch(/^[A-Z]\d*-[a-z0-9]+(-[a-z0-9]+)*$/);
    if (/^C\d+$/.test(clause)) expect(id.startsWith(`${clause}-`), id).toBe(true);
    expect(title.length).toBeGreaterThan(10);
  }
});

test("a case passes, fails, or is skipped with the capability that explains it", async () => {
  const report = await runContract(queue, { cases: [passes, fails, skipped] });
  expect(report.results).toMatchObject([
    { id: "passes", status: "passed" },
    { id: "fails", status: "failed", error: { message: "it did not" } },
    { id: "skipped", status: "skipped", because: "headers: 256" },
  ]);
  expect(report.ok).toBe(false);
  expect(summary([report])).toContain("✗ fails: it did not");
  expect(summary([report])).toContain("– headers: 256: skipped");
});

test("an exemption is counted, and reported when it is no longer needed", async () => {
  const exemptions = [
    { case: "fails", who: "stand-in 1.0", because: "has no such thing" },
    { case: "passes", who: "stand-in 1.0", because: "had no such thing" },
  ];
  const report = await runContract({ ...queue, exemptions }, { cases: [passes, fails] });
  expect(report.results.map(({ status }) => status)).toEqual(["exempt-but-passes", "exempt"]);
  expect(report.ok).toBe(true);
  expect(summary([report])).toContain("e fails: stand-in 1.0: has no such thing");
  expect(summary([report])).toContain("e passes: passes now; remove its exemption");
  expect(notes([report])).toContain("e `fails`: stand-in 1.0: has no such thing");
});

test("a case that never ends fails in its time", async () => {
  const hangs = made("hangs", () => new Promise(() => {}));
  const harness: Harness = { ...queue, limits: { caseMs: 200 } };
  expect(await statuses(harness, [hangs, passes])).toEqual({ hangs: "failed", passes: "passed" });
});

describe("a machine that stands still", () => {
  const real: Harness = { ...queue, runtime: () => systemRuntime, limits: { holdMs: 200 } };
  const wrong = made("wrong", async () => {
    throw new Error("it did not");
  });
  const stall = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  /** Fails `times` times, each after the process stood still. */
  const stalls = (times: number, run = 0) =>
    made("stalls", async (t) => {
      await t.sleep(1);
      if (run++ >= times) return;
      stall(250);
      await t.sleep(1);
      throw new Error(`run ${run}`);
    });

  test("a case that fails while the process stands still is run anew, and says so", async () => {
    const report = await runContract(real, { cases: [stalls(2)] });
    const [result] = report.results;
    expect(result).toMatchObject({
      status: "passed",
      stalled: [expect.stringMatching(/then: run 1$/), expect.stringMatching(/then: run 2$/)],
    });
    expect(result!.stalled![0]).toMatch(/^the process stalled for \d+ ms;/);
    expect(summary([report])).toMatch(/↻ stalls: the process stalled/);
  });

  test("after three runs the case has failed", async () => {
    const { results } = await runContract(real, { cases: [stalls(9)] });
    expect(results).toMatchObject([{ status: "failed", error: { message: "run 3" } }]);
    expect(results[0]!.stalled).toHaveLength(3);
  });

  test("where nothing stands still, and on virtual time, the first failure counts", async () => {
    const long = { ...real, limits: { holdMs: 600_000 } };
    expect((await runContract(long, { cases: [stalls(1)] })).results).toMatchObject([{ status: "failed" }]);
    const virtual = await runContract({ ...queue, limits: real.limits! }, { cases: [stalls(1), wrong] });
    expect(virtual.results).toMatchObject([{ status: "failed" }, { status: "failed" }]);
    for (const result of virtual.results) expect(result.stalled).toBeUndefined();
  });

  test("a broker that is slow to answer is named", async () => {
    const slow = intercept(memory, {
      settle: async (batch, call) => {
        await systemRuntime.sleep(80);
        return call(batch);
      },
    });
    const acks = made("acks", async (t) => {
      const seam = await t.seam();
      await seam.send([{ body: "{}", headers: {} }]);
      const reader = await seam.reader();
      await reader.settle(await reader.take(1));
      throw new Error("it did not");
    });
    const { results } = await runContract({ ...real, adapter: slow }, { cases: [acks] });
    expect(results[0]!.stalled![0]).toMatch(/the broker took \d+ ms for a settle/);
  });

  test("a hold is long unless the case waits for its end", async () => {
    const held: number[] = [];
    const run: ContractCase["run"] = async (t) => void held.push(t.holdMs);
    await runContract(queue, { cases: [made("one", run), made("two", run, { hold: "ends" })] });
    expect(held).toEqual([30_000, 2_000]);
  });

  test("what can be overshot is waited for as at least, and then counted", async () => {
    const over = made("over", (t) => exactly(t, () => 3, 2, "two runs"));
    const { results } = await runContract(queue, { cases: [over] });
    expect(results).toMatchObject([{ status: "failed", error: expect.objectContaining({ actual: 3, expected: 2 }) }]);
  });
});

test("cases on real time run a few at a time, never more", async () => {
  let running = 0;
  let most = 0;
  const busy = Array.from({ length: 7 }, (_, n) =>
    made(`busy-${n}`, async (t) => {
      most = Math.max(most, ++running);
      await t.sleep(5);
      running--;
    }),
  );
  await runContract({ ...queue, parallel: 3 }, { cases: busy });
  expect(most).toBe(3);
});

test("the matrix is the same text for the same results", async () => {
  const report = await runContract(queue, { cases: [passes, skipped] });
  const text = matrix([passes, skipped], [report]);
  expect(text).toBe(
    matrix([passes, skipped], [{ ...report, results: report.results.map((one) => ({ ...one, ms: 1 })) }]),
  );
  expect(text).toContain("| the claim of passes <br>`passes` | ✓ |");
  expect(text).toContain("| the claim of skipped <br>`skipped` | – |");
});

describe("in a test framework", () => {
  function framework(harness: Harness, list: readonly ContractCase[]) {
    const tests: { name: string; body: () => Promise<void> }[] = [];
    const skips: string[] = [];
    const register = (name: string, body: () => Promise<void>) => void tests.push({ name, body });
    contract(harness, { test: Object.assign(register, { skip: (name: string) => void skips.push(name) }) }, list);
    return { tests, skips };
  }

  test("each case is a test; a skipped one says why in its name", async () => {
    const { tests, skips } = framework(queue, [passes, fails, skipped]);
    expect(tests.map(({ name }) => name)).toEqual(["passes: the claim of passes", "fails: the claim of fails"]);
    expect(skips).toEqual(["skipped: the claim of skipped (skipped: headers: 256)"]);
    await expect(tests[0]!.body()).resolves.toBeUndefined();
    await expect(tests[1]!.body()).rejects.toThrow("it did not");
  });

  test("an exempt case passes as long as it fails", async () => {
    const exemptions = [
      { case: "fails", who: "stand-in", because: "no such thing" },
      { case: "passes", who: "stand-in", because: "no such thing" },
    ];
    for (const parallel of [1, 4]) {
      const { tests } = framework({ ...queue, exemptions, parallel }, [passes, fails]);
      expect(tests[1]!.name).toContain("(exempt: stand-in: no such thing)");
      await expect(tests[1]!.body()).resolves.toBeUndefined();
      await expect(tests[0]!.body()).rejects.toThrow("remove its exemption");
    }
  });

  test("node:test runs it as it is", { timeout: 60_000 }, async () => {
    const fixture = fileURLToPath(new URL("./support/contract-node-test.ts", import.meta.url));
    const args = ["--conditions=@switchyard/source", "--test", "--test-reporter=tap", fixture];
    // The runner's own mark would make the child think it is run by another node:test.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout).toContain("C14-expired-is-not-handled");
    expect(stdout).toMatch(/# SKIP/);
    expect(stdout).toMatch(/# fail 0/);
    expect(stdout).toMatch(/# pass [1-9]/);
  });
});

test("faults at the seam: each is classified as what it stands for, and ends when healed", async () => {
  const { adapter, control } = seamFaults(memory);
  const probe = made("probe", async (t) => {
    const seam = await t.seam();
    const sender = await seam.sender();
    const send = () => sender.send([{ body: "{}", headers: {} }], t.signal);
    for (const [trouble, kind] of [
      ["throttle", "throttled"],
      ["error", "retryable"],
      ["cut", "ambiguous"],
      ["lose-reply", "ambiguous"],
    ] as const) {
      control.next("send", trouble, 1);
      const cause = await send().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(seam.connection.classify(cause, "send").kind, trouble).toBe(kind);
    }
    control.next("send", "throttle");
    control.heal();
    await send();
    expect(control.calls("send")).toBe(2);
  });
  expect(await statuses({ ...queue, adapter }, [probe])).toEqual({ probe: "passed" });
});

test("an intercepted adapter without hooks is the adapter", async () => {
  const list = cases.filter(({ id }) => ["C2-result-per-input", "C7-heartbeat", "C8-order-per-key"].includes(id));
  const harness = memoryHarness(memoryVarieties[1]!, intercept(memory, {}));
  expect(Object.values(await statuses(harness, list))).toEqual(["passed", "passed", "passed"]);
});

test("a test that the framework runs again runs its case again, and does not repeat the first answer", async () => {
  let runs = 0;
  const second = made("second", async () => {
    if (++runs < 2) throw new Error("only the second passes");
  });
  const registered: (() => Promise<void>)[] = [];
  contract({ ...queue, parallel: 2 }, { test: (_, body) => registered.push(body) }, [second, passes]);
  await expect(registered[0]!()).rejects.toThrow("only the second");
  await registered[1]!();
  await registered[0]!();
  expect(runs).toBe(2);
});
