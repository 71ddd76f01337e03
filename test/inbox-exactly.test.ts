/** `inbox.exactly` on a real PostgreSQL: single messages and batches, and everything that can be cut. */
import { batchConsumer, channel, consumer, type MessagingEvent, Skip } from "@switchyard/core";
import {
  claimSchema,
  type ClientLike,
  exactly,
  type ExactlyOptions,
  inboxSchema,
  type PoolLike,
  postgresStore,
} from "@switchyard/inbox";
import { fromDrizzle, fromKysely } from "@switchyard/outbox";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import { type Testbed, testbed } from "@switchyard/memory/testing";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { Marks } from "../packages/inbox/src/marks.ts";
import { sweepSql } from "../packages/inbox/src/sql.ts";
import { type Postgres, startPostgres } from "../packages/leases/src/fixtures/postgres.ts";
import { type Step, stepping } from "./support/inbox.ts";

const orders = channel("orders", { messages: { placed: z.object({ orderId: z.string(), n: z.int().optional() }) } });
const policy = { retry: { attempts: 3, backoff: "constant", first: "1m" } } as const;
const options = { window: "1h", accept: "shorter" } as const;
let server: Postgres;
let bed: Testbed<typeof orders>;

beforeAll(async () => {
  server = await startPostgres();
  await inboxSchema().apply(server.pool);
  await inboxSchema().apply(server.pool);
  await server.pool.query("create table charges (order_id text not null, n integer)");
}, 120_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await server.pool.query("truncate charges, switchyard_inbox, switchyard_inbox_epochs");
  bed = await testbed({ channels: [orders], policy, patience: "10s" });
});
afterEach(() => bed[Symbol.asyncDispose]());

const charge = "insert into charges (order_id) values ($1)";
const count = async (table: string) => Number((await server.pool.query(`select count(*) from ${table}`)).rows[0].count);
const effects = async () => [await count("charges"), await count("switchyard_inbox")];
const of = (type: MessagingEvent["type"]) => bed.events.filter((event) => event.type === type);
const codes = () => of("warning").map(({ error }: any) => error.code);

/** Consumes with a handler that charges, and counts its runs. */
async function charging(
  pool: PoolLike,
  handle: (orderId: string, run: number, tx: ClientLike) => unknown = () => {},
  more: Partial<ExactlyOptions> = {},
) {
  const runs: number[] = [];
  bed.messaging.consume(
    consumer(
      orders,
      "billing",
      {
        placed: async ({ orderId }, { tx, attempt }) => {
          runs.push(attempt);
          await tx.query(charge, [orderId]);
          await handle(orderId, runs.length, tx);
        },
      },
      { use: [exactly(pool, { ...options, ...more })] },
    ),
  );
  await bed.messaging.start();
  return runs;
}
const publish = (orderId: string, id = orderId) => bed.messaging.publish(orders, "placed", { orderId }, { id });
/** Moves time until the condition holds: the database is outside of it. */
const until = async (condition: () => boolean | Promise<boolean>) => {
  await expect
    .poll(async () => (await bed.clock.advance("10s"), condition()), { timeout: 20_000, interval: 5 })
    .toBe(true);
};

