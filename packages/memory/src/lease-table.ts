import type { Runtime } from "@switchyard/core/driver";

/** How long the holder of a lease may take to hand it over before it is taken. KCL's default. */
const HANDOVER_MS = 30_000;

/** One holder's time with a lease. */
export interface Tenure {
  readonly key: string;
  /** Rises with every new holder. */
  readonly token: number;
  /** Holders in a row, this one included, that have had the lease without progress. */
  readonly attempt: number;
  readonly lost: AbortSignal;
  /** The lease is wanted elsewhere: read no more, settle, release. */
  readonly asked: AbortSignal;
}

export interface Member {
  readonly id: string;
  granted(tenure: Tenure): void;
}

interface Row {
  readonly key: string;
  readonly parents: readonly string[];
  ended: boolean;
  token: number;
  barren: number;
  holder:
    | {
        readonly member: Member;
        readonly tenure: Tenure;
        readonly lost: AbortController;
        readonly asked: AbortController;
        timer?: Disposable;
      }
    | undefined;
}

/**
 * Who reads what: each lease has one holder, the holders' numbers differ by at most one, and a lease whose parents have
 * not ended has none. In this process only.
 */
export class LeaseTable {
  readonly #runtime: Runtime;
  readonly #rows = new Map<string, Row>();
  readonly #members = new Set<Member>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Adds a lease, unless it is there. Parents that are not leases count as ended. */
  add(key: string, parents: readonly string[]): void {
    if (!this.#rows.has(key))
      this.#rows.set(key, { key, parents, ended: false, token: 0, barren: 0, holder: undefined });
  }

  remove(key: string): void {
    this.revoke(key, false);
    this.#rows.delete(key);
  }

  join(member: Member): void {
    this.#members.add(member);
    this.balance();
  }

  /** Gets no more leases; keeps those it has until it releases them. */
  retire(member: Member): void {
    if (this.#members.delete(member)) this.balance();
  }

  /** Its leases are free at once. */
  leave(member: Member): void {
    this.#members.delete(member);
    for (const row of this.#rows.values()) if (row.holder?.member === member) this.#take(row);
    this.balance();
  }

  holds(tenure: Tenure): boolean {
    return this.#rows.get(tenure.key)?.holder?.tenure === tenure;
  }

  isHeld(key: string): boolean {
    return this.#rows.get(key)?.holder !== undefined;
  }

  /** A holder that got somewhere did not die of the first record. */
  progress(tenure: Tenure): void {
    const row = this.#rows.get(tenure.key);
    if (row?.holder?.tenure === tenure) row.barren = 0;
  }

  /** Given up by its holder, who is not to blame for having had it. `ended`: there is nothing left to read, ever. */
  release(tenure: Tenure, ended: boolean): void {
    const row = this.#rows.get(tenure.key);
    if (row?.holder?.tenure !== tenure) return;
    if (row.barren > 0) row.barren--;
    row.ended = ended;
    row.holder.timer?.[Symbol.dispose]();
    row.holder = undefined;
    this.balance();
  }

  /** Taken from its holder, who may not know it yet: a zombie. */
  revoke(key: string, rebalance = true): void {
    const row = this.#rows.get(key);
    if (row !== undefined) this.#take(row);
    if (rebalance) this.balance();
  }

  /** Whether the lease's end was reached; set back by a replay. */
  setEnded(key: string, ended: boolean): void {
    const row = this.#rows.get(key);
    if (row !== undefined) row.ended = ended;
  }

  hasEnded(key: string): boolean {
    return this.#rows.get(key)?.ended ?? true;
  }

  /** Gives out what is free, then asks for what is unfairly spread. */
  balance(): void {
    if (this.#members.size === 0) return;
    const load = new Map<Member, Row[]>();
    for (const member of this.#members) load.set(member, []);
    let coming = 0;
    for (const row of this.#rows.values()) {
      if (row.holder === undefined) continue;
      if (row.holder.asked.signal.aborted) coming++;
      else load.get(row.holder.member)?.push(row);
    }
    for (const row of this.#rows.values()) {
      if (row.holder !== undefined || row.ended || !row.parents.every((parent) => this.hasEnded(parent))) continue;
      const [member, rows] = least(load);
      rows.push(row);
      this.#grant(row, member);
    }
    for (; coming > 0; coming--) least(load)[1].push(NOBODYS);
    for (;;) {
      const [, few] = least(load);
      const [, many] = most(load);
      if (many.length - few.length < 2) return;
      const at = many.findLastIndex((row) => row !== NOBODYS);
      if (at < 0) return;
      const [row] = many.splice(at, 1);
      few.push(NOBODYS);
      this.#ask(row!);
    }
  }

  #grant(row: Row, member: Member): void {
    const lost = new AbortController();
    const asked = new AbortController();
    const tenure: Tenure = {
      key: row.key,
      token: ++row.token,
      attempt: ++row.barren,
      lost: lost.signal,
      asked: asked.signal,
    };
    row.holder = { member, tenure, lost, asked };
    member.granted(tenure);
  }

  #ask(row: Row): void {
    const holder = row.holder!;
    holder.timer = this.#runtime.timer(HANDOVER_MS, () => {
      if (row.holder === holder) this.revoke(row.key);
    });
    holder.asked.abort();
  }

  #take(row: Row): void {
    const holder = row.holder;
    if (holder === undefined) return;
    holder.timer?.[Symbol.dispose]();
    row.holder = undefined;
    holder.lost.abort();
  }
}

/** Stands for a lease that is on its way. */
const NOBODYS = {} as Row;

const least = (load: Map<Member, Row[]>): [Member, Row[]] =>
  [...load].reduce((a, b) => (b[1].length < a[1].length ? b : a));
const most = (load: Map<Member, Row[]>): [Member, Row[]] =>
  [...load].reduce((a, b) => (b[1].length > a[1].length ? b : a));
