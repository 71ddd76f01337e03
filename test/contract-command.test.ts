/** `npx @switchyard/contract`: chosen by whole names, steered from outside, seen while it runs, and read by machines. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, cases } from "@switchyard/contract";
import { afterAll, expect, test } from "vitest";
import { needCredentials, outsideAws } from "./support/aws-place.ts";
import { run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

// Inside the repository, so that a module there finds the packages as one in a user's project would.
mkdirSync(join(root, ".tmp"), { recursive: true });
const folder = mkdtempSync(join(root, ".tmp/contract-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PREAMBLE = `
  import { systemRuntime } from "@switchyard/core";
  import { virtualRuntime } from "@switchyard/core/testing";
  import { intercept } from "@switchyard/contract";
  import { adapter } from "@switchyard/memory";
  const queue = (name, more = {}) => ({
    name, adapter, model: "queue", ordered: false,
    connection: (broker) => ({ broker }), runtime: () => virtualRuntime({ patienceMs: 10_000 }), ...more,
  });
`;

let modules = 0;
function module(text: string): string {
  const path = join(folder, `harness-${++modules}.mjs`);
  writeFileSync(path, `${PREAMBLE}${text}`);
  return path;
}

const TWO = module(`
  export default [queue("mine"), queue("mine too")];
`);

interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  readonly ran: readonly string[];
}

/** In this process, so that the packages' source is what runs. */
async function here(args: readonly string[], env: NodeJS.ProcessEnv = {}, signal?: AbortSignal): Promise<Ran> {
  let out = "";
  let err = "";
  const { exitCode, reports } = await command(args, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    env,
    cwd: folder,
    ...(signal === undefined ? {} : { signal }),
  });
  const ran = reports.flatMap(({ harness, results }) => results.map(({ id }) => `${harness}: ${id}`));
  return { exitCode, out, err, ran };
}

test("a transport and a case are named whole: a name that begins like another chooses itself alone", async () => {
  const { ran, exitCode } = await here([TWO, "--on", "mine", "--case", "C2-empty"]);
  expect({ ran, exitCode }).toEqual({ ran: ["mine: C2-empty"], exitCode: 0 });
});

test("a glob chooses by pattern, and C1-* is C1 alone", async () => {
  const { out, exitCode } = await here([TWO, "--on", "mine*", "--case", "C1-*", "--list"]);
  const listed = [...out.matchAll(/^ {2}(C\S+):/gm)].map(([, id]) => id);
  expect(listed).toEqual(cases.map(({ id }) => id).filter((id) => id.startsWith("C1-")));
  expect(out).toContain("  mine\n  mine too\n");
  expect(exitCode).toBe(0);
});

test.each([
  [["--case", "C1"], '--case: there is no case "C1"', "C1-bulk-none-lost"],
  [["--on", "min"], '--on: there is no transport "min"', "  mine too"],
  [["--on", "other*"], '--on: there is no transport "other*"', "  mine too"],
  [["--exempt", "C99-x=why"], '--exempt: there is no case "C99-x"', "C1-bulk-none-lost"],
  [["--exempt", "C2-empty"], "--exempt must be ID=WHY, a case and the reason", ""],
  [["--concurrency", "none"], "--concurrency must be a whole number of at least 1", '"none"'],
  [["--timeout", "soon"], "--timeout must be a duration like 500ms, 60s or 30m", '"soon"'],
  [["--reporter", "xml"], "--reporter must be text or json", '"xml"'],
  [["--on-only", "x"], "--on-only", "--help"],
])("%j is refused, and what is known is said", async (args, said, known) => {
  const { exitCode, out, err } = await here([TWO, ...args]);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
  expect(err).toContain(said);
  expect(err).toContain(known);
});

test("a module that is no harness is refused with what it lacks", async () => {
  const said = async (text: string) => (await here([module(text)])).err;
  expect(await said("")).toContain("has no default export");
  expect(await said("export default 7;")).toContain("is not an object");
  expect(await said("export default { ...queue('x'), adapter: undefined };")).toContain("has no adapter");
  expect(await said("export default { ...queue('x'), model: 'topic' };")).toContain('"queue", "pubsub" or "stream"');
  expect(await said("export default [queue('x'), queue('x')];")).toContain('two transports are called "x"');
  expect(await said("throw new Error('no such broker');")).toContain("no such broker");
  expect((await here(["./nowhere.ts"])).err).toContain("cannot be loaded");
  expect((await here([])).err).toContain("no module given");
});

