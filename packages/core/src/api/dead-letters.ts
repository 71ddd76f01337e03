/** What `messaging.deadLetters()` offers: look at dead letters, send them back, edit, export, import and delete them. */
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
  /** Failed for the last time less than this long ago. */
  readonly newerThan?: Duration;
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
  /**
   * Ordering keys of which more letters may be behind those that were seen: an SQS FIFO queue shows no more of a key's letters that SQS itself
   * moved there, while the first ones are hidden. Absent if there are none.
   */
  readonly heads?: number;
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
   * For how long the rate grows, from a tenth of `rate` to all of it. It begins once the canary has settled, if there is one. Needs `rate`.
   * Default: the whole rate at once.
   */
  readonly ramp?: Duration;
  /**
   * Sends `count` letters first, and waits `wait` for those that come back. Each of them has one attempt, whatever the policy says, so that
   * one that fails is back at once: consumers of an earlier version do not know that limit, and retry it as ever. The run goes on only if
   * all of them have `settled`; the waves after it double from `count`.
   */
  readonly canary?: { readonly count: number; readonly wait: Duration };
  /** Stops when this share of the letters sent, 0 to 1, has died again. It needs 10 letters sent, or the canary. Default: never. */
  readonly stopAt?: number;
  /** How often a letter may be redriven, before this run. Default 3. Letters at the limit are `refused`. */
  readonly maxRedrives?: number;
  /** Only letters whose last failure is earlier. Default: the start of the run. `resume` has it. */
  readonly before?: Date | number;
  /**
   * Takes with each letter that `filter` or `ids` want all others of its ordering key, in the order in which they were published, so that the key
   * is moved whole. One after the other is sent, and after one that fails none of its key. They are removed once all of the key are accepted:
   * a run that is killed before sends the key again. All letters are looked at first; while another reader hides some, nothing is sent.
   * A key with a letter that is `refused` stays whole. `max` and `canary` count letters and take whole keys, those with the fewest
   * letters first; the end of a run waits for the keys that were begun. Only channels with an ordering key have it. Default false.
   */
  readonly wholeKey?: boolean;
  /** Sends nothing, and counts what would be sent as `matched`. */
  readonly dryRun?: boolean;
  /** With `dryRun`: the most letters to look at, and so to hide meanwhile. Default: as many as one reader may hide. */
  readonly sample?: number;
  /** The longest that a letter is hidden before it is sent. Default 5 min. On SQS from 10 s to 12 h. */
  readonly hide?: Duration;
  /**
   * The broker itself moves everything, without looking at it: faster, and free of receives. It takes only `rate` and `signal`. Only SQS
   * standard queues have it, by their move task: at most 500 letters a second, one task for each queue, 100 for an account, 36 hours. It
   * counts no redrives, so the limit of `maxRedrives` does not apply. `explain()` says where it is possible. Default false.
   */
  readonly native?: boolean;
  /** Ends the run after the letters that are being sent. Its result then has `stopped: "signal"` and `resume`. */
  readonly signal?: AbortSignal;
}