describe("single messages", () => {
  test("d.tx is the pool's own client, without a cast", async () => {
    const { pool } = server;
    const typed = consumer(
      orders,
      "billing",
      {
        placed: async ({ orderId }, d) => {
          const client: pg.PoolClient = d.tx;
          const { rows } = await d.tx.query<{ n: number }>("select 1 as n");
          const n: number = rows[0]!.n;
          await client.query(charge, [`${orderId} ${n}`]);
        },
      },
      { use: [exactly(pool, options)] },
    );
    bed.messaging.consume(typed);
    await bed.messaging.start();
    await publish("o");
    await until(async () => (await count("charges")) === 1);
    expect(await effects()).toEqual([1, 1]);
    expect(bed.messaging.explain().channels["orders"]!.groups["billing"]!.use).toEqual([
      expect.stringContaining("inbox.exactly: exactly once, in the handler's transaction; remembers for 1h"),
    ]);
  });

  test("a skip of the handler is settled as if handled: its work is committed, and the message marked", async () => {
    const runs = await charging(server.pool, () => {
      throw new Skip("not ours");
    });
    for (let copy = 0; copy < 2; copy++) await publish("o");
    await until(() => of("skipped").length === 2);
    expect(new Set(of("skipped").map(({ reason }: any) => reason))).toEqual(new Set(["handled before", "not ours"]));
    expect(runs).toHaveLength(1);
    expect(await effects()).toEqual([1, 1]);
  });

  test("a skip after a failed statement commits nothing: the attempt has failed", async () => {
    await charging(server.pool, async (_orderId, run, tx) => {
      if (run > 1) return;
      await tx.query("select nothing from nowhere").catch(() => undefined);
      throw new Skip("not ours");
    });
    await publish("o");
    await until(async () => (await count("charges")) === 1);
    expect([of("retry").length + of("warning").length > 0, of("skipped").length]).toEqual([true, 0]);
    expect(await effects()).toEqual([1, 1]);
  });

  test("a duplicate is skipped, also while the first is being handled", async () => {
    let first!: () => void;
    const gate = new Promise<void>((resolve) => {
      first = resolve;
    });
    const runs = await charging(server.pool, () => gate);
    await publish("o");
    await publish("o");
    const waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock'";
    await until(async () => (await server.pool.query(waits)).rowCount === 1);
    expect(runs).toHaveLength(1);
    first();
    await until(() => of("skipped").length === 1);
    await publish("o");
    await until(() => of("skipped").length === 2);
    expect([runs.length, ...(await effects())]).toEqual([1, 1, 1]);
  });

  test("what fails leaves neither its work nor a mark; the waiting duplicate is handled in its place", async () => {
    const runs = await charging(server.pool, (_, run) => {
      if (run === 1) throw new Error("no");
    });
    await publish("o");
    await publish("o");
    await until(async () => of("skipped").length === 1);
    expect([runs.length, ...(await effects())]).toEqual([2, 1, 1]);
  });

  test("a dead letter leaves no mark: redriven, it is handled", async () => {
    let healthy = false;
    const runs = await charging(server.pool, () => {
      if (!healthy) throw new Error("no");
    });
    await publish("o");
    await until(() => of("dead-letter").length === 1);
    expect(await effects()).toEqual([0, 0]);
    healthy = true;
    await bed.messaging.deadLetters(orders, "billing").redrive();
    await until(async () => (await count("charges")) === 1);
    expect([runs.length, ...(await effects())]).toEqual([4, 1, 1]);
  });

  test("a statement whose error the handler caught does not pass for done", async () => {
    const runs = await charging(server.pool, async (_, run, tx) => {
      if (run === 1) await tx.query("select nothing from nowhere").catch(() => {});
    });
    await publish("o");
    await until(async () => (await count("charges")) === 1);
    expect([runs.length, ...(await effects())]).toEqual([2, 1, 1]);
    expect(String((of("retry")[0] as any).error.message)).toContain("rolled back instead of committing");
  });

  test.each(["kysely", "drizzle"] as const)("with the transactions of %s, d.tx is its transaction", async (name) => {
    const kysely = new Kysely<{ charges: { order_id: string } }>({
      dialect: new PostgresDialect({ pool: server.pool }),
    });
    const db = drizzle(server.pool);
    const withKysely = exactly(
      {
        transaction: (work) => kysely.transaction().execute(work),
        query: (tx: Transaction<{ charges: { order_id: string } }>) => fromKysely(tx),
      },
      options,
    );
    type Tx = Parameters<Parameters<typeof db.transaction>[0]>[0];
    const withDrizzle = exactly(
      { transaction: (work) => db.transaction(work), query: (tx: Tx) => fromDrizzle(tx, sql) },
      options,
    );
    let runs = 0;
    const fails = async (query: (text: string) => Promise<unknown>) => {
      if (++runs === 1) throw new Error("no");
      // Caught: the transaction is aborted, and must not pass for committed.
      if (runs === 2) await query("select nothing from nowhere").catch(() => {});
    };
    bed.messaging.consume(
      name === "kysely"
        ? consumer(
            orders,
            "billing",
            {
              placed: async ({ orderId }, { tx }) => {
                await tx.insertInto("charges").values({ order_id: orderId }).execute();
                await fails((text) => fromKysely(tx).query(text, []));
              },
            },
            { use: [withKysely] },
          )
        : consumer(
            orders,
            "billing",
            {
              placed: async ({ orderId }, { tx }) => {
                await tx.execute(sql`insert into charges (order_id) values (${orderId})`);
                await fails((text) => fromDrizzle(tx, sql).query(text, []));
              },
            },
            { use: [withDrizzle] },
          ),
    );
    await bed.messaging.start();
    await publish("o");
    await publish("o");
    await until(() => of("skipped").length === 1);
    expect([runs, ...(await effects())]).toEqual([3, 1, 1]);
    expect(of("dead-letter")).toEqual([]);
  });

  test("a mark is forgotten after its window, and the clean-up deletes it", async () => {
    const runs = await charging(server.pool);
    await publish("o");
    await until(async () => (await count("charges")) === 1);
    await server.pool.query("update switchyard_inbox set forget_at = clock_timestamp()");
    await publish("o");
    await until(async () => (await count("charges")) === 2);
    expect([runs.length, await count("switchyard_inbox")]).toEqual([2, 1]);
    await server.pool.query("update switchyard_inbox set forget_at = clock_timestamp()");
    await until(async () => (await count("switchyard_inbox")) === 0);
  });

  test("foreign text in ids is stored, whatever it is", async () => {
    const runs = await charging(server.pool);
    const ids = ["x".repeat(5_000), "nul \0", 'it\'s "q" \\ $1 ? \ud83d\ude00', "sha256:abc"];
    for (const id of ids) for (let n = 0; n < 2; n++) await publish("o", id);
    await until(() => of("skipped").length === 4);
    expect([runs.length, ...(await effects())]).toEqual([4, 4, 4]);
  });
});

