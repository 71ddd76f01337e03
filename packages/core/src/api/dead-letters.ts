/** What `messaging.deadLetters()` offers: look at dead letters, send them back, delete them. */
import type { Duration } from "./duration.ts";
import type { MessagingError } from "./errors.ts";

/**
 * Which dead letters are meant. All conditions must hold; of a list, one. Only letters that this channel and group wrote match. Letters of
 * other producers and letters copied without our fields match only by `ids`.
 */
export interface DeadLetterFilter {
  readonly type?: string | readonly string[];
  /** The ordering key. */
  readonly key?: string | readonly string[];
  readonly code?: string | readonly string[];
  readonly errorClass?: string | readonly string[];
  /** A part of the reason, in any case. */
  readonly reason?: string;
  /** Failed for the last time at least this long ago. */
  readonly olderThan?: Duration;
}

/** What `scan()` takes: a filter, and how much it may look at. */
export interface ScanOptions extends DeadLetterFilter {
  /** The most letters to receive, wanted or not. Default 1,000. RabbitMQ keeps them in this process's memory meanwhile. */
  readonly max?: number;
  /** The longest that the scan hides letters from other readers; it ends by then. Default 30 s. On SQS from 1 s to 12 h. */
  readonly hide?: Duration;
}

/** How a scan ended. */
export interface ScanResult {
  /** Different letters received. */
  readonly seen: number;
  /** Those that the filter wanted. */
  readonly matched: number;
  /** The most letters hidden from other readers at once. */
  readonly hidden: number;
  /** True if every letter was seen, as far as the broker can tell. */
  readonly complete: boolean;
  /** Why the scan is not complete: `max`, `hide` (its time was over), `others` (another reader holds some), `left` (the caller ended it), `more`. */
  readonly why?: "max" | "hide" | "others" | "left" | "more";
  /** How many receives it cost. SQS bills each, and counts one receive of each letter. */
  readonly receives: number;
}

/**
 * A session that looks at dead letters. Iterate it once. Each letter is received once and hidden until the session ends, at most `hide`;
 * then all are given back. Two scans at the same time see disjoint parts.
 */
export interface DeadLetterScan extends AsyncIterable<DeadLetterItem> {
  /** Resolves when the iteration has ended. */
  readonly result: Promise<ScanResult>;
}

/** What `groups()` takes: what to count by, a filter, and how much it may look at (`max`: default 10,000). */
export interface GroupsOptions extends ScanOptions {
  readonly by: readonly ("type" | "key" | "code" | "errorClass")[];
}

