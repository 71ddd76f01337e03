/** One chaos run: a broker, its processes, a schedule of faults, the drain and the verdict. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import type { Rabbit } from "../rabbit.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { type Audit, audit, missing, story } from "./audit.ts";
import { makeBooks, openStore, readBooks } from "./books.ts";
import { type Broker, Brokers, type Wire } from "./broker.ts";
import { type Entry, type Ledger, LedgerReader, openLedger } from "./ledger.ts";
import { type Fault, type FaultKind, schedule } from "./schedule.ts";
import { channelsOf, GROUP, jobs, type Mutant, NOT_STARTED, open, type Part } from "./service.ts";
import type { Transport } from "./transports.ts";

export interface ChaosOptions {
  readonly transport: Transport;
  /** How long faults strike, and longer until each kind has struck once: a busy machine proves no less. */
  readonly seconds: number;
  readonly seed: number;
  /** Default: none. */
  readonly kinds?: readonly FaultKind[];
  /** Messages each second, of all publishers together. Default 50. */
  readonly perSecond?: number;
  /** Of a hundred unordered messages so many become dead letters. Default 1. */
  readonly poison?: number;
  /** How many of each role there are. Default: two publishers, three workers, two relays. */
  readonly cast?: { readonly publishers: number; readonly workers: number; readonly relays: number };
  /** Those of other runs. Default: started for this run, and closed at its end. */
  readonly brokers?: Brokers;
  /** A node that is there. Default: that of `brokers`. */
  readonly rabbit?: Rabbit;
  readonly mutant?: Mutant;
  /** The drain ends when nothing new was handled for this long. Default 2 minutes: machines are busy. */
  readonly patienceMs?: number;
  /** Told what happens. */
  readonly say?: (line: string) => void;
}

export interface ChaosReport extends Audit {
  readonly transport: Transport;
  /** The journals: kept when something was found. */
  readonly folder: string;
  /** The story of each message that was found, the first few. */
  readonly stories: readonly string[];
  readonly seconds: number;
}

type Role = "publisher" | "worker" | "relay";
let runs = 0;
const STORIES = 5;
const START_MS = 240_000;
const LAG_MS = 200;
/** How long a fault waits for a moment at which it hurts. */
const MOMENT_MS = 15_000;
const PROGRAMS: Record<Role, string> = {
  publisher: fileURLToPath(new URL("publisher.ts", import.meta.url)),
  worker: fileURLToPath(new URL("worker.ts", import.meta.url)),
  relay: fileURLToPath(new URL("relay.ts", import.meta.url)),
};

type Whole = Omit<Part, "name" | "url" | "kinesisUrl" | "database" | "seed">;

interface Place {
  readonly role: Role;
  /** `w1`, of which the processes are `w1-1`, `w1-2` and so on. */
  readonly base: string;
  readonly wire: Wire;
  /** To the database. */
  readonly store: TcpProxy;
  readonly part: Whole;
  readonly seed: number;
  readonly env: Readonly<Record<string, string>>;
  readonly ledger: Ledger;
}

/** Compiled code: a process of a run starts in half the time of the first. */
const CACHE = join(tmpdir(), "switchyard-chaos-code");

/** Nothing of a run outlives this process. */
const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A place in the cast: one process at a time, each with a name of its own, behind wires that stay. */
class Slot {
  readonly place: Place;
  /** Of the process now. */
  name = "";
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #count = 0;
  /** Its end is ours. */
  #told = false;
  #over = false;

  constructor(place: Place) {
    this.place = place;
  }

  get wire(): Wire {
    return this.place.wire;
  }