describe("what can be cut", () => {
  const cut = (code?: string) => Object.assign(new Error("cut"), code === undefined ? {} : { code });
  const steps: readonly Step[] = ["connected", "begun", "marked", "committed"];
  const places = steps.flatMap((step) => [["before it is", step] as const, ["after it was", step] as const]);

  test.each(places)("a connection lost %s %s: one effect, one mark, no attempt counted", async (when, step) => {
    let strikes = 0;
    const strike = (at: Step) => {
      if (at === step && strikes++ === 0) throw cut();
    };
    const pool = stepping(server.pool, when === "before it is" ? { before: strike } : { after: strike });
    await bed[Symbol.asyncDispose]();
    bed = await testbed({ channels: [orders], policy: { retry: { attempts: 1, first: "1m" } }, patience: "10s" });
    const runs = await charging(pool);
    await publish("o");
    await until(async () => (await count("charges")) === 1);
    await publish("o");
    await until(() => of("skipped").length >= 1);
    expect(await effects()).toEqual([1, 1]);
    expect(new Set(runs)).toEqual(new Set([1]));
    expect(of("dead-letter")).toEqual([]);
    // Only before the handler is the database known to be unusable.
    expect(codes()).toEqual(step === "committed" ? [] : ["inbox-unavailable"]);
  });

  test.each(["57P01", "08006", "EPIPE", "ECONNRESET"])(
    "COMMIT's reply is lost again and again (%s): one effect, settled",
    async (code) => {
      let strikes = 0;
      const pool = stepping(server.pool, {
        after: (step) => {
          if (step === "committed" && strikes++ < 3) throw cut(code);
        },
      });
      const runs = await charging(pool);
      await publish("o");
      await until(() => of("skipped").length === 1);
      expect([runs.length, ...(await effects())]).toEqual([1, 1, 1]);
      expect(of("retry")).toEqual([]);
    },
  );

  test("a COMMIT that PostgreSQL refuses is the handler's failure", async () => {
    await server.pool.query(
      "create table once (id text, constraint once_key unique (id) deferrable initially deferred)",
    );
    const runs = await charging(server.pool, async (_, run, tx) => {
      await tx.query("insert into once values ('a')");
      if (run === 1) await tx.query("insert into once values ('a')");
    });
    await publish("o");
    await until(async () => (await count("charges")) === 1);
    expect(runs).toEqual([1, 2]);
    expect((of("retry")[0] as any).error.code).toBe("23505");
  });

  test("a backend that is terminated while the handler waits does not end the process, and the message comes again", async () => {
    const { Pool } = await import("pg").then((it) => it.default);
    const pool = new Pool({ connectionString: server.url });
    const runs = await charging(pool, async (_, run, tx) => {
      if (run > 1) return;
      const { rows } = await tx.query("select pg_backend_pid() as pid");
      await server.pool.query("select pg_terminate_backend($1)", [rows[0].pid]);
      // Until the client has noticed it.
      const gone = "select 1 from pg_stat_activity where pid = $1";
      while ((await server.pool.query(gone, [rows[0].pid])).rowCount === 1);
      await new Promise((resolve) => void setImmediate(resolve));
    });
    await publish("o");
    await until(async () => (await count("charges")) === 1);
    expect(await effects()).toEqual([1, 1]);
    expect(runs.length).toBeGreaterThan(1);
    await pool.end();
  });

  test("a database that is missing its table says so, and messages wait", async () => {
    await charging(server.pool, () => {}, { table: "nowhere" });
    await publish("o");
    await until(() => codes().length === 1);
    const [{ error }] = of("warning") as any;
    expect([error.code, String(error.cause?.message)]).toEqual([
      "inbox-unavailable",
      expect.stringContaining('"nowhere"'),
    ]);
    expect(of("dead-letter")).toEqual([]);
  });
});