/** Dead letters that have the same cause. */
export interface DeadLetterGroup {
  /** The values that they share. A field that a letter lacks is absent. */
  readonly of: Readonly<Partial<Record<"type" | "key" | "code" | "errorClass", string>>>;
  readonly count: number;
  /** The id and the reason of one of them. */
  readonly example: { readonly id: string; readonly reason: string };
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** What `groups()` found. */
export interface GroupsResult extends ScanResult {
  /** The largest first. */
  readonly groups: readonly DeadLetterGroup[];
}

/** What `redrive()` takes. */
export interface RedriveOptions {
  readonly filter?: DeadLetterFilter;
  /** Only these ids. Letters of other producers, and letters without our fields, are sent only if named here. */
  readonly ids?: readonly string[];
  /** The most letters to send. Default: all. */
  readonly max?: number;
  /** At most `max` letters within `per` (default 1 s). Default: no limit. */
  readonly rate?: { readonly max: number; readonly per?: Duration };
  /**
   * Sends `count` letters first, and waits `wait` for those that die again. The waves after it double from `count`. A letter that does not
   * come back is `silent`: another process may still be handling it.
   */
  readonly canary?: { readonly count: number; readonly wait: Duration };
  /** Stops when this share of the letters sent, 0 to 1, has died again. It needs 10 letters sent, or the canary. Default: never. */
  readonly stopAt?: number;
  /** How often a letter may be redriven, before this run. Default 3. Letters at the limit are `refused`. */
  readonly maxRedrives?: number;
  /** Only letters whose last failure is earlier. Default: the start of the run. `resume` has it. */
  readonly before?: Date | number;
  /** Sends nothing, and counts what would be sent as `matched`. */
  readonly dryRun?: boolean;
  /** The longest that a letter is hidden before it is sent. Default 5 min. On SQS from 10 s to 12 h. */
  readonly hide?: Duration;
}

/** Where a redrive stands. */
export interface RedriveProgress {
  readonly phase: "canary" | "waiting" | "sending" | "done";
  /** Letters that the filter wants and that may be sent. */
  readonly matched: number;
  /** Sent to the group, and removed from the dead letters. */
  readonly moved: number;
  /** Of those moved, the ones that came back dead during the run. */
  readonly died: number;
  /** Seen and left as they are: not wanted, of another group, without our fields, or failed after the start. */
  readonly left: number;
  /** Could not be sent. They stay. */
  readonly failed: number;
  /** Redriven too often already. They stay. */
  readonly refused: number;
}

/** What `redrive()` did. */
export interface Redriven extends Omit<RedriveProgress, "phase"> {
  /** Of the canary: how many died again, and how many did not come back in time. Silence is not success. */
  readonly canary?: { readonly sent: number; readonly died: number; readonly silent: number };
  /** Why it ended before the end: `max`, `share` (too many died again), `error` (see `errors`), `more` (the broker gave no more for now). */
  readonly stopped?: "max" | "share" | "error" | "more";
  /** Pass it to `redrive()` to go on. Letters that died during this run are not taken. Absent if nothing is left to do. */
  readonly resume?: Pick<RedriveOptions, "filter" | "ids" | "maxRedrives" | "before">;
  /** Why each of those failed. Absent if none did. */
  readonly errors?: readonly MessagingError[];
}

/** A redrive. It starts at once. Await it, or its `result`; iterate it to follow it. */
export interface RedriveRun extends AsyncIterable<RedriveProgress>, PromiseLike<Redriven> {
  readonly result: Promise<Redriven>;
}

/** What `purge()` takes. */
export interface PurgeOptions extends Pick<RedriveOptions, "filter" | "ids"> {
  /** Deletes nothing, and counts. */
  readonly dryRun?: boolean;
}

/** What `purge()` did. */
export interface Purged {
  /** Letters that were meant. Absent if the broker deleted all and does not say how many. */
  readonly matched?: number;
  readonly deleted?: number;
  /** True if every letter was looked at. */
  readonly complete: boolean;
}

/** How many dead letters there are. A number that the broker does not give is absent. */
export interface DeadLetterCount {
  /** Letters that can be received now. */
  readonly ready?: number;
  /** Letters that some reader hides. RabbitMQ tells only of this process's. */
  readonly hidden?: number;
  /** False: the broker's numbers lag. */
  readonly exact: boolean;
}

/** The dead letters of one group: read them, send them back, or remove them. Looking is receiving: it hides letters for a while. */
export interface DeadLetters {
  /** How many there are. It receives nothing. */
  count(): Promise<DeadLetterCount>;
  /**
   * Returns at most `count` dead letters (default 10), and hides them from other readers meanwhile.
   */
  peek(count?: number): Promise<readonly DeadLetterItem[]>;
  /** Looks at dead letters one by one. It starts with the iteration. */
  scan(options?: ScanOptions): DeadLetterScan;
  /** The dead letter with this id, or undefined. It looks through at most `max` letters (default 10,000). */
  get(id: string, options?: Pick<ScanOptions, "max" | "hide">): Promise<DeadLetterItem | undefined>;
  /** Counts dead letters by cause. */
  groups(options: GroupsOptions): Promise<GroupsResult>;
  /**
   * Sends dead letters back to the group that failed them, and to no other group. Default: all that this channel and group wrote and that
   * failed before the start. Ids are kept. It goes on after a letter that can never be sent, and stops at one that cannot be sent now.
   */
  redrive(options?: RedriveOptions): RedriveRun;
  /** Deletes dead letters permanently. Without `filter`, `ids` and `dryRun` the broker deletes all, whoever wrote them. */
  purge(options?: PurgeOptions): Promise<Purged>;
}

/** One dead letter, as `deadLetters()` returns it. */
export interface DeadLetterItem {
  readonly id: string;
  readonly type: string;
  /** The ordering key. */
  readonly key?: string;
  /** The data as it was published: parsed JSON, otherwise text or bytes. It is not validated. */
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Why the message was dead-lettered, with the redacted class and message of the last error. At most 1,500 bytes. */
  readonly reason: string;
  /** The reason as a kebab-case code. */
  readonly code: string;
  readonly attempts: number;
  readonly errorClass?: string;
  /** How often it was redriven. */
  readonly redrives: number;
  /** When it failed for the first time. */
  readonly firstAt: Date;
  /** When it failed for the last time. */
  readonly lastAt: Date;
  readonly raw: unknown;
}
