import type { Change, TopologyPlan } from "@switchyard/core/driver";
import type { PostgresOptions } from "./options.ts";
import { ddl, type Tables, tablesOf } from "./tables.ts";

export interface LeaseSchema {
  /** Says which tables are missing. Changes nothing. */
  plan(signal: AbortSignal): Promise<TopologyPlan>;
  /** Creates what is missing. Idempotent, even from several processes at once. */
  apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
}

/**
 * Plans and creates the tables, separately from the running service. The service itself needs only select, insert, update and delete on
 * them.
 */
export function leaseSchema({ pool, table }: Pick<PostgresOptions, "pool" | "table">): LeaseSchema {
  const tables = tablesOf(table);
  const statements = ddl(tables);
  return {
    plan: async () => {
      const changes: Change[] = [];
      for (const part of Object.keys(statements) as (keyof Tables)[]) {
        const { rows } = await pool.query("select to_regclass($1) as found", [tables[part]]);
        if (rows[0]?.found !== null) continue;
        changes.push({
          action: "create",
          resource: "table",
          name: tables[part],
          summary: `PostgreSQL table for the ${part === "leases" ? "leases and checkpoints" : part} of consumer groups`,
          detail: { statement: statements[part] },
        });
      }
      return { changes };
    },
    apply: async ({ changes }) => {
      for (const { detail } of changes) await once(String(detail?.["statement"]));
    },
  };

  async function once(statement: string): Promise<void> {
    try {
      await pool.query(statement);
    } catch (cause) {
      // Despite `if not exists`, this fails if another session creates the same table at the same time.
      const code = (cause as { code?: unknown }).code;
      if (code !== "23505" && code !== "42P07" && code !== "42710") throw cause;
    }
  }
}
