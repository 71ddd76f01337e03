/**
 * The journals of a chaos run: one file a process, one JSON line an entry, appended by a synchronous write before the process goes on.
 * What write(2) has taken outlives a SIGKILL, so nothing that happened is missing. There is no fsync: only the machine's own end could
 * lose a line, and that ends the run as well. What is kept in transactions is in the books (`books.ts`).
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { FaultKind } from "./schedule.ts";

/** What a process had open. */
export interface Resources {
  readonly descriptors: number;
  /** Sockets and timers that keep the process alive. */
  readonly active: Readonly<Record<string, number>>;
  readonly heapBytes: number;
}

export type Event =
  /** About to be published. `seq` counts the messages of its key. `via`: stored in the outbox, so that "accepted" means committed. */
  | {
      readonly is: "attempt";
      readonly id: string;
      readonly key?: string;
      readonly seq: number;
      readonly via?: "outbox";
    }
  | { readonly is: "accepted"; readonly id: string }
  | { readonly is: "ambiguous" | "failed"; readonly id: string; readonly code: string }
  /** `position`, `token`: on a stream, where the record is and the tenure of the shard's lease. */
  | {
      readonly is: "begin";
      readonly id: string;
      readonly key?: string;
      readonly seq: number;
      readonly attempt: number;
      readonly position?: string;
      readonly token?: number;
    }
  /** Its effect is committed. `held`: its hold was not known to be lost. */
  | { readonly is: "handled"; readonly id: string; readonly held: boolean }
  | { readonly is: "threw"; readonly id: string; readonly what: "retry" | "dead-letter" }
  /** The inbox knew that it had been handled. */
  | { readonly is: "skipped"; readonly id: string }
  /** A relay hands it to the broker, and has the answer. */
  | { readonly is: "relaying"; readonly id: string }
  | { readonly is: "relayed"; readonly id: string; readonly code: string }
  | { readonly is: "dead"; readonly id: string; readonly code: string }
  | { readonly is: "lost"; readonly id: string; readonly during: string }
  | { readonly is: "resend" | "receive-failed"; readonly kind: string; readonly code: string }
  /** Of the connection to the broker; and one to the database has broken. */
  | { readonly is: "down" | "up" | "store-down" }
  | { readonly is: "started"; readonly mutant?: string }
  | { readonly is: "stopped"; readonly before: Resources; readonly after: Resources }
  /** `on`: the processes it strikes. */
  | {
      readonly is: "fault";
      readonly kind: FaultKind;
      readonly on: readonly string[];
      readonly state: "begins" | "ends";
      readonly ms: number;
    }
  /** A process ended. `told`: by a fault or the end of the run. */
  | { readonly is: "exit"; readonly of: string; readonly code: string; readonly told: boolean };

/** `at`: milliseconds of the machine's monotonic clock, which all its processes share. `by`: the process. */
export type Entry = Event & { readonly at: number; readonly by: string };

/** Milliseconds of the machine's monotonic clock. */
export const clock = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

export interface Ledger {
  write(event: Event): void;
  close(): void;
}

export function openLedger(folder: string, by: string, onEntry?: (entry: Entry) => void): Ledger {
  const file = openSync(join(folder, `${by}.jsonl`), "a");
  return {
    write: (event) => {
      const entry: Entry = { at: clock(), by, ...event };
      writeSync(file, `${JSON.stringify(entry)}\n`);
      onEntry?.(entry);
    },
    close: () => closeSync(file),
  };
}

/** Reads what has been added to the journals of a folder since the last call. A line that is not whole yet waits. */
export class LedgerReader {
  readonly entries: Entry[] = [];
  /** By process, what it has begun and not ended: handlings of a worker, publishes of a relay. */
  readonly #open = new Map<string, Set<string>>();
  readonly #folder: string;
  readonly #files = new Map<string, { readonly file: number; rest: string }>();
  readonly #chunk = Buffer.alloc(1 << 20);

  constructor(folder: string) {
    this.#folder = folder;
  }

  poll(): readonly Entry[] {
    for (const name of existsSync(this.#folder) ? readdirSync(this.#folder) : []) {
      if (!name.endsWith(".jsonl")) continue;
      const known = this.#files.get(name) ?? { file: openSync(join(this.#folder, name), "r"), rest: "" };
      this.#files.set(name, known);
      for (let got: number; (got = readSync(known.file, this.#chunk)) > 0; ) {
        const lines = (known.rest + this.#chunk.toString("utf8", 0, got)).split("\n");
        known.rest = lines.pop() as string;
        for (const line of lines) this.#add(JSON.parse(line) as Entry);
      }
    }
    return this.entries;
  }

  #add(entry: Entry): void {
    this.entries.push(entry);
    if (!("id" in entry)) return;
    const open = this.#open.get(entry.by) ?? new Set();
    this.#open.set(entry.by, open);
    if (entry.is === "begin" || entry.is === "relaying") open.add(entry.id);
    else open.delete(entry.id);
  }

  /** Is it in the middle of something? */
  busy(by: string): boolean {
    this.poll();
    return (this.#open.get(by)?.size ?? 0) > 0;
  }

  close(): void {
    for (const { file } of this.#files.values()) closeSync(file);
  }
}
