/** The outbox on a real PostgreSQL: transactions, order, faults and takeovers. */
import { channel, connect, consumer, type Messaging } from "@switchyard/core";
import { adapter as memory } from "@switchyard/memory";
import { otel } from "@switchyard/otel";
import {
  createOutbox,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPostgresJs,
  fromPrisma,
  fromTypeOrm,
  type Relay,
  type RelayOptions,
} from "@switchyard/outbox";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect } from "kysely";
import { z } from "zod";
import { type Postgres, startPostgres } from "../packages/leases/src/fixtures/postgres.ts";
import { collectSpans } from "./support/spans.ts";
import { Broker, channels, inTransaction, mail, makeTables, orders, outboxOf } from "./support/outbox.ts";

let postgres: Postgres;
let broker: Broker;
let table: string;
let outbox: ReturnType<typeof outboxOf>;
const relays = new Set<Relay>();
const runs = new Set<Promise<void>>();
let made = 0;

beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  broker = new Broker();
  table = `outbox_${++made}`;
  await makeTables(postgres, table);
  outbox = outboxOf({ table });
});
afterEach(async () => {
  for (const relay of relays) await relay.stop({ deadline: 0 });
  await Promise.all(runs);
  relays.clear();
  runs.clear();
});

/** Starts a relay with its own view of the pool. */
function relay(options: Partial<RelayOptions> = {}, of = outbox): Relay {
  const it = of.relay({ messaging: broker, pool: postgres.pool, lease: "1s", ...options });
  relays.add(it);
  runs.add(it.run());
  return it;
}

const place = (n: number, order = "a", of = outbox) =>
  inTransaction(postgres, (tx) => of(tx).publish(orders, "order.placed", { order, n }));
const write = (to: string, options: object = {}, of = outbox) =>
  inTransaction(postgres, (tx) => of(tx).publish(mail, "mail.wanted", { to }, options));
const count = async (name = table) => {
  const { rows } = await postgres.pool.query(`select count(*)::int as n from ${name}`);
  return rows[0].n as number;
};
/** Resolves when the table is empty: asked again after each settlement, not on time. */
const empty = async (it: Relay) => {
  while ((await count()) > 0) it.nudge();
};