test("each case is printed as it ends, and what is asked from outside replaces what the harness says", async () => {
  const seen = module(`
    export default queue("watched", { parallel: 1, get limits() { return { bulk: 3 }; } });
  `);
  const { out, exitCode } = await here([seen, "--case", "C2-*"], {
    SWITCHYARD_CONTRACT_CONCURRENCY: "3",
    SWITCHYARD_CONTRACT_CASE: "C14-*; C2-empty",
  });
  expect(out).toMatch(/^watched: \d+ cases, 3 at once\n/);
  expect(out).toMatch(/^watched +1\/\d+ {2}ok {2}C2-/m);
  expect(out).not.toContain("C14-"); // the command line wins
  expect(exitCode).toBe(0);
  const other = await here([seen], { SWITCHYARD_CONTRACT_CASE: "C14-expired-is-not-handled; C2-empty" });
  expect(other.ran.toSorted()).toEqual(["watched: C14-expired-is-not-handled", "watched: C2-empty"]);
});

test("only what is asked for is opened; what cannot be opened is named, the others run, and all is closed", async () => {
  const lazy = module(`
    globalThis.opened = [];
    const lazily = (name, harness) => ({ name, open: async () => { opened.push(name); return harness(); }, close: async () => void opened.push("closed " + name) });
    export default [
      lazily("a", () => queue("a")),
      lazily("b", () => { throw new Error("set B_TOKEN to a token of yours"); }),
      lazily("c", () => queue("c")),
    ];
  `);
  const opened = () => (globalThis as unknown as { opened: string[] }).opened.splice(0);
  expect((await here([lazy, "--on", "a", "--case", "C2-empty"])).exitCode).toBe(0);
  expect(opened()).toEqual(["a", "closed a"]);
  const some = await here([lazy, "--case", "C2-empty"]);
  expect(opened()).toEqual(["a", "b", "c", "closed a", "closed b", "closed c"]);
  expect(some).toMatchObject({ exitCode: 3, ran: ["a: C2-empty", "c: C2-empty"] });
  expect(some.out).toContain("NOT RUN b: set B_TOKEN to a token of yours");
});

const LOSES = module(`
  // Says that it has taken every message, and loses each third.
  let count = 0;
  const lossy = { ...adapter, open: async (...args) => {
    const connection = await adapter.open(...args);
    return Object.assign(Object.create(connection), { sender: async (...of) => {
      const sender = await connection.sender(...of);
      return Object.assign(Object.create(sender), { send: async (messages, signal) => {
        const kept = messages.filter(() => ++count % 3 !== 0);
        const sent = kept.length === 0 ? [] : await sender.send(kept, signal);
        return messages.map((_, at) => sent[at] ?? { ok: true });
      } });
    } });
  } };
  export default queue("lossy <broker>", { adapter: lossy, limits: { bulk: 20 } });
`);

test("a failing adapter: exit code 1, which case and why, in text, JSON and JUnit", async () => {
  const files = ["--junit", "reports/junit.xml", "--json", "result.json"];
  const args = [
    LOSES,
    "--case",
    "C3-published-before-the-consumer",
    "--case",
    "C2-empty",
    "--case",
    "C8-order-per-key",
  ];
  const { exitCode, out, err } = await here([...args, "--reporter", "json", ...files]);
  expect(exitCode).toBe(1);
  const result = JSON.parse(out);
  expect(result).toMatchObject({
    version: 1,
    ok: false,
    exitCode: 1,
    transports: [{ name: "lossy <broker>", ok: false, counts: { passed: 1, failed: 1, exempt: 0, skipped: 1 } }],
    unopened: [],
  });
  const failed = result.transports[0].cases.find(({ status }: { status: string }) => status === "failed");
  expect(failed).toMatchObject({ id: "C3-published-before-the-consumer", clause: "C3", error: expect.any(String) });
  expect(JSON.parse(readFileSync(join(folder, "result.json"), "utf8"))).toEqual(result);
  expect(err).toContain("FAILED  C3-published-before-the-consumer");
  const junit = readFileSync(join(folder, "reports/junit.xml"), "utf8");
  expect(junit).toContain('<testsuite name="lossy &lt;broker&gt;" tests="3" failures="1" errors="0" skipped="1"');
  expect(junit).toMatch(/<testcase classname="lossy &lt;broker&gt;\.C3" [^>]+><failure message="[^"]+">/);
  expect(junit).toContain("<skipped message=");
});

