/** One side of a comparison: a fake or a real broker, one destination, one receiver. It tells what it sees as text. */
import type { Harness } from "@switchyard/contract";
import { type Runtime, systemRuntime } from "@switchyard/core";
import type { VirtualRuntime } from "@switchyard/core/testing";
import type { Connection, Destination, Fault, SenderDriver, Topology, WireMessage } from "@switchyard/core/driver";
import { driverOptions } from "../../../packages/contract/src/driver-options.ts";
import { places } from "../../../packages/contract/src/destinations.ts";
import { Reader, type Taken } from "../../../packages/contract/src/seam.ts";
import type { Key, Operation, Sending } from "./operations.ts";

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
const none = new AbortController().signal;

/** The keys of a run. They must stand in different partitions, where partitions keep the order. */
const KEYS = ["a", "b", "c"] as const;

export class Side {
  readonly #harness: Harness;
  readonly #topology: Topology;
  readonly #connection: Connection;
  readonly #to: Destination;
  readonly #from: Destination;
  readonly #sender: SenderDriver;
  readonly #runtime: Runtime;
  #reader: Reader;
  #held: Taken[] = [];
  #sent = 0;

  private constructor(
    harness: Harness,
    topology: Topology,
    connection: Connection,
    [to, from]: readonly [Destination, Destination],
    sender: SenderDriver,
    reader: Reader,
    runtime: Runtime,
  ) {
    this.#harness = harness;
    this.#topology = topology;
    this.#connection = connection;
    this.#to = to;
    this.#from = from;
    this.#sender = sender;
    this.#reader = reader;
    this.#runtime = runtime;
  }

  /** Makes the destination anew. */
  static async open(harness: Harness, prefix: string): Promise<Side> {
    const { adapter, model, ordered } = harness;
    const made = places({ prefix, channel: "c", model, ordered, groups: ["g"], holdMs: HOLD_MS, partitions: 1 });
    // Nothing becomes a dead letter here. A stream has one partition, so that one lease has everything.
    const { deadLetter: _, partitions = 1, ...rest } = made.groups["g"]!;
    const from: Destination = model === "stream" ? { ...rest, partitions } : rest;
    const to = model === "queue" ? from : made.to;
    const options = await driverOptions(adapter, harness.connection(prefix));
    const runtime = harness.runtime();
    const topology = await adapter.topology!(options, runtime);
    const all = model === "queue" ? [from] : [to, from];
    await topology.apply(await topology.plan(all, none), none);
    const connection = await adapter.open(options, runtime, () => {});
    const reader = await receiver(connection, from);
    return new Side(harness, topology, connection, [to, from], await connection.sender(to, none), reader, runtime);
  }

  async close(): Promise<void> {
    await this.#reader.close();
    await this.#sender.close();
    await this.#connection.close();
    await this.#topology.destroy?.(this.#to === this.#from ? [this.#from] : [this.#from, this.#to], none);
    await this.#topology.close();
  }

  /** What is seen. `expected`: what the other side saw, for which a slow broker is waited for. */
  async see(operation: Operation, expected: string | undefined): Promise<string> {
    switch (operation.do) {
      case "send":
        return this.#send(operation.messages);
      case "receive":
        return this.#receive(expected);
      case "ack":
      case "release":
      case "retry":
        return this.#settle(operation.do, operation.which);
      case "later":
        return this.#later(operation, expected);
      case "reopen":
        this.#held = [];
        await this.#reader.close();
        this.#reader = await receiver(this.#connection, this.#from);
        return "";
      case "depth":
        return this.#until(expected, async () => {
          const found = await this.#connection.depth!(this.#from, none);
          const count = (of: "ready" | "held") => found.reduce((sum, depth) => sum + (depth[of] ?? 0), 0);
          // A consumer of RabbitMQ holds what it has not yet been asked for.
          return `${count("ready") + count("held")} ready or held`;
        });
      case "purge":
        await this.#connection.purge?.(this.#from, none);
        return "";
    }
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
    const taken = await this.#reader.once(this.#most, 0);
    const early = taken.some((one) => names.has(nameOf(one)) && this.#runtime.monotonic() < began + LATER_MS - HAIR_MS);
    if (done === "cannot") return this.#receive(expected, taken);
    if ("advance" in this.#runtime) await (this.#runtime as VirtualRuntime).advance(LATER_MS + 1);
    else await this.#runtime.sleep(LATER_MS);
    const begin = `${done}${early ? " too early" : ""}: `;
    if (expected !== undefined && !expected.startsWith(begin)) return begin;
    return `${begin}${await this.#receive(expected?.slice(begin.length), taken)}`;
  }

  /** Begins what takes its time. */
  async #begin(what: "publish" | "retry" | "end", chosen: readonly Taken[], key: Key): Promise<string> {
    const { retryDelayMs } = this.#reader.driver.capabilities;
    if (what === "publish") {
      if (this.#sender.capabilities.delayedPublishMs < LATER_MS) return "cannot";
      return this.#send([{ key, body: "short", headers: 0, delayed: true }], LATER_MS);
    }
    const lease = chosen[0]?.lease;
    const able = what === "retry" ? retryDelayMs >= LATER_MS : lease?.extend !== undefined;
    if (lease === undefined || !able) {
      this.#held.push(...chosen);
      return "cannot";
    }
    const outcomes =
      what === "retry"
        ? await this.#reader.settle(chosen, { retryMs: LATER_MS })
        : await lease.extend!(
            chosen.map(({ delivery }) => delivery.receipt),
            LATER_MS,
            none,
          );
    return chosen.map((one, at) => `${nameOf(one)} ${this.#outcome(outcomes[at], "settle")}`).join(", ");
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

  /** `taken`: what came before. */
  async #receive(expected: string | undefined, taken: Taken[] = []): Promise<string> {
    const most = this.#most;
    const seen = await this.#until(expected, async () => {
      const wait = expected === undefined ? 0 : this.#text(taken) === expected ? QUIET_MS : 200;
      for (let got = await this.#reader.once(most, wait); got.length > 0; got = await this.#reader.once(most, 0))
        taken.push(...got);
      return this.#text(taken);
    });
    if (expected !== undefined) taken.push(...(await this.#reader.once(10, QUIET_MS)));
    this.#held.push(...taken);
    return expected === undefined ? seen : this.#text(taken);
  }

  /** Takes some out of what is held. */
  #choose(which: number): Taken[] {
    this.#held.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    // A stream is settled in its order.
    const oldest = which % (this.#held.length + 1);
    const chosen = this.#held.filter((_, at) =>
      this.#harness.model === "stream" ? at < oldest : (which >> (at % 8)) & 1,
    );
    this.#held = this.#held.filter((one) => !chosen.includes(one));
    return chosen;
  }

  async #settle(action: "ack" | "release" | "retry", which: number): Promise<string> {
    const chosen = this.#choose(which);
    if (chosen.length === 0) return "";
    const outcomes = await this.#reader.settle(chosen, action === "retry" ? { retryMs: 0 } : action);
    return chosen.map((one, at) => `${nameOf(one)} ${this.#outcome(outcomes[at], "settle")}`).join(", ");
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

async function receiver(connection: Connection, from: Destination): Promise<Reader> {
  const driver = await connection.receiver(from, { holdMs: HOLD_MS, prefetch: 100, start: "earliest" }, none);
  // Who waits is the test, in real time. A fake's own time stands still.
  const reader = new Reader(driver, systemRuntime, () => {}, PATIENCE_MS);
  await reader.lease();
  return reader;
}

const nameOf = ({ delivery }: Taken): string => Buffer.from(delivery.message.body).toString();