describe("writing", () => {
  test("a message of a transaction that commits is relayed, one of a transaction that does not is not", async () => {
    await inTransaction(postgres, (tx) => outbox(tx).publish(mail, "mail.wanted", { to: "never" }), "rollback");
    const { id } = await write("ann", { headers: { tone: "kind" }, id: "mail-1" });
    const it = relay();
    await broker.all("ann");
    expect(id).toBe("mail-1");
    expect(broker.arrivals).toEqual([
      { id: "mail-1", channel: "mail", type: "mail.wanted", data: { to: "ann" }, headers: { tone: "kind" } },
    ]);
    await empty(it);
    expect(await it.health()).toMatchObject({ status: "green", state: "running", backlog: 0, relayed: 1, parts: [0] });
  });

  test("what cannot be published is refused before the database is called", async () => {
    const never = { query: async () => expect.fail("the database was called") };
    const all = outboxOf({ table })(never) as any;
    await expect(all.publish(mail, "mail.wanted", { to: 1 })).rejects.toMatchObject({ code: "invalid-message" });
    await expect(all.publish(mail, "mail.lost", { to: "a" })).rejects.toMatchObject({ code: "unknown-type" });
    await expect(all.publish(mail, "mail.wanted", { to: "a" }, { delay: "soon" })).rejects.toMatchObject({
      code: "bad-duration",
    });
    await expect(all.publish(mail, "mail.wanted", { to: "a" }, { headers: { A: "b" } })).rejects.toMatchObject({
      code: "bad-header",
    });
    await expect(all.publish(orders, "order.placed", { order: "a\0", n: 1 })).rejects.toMatchObject({
      code: "bad-ordering-key",
    });
    await expect(all.publish(orders, "order.placed", { order: "a", n: 1 }, { delay: "1s" })).rejects.toMatchObject({
      code: "delay-unordered",
    });
    await expect(all.publish({ ...mail }, "mail.wanted", { to: "a" })).rejects.toMatchObject({
      code: "unknown-channel",
    });
    await expect(
      all.publishMany(mail, [
        { type: "mail.wanted", data: { to: "a" } },
        { type: "mail.wanted", data: {} },
      ]),
    ).rejects.toMatchObject({ code: "invalid-message" });
  });

  test("what is larger than the channel or its transport takes is refused", async () => {
    const small = channel("small", { messages: { it: z.string() }, needs: { messageBytes: 100 } });
    const never = { query: async () => expect.fail("the database was called") };
    const declared = createOutbox({ channels: [small], service: "billing" });
    await expect(declared(never).publish(small, "it", "x".repeat(101))).rejects.toMatchObject({ code: "too-large" });
    const limits = (content: string[]) => ({
      channels: { mail: { content, capabilities: { maxMessageBytes: 50 } } },
    });
    const known = outboxOf({ table, limits: limits([]) });
    const data = { to: "x".repeat(51) };
    await expect(known(never).publish(mail, "mail.wanted", data)).rejects.toMatchObject({ code: "too-large" });
    const claimed = outboxOf({ table, limits: limits(["claim check"]) });
    await inTransaction(postgres, (tx) => claimed(tx).publish(mail, "mail.wanted", data));
    expect(await count()).toBe(1);
  });

  test("one statement with one text parameter, whatever the message has in it", async () => {
    const said: { text: string; values: unknown[] }[] = [];
    const ordered = outboxOf({ table, ordered: "commit" });
    await inTransaction(postgres, async (tx) => {
      const spy = {
        query: (text: string, values: unknown[]) => {
          said.push({ text, values });
          return tx.query(text, values);
        },
      };
      await ordered(spy).publishMany(orders, [
        { type: "order.placed", data: { order: "? $1 :a 'b' \u0001 \ud83d\ude00", n: 1 }, headers: { q: "??|" } },
        { type: "order.placed", data: { order: "b", n: 2 } },
      ]);
    });
    expect(said).toHaveLength(1);
    expect(said[0]!.values).toEqual([expect.any(String)]);
    expect(said[0]!.text.match(/\$\d/g)).toEqual(["$1"]);
    expect(said[0]!.text).not.toContain("?");
    relay();
    await broker.all(1, 2);
    expect(broker.arrivals[0]).toMatchObject({ data: { order: "? $1 :a 'b' \u0001 😀" }, headers: { q: "??|" } });
  });
});