  start(): void {
    const { role, base, wire, store, part: whole, seed, env, ledger } = this.place;
    this.name = `${base}-${++this.#count}`;
    this.#told = false;
    const database = `postgres://postgres@127.0.0.1:${store.port}/postgres?application_name=${whole.prefix}`;
    const part: Part = { ...whole, url: wire.url, database, name: this.name, seed: seed + this.#count };
    const child = spawn(process.execPath, ["--conditions=@switchyard/source", "--expose-gc", PROGRAMS[role]], {
      env: { ...process.env, ...env, NODE_OPTIONS: undefined, NODE_COMPILE_CACHE: CACHE, CHAOS: JSON.stringify(part) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    children.add(child);
    let said = "";
    child.stderr.on("data", (data) => (said = (said + String(data)).slice(-1_000)));
    const { name } = this;
    this.#ended = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        children.delete(child);
        // One that could not start is started again, as any supervisor would.
        const told = this.#told || code === NOT_STARTED;
        ledger.write({ is: "exit", of: name, code: `${signal ?? code}${told ? "" : `: ${said}`}`, told });
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
  const { transport, seconds, seed, kinds = [], perSecond = 50, poison = 1, mutant, patienceMs = 120_000 } = options;
  const { cast = { publishers: 2, workers: 3, relays: 2 }, brokers = new Brokers(), say = () => {} } = options;
  const folder = await mkdtemp(join(tmpdir(), "switchyard-chaos-"));
  const { url: database, pool } = await brokers.postgres();
  const broker = await brokers.of(transport, options.rabbit);
  const ledger = openLedger(folder, "chaos");
  const reader = new LedgerReader(folder);
  const slots: Slot[] = [];
  // No two runs share a queue or a table, in one process neither.
  const prefix = `chaos${seed}-${process.pid}-${++runs}`;
  const tables = prefix.replaceAll("-", "_");
  const whole = { transport, tables, prefix, folder, perSecond: perSecond / cast.publishers, poison };
  const part = { ...whole, ...(mutant === undefined ? {} : { mutant }) };
  // Past the wires: it makes the queues, and at the end redrives and counts.
  const leases = openStore({ database }, undefined, 3);
  const control = await open({ ...broker, transport, prefix }, leases.pool, () => {}, true);
  const started = performance.now();
  try {
    await makeBooks(pool, tables);
    await control.start();
    const add = async (role: Role, count: number) => {
      for (let at = 0; at < count; at++) {
        const [wire, store] = [await broker.wire(), await startTcpProxy(Number(new URL(database).port))];
        const own = seed * 1_000 + slots.length * 100;
        const slot = new Slot({ role, base: `${role[0]}${at}`, wire, store, part, seed: own, env: broker.env, ledger });
        slots.push(slot);
        slot.start();
      }
    };
    await add("publisher", cast.publishers);
    await add("worker", cast.workers);
    await add("relay", cast.relays);
    const up = await waitFor(() => reader.poll().filter(({ is }) => is === "started").length >= slots.length, START_MS);
    if (!up) throw new Error(`the processes did not start within ${START_MS} ms: ${exits(reader.poll())}`);
    say(`${slots.length} processes on ${broker.what}, seed ${seed}`);
    const of = (role: Role) => slots.filter(({ place }) => place.role === role);
    await faults(options, slots, { broker, prefix, pool, reader, ledger, say }, seconds, kinds);

    say("publishers stop; the rest is drained");
    await Promise.all(of("publisher").map((slot) => slot.retire("SIGTERM")));
    const books = () => readBooks(pool, tables);
    await drain(
      patienceMs,
      async () => missing(reader.poll(), await books()).length,
      async () => {
        if (channelsOf(transport).includes(jobs)) await control.deadLetters(jobs, GROUP).redrive().result;
      },
    );
    await Promise.all(of("relay").map((slot) => slot.retire("SIGTERM")));
    const depth = await depthOf(control, transport);
    await Promise.all(of("worker").map((slot) => slot.retire("SIGTERM")));
    await control.stop();
    const left = await settled(async () => [
      [await broker.connections(), "the broker"] as const,
      [await sessions(pool, prefix), "the database"] as const,
    ]);
    const entries = reader.poll();
    const kept = await books();
    // What no relay has published is in the outbox.
    const verdict = audit(entries, { kinds, depth: depth + kept.waiting, books: kept });
    const findings = [...verdict.findings];
    for (const [count, who] of left)
      if (count > 0) findings.push({ what: "left open", why: `${who} still has ${count} connections` });
    const ids = [...new Set(findings.flatMap(({ id, than }) => [id ?? [], than ?? []].flat()))].slice(0, STORIES);
    const stories = ids.map((id) => `  ${id}\n${story(entries, id)}`);
    if (findings.length === 0) await rm(folder, { recursive: true });
    const took = Math.round((performance.now() - started) / 1_000);
    return { ...verdict, transport, findings, folder, stories, seconds: took };
  } finally {
    await Promise.all(slots.map((slot) => slot.retire("SIGKILL")));
    await control.stop();
    await leases.close();
    await Promise.all(slots.flatMap(({ place }) => [place.wire.close(), place.store.close()]));
    reader.close();
    ledger.close();
    if (options.brokers === undefined) await brokers.close();
  }
}

/** What the broker still has. No answer is no message: what is missing then is called lost, and the run has failed either way. */
async function depthOf(control: Awaited<ReturnType<typeof open>>, transport: Transport): Promise<number> {
  const asked = await Promise.allSettled(channelsOf(transport).map((each) => control.depth(each)));
  const groups = asked.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  return groups.reduce((sum, { ready = 0, delayed = 0, held = 0 }) => sum + ready + delayed + held, 0);
}

const exits = (entries: readonly Entry[]): string =>
  entries.flatMap((entry) => (entry.is === "exit" ? [`${entry.of} ${entry.code}`] : [])).join("; ");

interface Scene {
  readonly broker: Broker;
  readonly prefix: string;
  readonly pool: pg.Pool;
  readonly reader: LedgerReader;
  readonly ledger: Ledger;
  readonly say: (line: string) => void;
}

async function faults(
  { seed, transport }: ChaosOptions,
  slots: readonly Slot[],
  scene: Scene,
  seconds: number,
  kinds: readonly FaultKind[],
): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  if (kinds.length === 0) {
    await sleep(seconds * 1_000);
    return;
  }
  const places = (role: Role) => slots.flatMap(({ place }, at) => (place.role === role ? [String(at)] : []));
  const cast = { publishers: places("publisher"), workers: places("worker"), relays: places("relay") };
  let struck = 0;
  for (const fault of schedule(seed, cast, kinds)) {
    if (struck++ < kinds.length) await sleep(fault.afterMs);
    else await sleep(Math.min(fault.afterMs, Math.max(0, until - performance.now())));
    if (performance.now() >= until && struck > kinds.length) return;
    const on = fault.on.map((at) => slots[Number(at)] as Slot);
    await strike(fault, on, scene, transport);
  }
}

async function strike(fault: Fault, on: readonly Slot[], scene: Scene, transport: Transport): Promise<void> {
  const { kind, ms } = fault;
  const { broker, reader, ledger, say } = scene;
  const all = (act: (slot: Slot) => unknown) => on.forEach(act);
  // A fault strikes in the middle of something: between two messages it would prove nothing.
  const slow = async (work: () => unknown) => {
    all(({ wire }) => wire.delay(LAG_MS));
    await sleep(2 * LAG_MS);
    await work();
    all(({ wire }) => wire.delay(0));
  };
  const busy = () => Promise.all(on.map(({ name }) => waitFor(() => reader.busy(name), MOMENT_MS)));
  const names = on.map(({ name }) => name);
  const told = { is: "fault", kind, on: names, ms } as const;
  say(`${kind} ${names.join(", ")} ${ms} ms`);
  const begins = () => ledger.write({ ...told, state: "begins" });
  // The next fault finds it at work.
  const restart = async (slots: readonly Slot[]) => {
    for (const slot of slots) slot.start();
    const started = ({ name }: Slot) => reader.poll().some(({ is, by }) => is === "started" && by === name);
    await Promise.all(slots.map((slot) => waitFor(() => started(slot), START_MS)));
  };
  const kill = async () => {
    begins();
    await Promise.all(on.map((slot) => slot.end("SIGKILL")));
  };
  switch (kind) {
    case "kill-worker":
    case "kill-relay":
      await slow(async () => {
        await busy();
        await kill();
      });
      await sleep(ms);
      await restart(on);
      break;
    case "kill-publisher":
      await slow(kill);
      await sleep(ms);
      await restart(on);
      break;
    case "cut":
      begins();
      await slow(() => all(({ wire }) => wire.cut()));
      await sleep(ms);
      all(({ wire }) => wire.cut());
      break;
    case "cut-store":
      begins();
      all(({ place }) => place.store.delay(LAG_MS / 4));
      await sleep(LAG_MS);
      all(({ place }) => (place.store.cut(), place.store.delay(0)));
      await sleep(ms);
      all(({ place }) => place.store.cut());
      break;
    case "stall":
      begins();
      all(({ wire }) => wire.blackHole(true));
      await sleep(ms);
      all(({ wire }) => wire.blackHole(false));
      break;
    case "lose-replies":
    case "throttle":
    case "server-errors":
    case "fail-entries":
      begins();
      all(({ wire }) => wire.answer(kind));
      await sleep(ms);
      all(({ wire }) => wire.answer(undefined));
      break;
    case "delay":
      begins();
      all(({ wire }) => wire.delay(LAG_MS));
      await sleep(ms);
      all(({ wire }) => wire.delay(0));
      break;
    case "restart":
      begins();
      await broker.stop!();
      await sleep(ms);
      await broker.start!();
      break;
    case "reshard":
      begins();
      for (const { name } of channelsOf(transport)) await broker.reshard!(`${scene.prefix}_${name}`);
      await sleep(ms);
      break;
    case "pause":
    case "pause-relay":
      await slow(async () => {
        await busy();
        begins();
        all((slot) => slot.signal("SIGSTOP"));
      });
      await sleep(ms);
      all((slot) => slot.signal("SIGCONT"));
      break;
    case "roll":
      begins();
      for (const slot of on) {
        await slot.end("SIGTERM");
        await sleep(ms);
        await restart([slot]);
      }
      break;
  }
  ledger.write({ ...told, state: "ends" });
}

/** Until all that was accepted has been handled, poison once it was redriven; or until nothing goes on. */
async function drain(patienceMs: number, missing: () => Promise<number>, redrive: () => Promise<void>): Promise<void> {
  let last = Number.POSITIVE_INFINITY;
  let progress = performance.now();
  while (performance.now() - progress < patienceMs) {
    const left = await missing();
    if (left === 0) return;
    if (left < last) progress = performance.now();
    last = left;
    await redrive();
    await sleep(500);
  }
}

/** Sessions of the run's processes. */
async function sessions(pool: pg.Pool, name: string): Promise<number> {
  const { rows } = await pool.query("select count(*)::int as count from pg_stat_activity where application_name = $1", [
    name,
  ]);
  return rows[0].count;
}

/** A connection that was closed is gone from a server's list a moment later. */
async function settled<T extends readonly (readonly [number, string])[]>(count: () => Promise<T>): Promise<T> {
  const until = performance.now() + 15_000;
  for (;;) {
    const left = await count();
    if (left.every(([count]) => count === 0) || performance.now() >= until) return left;
    await sleep(500);
  }
}

/** True as soon as it holds; false if it does not in time. */
async function waitFor(holds: () => boolean, ms: number): Promise<boolean> {
  for (const until = performance.now() + ms; performance.now() < until; await sleep(20)) if (holds()) return true;
  return false;
}
