/** Judges the journals and the books of a chaos run, in the classes of Jepsen's checkers: lost, duplicated, recovered, unseen, out of order. */
import type { Books } from "./books.ts";
import type { Entry, Resources } from "./ledger.ts";
import { type FaultKind, faultKinds } from "./schedule.ts";

export interface Finding {
  readonly what:
    | "lost"
    | "unseen"
    | "unexpected"
    | "out of order"
    | "effect lost"
    | "effect twice"
    | "dead without a cause"
    | "died by itself"
    | "left open"
    | "toothless";
  readonly why: string;
  /** The message it is about. */
  readonly id?: string;
  /** The message that it overtook. */
  readonly than?: string;
}

export interface Audit {
  readonly findings: readonly Finding[];
  readonly counts: {
    /** Publishes begun; each is one of the next four. */
    readonly attempts: number;
    readonly accepted: number;
    readonly ambiguous: number;
    readonly failed: number;
    /** Without an outcome: their publisher was killed. */
    readonly unanswered: number;
    readonly handlings: number;
    /** Handlings beyond the first of each message: at least once allows them. */
    readonly duplicated: number;
    /** Ambiguous or unanswered, and handled. */
    readonly recovered: number;
    /** Handled after a redrive. */
    readonly redriven: number;
    readonly lostHolds: number;
    /** Deliveries that the inbox knew to have been handled. */
    readonly skipped: number;
    /** Published through the outbox: their transaction was committed. */
    readonly committed: number;
  };
  /** How often each kind struck, and how often its effect was seen. */
  readonly faults: Readonly<Record<string, { readonly struck: number; readonly shown: number }>>;
}

export interface AuditOptions {
  /** The kinds that were to strike. */
  readonly kinds?: readonly FaultKind[];
  /** What the broker and the outbox still have of the channels. A message that is not there either is lost. Default 0. */
  readonly depth?: number;
  /** What was committed. Default: no message had an effect or went through the outbox. */
  readonly books?: Books;
}

/** The first memory measured is of a process that has done nothing: buffers and code that were used since stay. */
const HEAP_GROWTH_BYTES = 64 * 2 ** 20;
/** Until the effect of a fault that has ended must have shown, if it says no more than that something went wrong meanwhile. */
const AFTER_MS = 10_000;

interface Course {
  readonly attempt: Entry & { readonly is: "attempt" };
  outcome?: "accepted" | "ambiguous" | "failed";
  poison?: boolean;
  dead?: boolean;
  firstBegin?: number;
  firstHandled?: number;
  handlings: number;
  /** How the publisher saw it, where the books know better. */
  seen?: Course["outcome"] | "unanswered";
  committed?: boolean;
}

/** Accepted messages that no handler has finished, and those that the inbox passes over: their effect is known to be committed. */
export function missing(entries: readonly Entry[], { published, effects }: Books = NO_BOOKS): string[] {
  const handled = new Set(effects.keys());
  const accepted = new Set(published);
  for (const entry of entries) {
    if (entry.is === "handled") handled.add(entry.id);
    else if (entry.is === "accepted") accepted.add(entry.id);
  }
  return [...accepted].filter((id) => !handled.has(id));
}

const NO_BOOKS: Books = { published: new Set(), effects: new Map(), waiting: 0 };

