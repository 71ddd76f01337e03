import type { Adapter, Capabilities, Destination, Runtime } from "@switchyard/core/driver";
import type { App, AppOptions, SuiteChannel, SuiteChannelOptions } from "./app.ts";
import type { DeadLetterCopy } from "./dead.ts";
import type { Layout, Places } from "./destinations.ts";
import type { FaultControl } from "./faults.ts";
import type { ForeignInput, Harness } from "./harness.ts";
import type { Item } from "./schema.ts";
import type { Recorder } from "./recorder.ts";
import type { Seam, SeamOptions } from "./seam.ts";

/** One case: a promise that every transport keeps. Plain data. */
export interface ContractCase {
  /** The clause and a name, kebab-case; stable: exemptions and reports refer to it. */
  readonly id: string;
  /** The promise as a sentence, shown to users. */
  readonly title: string;
  /** `C1` to `C18`, or `seam`, `topology`, `stream`. */
  readonly clause: string;
  /** Why the case does not apply: the capability, in words. Undefined if it applies. */
  readonly needs?: (caps: Capabilities, harness: Harness) => string | undefined;
  /**
   * `ends`: the case waits for a hold to end, so its holds are short (`limits.holdMs`). Default: holds last 30 s, which
   * outlasts a machine that stands still for a while; what is not settled does not come again while the case runs.
   */
  readonly hold?: "ends";
  run(t: CaseContext): Promise<void>;
}

/** What a case of the suite is given. */
export interface CaseContext {
  readonly harness: Harness;
  /** As the adapter declares them for this harness's kind of destination. */
  readonly caps: Capabilities;
  readonly runtime: Runtime;
  /** Milliseconds a hold lasts: short in a case with `hold: "ends"`, else 30000. */
  readonly holdMs: number;
  /** Milliseconds to wait for one thing, unless it is due sooner: half the time of the case. A slow broker is given more. */
  readonly patienceMs: number;
  readonly slackMs: number;
  readonly prefix: string;
  readonly signal: AbortSignal;
  /** A channel of one type `item`, with an ordering key where the harness is ordered. */
  channel(options?: SuiteChannelOptions): SuiteChannel;
  /** An application, connected and provisioned; closed at the end of the case. */
  app(options: AppOptions): Promise<App>;
  /** An application in a process that can die. */
  mortalApp(options: AppOptions): Promise<App & { crash(): void }>;
  /** Faults between the application and the broker; give the result's `via` to `app`. On the wire where the harness can, unless `seam` is asked for. */
  faults(
    where?: "seam",
  ): Promise<{ readonly control: FaultControl; readonly via: Pick<AppOptions, "adapter" | "connection"> }>;
  /** The driver itself, its destinations provisioned. */
  seam(options?: SeamOptions): Promise<Seam>;
  layout(channel: string, groups: readonly string[], over?: Partial<Layout>): Places;
  recorder(behaviour?: (data: any, delivery: any, seen: Recorder["seen"][number]) => unknown): Recorder;
  /** Item `n`; on an ordered harness each `n` has its own key unless `k` is given. */
  item(n: number, extra?: Partial<Item>): Item;
  /**
   * Resolves when `holds()` is true; looks again whenever a handler ran and from time to time. Rejects after `withinMs`,
   * by default half the time of the case. Wait for "at least" and assert "exactly" afterwards: a condition that can be
   * overshot would end as a wait in vain, which hides what came.
   */
  until(holds: () => boolean | Promise<boolean>, what: string, withinMs?: number): Promise<void>;
  sleep(ms: number): Promise<void>;
  /** Sends a message as a producer that does not use Switchyard. */
  sendForeign(to: Destination, message: ForeignInput): Promise<void>;
  /** Wakes `until`. For handlers that are not recorders. */
  changed(): void;
  /** Another connection to destinations a seam has. */
  open(to: Places, adapter?: Adapter): Promise<Seam>;
  provision(all: readonly Destination[]): Promise<void>;
  /** The dead letters of a group, settled as they are read. Waits for `count`. */
  deadLetters(channel: string, group: string, count: number): Promise<readonly DeadLetterCopy[]>;
  /** How many dead letters there are without waiting longer than the broker needs to say so. */
  noDeadLetters(channel: string, group: string): Promise<void>;
  /** Runs at the end of the case, last first. */
  after(undo: () => unknown): void;
}
