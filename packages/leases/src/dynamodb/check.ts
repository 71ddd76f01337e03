import type { Announce } from "../store.ts";
import type { Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { isOurs, type Item, kindOf, leaseOf, workerOf } from "./rows.ts";

/** How often a watched table is scanned. KCL renews its leases about every three seconds. */
const LOOKS = 6;

/**
 * Refuses a table that this group must not use: one with rows of something else, and one on which a KCL application is running. A running
 * KCL application changes its rows, so if the table has rows of KCL, they are watched for `watchMs`.
 */
export async function checkTable(
  table: string,
  scan: () => Promise<readonly Item[]>,
  runtime: Runtime,
  watchMs: number,
  signal: AbortSignal,
  announce: Announce = () => {},
): Promise<void> {
  const items = await scan();
  for (const item of items) refuseForeign(table, item);
  if (!suspicious(items)) return;
  announce(watchMs, `watching the lease table ${table} to see whether a KCL application is running on it`);
  const before = theirs(items);
  for (let look = 0; look < LOOKS; look++) {
    await runtime.sleep(watchMs / LOOKS, signal);
    if (signal.aborted) throw new MessagingError("aborted", "stopped", { kind: "retryable" });
    const now = theirs(await scan());
    // A row that is no longer KCL's was taken over by a Switchyard worker that finished watching earlier.
    for (const [key, row] of before) if (now.has(key) && now.get(key) !== row) throw live(table);
  }
}

function refuseForeign(table: string, item: Item): void {
  const kind = kindOf(item);
  const key = JSON.stringify(item["leaseKey"]?.S ?? "");
  if (kind === "foreign")
    throw foreign(`${table} is not a lease table: its row ${key} has no leaseCounter and checkpoint`);
  if (kind === "multi-stream") {
    throw foreign(
      `${table} is the lease table of a KCL application that reads several streams (row ${key}); only the table of a single stream can be taken over`,
    );
  }
}

/**
 * Whether a KCL application may be running: a lease has an owner that is not a Switchyard worker, or the table has KCL's own rows and was
 * not taken over yet. The row of an ended shard does not count, because KCL leaves the owner on it forever.
 */
function suspicious(items: readonly Item[]): boolean {
  const of = (kind: string) => items.filter((item) => kindOf(item) === kind);
  const workers = new Set(of("worker").map((item) => workerOf(item).id));
  const strange = of("lease").some((item) => leaseOf(item).checkpoint !== "SHARD_END" && isTheirs(item, workers));
  return strange || (of("group").length === 0 && of("kcl").length > 0);
}

function isTheirs(item: Item, workers: ReadonlySet<string>): boolean {
  const { owner } = leaseOf(item);
  return owner !== undefined && !isOurs(item) && !workers.has(owner);
}

/** The rows that a running KCL application would change, by key. Rows and leases of Switchyard workers are left out. */
function theirs(items: readonly Item[]): Map<string, string> {
  const workers = new Set(items.filter((item) => kindOf(item) === "worker").map((item) => workerOf(item).id));
  const rows = new Map<string, string>();
  for (const item of items) {
    const kind = kindOf(item);
    if (kind !== "kcl" && (kind !== "lease" || !isTheirs(item, workers))) continue;
    rows.set(leaseOf(item).key, JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))));
  }
  return rows;
}

const foreign = (message: string) => new MessagingError("lease-table-foreign", message, { kind: "config" });

const live = (table: string) =>
  new MessagingError(
    "lease-table-live",
    `a KCL application is running on the lease table ${table} and cannot share shards with Switchyard; stop all its workers, then start again`,
    { kind: "config" },
  );