export function audit(given: readonly Entry[], { kinds = [], depth = 0, books }: AuditOptions = {}): Audit {
  const entries = [...given].sort((one, other) => one.at - other.at);
  const findings: Finding[] = [];
  const courses = new Map<string, Course>();
  let lostHolds = 0;
  let skipped = 0;
  for (const entry of entries) {
    if (entry.is === "attempt") courses.set(entry.id, { attempt: entry, handlings: 0 });
    if (entry.is === "lost") lostHolds++;
    if (entry.is === "skipped") skipped++;
    if (!("id" in entry) || entry.is === "attempt") continue;
    const course = courses.get(entry.id);
    if (course === undefined) {
      if (entry.is === "begin")
        findings.push({ what: "unexpected", id: entry.id, why: "was handled, and nobody published it" });
      continue;
    }
    if (entry.is === "accepted" || entry.is === "ambiguous" || entry.is === "failed") course.outcome = entry.is;
    else if (entry.is === "begin") course.firstBegin ??= entry.at;
    else if (entry.is === "threw" && entry.what === "dead-letter") course.poison = true;
    else if (entry.is === "dead") course.dead = true;
    else if (entry.is === "handled") {
      course.firstHandled ??= entry.at;
      course.handlings++;
    }
    // A worker that is stopped right after its commit writes it down when it goes on; others may have met the mark before.
    else if (entry.is === "skipped") course.firstHandled ??= entry.at;
  }
  const all = [...courses.values()];
  if (books !== undefined) findings.push(...reconcile(all, books));
  const of = (outcome: Course["outcome"]) => all.filter((course) => course.outcome === outcome);

  const absent = of("accepted").filter(({ handlings }) => handlings === 0);
  for (const { attempt, firstBegin } of absent) {
    const seen = firstBegin === undefined ? "no handler began it" : "no handler finished it";
    if (depth >= absent.length)
      findings.push({
        what: "unseen",
        id: attempt.id,
        why: `was accepted and ${seen}; messages are still on their way`,
      });
    else findings.push({ what: "lost", id: attempt.id, why: `was accepted and ${seen}` });
  }
  for (const { attempt, firstBegin } of of("failed")) {
    if (firstBegin !== undefined)
      findings.push({
        what: "unexpected",
        id: attempt.id,
        why: "arrived though its publish said that it was not accepted",
      });
  }
  for (const { attempt, poison, dead } of all) {
    if (dead === true && poison !== true)
      findings.push({
        what: "dead without a cause",
        id: attempt.id,
        why: "became a dead letter, and no handler asked for it",
      });
  }
  findings.push(...outOfOrder(of("accepted")), ...outOfTenure(entries), ...leftOpen(entries));
  for (const entry of entries) {
    if (entry.is === "exit" && !entry.told)
      findings.push({ what: "died by itself", why: `${entry.of} ended with ${entry.code}` });
  }
  const faults = effects(entries, courses);
  for (const kind of kinds) {
    const { struck, shown } = faults[kind] ?? { struck: 0, shown: 0 };
    if (shown === 0)
      findings.push({
        what: "toothless",
        why: `${kind} struck ${struck} times and never had an effect: nothing was proved`,
      });
  }
  const saw = (wanted: Course["seen"]) =>
    all.filter(({ outcome, seen }) => (seen ?? outcome ?? "unanswered") === wanted);
  const unsure = [...saw("ambiguous"), ...saw("unanswered")];
  const handlings = all.reduce((sum, course) => sum + course.handlings, 0);
  return {
    findings,
    faults,
    counts: {
      attempts: all.length,
      accepted: saw("accepted").length,
      ambiguous: saw("ambiguous").length,
      failed: saw("failed").length,
      unanswered: saw("unanswered").length,
      handlings,
      duplicated: handlings - all.filter((course) => course.handlings > 0).length,
      recovered: unsure.filter((course) => course.handlings > 0).length,
      redriven: all.filter(({ dead, handlings: times }) => dead === true && times > 0).length,
      lostHolds,
      skipped,
      committed: all.filter(({ committed }) => committed === true).length,
    },
  };
}

/**
 * What the books know better. A message through the outbox was accepted if its transaction was committed, whatever the publisher saw of
 * it; and its place in the order is certain, as the next of its key waited for its row. An effect shows that a message was handled,
 * though its worker may not have lived to write it down.
 */
function reconcile(all: readonly Course[], { published, effects }: Books): Finding[] {
  const findings: Finding[] = [];
  for (const course of all) {
    const { id, via } = course.attempt;
    if (via === "outbox") {
      course.seen = course.outcome ?? "unanswered";
      course.committed = published.has(id);
      if (course.outcome === "accepted" && !course.committed)
        findings.push({
          what: "lost",
          id,
          why: "was committed to the outbox, and its transaction is not in the database",
        });
      if (course.outcome === "failed" && course.committed)
        findings.push({ what: "unexpected", id, why: "failed before its commit, and was committed" });
      course.outcome = course.committed ? "accepted" : "failed";
    }
    const times = effects.get(id) ?? [];
    if (times.length > 1)
      findings.push({ what: "effect twice", id, why: `had its effect ${times.length} times, through the inbox` });
    if (times.length === 0 && course.handlings > 0)
      findings.push({ what: "effect lost", id, why: "was handled, and its effect is not in the database" });
    if (times.length > 0 && course.handlings === 0) {
      course.handlings = 1;
      course.firstHandled ??= times[0] as number;
    }
  }
  return findings;
}