describe("batches", () => {
  /** Charges each delivery behind a savepoint, and fails those that `fails` names, by number of the batch. */
  async function batches(fails: (orderId: string, batch: number) => boolean, pool: PoolLike = server.pool) {
    const seen: string[] = [];
    bed.messaging.consume(
      batchConsumer(
        orders,
        "billing",
        async (batch) => {
          const all = [...batch];
          seen.push(all.map(({ data }) => data.orderId).join());
          const number = seen.length;
          for (const delivery of all) {
            const { orderId } = delivery.data;
            await delivery.tx.query("savepoint one");
            await delivery.tx.query(charge, [orderId]);
            if (!fails(orderId, number)) continue;
            await delivery.tx.query("rollback to one");
            batch.fail(delivery, new Error("no"));
          }
        },
        { use: [exactly(pool, options)], batch: { size: 10, wait: "1s" } },
      ),
    );
    return seen;
  }
  const begins = async () => {
    await bed.messaging.start();
    await bed.clock.advance("2s");
  };

  test("one transaction, the messages that are new, and marks of those that succeeded", async () => {
    const seen = await batches((orderId, batch) => orderId === "b" && batch === 1);
    await begins();
    for (const orderId of ["a", "b", "c"]) await publish(orderId);
    await until(async () => (await count("charges")) === 3);
    expect(seen[0]!.split(",").sort()).toEqual(["a", "b", "c"]);
    expect(seen.slice(1)).toEqual(["b"]);
    for (const orderId of ["a", "b", "d"]) await publish(orderId);
    await until(async () => (await count("charges")) === 4);
    await until(() => of("skipped").length === 2);
    expect(seen.slice(2)).toEqual(["d"]);
    expect(await effects()).toEqual([4, 4]);
  });

  test("a skipped message of a batch is committed and marked with the others", async () => {
    const seen: string[] = [];
    bed.messaging.consume(
      batchConsumer(
        orders,
        "billing",
        async (batch) => {
          for (const delivery of batch) {
            const { orderId } = delivery.data as { orderId: string };
            seen.push(orderId);
            await delivery.tx.query(charge, [orderId]);
            if (orderId === "b") batch.fail(delivery, new Skip("not ours"));
          }
        },
        { use: [exactly(server.pool, options)], batch: { size: 10, wait: "1s" } },
      ),
    );
    await begins();
    for (const orderId of ["a", "b"]) await publish(orderId);
    await until(async () => (await count("charges")) === 2);
    await publish("b");
    await until(() => of("skipped").length === 2);
    expect(seen.sort()).toEqual(["a", "b"]);
    expect(await effects()).toEqual([2, 2]);
  });

  test("the same message twice in a batch: handled once, and the second one skipped or, if the first failed, given back", async () => {
    const seen = await batches((orderId, batch) => orderId === "b" && batch === 1);
    await begins();
    for (const orderId of ["a", "a", "b", "b"]) await publish(orderId);
    await until(async () => (await count("charges")) === 2);
    await until(() => of("skipped").length === 2);
    expect(seen[0]).toBe("a,b");
    expect(await effects()).toEqual([2, 2]);
    expect(of("retry")).toHaveLength(1);
    expect(of("dead-letter")).toEqual([]);
  });

  test("COMMIT's reply is lost: all are settled, and the effects happen once", async () => {
    let strikes = 0;
    const pool = stepping(server.pool, {
      after: (step) => {
        if (step === "committed" && strikes++ === 0) throw new Error("cut");
      },
    });
    const seen = await batches(() => false, pool);
    await begins();
    for (const orderId of ["a", "b"]) await publish(orderId);
    await until(() => of("skipped").length === 2);
    expect(seen).toEqual(["a,b"]);
    expect(await effects()).toEqual([2, 2]);
  });

  test("two batches of the same messages in opposite orders do not deadlock", async () => {
    const other = await testbed({ channels: [orders], policy, patience: "10s" });
    const seen = await batches(() => false);
    other.messaging.consume(
      batchConsumer(orders, "billing", () => {}, {
        use: [exactly(server.pool, options)],
        batch: { size: 40, wait: "1s" },
      }),
    );
    await begins();
    await other.messaging.start();
    const ids = Array.from({ length: 30 }, (_, n) => `o-${n}`);
    await Promise.all(ids.map((id) => publish(id)));
    await Promise.all(ids.toReversed().map((id) => other.messaging.publish(orders, "placed", { orderId: id }, { id })));
    await until(async () => {
      await other.clock.advance("10s");
      return of("skipped").length + other.events.filter(({ type }) => type === "skipped").length === 30;
    });
    expect(await count("switchyard_inbox")).toBe(30);
    expect(seen.length).toBeGreaterThan(0);
    await other[Symbol.asyncDispose]();
  });
});

