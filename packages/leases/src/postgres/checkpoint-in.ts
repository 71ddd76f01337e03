import { isSequence } from "../checkpoint.ts";
import type { LeaseClaim } from "../held-shard.ts";
import { leaseLost } from "../tenure.ts";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { PostgresTransactionLike } from "./options.ts";

/** More than any: all of the record is settled. */
const ALL = 2_147_483_647;

/**
 * The token names the tenure, whatever else moved the row since; who takes the lease meanwhile waits for this transaction, and
 * then finds the new checkpoint. That it only goes forward is what an attempt finds whose predecessor was committed unseen.
 */
export async function checkpointIn(
  table: string,
  transaction: PostgresTransactionLike,
  claim: LeaseClaim,
  at: { readonly sequence: string; readonly sub?: number },
): Promise<"stored" | "already"> {
  if (!isSequence(at.sequence)) {
    throw new MessagingError("bad-checkpoint", "a sequence is decimal digits", { kind: "permanent" });
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
