import { isSequence } from "../checkpoint.ts";
import type { LeaseClaim } from "../held-shard.ts";
import { leaseLost } from "../tenure.ts";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { PostgresTransactionLike } from "./options.ts";

/** Larger than any sub-sequence number: the whole record is settled. */
const ALL = 2_147_483_647;

/**
 * The fencing token identifies the tenure, even if the row was changed in other ways since. A worker that takes the lease meanwhile waits
 * for this transaction, and then finds the new checkpoint. The checkpoint only moves forward: if an earlier attempt was committed without
 * its worker knowing, the next attempt finds that out here.
 */
export async function checkpointIn(
  table: string,
  transaction: PostgresTransactionLike,
  claim: LeaseClaim,
  at: { readonly sequence: string; readonly sub?: number },
): Promise<"stored" | "already"> {
  if (!isSequence(at.sequence)) {
    throw new MessagingError("bad-checkpoint", "`sequence` must be decimal digits", { kind: "permanent" });
  }
  const values = [claim.group, claim.shard, claim.fencingToken, at.sequence, at.sub ?? null];
  const { rowCount } = await transaction.query(
    `update ${table} set counter = counter + 1, tenures = 0, checkpoint = $4, checkpoint_sub = $5, checkpoint_time = null
     where group_name = $1 and lease_key = $2 and fencing_token = $3 and case
       when checkpoint ~ '^[0-9]+$'
       then (checkpoint::numeric, coalesce(checkpoint_sub, ${ALL})) < ($4::numeric, coalesce($5::integer, ${ALL}))
       else checkpoint <> 'SHARD_END' end`,
    values,
  );
  if (rowCount === 1) return "stored";
  const { rows } = await transaction.query(
    `select 1 from ${table} where group_name = $1 and lease_key = $2 and fencing_token = $3`,
    values.slice(0, 3),
  );
  if (rows.length === 1) return "already";
  throw leaseLost(claim.shard, claim.fencingToken);
}