test("forgetting raises the epoch: marks of before do not count, and those of after do", async () => {
  const keyed = channel("keyed", { messages: { placed: z.object({ k: z.string() }) }, orderingKey: "k" });
  await using stream = await testbed({ channels: [keyed], policy, model: "stream", patience: "10s" });
  let runs = 0;
  stream.messaging.consume(
    consumer(keyed, "billing", { placed: () => void runs++ }, { use: [exactly(server.pool, options)] }),
  );
  await stream.messaging.start();
  const reaches = (n: number, skipped: number) =>
    expect
      .poll(
        async () => {
          await stream.clock.advance("10s");
          return [runs, stream.events.filter(({ type }) => type === "skipped").length];
        },
        { timeout: 20_000 },
      )
      .toEqual([n, skipped]);
  for (const k of ["a", "b"]) await stream.messaging.publish(keyed, "placed", { k });
  await reaches(2, 0);
  await stream.messaging.replay(keyed, "billing", "earliest", { inbox: "keep" });
  await reaches(2, 2);
  await stream.messaging.replay(keyed, "billing", "earliest", { inbox: "forget" });
  await reaches(4, 2);
  await stream.messaging.replay(keyed, "billing", "earliest", { inbox: "keep" });
  await reaches(4, 4);
  const { rows } = await server.pool.query("select * from switchyard_inbox_epochs");
  expect(rows).toEqual([{ group_name: "keyed/billing", epoch: 1 }]);
});

test("the rights that the guide names are enough, and each is needed", async () => {
  const { pool } = server;
  await claimSchema().apply(pool);
  const { Pool } = await import("pg").then((it) => it.default);
  const works = async (role: string, without?: string): Promise<string | undefined> => {
    await pool.query(`create role ${role} login`);
    for (const table of ["switchyard_inbox", "switchyard_claims"])
      for (const right of ["select", "insert", "update", "delete"])
        if (right !== without) await pool.query(`grant ${right} on ${table} to ${role}`);
    if (without !== "epochs")
      await pool.query(`grant select on switchyard_inbox_epochs, switchyard_claims_epochs to ${role}`);
    const own = new Pool({ connectionString: server.url.replace("postgres@", `${role}@`) });
    try {
      const claims = postgresStore(own).open(bed.runtime);
      const key = { group: "orders/billing", source: "shop", id: role };
      expect(await claims.claim(key, "a", 60_000, 60_000)).toEqual({ got: "yes" });
      expect(await claims.renew(key, "a", 60_000)).toBe(true);
      expect(await claims.release(key, "a")).toBe(true);
      await claims.claim(key, "a", 60_000, 60_000);
      expect(await claims.done(key, "a", 60_000)).toBe(true);
      await claims.sweep!(10);
      const marks = new Marks("switchyard_inbox", "orders/billing", 60_000);
      expect((await marks.mark(own, [key])).size).toBe(1);
      expect((await marks.mark(own, [key])).size).toBe(0);
      await marks.unmark(own, [key]);
      await own.query(sweepSql("switchyard_inbox"), ["10"]);
      return undefined;
    } catch (error) {
      const { message, cause } = error as Error;
      return `${message} ${(cause as Error | undefined)?.message ?? ""}`;
    } finally {
      await own.end();
    }
  };
  expect(await works("complete")).toBeUndefined();
  for (const without of ["select", "insert", "update", "delete", "epochs"])
    expect(await works(`without_${without}`, without)).toMatch(/lacks a right on the table .*permission denied/);
});