describe("order", () => {
  test("under the caller's row lock a key arrives in commit order, though transaction ids are inverted", async () => {
    await postgres.pool.query(`create table ${table}_accounts (id text primary key, n integer not null)`);
    await postgres.pool.query(`insert into ${table}_accounts values ('k', 0)`);
    const [a, b] = [await postgres.pool.connect(), await postgres.pool.connect()];
    const update = `update ${table}_accounts set n = n + 1 where id = 'k'`;
    await a.query("begin");
    await a.query("select txid_current()");
    await b.query("begin");
    await b.query(update);
    await outbox(b).publish(orders, "order.placed", { order: "k", n: 1 });
    await b.query("commit");
    await a.query(update);
    await outbox(a).publish(orders, "order.placed", { order: "k", n: 2 });
    await a.query("commit");
    a.release();
    b.release();
    relay();
    await broker.all(1, 2);
    expect(broker.seen).toEqual([1, 2]);
  });

  test("`ordered: commit` makes the second writer of a key wait for the first one's commit", async () => {
    const ordered = outboxOf({ table, ordered: "commit" });
    const [a, b] = [await postgres.pool.connect(), await postgres.pool.connect()];
    await a.query("begin");
    await b.query("begin");
    const { rows } = await b.query("select pg_backend_pid() as pid");
    await ordered(a).publish(orders, "order.placed", { order: "k", n: 1 });
    const second = ordered(b).publish(orders, "order.placed", { order: "k", n: 2 });
    const waits = `select 1 from pg_locks where pid = ${rows[0].pid} and locktype = 'advisory' and not granted`;
    while ((await postgres.pool.query(waits)).rowCount === 0);
    await a.query("commit");
    await second;
    await b.query("commit");
    a.release();
    b.release();
    relay();
    await broker.all(1, 2);
    expect(broker.seen).toEqual([1, 2]);
  });

  test("a row that is committed after later ones were relayed is not passed over", async () => {
    const late = await postgres.pool.connect();
    await late.query("begin");
    await outbox(late).publish(mail, "mail.wanted", { to: "late" });
    await write("early");
    const it = relay();
    await broker.all("early");
    await empty(it).catch(() => {});
    await late.query("commit");
    late.release();
    it.nudge();
    await broker.all("late");
    expect(broker.seen).toEqual(["early", "late"]);
  });

  test("40 transactions at once, with inverted commits and rollbacks: each once, and each key in order", async () => {
    await postgres.pool.query(`create table ${table}_locks (id text primary key)`);
    await postgres.pool.query(`insert into ${table}_locks select 'k' || n from generate_series(0, 3) as n`);
    await postgres.pool.query(`create table ${table}_committed (n serial, key text, value integer)`);
    const it = relay({ batch: 3 });
    const work = async (n: number) =>
      inTransaction(
        postgres,
        async (tx) => {
          const key = `k${n % 4}`;
          await tx.query(`select 1 from ${table}_locks where id = $1 for update`, [key]);
          await outbox(tx).publish(orders, "order.placed", { order: key, n });
          await tx.query(`insert into ${table}_committed (key, value) values ($1, $2)`, [key, n]);
        },
        n % 5 === 0 ? "rollback" : "commit",
      );
    await Promise.all(Array.from({ length: 40 }, (_, n) => work(n)));
    const wanted = Array.from({ length: 40 }, (_, n) => n).filter((n) => n % 5 !== 0);
    await broker.all(...wanted);
    await empty(it);
    expect([...broker.seen].sort((a, b) => Number(a) - Number(b))).toEqual(wanted);
    for (const key of ["k0", "k1", "k2", "k3"]) {
      const { rows } = await postgres.pool.query(`select value from ${table}_committed where key = $1 order by n`, [
        key,
      ]);
      const arrived = broker.arrivals.filter(({ data }) => data.order === key).map(({ data }) => data.n);
      expect(arrived).toEqual(rows.map(({ value }) => value));
    }
  });
});

describe("delay and cancel", () => {
  test("a delayed message comes when it is due by the database's clock, and can be taken back before", async () => {
    await write("later", { delay: "1h", id: "one" });
    await write("back", { delay: "1h", id: "two" });
    await write("now");
    const it = relay();
    await broker.all("now");
    expect(await it.health()).toMatchObject({ delayed: 2, status: "green" });
    expect(await inTransaction(postgres, (tx) => outbox(tx).cancel("two"))).toBe("cancelled");
    expect(await inTransaction(postgres, (tx) => outbox(tx).cancel("two"))).toBe("too-late");
    expect(await inTransaction(postgres, (tx) => outbox(tx).cancel("nobody"))).toBe("too-late");
    await postgres.pool.query(`update ${table} set not_before = clock_timestamp()`);
    it.nudge();
    await broker.all("later");
    expect(await inTransaction(postgres, (tx) => outbox(tx).cancel("one"))).toBe("too-late");
    expect(broker.seen).toEqual(["now", "later"]);
  });

  test("a message that falls due while a transaction cancels it waits for that transaction", async () => {
    await write("kept", { delay: "1s", id: "kept" });
    await write("gone", { delay: "1s", id: "gone" });
    const [a, b] = [await postgres.pool.connect(), await postgres.pool.connect()];
    await a.query("begin");
    await b.query("begin");
    expect(await outbox(a).cancel("gone")).toBe("cancelled");
    expect(await outbox(b).cancel("kept")).toBe("cancelled");
    while ((await postgres.pool.query(`select 1 from ${table} where not_before > clock_timestamp()`)).rowCount !== 0);
    const it = relay();
    await write("marker");
    await broker.all("marker");
    expect(broker.seen).toEqual(["marker"]);
    await a.query("commit");
    await b.query("rollback");
    a.release();
    b.release();
    it.nudge();
    await broker.all("kept");
    await empty(it);
    expect(broker.seen).toEqual(["marker", "kept"]);
  });

  test("cancel waits for whoever has the row, and looks at the clock only then", async () => {
    await write("due", { delay: "1s", id: "due" });
    const [holder, other] = [await postgres.pool.connect(), await postgres.pool.connect()];
    await holder.query("begin");
    await holder.query(`select 1 from ${table} for key share`);
    await other.query("begin");
    const answer = outbox(other).cancel("due");
    while ((await postgres.pool.query(`select 1 from ${table} where not_before > clock_timestamp()`)).rowCount !== 0);
    await holder.query("commit");
    expect(await answer).toBe("too-late");
    await other.query("commit");
    holder.release();
    other.release();
    expect(await count()).toBe(1);
  });
});

