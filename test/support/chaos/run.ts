/** One chaos run: a broker, its processes, a schedule of faults, the drain and the verdict. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Rabbit, startNode } from "../rabbit.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { type Audit, audit, missing, story } from "./audit.ts";
import { type Entry, type Ledger, LedgerReader, openLedger } from "./ledger.ts";
import { type Fault, type FaultKind, schedule } from "./schedule.ts";
import { channels, GROUP, jobs, type Mutant, NOT_STARTED, open, type Part } from "./service.ts";

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Default: none. */
  readonly kinds?: readonly FaultKind[];
  /** Messages each second, of all publishers together. Default 100. */
  readonly perSecond?: number;
  /** Default: a private node, which is stopped at the end. */
  readonly rabbit?: Rabbit;
  readonly mutant?: Mutant;
  /** The drain ends when nothing new was handled for this long. Default 30 s. */
  readonly patienceMs?: number;
  /** Told what happens. */
  readonly say?: (line: string) => void;
}

export interface ChaosReport extends Audit {
  /** The ledgers: kept when something was found. */
  readonly folder: string;
  /** The story of each message that was found, the first few. */
  readonly stories: readonly string[];
  readonly seconds: number;
}

type Role = "publisher" | "worker";
let runs = 0;
const STORIES = 5;
const START_MS = 60_000;
const LAG_MS = 200;
/** How long a fault waits for a moment at which it hurts. */
const MOMENT_MS = 5_000;
const PROGRAMS: Record<Role, string> = {
  publisher: fileURLToPath(new URL("publisher.ts", import.meta.url)),
  worker: fileURLToPath(new URL("worker.ts", import.meta.url)),
};

/** A place in the cast: one process at a time, each with a name of its own, behind a proxy that stays. */
class Slot {
  readonly role: Role;
  readonly proxy: TcpProxy;
  /** Of the process now. */
  name = "";
  readonly #base: string;
  readonly #part: Omit<Part, "name" | "url" | "seed">;
  readonly #seed: number;
  readonly #ledger: Ledger;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #count = 0;
  /** Its end is ours. */
  #told = false;
  #over = false;

  constructor(
    role: Role,
    base: string,
    proxy: TcpProxy,
    part: Omit<Part, "name" | "url" | "seed">,
    seed: number,
    ledger: Ledger,
  ) {
    this.role = role;
    this.#base = base;
    this.proxy = proxy;
    this.#part = part;
    this.#seed = seed;
    this.#ledger = ledger;
  }

