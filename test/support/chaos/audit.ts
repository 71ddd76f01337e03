/** Judges the ledgers of a chaos run, in the classes of Jepsen's checkers: lost, duplicated, recovered, unseen, out of order. */
import type { Entry, Resources } from "./ledger.ts";
import { type FaultKind, faultKinds } from "./schedule.ts";

export interface Finding {
  readonly what:
    | "lost"
    | "unseen"
    | "unexpected"
    | "out of order"
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
  };
  /** How often each kind struck, and how often its effect was seen. */
  readonly faults: Readonly<Record<string, { readonly struck: number; readonly shown: number }>>;
}

export interface AuditOptions {
  /** The kinds that were to strike. */
  readonly kinds?: readonly FaultKind[];
  /** What the broker still has of both channels. A message that is not there either is lost. Default 0. */
  readonly depth?: number;
}

/** The first memory measured is of a process that has done nothing: buffers and code that were used since stay. */
const HEAP_GROWTH_BYTES = 64 * 2 ** 20;
/** Until the effect of a fault that has ended must have shown. */
const AFTER_MS = 10_000;

interface Course {
  readonly attempt: Entry & { readonly is: "attempt" };
  outcome?: "accepted" | "ambiguous" | "failed";
  poison?: boolean;
  dead?: boolean;
  firstBegin?: number;
  firstHandled?: number;
  handlings: number;
}

/** Accepted messages that no handler has finished. */
export function missing(entries: readonly Entry[]): string[] {
  const handled = new Set<string>();
  for (const entry of entries) if (entry.is === "handled") handled.add(entry.id);
  return entries.flatMap((entry) => (entry.is === "accepted" && !handled.has(entry.id) ? [entry.id] : []));
}

export function audit(given: readonly Entry[], { kinds = [], depth = 0 }: AuditOptions = {}): Audit {
  const entries = [...given].sort((one, other) => one.at - other.at);
  const findings: Finding[] = [];
  const courses = new Map<string, Course>();
  let lostHolds = 0;
  for (const entry of entries) {
    if (entry.is === "attempt") courses.set(entry.id, { attempt: entry, handlings: 0 });
    if (entry.is === "lost") lostHolds++;
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
  }
  const all = [...courses.values()];
  const of = (outcome: Course["outcome"]) => all.filter((course) => course.outcome === outcome);

  const absent = of("accepted").filter(({ handlings }) => handlings === 0);
  for (const { attempt, firstBegin } of absent) {
    const seen = firstBegin === undefined ? "no handler began it" : "no handler finished it";
    if (depth >= absent.length)
      findings.push({ what: "unseen", id: attempt.id, why: `was accepted and ${seen}; the broker still has messages` });
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
  findings.push(...outOfOrder(of("accepted")), ...leftOpen(entries));
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
  const unsure = all.filter(({ outcome }) => outcome === "ambiguous" || outcome === undefined);
  const handlings = all.reduce((sum, course) => sum + course.handlings, 0);
  return {
    findings,
    faults,
    counts: {
      attempts: all.length,
      accepted: of("accepted").length,
      ambiguous: of("ambiguous").length,
      failed: of("failed").length,
      unanswered: of(undefined).length,
      handlings,
      duplicated: handlings - all.filter((course) => course.handlings > 0).length,
      recovered: unsure.filter((course) => course.handlings > 0).length,
      redriven: all.filter(({ dead, handlings: times }) => dead === true && times > 0).length,
      lostHolds,
    },
  };
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
  switch (kind) {
    case "kill-worker":
      return takenOver(strike, entries);
    case "kill-publisher":
      return [...courses.values()].some(({ attempt, outcome }) => outcome === undefined && on.includes(attempt.by));
    case "cut":
    case "restart":
      return is("down") && is("resend", "lost", "ambiguous");
    case "stall":
    case "lose-replies":
      return is("ambiguous");
    case "delay":
      // One round trip passes the proxy twice; half of it is more than any answer takes without.
      return theirs.some((entry) => {
        const attempt = entry.is === "accepted" ? courses.get(entry.id)?.attempt : undefined;
        return attempt !== undefined && attempt.at > from && entry.at - attempt.at > 200 && entry.at < from + ms;
      });
    case "pause":
      return is("lost") || takenOver(strike, entries);
    case "roll":
      return on.every(
        (name) =>
          theirs.some((entry) => entry.is === "stopped" && entry.by === name) &&
          during.some(({ by, is: what }) => by === successor(name) && (what === "accepted" || what === "begin")),
      );
  }
}

/** `w1-3` after `w1-2`. */
const successor = (name: string): string => name.replace(/\d+$/, (count) => String(Number(count) + 1));

/** What one of them had begun and not ended was begun by another. */
function takenOver({ on, from, to }: Strike, entries: readonly Entry[]): boolean {
  const open = new Map<string, string>();
  for (const entry of entries) {
    if (entry.at > to + AFTER_MS) break;
    if (entry.at <= from + 1 && on.includes(entry.by)) {
      if (entry.is === "begin") open.set(entry.id, entry.by);
      else if ((entry.is === "handled" || entry.is === "threw") && open.get(entry.id) === entry.by)
        open.delete(entry.id);
    } else if (entry.is === "begin" && open.has(entry.id) && open.get(entry.id) !== entry.by) return true;
  }
  return false;
}

/** Everything that the ledgers say of one message, and the faults meanwhile. Times in milliseconds since the first entry. */
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