describe("failures", () => {
  test("a message that can never be sent moves to the dead rows, and its key waits until it is retried", async () => {
    const dead: string[] = [];
    broker.fault = ({ data }) => (data.n === 1 ? "permanent" : undefined);
    const it = relay({ onDead: ({ id }) => dead.push(id) });
    const { id } = await place(1);
    await place(2);
    await place(9, "other");
    await broker.all(9);
    while ((await count(`${table}_dead`)) === 0);
    await place(3);
    await write("marker");
    await broker.all("marker");
    expect(broker.seen).toEqual([9, "marker"]);
    expect(dead).toEqual([id]);
    const rows = await outbox.dead(postgres.pool).list();
    expect(rows).toMatchObject([
      { id, channel: "orders", key: "a", type: "order.placed", code: "too-large", blocks: true },
    ]);
    expect(rows[0]!.reason).toContain("too-large");
    while ((await count()) > 2);
    expect(await it.health()).toMatchObject({ status: "red", dead: 1, blockedKeys: 1, backlog: 2 });
    broker.fault = () => undefined;
    expect(await outbox.dead(postgres.pool).retry({ ids: [id] })).toBe(1);
    it.nudge();
    await broker.all(1, 2, 3);
    expect(broker.seen).toEqual([9, "marker", 1, 2, 3]);
    await empty(it);
    expect(await it.health()).toMatchObject({ status: "green", dead: 0 });
  });

  test("with `later: pass` the key goes on, and purge deletes the dead row", async () => {
    broker.fault = ({ data }) => (data.n === 1 ? "permanent" : undefined);
    for (const n of [1, 2, 3]) await place(n);
    const it = relay({ later: "pass" });
    await broker.all(2, 3);
    expect(broker.seen).toEqual([2, 3]);
    expect(await it.health()).toMatchObject({ status: "yellow", dead: 1, blockedKeys: 0 });
    expect(await outbox.dead(postgres.pool).purge({ channel: "mail" })).toBe(0);
    expect(await outbox.dead(postgres.pool).purge({ code: "too-large" })).toBe(1);
    expect(await outbox.dead(postgres.pool).list()).toEqual([]);
  });

  test("what may or may not have arrived stays, is sent again, and keeps its key in order", async () => {
    let lost = 2;
    broker.fault = ({ data }) => (data.n === 1 && lost-- > 0 ? "ambiguous" : undefined);
    for (const n of [1, 2]) await place(n);
    const it = relay();
    await broker.all(1, 2);
    await empty(it);
    expect(broker.seen).toEqual([1, 1, 1, 2]);
  });

  test("a channel whose broker is down does not hold up another channel's messages behind it", async () => {
    broker.fault = ({ channel }) => (channel === "orders" ? "down" : undefined);
    for (let n = 0; n < 6; n++) await place(n);
    await write("behind");
    const it = relay({ batch: 2 });
    await broker.all("behind");
    expect((await it.health()).problems).toEqual([expect.stringContaining("unavailable")]);
    broker.fault = () => undefined;
    await broker.all(0, 1, 2, 3, 4, 5);
    expect(broker.seen).toEqual(["behind", 0, 1, 2, 3, 4, 5]);
  });

  test("rows of a type or channel that this relay does not know wait for one that does", async () => {
    const newer = channel("mail", { messages: { "mail.wanted": z.any(), "mail.sent": z.any() } });
    const more = channel("more", { messages: { it: z.string() } });
    const writer = createOutbox({ channels: [newer, more], service: "billing", table });
    await inTransaction(postgres, async (tx) => {
      await writer(tx).publish(newer, "mail.sent", { to: "new type" });
      await writer(tx).publish(more, "it", "x");
    });
    await place(1);
    const messaging = await connect({
      channels: channels as any,
      service: "billing",
      observe: () => {},
      config: {
        connections: { here: { use: memory } },
        channels: {
          orders: { model: "queue", on: "here", groups: { main: {} } },
          mail: { model: "queue", on: "here", groups: { main: {} } },
        },
      },
    } as any);
    const old = relay({ messaging: messaging as any });
    while ((await count()) > 2) old.nudge();
    expect((await old.health()).problems).toEqual([expect.stringContaining("mail.sent")]);
    expect(await count(`${table}_dead`)).toBe(0);
    await old.stop();
    relay({}, writer as any);
    await broker.all("new type");
    await messaging.stop();
  });

  test("an answer of the database that is lost costs no second publish", async () => {
    let lose = true;
    const pool = {
      query: async (text: string, values?: unknown[]) => {
        const result = await postgres.pool.query(text, values);
        if (text.includes("delete from") && text.includes(table) && lose) {
          lose = false;
          throw new Error("connection terminated");
        }
        return result;
      },
    };
    await place(1);
    const it = relay({ pool });
    await broker.all(1);
    await place(2);
    await broker.all(2);
    await empty(it);
    expect(lose).toBe(false);
    expect(broker.seen).toEqual([1, 2]);
  });

  test("a COMMIT whose reply is lost: the caller's second attempt has the same id, and both are relayed", async () => {
    const attempt = async (lost: boolean) => {
      await inTransaction(postgres, (tx) => outbox(tx).publish(mail, "mail.wanted", { to: "ann" }, { id: "mail-7" }));
      if (lost) throw new Error("connection terminated");
    };
    await attempt(true).catch(() => attempt(false));
    const it = relay();
    await empty(it);
    expect(broker.arrivals.map(({ id }) => id)).toEqual(["mail-7", "mail-7"]);
  });
});