  start(): void {
    this.name = `${this.#base}-${++this.#count}`;
    this.#told = false;
    const url = `amqp://guest:guest@127.0.0.1:${this.proxy.port}`;
    const part: Part = { ...this.#part, url, name: this.name, seed: this.#seed + this.#count };
    const child = spawn(process.execPath, ["--conditions=@switchyard/source", "--expose-gc", PROGRAMS[this.role]], {
      env: { ...process.env, NODE_OPTIONS: undefined, CHAOS: JSON.stringify(part) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    let said = "";
    child.stderr.on("data", (data) => (said = (said + String(data)).slice(-1_000)));
    const { name } = this;
    this.#ended = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        // One that could not start is started again, as any supervisor would.
        const told = this.#told || code === NOT_STARTED;
        this.#ledger.write({ is: "exit", of: name, code: `${signal ?? code}${told ? "" : `: ${said}`}`, told });
        resolve();
        if (!this.#told && !this.#over) this.start();
      });
    });
  }

  /** Resolves when it has ended. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#told = true;
    this.#child?.kill(signal);
    await this.#ended;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** For good. */
  async retire(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#over = true;
    this.signal("SIGCONT");
    await this.end(signal);
  }
}

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seconds, seed, kinds = [], perSecond = 100, mutant, patienceMs = 30_000, say = () => {} } = options;
  const folder = await mkdtemp(join(tmpdir(), "switchyard-chaos-"));
  const rabbit = options.rabbit ?? (await startNode());
  const port = Number(new URL(rabbit.url).port);
  const ledger = openLedger(folder, "chaos");
  const reader = new LedgerReader(folder);
  const slots: Slot[] = [];
  // No two runs share a queue, in one process neither.
  const prefix = `chaos${seed}-${process.pid}-${++runs}`;
  const part = { prefix, folder, perSecond: perSecond / 2, ...(mutant === undefined ? {} : { mutant }) };
  // Past the proxies: it makes the queues, and at the end redrives and counts.
  const control = await open({ url: rabbit.url, prefix }, () => {}, true);
  const started = performance.now();
  try {
    await control.start();
    for (const [role, base] of [
      ["publisher", "p0"],
      ["publisher", "p1"],
      ["worker", "w0"],
      ["worker", "w1"],
      ["worker", "w2"],
    ] as const) {
      const slot = new Slot(role, base, await startTcpProxy(port), part, seed * 1_000 + slots.length * 100, ledger);
      slots.push(slot);
      slot.start();
    }
    const up = await waitFor(() => reader.poll().filter(({ is }) => is === "started").length >= slots.length, START_MS);
    if (!up) throw new Error(`the processes did not start within ${START_MS} ms`);
    say(`${slots.length} processes on ${rabbit.what}, seed ${seed}`);
    const until = performance.now() + seconds * 1_000;
    const publishers = slots.filter(({ role }) => role === "publisher");
    const workers = slots.filter(({ role }) => role === "worker");
    if (kinds.length > 0) {
      const bases = (list: readonly Slot[]) => list.map((slot) => String(slots.indexOf(slot)));
      for (const fault of schedule(seed, { publishers: bases(publishers), workers: bases(workers) }, kinds)) {
        await sleep(Math.min(fault.afterMs, Math.max(0, until - performance.now())));
        if (performance.now() >= until) break;
        await strike(
          fault,
          fault.on.map((at) => slots[Number(at)] as Slot),
          rabbit,
          reader,
          ledger,
          say,
        );
      }
    } else await sleep(seconds * 1_000);

    say("publishers stop; the rest is drained");
    await Promise.all(publishers.map((slot) => slot.retire("SIGTERM")));
    await drain(reader, patienceMs, async () => void (await control.deadLetters(jobs, GROUP).redrive()));
    const depth = (await Promise.all(channels.map((each) => control.depth(each)))).flat();
    await Promise.all(workers.map((slot) => slot.retire("SIGTERM")));
    await control.stop();
    const left = await connectionsLeft(rabbit);
    const entries = reader.poll();
    const verdict = audit(entries, {
      kinds,
      depth: depth.reduce((sum, { ready = 0, delayed = 0, held = 0 }) => sum + ready + delayed + held, 0),
    });
    const findings = [...verdict.findings];
    if (left > 0) findings.push({ what: "left open", why: `the broker still has ${left} connections` });
    const ids = [...new Set(findings.flatMap(({ id, than }) => [id ?? [], than ?? []].flat()))].slice(0, STORIES);
    const stories = ids.map((id) => `  ${id}\n${story(entries, id)}`);
    if (findings.length === 0) await rm(folder, { recursive: true });
    return { ...verdict, findings, folder, stories, seconds: Math.round((performance.now() - started) / 1_000) };
  } finally {
    await Promise.all(slots.map((slot) => slot.retire("SIGKILL")));
    await control.stop();
    await Promise.all(slots.map(({ proxy }) => proxy.close()));
    reader.close();
    ledger.close();
    if (options.rabbit === undefined) await rabbit.close();
  }
}