/** Where a redrive stands. */
export interface RedriveProgress {
  /** `moving`: the broker moves the letters by itself, and its numbers are approximate. */
  readonly phase: "canary" | "waiting" | "sending" | "moving" | "done";
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

/** What became of the letters of a redrive's canary. */
export interface CanaryOutcome {
  readonly sent: number;
  /** Milliseconds from before the first was sent until this was known. At most about `wait`. */
  readonly ms: number;
  /** Dead again. */
  readonly returned: number;
  /**
   * Not back within `wait`. That is no proof of success: such a letter may still wait for its handler, or for something that its handler
   * needs.
   */
  readonly settled: number;
  /**
   * Nothing can be said: the wait was cut short, more letters came than could be looked through, or the letter is not in our form and
   * cannot carry the limit of one attempt.
   */
  readonly unknown: number;
}

/** What `redrive()` did. */
export interface Redriven extends Omit<RedriveProgress, "phase"> {
  readonly canary?: CanaryOutcome;
  /**
   * Why it ended before the end: `max` (or the `sample`), `canary` (not all of it settled), `share` (too many died again), `error` (see `errors`), `more` (the
   * broker gave no more for now), `signal` (the caller's).
   */
  readonly stopped?: "max" | "canary" | "share" | "error" | "more" | "signal";
  /** Pass it to `redrive()` to go on. Letters that died during this run are not taken. Absent if nothing is left to do. */
  readonly resume?: Pick<RedriveOptions, "filter" | "ids" | "maxRedrives" | "wholeKey" | "before" | "native">;
  /** Of those left, letters of another channel or group, or without our fields. Absent if there are none. */
  readonly others?: number;
  /** As in {@link ScanResult.heads}. With `wholeKey` a filter takes such a key whole. */
  readonly heads?: number;
  /** Why each of those failed. Absent if none did. */
  readonly errors?: readonly MessagingError[];
}

/** A redrive. It starts at once. Await it, or its `result`; iterate it to follow it. */
export interface RedriveRun extends AsyncIterable<RedriveProgress>, PromiseLike<Redriven> {
  readonly result: Promise<Redriven>;
}

/** What `purge()` takes. */
export interface PurgeOptions extends Pick<RedriveOptions, "filter" | "ids" | "signal"> {
  /** Deletes nothing, and counts. */
  readonly dryRun?: boolean;
  /** With `dryRun`: the most letters to look at, and so to hide meanwhile. Default: as many as one reader may hide. */
  readonly sample?: number;
}

/** Where a purge stands. */
export interface PurgeProgress {
  /** Different letters received. */
  readonly seen: number;
  readonly matched: number;
  readonly deleted: number;
}

/** A purge. It starts at once. Await it, or its `result`; iterate it to follow it. */
export interface PurgeRun extends AsyncIterable<PurgeProgress>, PromiseLike<Purged> {
  readonly result: Promise<Purged>;
}

/** What `purge()` did. */
export interface Purged {
  /** Letters that were meant. Absent if the broker deleted all and does not say how many. */
  readonly matched?: number;
  readonly deleted?: number;
  /** Of a dry run: how many letters it hid from other readers. */
  readonly hidden?: number;
  /** True if every letter was looked at. */
  readonly complete: boolean;
}

/** What is changed in a dead letter. At least one field. What is not named stays as it is. */
export interface DeadLetterEdit {
  /** The data in place of the letter's. It is validated by the channel's schema as by `publish()`. */
  readonly data?: unknown;
  readonly type?: string;
  /** All headers, in place of the letter's. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How `edit()` finds its letter. */
export interface EditOptions {
  /** The most letters to look through. Default 10,000. */
  readonly max?: number;
  /** The longest that letters are hidden meanwhile. Default 5 min. On SQS from 10 s to 12 h. */
  readonly hide?: Duration;
}

/** What `edit()` did. */
export interface EditedLetter {
  /** The id of the new message. The same letter with the same edit always has the same. */
  readonly id: string;
  /** The id of the letter, which the new message carries as `causationId`. */
  readonly causationId: string;
  /** False: the new message was accepted, and the letter could not be removed. Edit it again in the same way: it is the same message. */
  readonly removed: boolean;
}

/** Where `export()` writes if it is not a file. */
export interface ExportSink {
  /** Takes one line, with its line feed. The export waits for the promise, if there is one. */
  write(line: string): unknown;
  /** Resolves once everything written would survive a crash. Needed for `remove`. */
  sync?(): Promise<void>;
}

/** What `export()` takes. */
export interface ExportOptions {
  /**
   * The path of a file, or a sink. A file is made with mode 0600, and must not exist unless `resume` is set.
   */
  readonly to: string | ExportSink;
  readonly filter?: DeadLetterFilter;
  /** Only these ids. Letters of other producers, and letters without our fields, are exported only if named here. */
  readonly ids?: readonly string[];
  /** The most letters to write. Default: all. */
  readonly max?: number;
  /** Deletes each letter once its line is safe: after `fsync` of the file, or `sync()` of the sink. Default false: all stay. */
  readonly remove?: boolean;
  /**
   * Goes on with an export that was cut off: appends to the file, and does not write letters that it has. An unfinished last line is
   * replaced. For a sink, give the `copy` of each line that it has.
   */
  readonly resume?: boolean | Iterable<string>;
  /** The longest that letters are hidden from other readers; the export ends by then. Default 5 min. On SQS from 10 s to 12 h. */
  readonly hide?: Duration;
  /** Ends the export after the line that is being written. */
  readonly signal?: AbortSignal;
}

/** Where an export stands. */
export interface ExportProgress {
  readonly written: number;
  readonly removed: number;
}

/** What `export()` did. */
export interface ExportResult extends ScanResult {
  /** Lines written. */
  readonly written: number;
  /** Letters that were in the file already. */
  readonly known: number;
  /** Letters deleted. 0 without `remove`. */
  readonly removed: number;
}

/** An export. It starts at once. Await it, or its `result`; iterate it to follow it. */
export interface ExportRun extends AsyncIterable<ExportProgress>, PromiseLike<ExportResult> {
  readonly result: Promise<ExportResult>;
}

/** What `import()` takes. */
export interface ImportOptions {
  /**
   * The path of a file that `export()` wrote, or its lines. The lines of a file are all checked before the first letter is sent; other lines
   * are checked one by one.
   */
  readonly from: string | Iterable<string> | AsyncIterable<string>;
  /** Leaves out so many lines: the `line` at which an earlier import ended. Default 0. */
  readonly skip?: number;
  /** Checks every line, and sends nothing. */
  readonly dryRun?: boolean;
  /** Ends the import after the letters that are being sent. */
  readonly signal?: AbortSignal;
}

/** Where an import stands. */
export interface ImportProgress {
  /** Letters that are dead letters of the group again. */
  readonly imported: number;
  /** Could not be imported. */
  readonly failed: number;
}

/** What `import()` did. */
export interface ImportResult extends ImportProgress {
  /** Lines read, those skipped included. Pass it as `skip` to go on after `stopped`. */
  readonly line: number;
  /** Why it ended before the last line. */
  readonly stopped?: "error" | "signal";
  /** Why letters failed. The text names the line. Absent if none did. */
  readonly errors?: readonly MessagingError[];
}

/** An import. It starts at once. Await it, or its `result`; iterate it to follow it. */
export interface ImportRun extends AsyncIterable<ImportProgress>, PromiseLike<ImportResult> {
  readonly result: Promise<ImportResult>;
}

/** Who asks for operations, and who is told of them. */
export interface OperatorOptions {
  /** A person or a job. It stands in `operation` events and audit entries. */
  readonly by?: string;
  /**
   * Is told of each operation that moves, deletes or copies messages, before it begins and after it has ended. The operation waits for
   * it. If it throws or rejects before the beginning, the operation is refused with `audit-failed`.
   */
  readonly audit?: (entry: OperationEntry) => unknown;
}

/** What an operation is. `native-redrive`: by the broker itself. */
export type OperatorAction = "redrive" | "native-redrive" | "edit" | "purge" | "export" | "import" | "replay";

/** One operation, at its beginning or its end. Plain data without bodies, headers and ordering keys. */
export interface OperationEntry {
  /** The same at the beginning and the end. */
  readonly operation: string;
  readonly action: OperatorAction;
  readonly phase: "begin" | "end";
  /** Epoch milliseconds. */
  readonly at: number;
  readonly by?: string;
  readonly channel: string;
  readonly group: string;
  /** What was asked for. Ordering keys are hashed as in events. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** At the end: what was done, in numbers. Absent if it failed. */
  readonly done?: Readonly<Record<string, unknown>>;
  /** At the end: why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
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
  /**
   * Sends a dead letter with changes to the group that failed it, as a new message whose `causationId` is the letter's id. The letter is
   * deleted once the broker has accepted the new message. The new id follows from the letter and the edit, so that a repetition after a
   * crash is the same message. Ordering key, tenant, source and trace are kept. The first letter with this id is taken.
   *
   * @throws MessagingError `edit-not-allowed` unless the group's configuration says `editDeadLetters: true`; `invalid-message` if the data
   * does not fit the schema; `edit-changes-key` if the ordering key would change; `no-such-dead-letter`.
   */
  edit(id: string, edit: DeadLetterEdit, options?: EditOptions): Promise<EditedLetter>;
  /**
   * Writes dead letters as lines of JSON, each as it is at the broker: encrypted bodies stay encrypted, bodies that are stored elsewhere
   * stay there. Default: those that this channel and group wrote.
   */
  export(options: ExportOptions): ExportRun;
  /**
   * Puts exported letters back among the dead letters of the group that failed them, and nowhere else; `redrive()` then sends them. A letter
   * whose stored body is gone fails. Importing twice puts a second copy of a letter there: it has the same id, and a redrive sends it once.
   *
   * @throws MessagingError `bad-import` for a line that is not of an export of this channel and group. It says which and what to change.
   */
  import(options: ImportOptions): ImportRun;
  /** Deletes dead letters permanently. Without `filter`, `ids` and `dryRun` the broker deletes all, whoever wrote them. */
  purge(options?: PurgeOptions): PurgeRun;
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
