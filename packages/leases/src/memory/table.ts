import { MessagingError } from "@switchyard/core/driver-kit";
import type { Change, Expect, GroupRow, LeaseRow, WorkerRow } from "../store.ts";

/** What the stores of one name share. */
export interface MemoryTable {
  group: GroupRow | undefined;
  readonly leases: Map<string, LeaseRow>;
  readonly workers: Map<string, WorkerRow>;
}

const named = new Map<string, MemoryTable>();

export function tableOf(name: string | undefined): MemoryTable {
  const found = name === undefined ? undefined : named.get(name);
  if (found !== undefined) return found;
  const table: MemoryTable = { group: undefined, leases: new Map(), workers: new Map() };
  if (name !== undefined) named.set(name, table);
  return table;
}

export function holds(row: LeaseRow, expect: Expect): boolean {
  if (expect.counter !== undefined && row.counter !== expect.counter) return false;
  if (expect.token !== undefined && (row.token ?? null) !== expect.token) return false;
  if (expect.owner !== undefined && (row.owner ?? null) !== expect.owner) return false;
  if (expect.handoverFrom !== undefined && (row.handoverFrom ?? null) !== expect.handoverFrom) return false;
  return expect.holder === undefined || row.owner === expect.holder || row.handoverFrom === expect.holder;
}

export function changed(row: LeaseRow, change: Change): LeaseRow {
  const { bump, ...fields } = change;
  const next: Record<string, unknown> = { ...row, counter: row.counter + (bump ? 1 : 0) };
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) delete next[name];
    else if (value !== undefined) next[name] = value;
  }
  return next as unknown as LeaseRow;
}

export const aborted = () => new MessagingError("aborted", "the call was aborted", { kind: "retryable" });
