import type { Adapter, Destination, Model, Runtime } from "@switchyard/core/driver";
import type { FaultControl } from "./faults.ts";

/** How long a hold lasts in a case that waits for its end, unless the harness says otherwise. */
export const SHORT_HOLD_MS = 2_000;

/** Real milliseconds a run of a case may take, unless the harness says otherwise. */
export const CASE_MS = 30_000;

/** A message as a producer that does not use Switchyard would send it. */
export interface ForeignInput {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
  /** The id its producer gives it, where the broker lets a producer give one. May be empty, and need not be the only one. */
  readonly id?: string;
}

/** A case that an emulator cannot pass, although the real transport does. Always counted and printed. */
export interface Exemption {
  /** The case's id. */
  readonly case: string;
  readonly because: string;
  /** Whose fault it is: `fauxqs 2.4.1`. */
  readonly who: string;
}

/** One transport, in one variety, as the suite sees it. */
export interface Harness {
  /** A column of the matrix: `SQS FIFO`. */
  readonly name: string;
  /** What the suite runs against, for reports: an emulator in this process, or the broker at an address. */
  readonly about?: string;
  readonly adapter: Adapter;
  readonly model: Model;
  /** Whether the channels of this harness declare an ordering key. */
  readonly ordered: boolean;
  /**
   * A connection's options, as configuration would give them, without `use`. Two calls with the same `broker` reach the
   * same broker; a broker that is shared by all may ignore the name: every case has its own channel names.
   */
  connection(broker: string): Record<string, unknown>;
  /** A new one for each case. One with `advance()` is virtual: the suite then moves its time, and no case waits. */
  runtime(): Runtime;
  /** Faults on the way to the broker. Absent: the suite injects them at the seam instead. */
  faults?(): Promise<WireFaults>;
  /** What only the broker's own client can do. */
  readonly native?: {
    /** A message as another stack sends it. Absent: the driver's own sender, without our marker. */
    sendForeign?(to: Destination, message: ForeignInput): Promise<void>;
    /** Splits a log's first partition into two. Absent: the case is skipped, and says so. */
    split?(of: Destination): Promise<void>;
    /** Merges a log's first two partitions. */
    merge?(of: Destination): Promise<void>;
    /** Removes everything older than the newest `keep` records of a log. Absent: time does it, where time is virtual. */
    trim?(of: Destination, keep: number): Promise<void>;
  };
  readonly limits?: {
    /** How long a hold lasts in cases that wait for its end; the others hold for 30 s. Default 2000. */
    readonly holdMs?: number;
    /** Extra time the broker may take over what was asked. Default 0 on virtual time, 2000 otherwise. */
    readonly slackMs?: number;
    /** Messages of the bulk cases. Default 2000: a driver that drops one in a thousand is seen. */
    readonly bulk?: number;
    /** When leases have found their balance after a member joined. Default 60000. */
    readonly balanceMs?: number;
    /** Real milliseconds a run of a case may take; waiting for one thing may take half of it. Default 30000. */
    readonly caseMs?: number;
  };
  /** Cases at once. Default 1 on virtual time, else 8. */
  readonly parallel?: number;
  readonly exemptions?: readonly Exemption[];
}

/**
 * A transport that is opened when its turn comes, so that one that is not asked for is never started. What `open` rejects with is
 * printed and the transport counts as not run: say there what is missing (credentials, an address) and how to give it.
 */
export interface HarnessSource {
  /** As `--on` names it; the harness's own name. */
  readonly name: string;
  open(): Promise<Harness>;
  /** Called once, at the end of the run, whether it was opened or not. */
  close?(): Promise<void>;
}

/** Faults of the network between the driver and its broker. */
export interface WireFaults {
  readonly control: FaultControl;
  /** Laid over the connection's options: an endpoint that goes through the faults. */
  readonly options: Record<string, unknown>;
  close(): Promise<void>;
}
