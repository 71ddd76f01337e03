import type { BatchReply, FailedEntry } from "./sdk.ts";
import { MAX_BATCH } from "./limits.ts";
import { entryError } from "./errors.ts";

/** Maps a batch call's reply to its entries, whose ids are their indexes. An entry without a result has failed for an unknown reason. */
export function byIndex<S extends { readonly Id?: string | undefined }>(
  reply: BatchReply<S>,
  count: number,
): readonly (S | { readonly cause: unknown })[] {
  const { Successful, Failed } = reply;
  // The usual case: all entries succeeded, in order.
  if (Successful?.length === count && !Failed?.length && Successful.every(({ Id }, index) => Id === String(index)))
    return Successful;
  const found = new Map<string | undefined, S | { readonly cause: unknown }>();
  for (const failed of Failed ?? []) found.set(failed.Id, { cause: entryError(failed as FailedEntry) });
  for (const entry of Successful ?? []) found.set(entry.Id, entry);
  return Array.from({ length: count }, (_, index) => found.get(String(index)) ?? { cause: entryError(undefined) });
}

export function chunks<T>(items: readonly T[], size = MAX_BATCH): T[][] {
  const out: T[][] = [];
  for (let start = 0; start < items.length; start += size) out.push(items.slice(start, start + size));
  return out;
}
