import type { Adapter, Destination, Model, Runtime } from "@switchyard/core/driver";
import type { ClaimStore } from "@switchyard/inbox";
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
  /** The id its producer gives it, where the broker lets a producer give one. It may be empty, and other messages may have the same. */
  readonly id?: string;
}

/** A case that an emulator cannot pass, although the real broker does. Reports always count and print it. */
export interface Exemption {
  /** The case's id. */
  readonly case: string;
  readonly because: string;
  /** Which emulator fails the case, with its version: `fauxqs 2.4.1`. */
  readonly who: string;
}

/** One transport in one variety (a standard queue, a FIFO queue), as the suite uses it. */
export interface Harness {
  /** Its column in the matrix: `SQS FIFO`. */
  readonly name: string;
  /** Where the suite runs, for reports: for example an emulator in this process, or the address of a broker. */
  readonly about?: string;
  readonly adapter: Adapter;
  readonly model: Model;
  /** Whether the channels of this harness declare an ordering key. */
  readonly ordered: boolean;
  /** Settings under `native` of every channel, for a variety that they make. Default: none. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What runs the groups, if no process does that pulls: `lambda`. Its capabilities then say `delivery: pushed`. */
  readonly runsOn?: string;
  /** Connects in place of `connect()`, with its options: consumers run where `runsOn` says. */
  connect?(options: any): Promise<unknown>;
  /**
   * The options of a connection as configuration would give them, without `use`. Two calls with the same `broker` must reach the same
   * broker. A harness with one broker for all may ignore the name, because every case has its own channel names.
   */
  connection(broker: string): Record<string, unknown>;
  /** A new runtime for each case. One with `advance()` is virtual: the suite moves its time, so that no case really waits. */
  runtime(): Runtime;
  /** Makes faults on the network between driver and broker. Absent: the suite makes them between core and the driver instead. */
  faults?(): Promise<WireFaults>;
  /** Starts a broker for one case, which restarts it. Absent: the suite restarts no broker, and such a case connects anew instead. */
  restartable?(): Promise<RestartableBroker>;
  /** Operations that need the broker's own client. */
  readonly native?: {
    /** Sends a message as a producer without Switchyard would. Absent: the driver's sender sends it, without our headers. */
    sendForeign?(to: Destination, message: ForeignInput): Promise<void>;
    /** Splits a log's first partition into two. Absent: the cases that need it are skipped. */
    split?(of: Destination): Promise<void>;
    /** Merges a log's first two partitions. Absent: the cases that need it are skipped. */
    merge?(of: Destination): Promise<void>;
    /** Removes all but the newest `keep` records of a log. Absent: the suite moves virtual time past retention, or skips the case. */
    trim?(of: Destination, keep: number): Promise<void>;
  };
  /** The store of inboxes. Each case makes its own. Default: the memory store. */
  claimStore?(): ClaimStore;
  readonly limits?: {
    /** How long a hold lasts in cases that wait for its end. Default 2000. Other cases hold for 30 s. */
    readonly holdMs?: number;
    /** How much later than asked the broker may be. Default 0 on virtual time, 2000 otherwise. */
    readonly slackMs?: number;
    /** How many messages the bulk cases send. Default 2000, which shows a driver that loses one message in a thousand. */
    readonly bulk?: number;
    /** How long it takes at most until leases are balanced after a member joined. Default 60000. */
    readonly balanceMs?: number;
    /** How long one run of a case may take in real time. Waiting for one thing may take half of it. Default 30000. */
    readonly caseMs?: number;
  };
  /** How many cases run at once. Default 1 on virtual time, else 8. */
  readonly parallel?: number;
  readonly exemptions?: readonly Exemption[];
}

/**
 * A transport that is opened when its turn comes, so that a transport that was not asked for is never started. If `open` rejects, the
 * command prints the error and counts the transport as not run. The error should say what is missing (credentials, an address) and how
 * to provide it.
 */
export interface HarnessSource {
  /** The name for `--on`. It must be the harness's own name. */
  readonly name: string;
  open(): Promise<Harness>;
  /** Called once, at the end of the run, whether it was opened or not. */
  close?(): Promise<void>;
}

/** A broker of one case. */
export interface RestartableBroker {
  /** Connection options that override the harness's, such as its address. */
  readonly options: Record<string, unknown>;
  /** Stops the broker and starts it again, with what it has stored. Resolves when it accepts connections. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Makes faults on the network between the driver and its broker. */
export interface WireFaults {
  readonly control: FaultControl;
  /** Connection options that override the harness's, such as an endpoint whose traffic the faults can hit. */
  readonly options: Record<string, unknown>;
  close(): Promise<void>;
}
