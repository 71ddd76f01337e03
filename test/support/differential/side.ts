/** One side of a comparison: a fake or a real broker, one destination, the members of one group. It tells what it sees as text. */
import type { Harness } from "@switchyard/contract";
import { type Runtime, systemRuntime } from "@switchyard/core";
import type { VirtualRuntime } from "@switchyard/core/testing";
import type {
  Connection,
  Destination,
  Fault,
  Outcome,
  SenderDriver,
  Topology,
  WireMessage,
} from "@switchyard/core/driver";
import { driverOptions } from "../../../packages/contract/src/driver-options.ts";
import { places } from "../../../packages/contract/src/destinations.ts";
import { Reader, type Taken } from "../../../packages/contract/src/seam.ts";
import type { Key, Late, Operation, Sending } from "./operations.ts";
import type { World } from "./world.ts";

/** Longer than a run. */
const HOLD_MS = 60_000;
const DELAY_MS = 600_000;
/** What takes its time takes so long. */
const LATER_MS = 1_000;
/** Brokers count in whole milliseconds, and some in ticks. */
const HAIR_MS = 20;
/** How long the real broker may take to show what the fake shows at once. */
const PATIENCE_MS = 5_000;
/** How long it is given to show what the fake does not show. */
const QUIET_MS = 60;
const MEMBERS = 3;
/** More than a run makes. */
const ATTEMPTS = 100;
/** How many messages that are no longer held are remembered. */
const STALE = 8;
const none = new AbortController().signal;

/** The keys of a run. Where partitions keep the order, these are in different ones: of memory, and of RabbitMQ with its four. */
const KEYS = ["a", "c", "f"] as const;

/** The run took so long that messages may have expired where they should not. It says nothing. */
export class TooSlow extends Error {}

export class Side {
  readonly #harness: Harness;
  readonly #world: World;
  readonly #topology: Topology;
  readonly #connection: Connection;
  readonly #to: Destination;
  readonly #from: Destination;
  readonly #runtime: Runtime;
  readonly #cut: () => void;
  #sender!: SenderDriver;
  #members: Reader[] = [];
  #held: Taken[] = [];
  /** No longer held, oldest first. */
  #stale: Taken[] = [];
  #sent = 0;
  /** When the oldest message was sent that may expire. */
  #since: number | undefined;

  private constructor(
    harness: Harness,
    world: World,
    topology: Topology,
    connection: Connection,
    [to, from]: readonly [Destination, Destination],
    runtime: Runtime,
    cut: () => void,
  ) {
    this.#harness = harness;
    this.#world = world;
    this.#topology = topology;
    this.#connection = connection;
    this.#to = to;
    this.#from = from;
    this.#runtime = runtime;
    this.#cut = cut;
  }

  /** Makes the destination anew. `cut` breaks the connection of this side. */
  static async open(harness: Harness, world: World, prefix: string, cut: () => void): Promise<Side> {
    const { adapter, model, ordered } = harness;
    // A stream has one partition, so that one lease has everything.
    const { partitions = model === "stream" ? 1 : undefined, retentionMs } = world;
    const layout = { prefix, channel: "c", model, ordered, groups: ["g"], holdMs: HOLD_MS, nativeAttempts: ATTEMPTS };
    const made = places({ ...layout, ...(partitions === undefined ? {} : { partitions }) });
    // Only what expires becomes a dead letter here.
    const { deadLetter: _, ...rest } = made.groups["g"]!;
    const from: Destination = retentionMs === undefined ? rest : { ...made.groups["g"]!, retentionMs };
    const to = model === "queue" ? from : made.to;
    const options = await driverOptions(adapter, harness.connection(prefix));
    const runtime = harness.runtime();
    const topology = await adapter.topology!(options, runtime);
    const all = model === "queue" ? [from] : [to, from];
    await topology.apply(await topology.plan(all, none), none);
    const connection = await adapter.open(options, runtime, () => {});
    const side = new Side(harness, world, topology, connection, [to, from], runtime, cut);
    await side.#open();
    return side;
  }

  async close(): Promise<void> {
    await this.#closeMembers();
    await this.#sender.close();
    await this.#connection.close();
    await this.#topology.destroy?.(this.#to === this.#from ? [this.#from] : [this.#from, this.#to], none);
    await this.#topology.close();
  }