describe("several relays", () => {
  test("share the partitions, and one takes over what another gives up", async () => {
    table = `${table}_many`;
    await makeTables(postgres, table, 4);
    outbox = outboxOf({ table });
    const one = relay();
    const two = relay();
    const parts = async (it: Relay) => (await it.health()).parts;
    while ((await parts(one)).length !== 2 || (await parts(two)).length !== 2);
    for (let n = 0; n < 20; n++) await place(n, `k${n}`);
    await broker.all(...Array.from({ length: 20 }, (_, n) => n));
    expect(broker.arrivals).toHaveLength(20);
    await one.stop();
    expect(await one.health()).toMatchObject({ state: "stopped", parts: [] });
    while ((await parts(two)).length !== 4);
    await place(99);
    await broker.all(99);
  });

  test("a relay that stands still past its lease, with a poison row behind: it settles nothing, and passes nothing", async () => {
    broker.fault = ({ data }) => (data.n === 2 ? "permanent" : undefined);
    for (const n of [1, 2, 3]) await place(n);
    const { promise: asleep, resolve: fallAsleep } = Promise.withResolvers<void>();
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>();
    const paused = new Broker();
    paused.fault = broker.fault;
    // As SIGSTOP does: its clock goes on, and nothing of it runs until it wakes up. Its renewals never arrive.
    let stands = false;
    paused.before = async () => {
      stands = true;
      fallAsleep();
      await awake;
    };
    const pool = {
      query: async (text: string, values?: unknown[]) => {
        if (stands) await awake;
        return postgres.pool.query(text, values);
      },
    };
    relay({ messaging: paused, pool });
    await asleep;
    const next = relay();
    await broker.all(1);
    while ((await count(`${table}_dead`)) === 0);
    expect(await outbox.dead(postgres.pool).list()).toMatchObject([{ key: "a", blocks: true }]);
    wake();
    stands = false;
    // What it had begun may still arrive: once more, and in the same order.
    await paused.all(1);
    await place(4);
    await place(5, "other");
    await broker.all(5);
    expect(paused.seen).toEqual([1]);
    expect(broker.seen).toEqual([1, 5]);
    while ((await count()) > 2);
    broker.fault = () => undefined;
    await outbox.dead(postgres.pool).retry();
    next.nudge();
    await broker.all(2, 3, 4);
    expect(broker.seen).toEqual([1, 5, 2, 3, 4]);
  });

  test("a relay whose lease was taken while it believes that it holds it settles nothing: the next tenure sends again", async () => {
    let taken = false;
    broker.before = async () => {
      if (taken) return;
      taken = true;
      const next = "update switchyard_leases set fencing_token = fencing_token + 1, counter = counter + 1";
      await postgres.pool.query(`${next} where group_name = $1`, [`outbox ${table} 1`]);
    };
    await place(1);
    const it = relay();
    await empty(it);
    expect(broker.seen).toEqual([1, 1]);
  });

  test("a relay that stops publishes no more, and leaves no row in doubt that was settled", async () => {
    const { promise: going, resolve: goes } = Promise.withResolvers<void>();
    const { promise: go, resolve: letGo } = Promise.withResolvers<void>();
    broker.before = async () => {
      goes();
      await go;
    };
    await place(1);
    const it = relay();
    await going;
    const stopped = it.stop();
    letGo();
    await stopped;
    expect(broker.seen).toEqual([1]);
    expect(await count()).toBe(0);
    await expect(it.run()).rejects.toMatchObject({ code: "closed" });
  });
});