/**
 * Of a key's accepted messages none may begin before all earlier ones have been handled once. Only the first begin counts: what comes
 * later is a redelivery, or a worker that does not know yet that it lost its hold. Ambiguous ones have no place in the order: the broker
 * may have accepted them at any time.
 */
function outOfOrder(accepted: readonly Course[]): Finding[] {
  const findings: Finding[] = [];
  const keys = Map.groupBy(
    accepted.filter(({ attempt }) => attempt.key !== undefined),
    ({ attempt }) => attempt.key as string,
  );
  for (const courses of keys.values()) {
    courses.sort((one, other) => one.attempt.seq - other.attempt.seq);
    let latest: Course | undefined;
    for (const course of courses) {
      const before = latest?.firstHandled ?? 0;
      if (latest !== undefined && course.firstBegin !== undefined && course.firstBegin < before)
        findings.push({
          what: "out of order",
          id: course.attempt.id,
          than: latest.attempt.id,
          why: `of ${course.attempt.key} began ${(before - course.firstBegin).toFixed(1)} ms before ${latest.attempt.id}, which is earlier, had been handled`,
        });
      if (course.firstHandled !== undefined && course.firstHandled > before) latest = course;
    }
  }
  return findings;
}

/**
 * One tenure of a shard's lease begins the records of a key in the order of the log, and never goes back: only the next tenure may begin
 * again what the last had not yet stored as read.
 */
function outOfTenure(entries: readonly Entry[]): Finding[] {
  const findings: Finding[] = [];
  const latest = new Map<string, { readonly id: string; readonly place: bigint }>();
  for (const entry of entries) {
    if (entry.is !== "begin" || entry.token === undefined || entry.key === undefined) continue;
    const { id, by, token, key, position = "" } = entry;
    const shard = shardOf(entry);
    const place = BigInt(/^[^:]*:(\d+)/.exec(position)?.[1] ?? 0);
    const tenure = `${by} ${shard} ${token} ${key}`;
    const last = latest.get(tenure);
    if (last !== undefined && place < last.place)
      findings.push({
        what: "out of order",
        id,
        than: last.id,
        why: `of ${key} began after ${last.id}, which is later in ${shard}, in the same tenure of its lease`,
      });
    else latest.set(tenure, { id, place });
  }
  return findings;
}

/** `shardId-0` of `shardId-0:7`. */
const shardOf = ({ position = "" }: { readonly position?: string }): string => position.split(":")[0] as string;

function leftOpen(entries: readonly Entry[]): Finding[] {
  return entries.flatMap((entry): Finding[] => {
    if (entry.is !== "stopped") return [];
    const more = grown(entry.before, entry.after);
    return more === ""
      ? []
      : [{ what: "left open", why: `${entry.by} had more after stop() than before connect(): ${more}` }];
  });
}

function grown(before: Resources, after: Resources): string {
  const list: string[] = [];
  if (after.descriptors > before.descriptors) list.push(`descriptors ${before.descriptors} -> ${after.descriptors}`);
  for (const [kind, count] of Object.entries(after.active)) {
    const had = before.active[kind] ?? 0;
    if (count > had) list.push(`${kind} ${had} -> ${count}`);
  }
  if (after.heapBytes > before.heapBytes + HEAP_GROWTH_BYTES)
    list.push(`heap ${before.heapBytes >> 20} -> ${after.heapBytes >> 20} MiB`);
  return list.join(", ");
}

interface Strike {
  readonly kind: FaultKind;
  readonly on: readonly string[];
  readonly ms: number;
  readonly from: number;
  to: number;
}

/** Whether each fault was felt: what its kind must cause is in the ledgers, of those it struck, while it lasted or soon after. */
function effects(entries: readonly Entry[], courses: ReadonlyMap<string, Course>): Audit["faults"] {
  const strikes: Strike[] = [];
  for (const entry of entries) {
    if (entry.is !== "fault") continue;
    const { kind, on, ms, at } = entry;
    if (entry.state === "begins") strikes.push({ kind, on, ms, from: at, to: Number.POSITIVE_INFINITY });
    else (strikes.findLast((one) => one.kind === kind) as Strike).to = at;
  }
  const faults: Record<string, { struck: number; shown: number }> = {};
  for (const kind of faultKinds) {
    const ofKind = strikes.filter((one) => one.kind === kind);
    if (ofKind.length === 0) continue;
    faults[kind] = { struck: ofKind.length, shown: ofKind.filter((one) => shows(one, entries, courses)).length };
  }
  return faults;
}