async function strike(
  fault: Fault,
  on: readonly Slot[],
  rabbit: Rabbit,
  reader: LedgerReader,
  ledger: Ledger,
  say: (line: string) => void,
): Promise<void> {
  const { kind, ms } = fault;
  const names = on.map(({ name }) => name);
  const told = { is: "fault", kind, on: names, ms } as const;
  say(`${kind} ${names.join(", ")} ${ms} ms`);
  ledger.write({ ...told, state: "begins" });
  const all = (act: (slot: Slot) => void) => on.forEach(act);
  switch (kind) {
    case "kill-worker":
      // In the middle of a handler: between two it would prove nothing.
      await Promise.all(on.map(({ name }) => waitFor(() => handling(reader.poll(), name), MOMENT_MS)));
      await Promise.all(on.map((slot) => slot.end("SIGKILL")));
      await sleep(ms);
      all((slot) => slot.start());
      break;
    case "kill-publisher":
      all(({ proxy }) => proxy.delay(LAG_MS));
      await sleep(2 * LAG_MS);
      await Promise.all(on.map((slot) => slot.end("SIGKILL")));
      all(({ proxy }) => proxy.delay(0));
      await sleep(ms);
      all((slot) => slot.start());
      break;
    case "cut":
      // With publishes and acknowledgements on the wire.
      all(({ proxy }) => proxy.delay(LAG_MS));
      await sleep(2 * LAG_MS);
      all(({ proxy }) => (proxy.cut(), proxy.delay(0)));
      await sleep(ms);
      all(({ proxy }) => proxy.cut());
      break;
    case "stall":
      all(({ proxy }) => proxy.blackHole(true));
      await sleep(ms);
      all(({ proxy }) => proxy.blackHole(false));
      break;
    case "lose-replies":
      all(({ proxy }) => proxy.loseReplies(true));
      await sleep(ms);
      all(({ proxy }) => proxy.loseReplies(false));
      break;
    case "delay":
      all(({ proxy }) => proxy.delay(LAG_MS));
      await sleep(ms);
      all(({ proxy }) => proxy.delay(0));
      break;
    case "restart":
      await rabbit.ctl("stop_app");
      await sleep(ms);
      await rabbit.ctl("start_app");
      break;
    case "pause":
      all((slot) => slot.signal("SIGSTOP"));
      await sleep(ms);
      all((slot) => slot.signal("SIGCONT"));
      break;
    case "roll":
      for (const slot of on) {
        await slot.end("SIGTERM");
        await sleep(ms);
        slot.start();
      }
      break;
  }
  ledger.write({ ...told, state: "ends" });
}

/** Until all that was accepted has been handled, poison once it was redriven; or until nothing goes on. */
async function drain(reader: LedgerReader, patienceMs: number, redrive: () => Promise<void>): Promise<void> {
  let last = Number.POSITIVE_INFINITY;
  let progress = performance.now();
  while (performance.now() - progress < patienceMs) {
    const left = missing(reader.poll()).length;
    if (left === 0) return;
    if (left < last) progress = performance.now();
    last = left;
    await redrive();
    await sleep(500);
  }
}

/** A connection that was closed is gone from the broker's list a moment later. */
async function connectionsLeft(rabbit: Rabbit): Promise<number> {
  if (!rabbit.own) return 0;
  const count = async () =>
    (await rabbit.ctl("list_connections", "-q", "pid")).split("\n").filter((line) => line.startsWith("<")).length;
  let left = await count();
  for (const until = performance.now() + 15_000; left > 0 && performance.now() < until; left = await count())
    await sleep(500);
  return left;
}

/** True as soon as it holds; false if it does not in time. */
async function waitFor(holds: () => boolean, ms: number): Promise<boolean> {
  for (const until = performance.now() + ms; performance.now() < until; await sleep(20)) if (holds()) return true;
  return false;
}

/** Has it begun a message that it has not ended? */
function handling(entries: readonly Entry[], name: string): boolean {
  const open = new Set<string>();
  for (const entry of entries) {
    if (entry.by !== name) continue;
    if (entry.is === "begin") open.add(entry.id);
    else if (entry.is === "handled" || entry.is === "threw") open.delete(entry.id);
  }
  return open.size > 0;
}