describe("start and health", () => {
  test.each([
    ["looks at the tables", /to_regclass/],
    ["looks at the leases", /switchyard_leases/],
  ])(
    "a database that fails while a relay %s is asked again",
    async (_, text) => {
      let failures = 3;
      const pool = {
        query: async (sql: string, values?: unknown[]) => {
          if (text.test(sql) && failures-- > 0) throw new Error("Connection terminated unexpectedly");
          return postgres.pool.query(sql, values);
        },
      };
      await place(1);
      const it = relay({ pool });
      await broker.all(1);
      await empty(it);
      expect(failures).toBeLessThanOrEqual(0);
      expect(await it.health()).toMatchObject({ state: "running" });
    },
    10_000,
  );

  test("a relay that is stopped while its database fails ends without an error", async () => {
    const { promise: failed, resolve: fails } = Promise.withResolvers<void>();
    const pool = {
      query: async () => {
        fails();
        throw Object.assign(new Error("too many connections"), { code: "53300" });
      },
    };
    const it = relay({ pool });
    await failed;
    expect(await it.health()).toMatchObject({ state: "running", status: "red" });
    await it.stop();
    await Promise.all(runs);
  });

  test("a relay refuses to start where the database refuses its role", async () => {
    const pool = { query: () => Promise.reject(Object.assign(new Error("denied"), { code: "42501" })) };
    const it = outbox.relay({ messaging: broker, pool });
    await expect(it.run()).rejects.toThrow("denied");
    expect(await it.health()).toMatchObject({ state: "failed" });
  });

  test("a relay that is stopped while it starts ends without an error", async () => {
    const it = relay();
    await it.stop();
    await Promise.all(runs);
    expect(await it.health()).toMatchObject({ state: "stopped", status: "green", parts: [] });
  });

  test.each([
    ["no table", "outbox-table-missing", async () => void (table = "never_made")],
    ["another table", "outbox-table-foreign", async () => postgres.pool.query(`alter table ${table} drop column part`)],
    [
      "a cached sequence",
      "outbox-sequence-cached",
      async () => postgres.pool.query(`alter sequence ${table}_seq_seq cache 10`),
    ],
  ])("a relay refuses to start on %s", async (_, code, spoil) => {
    await spoil();
    const it = outboxOf({ table }).relay({ messaging: broker, pool: postgres.pool });
    await expect(it.run()).rejects.toMatchObject({ code, kind: "config" });
    expect(await it.health()).toMatchObject({ status: "red", state: "failed" });
  });

  test("a relay refuses another number of partitions than the table has", async () => {
    const it = outbox.relay({ messaging: broker, pool: postgres.pool, parts: 16 });
    await expect(it.run()).rejects.toMatchObject({
      code: "outbox-parts-differ",
      message: expect.stringContaining("1 partitions"),
    });
  });

  test("bad options are refused with what to change", () => {
    const good = { messaging: broker, pool: postgres.pool };
    for (const bad of [
      { batch: 0 },
      { later: "skip" },
      { lease: "1ms" },
      { messaging: {} },
      { messaging: { publishMany: async () => [], explain: () => ({ service: "other" }) } },
      { pool: {} },
    ])
      expect(() => outbox.relay({ ...good, ...bad } as any)).toThrow(/relay\(\): /);
    for (const bad of [{ table: "A b" }, { service: "" }, { ordered: "yes" }])
      expect(() => outboxOf(bad)).toThrow(/a-z|createOutbox|ordered/);
  });

  test("without any relay, health turns red by the age of the oldest message", async () => {
    const idle = outbox.relay({ messaging: broker, pool: postgres.pool, red: "1m" });
    await write("later", { delay: "2h" });
    await place(1);
    expect(await idle.health()).toMatchObject({ status: "green", state: "idle", backlog: 1, delayed: 1 });
    await postgres.pool.query(`update ${table} set created = created - interval '2 minutes'`);
    const health = await idle.health();
    expect(health).toMatchObject({ status: "red", problems: [expect.stringContaining("due for 2m")] });
    expect(health.ageMs).toBeGreaterThan(119_000);
    expect(health).toMatchObject({ deadTuples: expect.any(Number), oldestXminAge: expect.any(Number) });
  });

  test("with `notify` a relay in another process is woken up", async () => {
    const writer = outboxOf({ table, notify: true });
    const other = outboxOf({ table, notify: true });
    const it = relay({}, other);
    const listens = `select 1 from pg_stat_activity where query = 'listen ${table}'`;
    while ((await postgres.pool.query(listens)).rowCount === 0);
    for (let n = 0; n < 10; n++) {
      await write(`mail ${n}`, {}, writer);
      await broker.all(`mail ${n}`);
    }
    expect((await it.health()).status).toBe("green");
  });

  test("where NOTIFY cannot be heard, health says so and polling goes on", async () => {
    const pool = { query: (text: string, values?: unknown[]) => postgres.pool.query(text, values) };
    const it = relay({ pool }, outboxOf({ table, notify: true }));
    await write("polled");
    await broker.all("polled");
    expect(await it.health()).toMatchObject({ status: "yellow", problems: [expect.stringContaining("NOTIFY")] });
  });
});

