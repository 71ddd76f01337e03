import type { Adapter, Capabilities, Destination, Runtime } from "@switchyard/core/driver";
import type { App, AppOptions, SuiteChannel, SuiteChannelOptions } from "./app.ts";
import type { DeadLetterCopy } from "./dead.ts";
import type { Layout, Places } from "./destinations.ts";
import type { FaultControl } from "./faults.ts";
import type { ForeignInput, Harness } from "./harness.ts";
import type { Item } from "./schema.ts";
import type { Recorder } from "./recorder.ts";
import type { Seam, SeamOptions } from "./seam.ts";

/** One case: a promise that every transport must keep. */
export interface ContractCase {
  /** The clause and a name in kebab-case. It never changes, because exemptions and reports refer to it. */
  readonly id: string;
  /** The promise as a sentence, shown to users. */
  readonly title: string;
  /** `C1` to `C18`, or `seam`, `topology`, `stream`. */
  readonly clause: string;
  /** Why the case does not apply: the capability, in words. Undefined if it applies. */
  readonly needs?: (caps: Capabilities, harness: Harness) => string | undefined;
  /**
   * `ends`: the case waits for a hold to end, so its holds are short (`limits.holdMs`). Default: holds last 30 s, so that a stall of
   * the machine does not end one, and an unsettled message does not come again while the case runs.
   */
  readonly hold?: "ends";
  run(t: CaseContext): Promise<void>;
}

/** What a case has to work with. */
export interface CaseContext {
  readonly harness: Harness;
  /** What the adapter declares for this harness's kind of destination. */
  readonly caps: Capabilities;
  readonly runtime: Runtime;
  /** Milliseconds a hold lasts: short in a case with `hold: "ends"`, else 30000. */
  readonly holdMs: number;
  /** How many milliseconds to wait for one thing: half the time limit of the case. A harness for a slow broker raises the limit. */
  readonly patienceMs: number;
  readonly slackMs: number;
  readonly prefix: string;
  readonly signal: AbortSignal;
  /** A channel of one type `item`, with an ordering key where the harness is ordered. */
  channel(options?: SuiteChannelOptions): SuiteChannel;
  /** A connected application whose destinations are provisioned. It is stopped at the end of the case. */
  app(options: AppOptions): Promise<App>;
  /** The same, with `crash()`, which acts as if its process had died. */
  mortalApp(options: AppOptions): Promise<App & { crash(): void }>;
  /**
   * Faults between the application and the broker. Pass the result's `via` to `app`. They are made on the network if the harness can do
   * that, and between core and the driver otherwise, or if `seam` is given.
   */
  faults(
    where?: "seam",
  ): Promise<{ readonly control: FaultControl; readonly via: Pick<AppOptions, "adapter" | "connection"> }>;
  /**
   * A broker for this case that can be restarted. Pass the result's `via` to `app`. If the harness cannot restart one, it is the usual
   * broker, and `restart` does nothing.
   */
  restartable(): Promise<{ readonly via: Pick<AppOptions, "connection">; restart(): Promise<void> }>;
  /** A connection to the driver itself. Its destinations are provisioned. */
  seam(options?: SeamOptions): Promise<Seam>;
  layout(channel: string, groups: readonly string[], over?: Partial<Layout>): Places;
  recorder(behaviour?: (data: any, delivery: any, seen: Recorder["seen"][number]) => unknown): Recorder;
  /** Item `n`; on an ordered harness each `n` has its own key unless `k` is given. */
  item(n: number, extra?: Partial<Item>): Item;
  /**
   * Resolves when `holds()` is true. It is checked whenever a handler ran, and from time to time. Rejects after `withinMs`, by default
   * half the time limit of the case. To expect exactly `n`, wait for at least `n` and assert the number afterwards: a wait for exactly
   * `n` would only time out if one too many came.
   */
  until(holds: () => boolean | Promise<boolean>, what: string, withinMs?: number): Promise<void>;
  sleep(ms: number): Promise<void>;
  /** Sends a message as a producer that does not use Switchyard. */
  sendForeign(to: Destination, message: ForeignInput): Promise<void>;
  /** Makes `until` check again. Handlers that are not recorders call it. */
  changed(): void;
  /** Another connection to the same destinations. */
  open(to: Places, adapter?: Adapter): Promise<Seam>;
  provision(all: readonly Destination[]): Promise<void>;
  /** Waits for `count` dead letters of a group, acknowledges and returns them. */
  deadLetters(channel: string, group: string, count: number): Promise<readonly DeadLetterCopy[]>;
  /** Fails if a dead letter of the group comes within 5 s of virtual or 1 s of real time. */
  noDeadLetters(channel: string, group: string): Promise<void>;
  /** Registers work for the end of the case. It runs in reverse order. */
  after(undo: () => unknown): void;
}