test("an exemption from outside makes a known failure none, and says why", async () => {
  const args = [LOSES, "--case", "C3-published-before-the-consumer"];
  const { exitCode, out } = await here([...args, "--exempt", "C3-published-before-the-consumer=it loses each third"]);
  expect(exitCode).toBe(0);
  expect(out).toContain("it loses each third");
});

const HANGS = `queue("hangs", { runtime: () => systemRuntime, adapter: { ...adapter, open: () => new Promise(() => {}) } })`;

test("a case has its time, the whole run has its time, and what had not ended is said", async () => {
  const hangs = module(`export default [queue("fine"), ${HANGS}];`);
  const one = await here([hangs, "--on", "hangs", "--case", "C7-extend-keeps", "--case-timeout", "200ms"]);
  expect(one.exitCode).toBe(1);
  expect(one.out).toContain("did not end within 200 ms");
  const whole = await here([
    hangs,
    "--case",
    "C7-extend-keeps",
    "--case",
    "C2-empty",
    "--concurrency",
    "1",
    "--timeout",
    "1s",
  ]);
  expect(whole.exitCode).toBe(4);
  expect(whole.out).toMatch(/FAILED {2}C7-extend-keeps .*did not end before the run's time limit of 1s/);
  expect(whole.ran).toHaveLength(4);
});

test("an interrupted run reports what had ended", async () => {
  const hangs = module(`export default ${HANGS};`);
  const over = new AbortController();
  const running = here([hangs, "--case", "C7-extend-keeps"], {}, over.signal);
  over.abort();
  expect(await running).toMatchObject({ exitCode: 130 });
});

test("the program itself: its exit code is the command's, also where a case holds the process open", {
  timeout: 180_000,
}, async () => {
  const hangs = module(`setInterval(() => {}, 1_000); export default queue("kept open");`);
  const program = join(root, "packages/contract/src/bin.ts");
  const args = ["--conditions=@switchyard/source", program, hangs, "--case", "C2-empty", "--reporter", "json"];
  const { code, stdout } = await run(process.execPath, args, { cwd: folder, timeout: 120_000 });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  const help = await run(process.execPath, ["--conditions=@switchyard/source", program, "--help"], { cwd: folder });
  expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining("npx @switchyard/contract ./my-harness.ts") });
});

test("an endpoint from outside is an emulator, unless it is a host of AWS or is said to be AWS", () => {
  const place = (env: NodeJS.ProcessEnv) => outsideAws("sqs", env);
  expect(place({})).toBeUndefined();
  expect(place({ AWS_ENDPOINT_URL: "http://localhost:4566" })).toMatchObject({ real: false });
  expect(place({ AWS_ENDPOINT_URL: "https://amazonaws.com.example.org" })).toMatchObject({ real: false });
  expect(place({ AWS_ENDPOINT_URL_SQS: "https://sqs.eu-west-1.amazonaws.com" })).toMatchObject({ real: true });
  expect(place({ AWS_ENDPOINT_URL_SQS: "https://sqs.eusc-de-east-1.amazonaws.eu" })).toMatchObject({ real: true });
  expect(place({ AWS_ENDPOINT_URL: "http://localhost:8080", SWITCHYARD_AWS: "real" })).toMatchObject({ real: true });
  expect(place({ SWITCHYARD_AWS: "real" })).toMatchObject({ real: true, endpoint: undefined });
  expect(place({ AWS_ENDPOINT_URL_SNS: "http://localhost:4566" })).toBeUndefined();
});

test("missing credentials are asked for before anything runs", async () => {
  const none = { config: { credentials: () => Promise.reject(new Error("Could not load credentials")) } };
  const at = outsideAws("sqs", { AWS_ENDPOINT_URL: "http://localhost:4566" })!;
  await expect(needCredentials(none, at)).rejects.toThrow(/AWS_ACCESS_KEY_ID.*emulator takes any value/s);
});
