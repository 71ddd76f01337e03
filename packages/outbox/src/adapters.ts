/** Transactions of query builders and ORMs, as `outbox(...)` takes them. None of them is imported. */
import type { TransactionLike } from "./sql.ts";

/** Kysely: the `trx` of `db.transaction().execute(async (trx) => ...)`. */
export function fromKysely(transaction: {
  executeQuery(query: any): Promise<{ readonly rows: readonly any[] }>;
}): TransactionLike {
  let made = 0;
  return {
    query: (sql, parameters) =>
      transaction.executeQuery({
        sql,
        parameters,
        query: { kind: "RawNode", sqlFragments: [sql], parameters: [] },
        queryId: { queryId: `switchyard-outbox-${++made}` },
      }),
  };
}

/** Drizzle: the `tx` of `db.transaction(async (tx) => ...)`, and its `sql`. */
export function fromDrizzle(
  transaction: { execute(query: any): PromiseLike<any> },
  sql: { raw(text: string): any; param(value: unknown): any; join(parts: any[]): any },
): TransactionLike {
  return {
    query: async (text, [value]) => {
      const [before = "", after = ""] = text.split("$1");
      const result = await transaction.execute(sql.join([sql.raw(before), sql.param(value), sql.raw(after)]));
      // Rows in an object with node-postgres, bare with postgres.js.
      return { rows: Array.isArray(result) ? result : (result.rows ?? []) };
    },
  };
}

/** Prisma: the `tx` of `prisma.$transaction(async (tx) => ...)`. */
export function fromPrisma(transaction: {
  $queryRawUnsafe(text: string, ...values: any[]): PromiseLike<any>;
}): TransactionLike {
  return { query: async (text, values) => ({ rows: (await transaction.$queryRawUnsafe(text, ...values)) ?? [] }) };
}

/** Knex: the `trx` of `knex.transaction(async (trx) => ...)`. */
export function fromKnex(transaction: { raw(text: string, values: any): PromiseLike<any> }): TransactionLike {
  return {
    query: async (text, values) => ({ rows: (await transaction.raw(text.replace("$1", "?"), values)).rows ?? [] }),
  };
}

/** TypeORM: the `manager` of `dataSource.transaction(async (manager) => ...)`, or a query runner. */
export function fromTypeOrm(transaction: { query(text: string, values?: any[]): Promise<any> }): TransactionLike {
  return {
    query: async (text, values) => {
      const result = await transaction.query(text, values);
      // A statement that deletes gives the rows and their number.
      return { rows: Array.isArray(result?.[0]) ? result[0] : (result ?? []) };
    },
  };
}

/** postgres.js: the `sql` of `sql.begin(async (sql) => ...)`. */
export function fromPostgresJs(transaction: {
  unsafe(text: string, values?: any[]): PromiseLike<any>;
}): TransactionLike {
  return { query: async (text, values) => ({ rows: [...(await transaction.unsafe(text, values))] }) };
}