  /** What is seen. `expected`: what the other side saw, for which a slow broker is waited for. */
  async see(operation: Operation, expected: string | undefined): Promise<string> {
    const seen = await this.#see(operation, expected);
    if (this.#age > 0.9) throw new TooSlow();
    return seen;
  }

  #see(operation: Operation, expected: string | undefined): Promise<string> | string {
    switch (operation.do) {
      case "send":
        return this.#send(operation.messages);
      case "receive":
        return this.#receive(expected);
      case "ack":
      case "release":
      case "retry":
        return this.#settle(operation.do, operation.which);
      case "late":
        return this.#late(operation.what, operation.which);
      case "later":
        return this.#later(operation, expected);
      case "join":
        return this.#join();
      case "leave":
        return this.#leave(operation.which);
      case "reopen":
        return this.#reopen(() => {});
      case "cut":
        return this.#cutOff();
      case "age":
        return this.#ages(operation.held, expected);
      case "depth":
        return this.#until(expected, () => this.#depth());
      case "purge":
        return this.#purge();
    }
  }

  async #depth(): Promise<string> {
    const found = await this.#connection.depth!(this.#from, none);
    const count = (of: "ready" | "held") => found.reduce((sum, depth) => sum + (depth[of] ?? 0), 0);
    // A consumer of RabbitMQ holds what it has not yet been asked for.
    return `${count("ready") + count("held")} ready or held${await this.#dead()}`;
  }

  async #dead(): Promise<string> {
    const { deadLetter } = this.#from;
    if (deadLetter === undefined) return "";
    const [depth] = await this.#connection.depth!(deadLetter, none);
    return `, ${depth?.ready} dead`;
  }

  async #purge(): Promise<string> {
    await this.#connection.purge?.(this.#from, none);
    return "";
  }

  /** Opens a sender and the first member. A connection that was cut may take a moment. */
  async #open(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        this.#sender = await this.#connection.sender(this.#to, none);
        this.#members = [await this.#member()];
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await systemRuntime.sleep(20);
      }
    }
  }

  async #member(): Promise<Reader> {
    const asked = { holdMs: HOLD_MS, prefetch: 100, start: "earliest" } as const;
    const driver = await this.#connection.receiver(this.#from, asked, none);
    // Who waits is the test, in real time. A fake's own time stands still.
    return new Reader(driver, systemRuntime, () => {}, PATIENCE_MS);
  }

  async #join(): Promise<string> {
    const most = { apart: MEMBERS, competing: MEMBERS, one: 2, alone: 1 }[this.#world.members];
    if (this.#members.length < most) this.#members.push(await this.#member());
    return `${this.#members.length} members`;
  }

  async #leave(which: number): Promise<string> {
    const { members } = this.#world;
    let acknowledged = "";
    if (members === "competing") {
      const all = this.#held.splice(0).sort(byName);
      acknowledged = await this.#told(all, () => this.#members[0]!.settle(all, "ack"));
    }
    const gone = members === "one" ? this.#busyOrNot(which) : this.#members[which % this.#members.length]!;
    if (members !== "apart") this.#forget(this.#holdsOf(gone));
    this.#members = this.#members.filter((member) => member !== gone);
    await gone.close();
    if (this.#members.length === 0) this.#members.push(await this.#member());
    return `${acknowledged}; ${this.#members.length} members`;
  }

  /** Which of two has everything differs while nobody holds anything. */
  #busyOrNot(which: number): Reader {
    const busy = (member: Reader) => this.#holdsOf(member).length > 0;
    return this.#members.find((member) => busy(member) === ((which & 1) === 1)) ?? this.#members[0]!;
  }

  #holdsOf(member: Reader): Taken[] {
    return this.#held.filter(({ lease }) => member.leases.includes(lease));
  }

  async #cutOff(): Promise<string> {
    // An ack has no reply on RabbitMQ. One that was lost with the connection would bring its message again.
    await this.#connection.depth?.(this.#from, none);
    return this.#reopen(this.#cut);
  }

  async #reopen(between: () => void): Promise<string> {
    this.#forget(this.#held);
    between();
    await this.#closeMembers();
    await this.#sender.close().catch(() => {});
    await this.#open();
    return "";
  }

  async #closeMembers(): Promise<void> {
    await Promise.all(this.#members.splice(0).map((member) => member.close()));
  }

  #forget(taken: readonly Taken[]): void {
    this.#held = this.#held.filter((one) => !taken.includes(one));
    this.#stale = [...this.#stale, ...[...taken].sort(byName)].slice(-STALE);
  }

  /** How much of the retention has passed, of the oldest message that may expire. */
  get #age(): number {
    const { retentionMs } = this.#world;
    return retentionMs === undefined || this.#since === undefined
      ? 0
      : (this.#runtime.monotonic() - this.#since) / retentionMs;
  }

  async #ages(held: boolean, expected: string | undefined): Promise<string> {
    const { retentionMs } = this.#world;
    if (retentionMs === undefined) return "";
    let before = "";
    if (held) before = await this.#receive(expected?.split(" | ")[0]);
    else {
      this.#forget(this.#held);
      await this.#closeMembers();
    }
    if (this.#age > 0.9) throw new TooSlow();
    await this.#pass(retentionMs + 2 * HAIR_MS);
    this.#since = undefined;
    if (!held) this.#members = [await this.#member()];
    const begin = `${before} | ${this.#held.length} held`;
    return this.#until(expected, async () => `${begin}${await this.#dead()}`);
  }

  async #pass(ms: number): Promise<void> {
    if ("advance" in this.#runtime) await (this.#runtime as VirtualRuntime).advance(ms);
    else await this.#runtime.sleep(ms);
  }

  /** Looks at once, lets the time pass, and looks again. What comes too early is told; when exactly it comes is not. */
  async #later(
    { what, which, key }: Extract<Operation, { readonly do: "later" }>,
    expected: string | undefined,
  ): Promise<string> {
    const began = this.#runtime.monotonic();
    const first = String(this.#sent).padStart(3, "0");
    const chosen = what === "publish" ? [] : this.#choose(which);
    const names = new Set(what === "publish" ? [first] : chosen.map(nameOf));
    const done = await this.#begin(what, chosen, key);
    if (what === "lapse") {
      if (done !== "cannot") await this.#pass(LATER_MS + HAIR_MS);
      return done;
    }
    const taken = await this.#once(0);
    const early = taken.some((one) => names.has(nameOf(one)) && this.#runtime.monotonic() < began + LATER_MS - HAIR_MS);
    if (done === "cannot") return this.#receive(expected, taken);
    await this.#pass(LATER_MS + 1);
    const begin = `${done}${early ? " too early" : ""}: `;
    if (expected !== undefined && !expected.startsWith(begin)) return begin;
    return `${begin}${await this.#receive(expected?.slice(begin.length), taken)}`;
  }

  /** Begins what takes its time. */
  async #begin(
    what: Extract<Operation, { readonly do: "later" }>["what"],
    chosen: readonly Taken[],
    key: Key,
  ): Promise<string> {
    const [member] = this.#members;
    if (what === "publish") {
      if (this.#sender.capabilities.delayedPublishMs < LATER_MS) return "cannot";
      return this.#send([{ key, body: "short", headers: 0, delayed: true }], LATER_MS);
    }
    const lease = chosen[0]?.lease;
    const able = what === "retry" ? member!.driver.capabilities.retryDelayMs >= LATER_MS : lease?.extend !== undefined;
    if (lease === undefined || !able) {
      this.#held.push(...chosen);
      return "cannot";
    }
    this.#forget(chosen);
    return this.#told(chosen, () =>
      what === "retry" ? member!.settle(chosen, { retryMs: LATER_MS }) : extend(chosen, LATER_MS),
    );
  }

  async #send(messages: readonly Sending[], delayMs = DELAY_MS): Promise<string> {
    const { maxMessageBytes, maxBatch } = this.#sender.capabilities;
    const wires = messages.map((sending): WireMessage => {
      const name = String(this.#sent++).padStart(3, "0");
      const headers = Object.fromEntries(Array.from({ length: sending.headers }, (_, at) => [`h${at}`, "v"]));
      const body =
        sending.body === "short"
          ? name
          : sending.body === "empty"
            ? ""
            : sending.body === "binary"
              ? Buffer.from(name)
              : name.padEnd(maxMessageBytes + 1, "x");
      const keyed = this.#harness.ordered ? { key: KEYS[sending.key], dedup: `${name}:0` } : {};
      return { body, headers, ...keyed, ...(sending.delayed ? { delayMs } : {}) };
    });
    this.#since ??= this.#runtime.monotonic();
    const results: string[] = [];
    for (let at = 0; at < wires.length; at += maxBatch.count) {
      // Core keeps to the limits of a batch: what is too large goes alone.
      const batch = wires.slice(at, at + maxBatch.count);
      const large = batch.some((wire) => this.#sender.size(wire) > maxMessageBytes);
      for (const part of large ? batch.map((wire) => [wire]) : [batch]) {
        const sent = await this.#sender.send(part, none).catch((cause: unknown) => part.map(() => ({ cause })));
        results.push(...sent.map((one) => this.#outcome(one, "send")));
      }
    }
    return results.join(" ");
  }

  /** One at a time where there is order: how many of a key come together is the broker's choice. */
  get #most(): number {
    return this.#harness.ordered && this.#harness.model !== "stream" ? 1 : 10;
  }

  /** What one receive of each member brings. */
  async #once(waitMs: number, most = this.#most): Promise<Taken[]> {
    const ready = await this.#withLease();
    return (await Promise.all(ready.map((member) => member.once(most, waitMs)))).flat();
  }

  /** Members that have a lease, of which there is always one: where one member has everything, it may have to be found first. */
  async #withLease(): Promise<readonly Reader[]> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const ready = this.#members.filter(({ leases, ended }) =>
        leases.some((lease) => !lease.lost.aborted && !ended.includes(lease)),
      );
      if (ready.length > 0) return ready;
      if (performance.now() > end) throw new Error("no member has a lease");
      await systemRuntime.sleep(5);
    }
  }

  /** `taken`: what came before. */
  async #receive(expected: string | undefined, taken: Taken[] = []): Promise<string> {
    const seen = await this.#until(expected, async () => {
      const wait = expected === undefined ? 0 : this.#text(taken) === expected ? QUIET_MS : 200;
      for (let got = await this.#once(wait); got.length > 0; got = await this.#once(0)) taken.push(...got);
      return this.#text(taken);
    });
    if (expected !== undefined) taken.push(...(await this.#once(QUIET_MS, 10)));
    this.#held.push(...taken);
    return expected === undefined ? seen : this.#text(taken);
  }

  /** Takes some out of what is held. */
  #choose(which: number): Taken[] {
    this.#held.sort(byName);
    // A stream is settled in its order.
    const oldest = which % (this.#held.length + 1);
    const chosen =
      this.#harness.model === "stream" ? this.#held.filter((_, at) => at < oldest) : bitsOf(which, this.#held);
    this.#held = this.#held.filter((one) => !chosen.includes(one));
    return chosen;
  }

  async #settle(action: "ack" | "release" | "retry", which: number): Promise<string> {
    const chosen = this.#choose(which);
    this.#forget(chosen);
    return this.#told(chosen, () => this.#members[0]!.settle(chosen, actionOf(action)));
  }

  async #late(what: Late, which: number): Promise<string> {
    const chosen = bitsOf(which, this.#stale);
    const told: string[] = [];
    // One by one, so that each has an outcome of its own.
    for (const one of chosen) {
      if (what === "extend" && one.lease.extend === undefined) continue;
      told.push(
        await this.#told([one], () =>
          what === "extend" ? extend([one], HOLD_MS) : this.#members[0]!.settle([one], actionOf(what)),
        ),
      );
    }
    return told.join(", ");
  }

  async #told(taken: readonly Taken[], call: () => Promise<readonly Outcome[]>): Promise<string> {
    if (taken.length === 0) return "";
    const outcomes = await call().catch((cause: unknown) => taken.map(() => ({ cause })));
    return taken.map((one, at) => `${nameOf(one)} ${this.#outcome(outcomes[at], "settle")}`).join(", ");
  }

  /** Where there is order, what came of each key in its order. Otherwise what came. */
  #text(taken: readonly Taken[]): string {
    const counted = this.#sender.capabilities.attempts !== "local";
    const text = (one: Taken) => `${nameOf(one)}${counted ? `#${one.delivery.attempt}` : ""}`;
    if (!this.#harness.ordered) return taken.map(text).sort().join(" ");
    const of = (key: string) => taken.filter((one) => one.delivery.message.key === key);
    return KEYS.map((key) => `${key}: ${of(key).map(text).join(" ")}`).join("; ");
  }

  #outcome(result: object | undefined, during: "send" | "settle"): string {
    if (result === undefined || !("cause" in result)) return "ok";
    const { cause } = result;
    const fault: Fault = this.#connection.classify(cause, during);
    return fault.kind === "config" || fault.kind === "permanent" ? "refused" : fault.kind;
  }

  /** Looks until it sees what is expected, or for as long as a broker may take. */
  async #until(expected: string | undefined, look: () => Promise<string>): Promise<string> {
    const end = performance.now() + PATIENCE_MS;
    let seen = await look();
    while (expected !== undefined && seen !== expected && performance.now() < end) seen = await look();
    return seen;
  }
}

const nameOf = ({ delivery }: Taken): string => Buffer.from(delivery.message.body).toString();
const byName = (a: Taken, b: Taken): number => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0);
const bitsOf = (which: number, all: readonly Taken[]): Taken[] => all.filter((_, at) => (which >> (at % 8)) & 1);
const actionOf = (action: "ack" | "release" | "retry") => (action === "retry" ? { retryMs: 0 } : action);

const extend = async (taken: readonly Taken[], forMs: number): Promise<readonly Outcome[]> => {
  const { lease } = taken[0]!;
  return lease.extend!(
    taken.map(({ delivery }) => delivery.receipt),
    forMs,
    none,
  );
};