function shows(strike: Strike, entries: readonly Entry[], courses: ReadonlyMap<string, Course>): boolean {
  const { kind, on, ms, from, to } = strike;
  const during = entries.filter(({ at }) => at >= from && at <= to + AFTER_MS);
  const theirs = during.filter(({ by }) => on.length === 0 || on.includes(by));
  const is = (...kinds: readonly Entry["is"][]) => theirs.some((entry) => kinds.includes(entry.is));
  const trouble = (...kinds: readonly string[]) =>
    theirs.some((entry) => (entry.is === "resend" || entry.is === "receive-failed") && kinds.includes(entry.kind));
  switch (kind) {
    case "kill-worker":
    case "kill-relay":
      return takenOver(strike, entries);
    case "kill-publisher":
      return [...courses.values()].some(
        ({ attempt, outcome, seen }) => (seen ?? outcome ?? "unanswered") === "unanswered" && on.includes(attempt.by),
      );
    case "cut":
    case "restart":
      return is("resend", "receive-failed", "lost", "ambiguous");
    case "cut-store":
      return is("store-down");
    case "stall":
      return is("ambiguous");
    case "lose-replies":
      return is("ambiguous") || trouble("ambiguous");
    case "delay":
      // One round trip passes the proxy twice; half of it is more than any answer takes without.
      return theirs.some((entry) => {
        const attempt = entry.is === "accepted" ? courses.get(entry.id)?.attempt : undefined;
        return attempt !== undefined && attempt.at > from && entry.at - attempt.at > 200 && entry.at < from + ms;
      });
    case "throttle":
      return trouble("throttled");
    case "server-errors":
    case "fail-entries":
      return trouble("retryable", "ambiguous");
    case "reshard": {
      const old = new Set(
        entries.filter(({ at }) => at <= from).map((entry) => (entry.is === "begin" ? shardOf(entry) : "")),
      );
      return entries.some((entry) => entry.is === "begin" && entry.at > from && !old.has(shardOf(entry)));
    }
    case "pause":
      return is("lost") || takenOver(strike, entries);
    case "pause-relay":
      return takenOver(strike, entries);
    case "roll":
      return on.every(
        (name) =>
          theirs.some((entry) => entry.is === "stopped" && entry.by === name) &&
          entries.some(
            ({ by, is: what }) =>
              by === successor(name) && (what === "accepted" || what === "begin" || what === "relaying"),
          ),
      );
  }
}

/** `w1-3` after `w1-2`. */
const successor = (name: string): string => name.replace(/\d+$/, (count) => String(Number(count) + 1));

/** What one of them had begun and not ended was begun, or known to be done, by another: a handling, or a publish of a relay. */
function takenOver({ on, from }: Strike, entries: readonly Entry[]): boolean {
  const open = new Map<string, string>();
  for (const entry of entries) {
    const begins = entry.is === "begin" || entry.is === "relaying";
    if (entry.at <= from + 1 && on.includes(entry.by)) {
      if (begins) open.set(entry.id, entry.by);
      else if ("id" in entry && open.get(entry.id) === entry.by) open.delete(entry.id);
    } else if ((begins || entry.is === "skipped") && open.has(entry.id) && open.get(entry.id) !== entry.by) return true;
  }
  return false;
}

/** Everything that the journals say of one message, and the faults meanwhile. Times in milliseconds since the first entry. */
export function story(entries: readonly Entry[], id: string): string {
  const sorted = [...entries].sort((one, other) => one.at - other.at);
  const start = sorted[0]?.at ?? 0;
  const own = sorted.filter((entry) => "id" in entry && entry.id === id);
  const [first, last] = [own[0]?.at ?? 0, (own.at(-1)?.at ?? 0) + AFTER_MS];
  const lines = sorted
    .filter(
      (entry) => own.includes(entry) || (entry.is === "fault" && entry.at >= first - AFTER_MS && entry.at <= last),
    )
    .map(
      ({ at, by, is, ...rest }) => `    ${(at - start).toFixed(1).padStart(10)}  ${by}  ${is}  ${JSON.stringify(rest)}`,
    );
  return lines.join("\n");
}
