import type { Adapter, Capabilities, Connection, Destination, DriverEvent } from "@switchyard/core/driver";
import { App, type AppOptions, connectApp, makeChannel, type SuiteChannel, type SuiteChannelOptions } from "./app.ts";
import type { CaseContext } from "./case.ts";
import { mortal } from "./crash.ts";
import { type DeadLetterCopy, deadLetterOf } from "./dead.ts";
import { type Layout, type Places, places } from "./destinations.ts";
import { driverOptions } from "./driver-options.ts";
import { CASE_MS, type ForeignInput, type Harness } from "./harness.ts";
import { isVirtual, type Pump, pump } from "./pump.ts";
import { Recorder } from "./recorder.ts";
import type { Item } from "./schema.ts";
import { Seam, type SeamOptions } from "./seam.ts";
import { seamFaults } from "./seam-faults.ts";

/** Longer than any pause of a machine that is slow but still working. */
const LONG_HOLD_MS = 30_000;

/** Gives a case what it needs, and cleans up after it. */
export class Context implements CaseContext {
  readonly harness: Harness;
  readonly caps: Capabilities;
  readonly prefix: string;
  readonly holdMs: number;
  readonly slackMs: number;
  readonly pump: Pump;
  readonly patienceMs: number;
  readonly #undo: (() => unknown)[] = [];
  readonly #made: Destination[] = [];
  readonly #abort = new AbortController();
  #channels = 0;
  #waiters: (() => void)[] = [];

  /** `shortMs`: how long a hold lasts, in a case that waits for a hold to end. Absent: the case waits for none, and holds are long. */
  constructor(harness: Harness, caps: Capabilities, prefix: string, shortMs?: number) {
    this.harness = harness;
    this.caps = caps;
    this.prefix = prefix;
    const own = harness.runtime();
    this.holdMs = shortMs ?? Math.max(LONG_HOLD_MS, harness.limits?.holdMs ?? 0);
    this.slackMs = harness.limits?.slackMs ?? (isVirtual(own) ? 0 : 2_000);
    this.patienceMs = (harness.limits?.caseMs ?? CASE_MS) / 2;
    this.pump = pump(own);
  }

  get runtime() {
    return this.pump.runtime;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  readonly changed = (): void => {
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const wake of waiting) wake();
  };