test("through messaging: bytes, a codec, an expiry and a trace arrive as they would have without an outbox", async () => {
  const codec = {
    contentType: "application/x-reversed",
    encode: (data: string) => new TextEncoder().encode([...data].reverse().join("")),
    decode: (body: Uint8Array) => [...new TextDecoder().decode(body)].reverse().join(""),
  };
  const coded = channel("coded", { messages: { it: z.string() }, codec });
  const files = channel("files", { messages: { it: z.instanceof(Uint8Array) } });
  const all = [coded, files] as const;
  const messaging = (await connect({
    channels: all as any,
    service: "billing",
    config: {
      connections: { here: { use: memory } },
      channels: {
        coded: { model: "queue", on: "here", groups: { main: {} } },
        files: { model: "queue", on: "here", groups: { main: {} } },
      },
    },
  } as any)) as any;
  const got: any[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const each of all)
    messaging.consume(
      consumer(each as any, "main", {
        it: (data: any, { id, traceparent, headers }: any) => {
          got.push({ id, data, traceparent, headers });
          if (got.length === 2) resolve();
        },
      } as any),
    );
  await messaging.start();
  const its = createOutbox({ channels: all, service: "billing", table });
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  await inTransaction(postgres, async (tx) => {
    await its(tx).publish(coded, "it", "hello", { id: "1", headers: { traceparent, tone: "kind" }, expires: "1h" });
    await its(tx).publish(files, "it", new Uint8Array([0, 255, 1]), { id: "2" });
  });
  relay({ messaging }, its as any);
  await promise;
  got.sort((a, b) => Number(a.id) - Number(b.id));
  expect(got).toMatchObject([{ id: "1", data: "hello", headers: { tone: "kind" } }, { id: "2" }]);
  expect([...got[1].data]).toEqual([0, 255, 1]);
  await messaging.stop();
});

test("through messaging: a stored message stays in the trace of who stored it, whichever span the relay was started in", async () => {
  using spans = collectSpans();
  const { tracerProvider } = spans;
  const messaging: Messaging<any> = await connect({
    channels: [mail] as any,
    service: "billing",
    telemetry: otel({ tracerProvider }),
    config: {
      connections: { here: { use: memory } },
      channels: { mail: { model: "queue", on: "here", groups: { main: {} } } } as any,
    },
  });
  const handled = Promise.withResolvers<void>();
  messaging.consume(consumer(mail, "main", { "mail.wanted": () => handled.resolve() } as any));
  await messaging.start();
  const stored = await spans.within(() => write("them", { id: "1" }));
  await spans.within(async () => void relay({ messaging: messaging as any }));
  await handled.promise;
  await messaging.stop();
  const [process] = spans.named("process mail");
  expect(process?.spanContext().traceId).toBe(stored.traceId);
  expect(process?.parentSpanContext?.spanId).toBe(stored.spanId);
  expect(spans.named("send mail")[0]?.links.map((link) => link.context.spanId)).toEqual([stored.spanId]);
});

test("through messaging: a row is sent as it was stored, though its schema has become stricter since", async () => {
  const messages = { "order.placed": z.object({ order: z.string(), n: z.int().max(1) }) };
  const stricter = channel("orders", { messages, orderingKey: "order" });
  const config = {
    connections: { here: { use: memory } },
    channels: { orders: { model: "queue", on: "here", groups: { main: {} } } },
  };
  const messaging = (await connect({ channels: [stricter] as any, service: "billing", config } as any)) as any;
  for (const n of [1, 2]) await place(n);
  const it = relay({ messaging });
  await empty(it);
  expect(await it.health()).toMatchObject({ status: "green", relayed: 2, dead: 0 });
  await messaging.stop();
});

describe("query builders", () => {
  test("Kysely publishes, cancels and rolls back in its transaction", async () => {
    const db = new Kysely<any>({ dialect: new PostgresDialect({ pool: postgres.pool as never }) });
    const ordered = outboxOf({ table, ordered: "commit", notify: true });
    await db.transaction().execute(async (trx) => {
      await ordered(fromKysely(trx)).publishMany(orders, [{ type: "order.placed", data: { order: "a?", n: 1 } }]);
      await ordered(fromKysely(trx)).publish(mail, "mail.wanted", { to: "later" }, { delay: "1h", id: "m" });
    });
    const cancel = db.transaction().execute((trx) => ordered(fromKysely(trx)).cancel("m"));
    expect(await cancel).toBe("cancelled");
    const failed = db.transaction().execute(async (trx) => {
      await ordered(fromKysely(trx)).publish(mail, "mail.wanted", { to: "never" });
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    expect(await count()).toBe(1);
    relay();
    await broker.all(1);
  });

  test("Drizzle publishes, cancels and rolls back in its transaction", async () => {
    const db = drizzle({ client: postgres.pool as never });
    const ordered = outboxOf({ table, ordered: "commit", notify: true });
    await db.transaction(async (tx) => {
      await ordered(fromDrizzle(tx, sql)).publish(orders, "order.placed", { order: "a?", n: 1 });
      await ordered(fromDrizzle(tx, sql)).publish(mail, "mail.wanted", { to: "later" }, { delay: "1h", id: "m" });
    });
    expect(await db.transaction((tx) => ordered(fromDrizzle(tx, sql)).cancel("m"))).toBe("cancelled");
    const failed = db.transaction(async (tx) => {
      await ordered(fromDrizzle(tx, sql)).publish(mail, "mail.wanted", { to: "never" });
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    expect(await count()).toBe(1);
    relay();
    await broker.all(1);
  });

  test("the others are called as their clients want to be", async () => {
    const calls: unknown[][] = [];
    const heard =
      (result: unknown) =>
      async (...args: unknown[]) => {
        calls.push(args);
        return result;
      };
    const rows = [{ seq: "1" }];
    const all = [
      fromPrisma({ $queryRawUnsafe: heard(rows) }),
      fromKnex({ raw: heard({ rows }) }),
      fromTypeOrm({ query: heard([rows, 1]) }),
      fromPostgresJs({ unsafe: heard(rows) }),
    ];
    for (const each of all) expect(await outbox(each).cancel("m")).toBe("cancelled");
    expect(calls.map((args) => args.slice(1))).toEqual([["m"], [["m"]], [["m"]], [["m"]]]);
    expect(String(calls[1]![0])).toContain("id = ? and");
  });
});