  after(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  channel(options: SuiteChannelOptions = {}): SuiteChannel {
    const name = options.name ?? `c${++this.#channels}`;
    return makeChannel(name, options.ordered ?? this.harness.ordered, options);
  }

  layout(channel: string, groups: readonly string[], over: Partial<Layout> = {}): Places {
    const { model, ordered, settings = {} } = this.harness;
    const of = { prefix: this.prefix, channel, model, ordered, groups, settings, holdMs: this.holdMs };
    const made = places({ ...of, ...over });
    this.#made.push(...made.all);
    return made;
  }

  async app(options: AppOptions): Promise<App> {
    const events: unknown[] = [];
    for (const channel of options.channels) this.layout(channel.name, Object.keys(options.groups ?? { main: {} }));
    const messaging = await connectApp({
      ...options,
      adapter: options.adapter ?? this.harness.adapter,
      prefix: this.prefix,
      model: this.harness.model,
      ...(this.harness.settings === undefined ? {} : { settings: this.harness.settings }),
      ...(this.harness.runsOn === undefined ? {} : { runsOn: this.harness.runsOn }),
      ...(this.harness.connect === undefined ? {} : { connect: this.harness.connect }),
      runtime: options.runtime ?? this.runtime,
      publish: { timeout: `${Math.max(30_000, this.patienceMs)}ms`, ...options.publish },
      holdMs: this.holdMs,
      under: this.harness.connection(this.prefix),
      observed: (event) => {
        events.push(event);
        this.changed();
      },
    });
    this.after(() => messaging.stop({ deadline: 1 }));
    return new App(messaging, events);
  }

  async mortalApp(options: AppOptions): Promise<App & { crash(): void }> {
    const { adapter, crash, bury } = mortal(options.adapter ?? this.harness.adapter);
    this.after(bury);
    const app = await this.app({ ...options, adapter });
    return Object.assign(app, { crash });
  }

  async faults(where?: "seam"): ReturnType<CaseContext["faults"]> {
    if (where === "seam" || this.harness.faults === undefined) {
      const { adapter, control } = seamFaults(this.harness.adapter);
      return { control, via: { adapter } };
    }
    const wire = await this.harness.faults();
    this.after(() => wire.close());
    return { control: wire.control, via: { connection: wire.options } };
  }

  async restartable(): ReturnType<CaseContext["restartable"]> {
    const broker = await this.harness.restartable?.();
    if (broker === undefined) return { via: {}, restart: async () => {} };
    this.after(() => broker.close());
    return { via: { connection: broker.options }, restart: () => broker.restart() };
  }

  async seam(options: SeamOptions = {}): Promise<Seam> {
    const { holdMs = this.holdMs, groups = ["main"], provision = true, ...over } = options;
    const made = this.layout(`s${++this.#channels}`, groups, {
      holdMs,
      ...(this.caps.groupMembership === "leases" ? { partitions: 1 } : {}),
      ...over,
    });
    if (provision) await this.provision(made.all);
    return this.open(made);
  }

  /** Another connection to the same destinations. */
  async open(to: Places, adapter: Adapter = this.harness.adapter): Promise<Seam> {
    const events: DriverEvent[] = [];
    const report = (event: DriverEvent) => {
      events.push(event);
      this.changed();
    };
    const connection: Connection = await adapter.open(await this.#options(), this.runtime, report);
    const seam = new Seam(to, connection, events, this.runtime, this.holdMs, this.changed, this.patienceMs);
    this.after(() => seam.close());
    return seam;
  }

  async sendForeign(to: Destination, { body, headers = {}, key, id }: ForeignInput): Promise<void> {
    const native = this.harness.native?.sendForeign;
    if (native !== undefined) {
      const given = { ...(key === undefined ? {} : { key }), ...(id === undefined ? {} : { id }) };
      return native({ ...to }, { body, headers, ...given });
    }
    const seam = await this.open({ to, groups: {}, all: [to] });
    await seam.send([{ body, headers, ...(key === undefined ? {} : { key }) }]);
  }

  async provision(all: readonly Destination[]): Promise<void> {
    const { adapter } = this.harness;
    if (adapter.topology === undefined) return;
    const topology = await adapter.topology(await this.#options(), this.runtime);
    try {
      await topology.apply(await topology.plan(all, this.signal), this.signal);
    } finally {
      await topology.close();
    }
  }

  #options(): Promise<unknown> {
    return driverOptions(this.harness.adapter, this.harness.connection(this.prefix));
  }

  recorder(behaviour?: ConstructorParameters<typeof Recorder>[2]): Recorder {
    return new Recorder(() => this.runtime.monotonic(), this.changed, behaviour);
  }

  item(n: number, extra: Partial<Item> = {}): Item {
    return { n, ...(this.harness.ordered ? { k: `k${n}` } : {}), ...extra };
  }

  sleep(ms: number): Promise<void> {
    return this.runtime.sleep(ms);
  }

  async until(holds: () => boolean | Promise<boolean>, what: string, withinMs = this.patienceMs): Promise<void> {
    const deadline = this.runtime.monotonic() + withinMs;
    for (let wait = 5; !(await holds()); wait = Math.min(wait * 2, 200)) {
      if (this.runtime.monotonic() >= deadline) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
      const woken = new AbortController();
      this.#waiters.push(() => woken.abort());
      await this.runtime.sleep(wait, woken.signal);
    }
  }

  async deadLetters(channel: string, group: string, count: number): Promise<readonly DeadLetterCopy[]> {
    const made = this.layout(channel, [group]);
    const reader = await (await this.open(made)).readerOf(made.groups[group]!.deadLetter!);
    const taken = await reader.take(count, { ack: true });
    // A broker that pushes would deliver the next messages to this idle reader, and the next reader would miss them.
    await reader.close();
    return taken.map(deadLetterOf);
  }

  async noDeadLetters(channel: string, group: string): Promise<void> {
    const made = this.layout(channel, [group]);
    const reader = await (await this.open(made)).readerOf(made.groups[group]!.deadLetter!);
    const taken = await reader.once(10, isVirtual(this.harness.runtime()) ? 5_000 : 1_000);
    if (taken.length === 0) await reader.close();
    if (taken.length > 0)
      throw new Error(`expected no dead letters, found ${taken.length}: ${JSON.stringify(taken.map(deadLetterOf))}`);
  }

  /** Closes everything the case opened, in reverse order, and deletes what it provisioned. Never throws. */
  async cleanUp(): Promise<void> {
    this.#abort.abort();
    for (const undo of this.#undo.reverse()) {
      try {
        await undo();
      } catch {
        // After a failed case some things may not close properly. The case's own failure is the one to report.
      }
    }
    await this.#destroy().catch(() => {});
    await this.pump.stop();
  }

  async #destroy(): Promise<void> {
    const { adapter } = this.harness;
    const topology = await adapter.topology?.(await this.#options(), this.runtime);
    const unique = new Map(this.#made.map((of) => [`${of.model} ${of.name}`, of]));
    await topology?.destroy?.([...unique.values()], new AbortController().signal);
    await topology?.close();
  }
}
