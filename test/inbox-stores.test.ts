/** Every store does what the protocol says, step by step, on real servers. */
import * as sdk from "@aws-sdk/client-dynamodb";
import { systemRuntime } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import {
  type Claims,
  claimSchema,
  type ClaimStore,
  dynamodbStore,
  type MessageKey,
  memoryStore,
  postgresStore,
  redisStore,
} from "@switchyard/inbox";
import { fromKysely } from "@switchyard/outbox";
import { Redis as IoRedis } from "ioredis";
import { Kysely, PostgresDialect } from "kysely";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { step } from "../packages/inbox/src/protocol.ts";
import { startDynalite } from "../packages/leases/src/fixtures/dynalite.ts";
import { type Postgres, startPostgres } from "../packages/leases/src/fixtures/postgres.ts";
import { startRedis, wantsRedis } from "./support/redis.ts";

interface Rig {
  readonly store: ClaimStore;
  /** Ends the claim of a message at once, as its time would. */
  expire(key: MessageKey): Promise<void>;
}

const GROUP = "orders/billing";
const HOLD = 60_000;
const WINDOW = 3_600_000;
const clock = virtualRuntime({ seed: 1 });
let postgres: Postgres;
let redisServer: Awaited<ReturnType<typeof startRedis>> | undefined;
let dynamo: Awaited<ReturnType<typeof startDynalite>>;
const rigs = new Map<string, Rig>();
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  rigs.set("memory", { store: memoryStore(), expire: async () => clock.advance(HOLD + 1) });

  postgres = await startPostgres();
  closing.push(() => postgres.stop());
  await claimSchema().apply(postgres.pool);
  const ends =
    "update switchyard_claims set until = clock_timestamp() where source = $1 and id = $2 and token is not null";
  const expire = async ({ source, id }: MessageKey) => void (await postgres.pool.query(ends, [source, id]));
  rigs.set("pg", { store: postgresStore(postgres.pool), expire });
  await claimSchema({ table: "kysely_claims" }).apply(postgres.pool);
  const kysely = new Kysely<any>({ dialect: new PostgresDialect({ pool: postgres.pool }) });
  rigs.set("kysely", {
    store: postgresStore(fromKysely(kysely), { table: "kysely_claims" }),
    expire: async ({ source, id }) =>
      void (await postgres.pool.query(ends.replace("switchyard_claims", "kysely_claims"), [source, id])),
  });

  if (wantsRedis) {
    redisServer = await startRedis();
    closing.push(() => redisServer?.stop());
    const { port } = redisServer;
    const redis = createClient({ url: `redis://127.0.0.1:${port}` });
    await redis.connect();
    const ioredis = new IoRedis(port, "127.0.0.1");
    closing.push(() => redis.destroy());
    closing.push(() => ioredis.disconnect());
    for (const [name, client] of [
      ["redis", redis],
      ["ioredis", ioredis],
    ] as const) {
      const prefix = `${name}:`;
      const store = redisStore(client, { prefix });
      rigs.set(name, {
        store,
        expire: async ({ group, source, id }) => {
          const key = `${prefix}{${group}}:${JSON.stringify([source, id])}`;
          const value = await redis.get(key);
          if (value?.startsWith("c")) await redis.set(key, value.replace(/ \d+ /, " 1 "));
        },
      });
    }
  }

  dynamo = await startDynalite();
  closing.push(() => dynamo.stop());
  await dynamo.client.send(
    new sdk.CreateTableCommand({
      TableName: "claims",
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
    }),
  );
  for (;;) {
    const { Table } = await dynamo.client.send(new sdk.DescribeTableCommand({ TableName: "claims" }));
    if (Table?.TableStatus === "ACTIVE") break;
  }
  rigs.set("dynamodb", {
    store: dynamodbStore({ client: dynamo.client, table: "claims" }),
    expire: async () => clock.advance(HOLD + 5_001),
  });
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const names = ["memory", "pg", "kysely", ...(wantsRedis ? ["redis", "ioredis"] : []), "dynamodb"];
let made = 0;
const keyOf = (group = GROUP): MessageKey => ({ group, source: "shop", id: `m-${++made} "' \ud83d\ude00` });
const withoutTimes = (reply: { readonly got: string }) => reply.got;

describe.each(names)("%s", (name) => {
  const opened = (): { claims: Claims; expire: Rig["expire"] } => {
    const { store, expire } = rigs.get(name)!;
    const virtual = name === "memory" || name === "dynamodb";
    return { claims: store.open(virtual ? clock : systemRuntime), expire };
  };
  /** DynamoDB waits for its readers, on the virtual clock. */
  const forget = async (claims: Claims, group: string) => {
    let over = false;
    const forgetting = claims.forget(group).finally(() => {
      over = true;
    });
    while (name === "dynamodb" && !over) {
      await clock.advance(1_000);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await forgetting;
  };

  test("does what the protocol says, for 400 steps of three workers in an order that a seed gives", async () => {
    const { claims, expire } = opened();
    const { random } = virtualRuntime({ seed: 7 });
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    let now = 0;
    let epoch = 0;
    const group = "orders/walk";
    const keys = [keyOf(group), keyOf(group)];
    const entries = new Map<MessageKey, Parameters<typeof step>[0]>();
    const story: string[] = [];
    for (let n = 0; n < 400; n++) {
      const key = pick(keys);
      const token = pick(["a", "b", "c"]);
      const ask = pick(["claim", "claim", "claim", "renew", "done", "release", "release", "expire"] as const);
      if (ask === "expire") {
        if (entries.get(key)?.state !== "claimed") continue;
        now += HOLD + 5_001;
        for (const each of keys) await expire(each);
        continue;
      }
      // A mark ends the story of a message, until it is forgotten.
      if (ask === "claim" && [...entries.values()].every((entry) => entry?.state === "done" && entry.epoch === epoch)) {
        await forget(claims, group);
        now += 6_000;
        epoch++;
      }
      const request = { ask, token, epoch, forMs: ask === "done" ? 1e9 : HOLD } as const;
      const { entry, reply } = step(entries.get(key), request as never, now);
      entries.set(key, entry);
      const got =
        ask === "claim"
          ? withoutTimes(await claims.claim(key, token, HOLD, 1e9))
          : (await claims[ask as "renew"](key, token, request.forMs))
            ? "yes"
            : "lost";
      story.push(`${n} ${ask} ${token} ${keys.indexOf(key)}: ${got}`);
      expect(got, story.slice(-10).join("\n")).toBe(reply.got);
    }
    expect(epoch).toBeGreaterThan(2);
  });

  test("says how long a claim still lasts, and keeps it when it is renewed", async () => {
    const { claims } = opened();
    const key = keyOf();
    expect(await claims.claim(key, "a", HOLD, WINDOW)).toEqual({ got: "yes" });
    const reply = (await claims.claim(key, "b", HOLD, WINDOW)) as { got: string; leftMs: number };
    expect(reply.got).toBe("held");
    expect(reply.leftMs).toBeGreaterThan(HOLD - 30_000);
    expect(reply.leftMs).toBeLessThanOrEqual(HOLD + 5_000);
    expect(await claims.renew(key, "a", 10 * HOLD)).toBe(true);
    const longer = (await claims.claim(key, "b", HOLD, WINDOW)) as { leftMs: number };
    expect(longer.leftMs).toBeGreaterThan(9 * HOLD);
  });

  test("one of many that claim at once gets it", async () => {
    const { claims } = opened();
    const key = keyOf();
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => claims.claim(key, `t${n}`, HOLD, WINDOW)));
    expect(all.filter(({ got }) => got === "yes")).toHaveLength(1);
    expect(all.filter(({ got }) => got === "held")).toHaveLength(19);
  });

  test("groups, sources and ids are apart", async () => {
    const { claims } = opened();
    const key = keyOf();
    const others = [
      { ...key, group: "orders/audit" },
      { ...key, source: "web" },
      { ...key, id: `${key.id}2` },
    ];
    for (const each of [key, ...others]) expect(await claims.claim(each, "a", HOLD, WINDOW)).toEqual({ got: "yes" });
    expect(await claims.done(key, "a", WINDOW)).toBe(true);
    for (const each of others) expect(await claims.claim(each, "b", HOLD, WINDOW)).toMatchObject({ got: "held" });
    expect(await claims.claim(key, "b", HOLD, WINDOW)).toEqual({ got: "done" });
  });

  test("a mark is forgotten with its group's epoch, and not with another's; a live claim is not", async () => {
    const { claims } = opened();
    const [one, other, held] = [keyOf("orders/forget"), keyOf("orders/keep"), keyOf("orders/forget")];
    for (const key of [one, other, held]) await claims.claim(key, "a", HOLD, WINDOW);
    for (const key of [one, other]) await claims.done(key, "a", WINDOW);
    await forget(claims, "orders/forget");
    expect(await claims.claim(one, "b", HOLD, WINDOW)).toEqual({ got: "yes" });
    expect(await claims.claim(other, "b", HOLD, WINDOW)).toEqual({ got: "done" });
    expect(await claims.claim(held, "b", HOLD, WINDOW)).toMatchObject({ got: "held" });
    // Its mark is of the epoch in which it was claimed.
    expect(await claims.done(held, "a", WINDOW)).toBe(true);
    expect(await claims.claim(held, "b", HOLD, WINDOW)).toEqual({ got: "yes" });
  });
});

test("PostgreSQL deletes what it has forgotten, in batches, and no claim that is live", async () => {
  const claims = rigs.get("pg")!.store.open(systemRuntime);
  await postgres.pool.query("delete from switchyard_claims");
  for (let n = 0; n < 5; n++) {
    const key = { group: GROUP, source: "shop", id: `old-${n}` };
    await claims.claim(key, "a", n === 4 ? HOLD : 1, -HOLD);
    if (n < 3) await claims.done(key, "a", -1);
  }
  const live = { group: GROUP, source: "shop", id: "live" };
  await claims.claim(live, "a", HOLD, WINDOW);
  await postgres.pool.query("update switchyard_claims set forget_at = clock_timestamp() where id like 'old-%'");
  expect(await claims.sweep!(2)).toBe(2);
  expect(await claims.sweep!(1_000)).toBe(2);
  const { rows } = await postgres.pool.query("select id from switchyard_claims order by id");
  expect(rows.map(({ id }) => id)).toEqual(["live", "old-4"]);
});

test("a mark in PostgreSQL changes no index, though it is an update", async () => {
  const table = "hot_claims";
  await claimSchema({ table }).apply(postgres.pool);
  const claims = postgresStore(postgres.pool, { table }).open(systemRuntime);
  for (let n = 0; n < 20; n++) {
    const key = { group: GROUP, source: "shop", id: `m-${n}` };
    await claims.claim(key, "a", HOLD, WINDOW);
    await claims.done(key, "a", WINDOW);
  }
  await postgres.pool.query("select pg_stat_force_next_flush()");
  const figures = "select n_tup_upd as updated, n_tup_hot_upd as hot from pg_stat_user_tables where relname = $1";
  await expect
    .poll(async () => (await postgres.pool.query(figures, [table])).rows[0])
    .toEqual({ updated: "20", hot: "20" });
});

test.runIf(wantsRedis)("Redis: one round trip to begin and one to end, with either client", async () => {
  const redis = createClient({ url: `redis://127.0.0.1:${redisServer!.port}` });
  await redis.connect();
  const calls = async () => {
    const info = await redis.info("commandstats");
    const of = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
    return of("evalsha") + of("eval");
  };
  for (const name of ["redis", "ioredis"]) {
    const claims = rigs.get(name)!.store.open(systemRuntime);
    const warm = keyOf();
    await claims.claim(warm, "a", HOLD, WINDOW);
    await claims.release(warm, "a");
    await claims.claim(warm, "a", HOLD, WINDOW);
    await claims.done(warm, "a", WINDOW);
    const before = await calls();
    const [one, other] = [keyOf(), keyOf()];
    await claims.claim(one, "a", HOLD, WINDOW);
    expect((await calls()) - before).toBe(1);
    await claims.done(one, "a", WINDOW);
    expect((await calls()) - before).toBe(2);
    await claims.claim(other, "a", HOLD, WINDOW);
    await claims.release(other, "a");
    expect((await calls()) - before).toBe(4);
  }
  redis.destroy();
});

test.runIf(wantsRedis)(
  "Redis: what was forgotten by a restart is loaded again, and keys expire by themselves",
  async () => {
    const redis = createClient({ url: `redis://127.0.0.1:${redisServer!.port}` });
    await redis.connect();
    const claims = redisStore(redis, { prefix: "expiry:" }).open(systemRuntime);
    const key = keyOf();
    await claims.claim(key, "a", HOLD, WINDOW);
    await redis.sendCommand(["SCRIPT", "FLUSH"]);
    expect(await claims.done(key, "a", WINDOW)).toBe(true);
    const name = `expiry:{${GROUP}}:${JSON.stringify([key.source, key.id])}`;
    expect(await redis.pTTL(name)).toBeGreaterThan(WINDOW - 60_000);
    redis.destroy();
  },
);

test("DynamoDB: another clock may differ by the skew before a claim is taken over, and an epoch is read again in time", async () => {
  const { store } = rigs.get("dynamodb")!;
  const [one, other] = [virtualRuntime({ seed: 1 }), virtualRuntime({ seed: 2 })];
  const [mine, theirs] = [store.open(one), store.open(other)];
  const key = keyOf("orders/skew");
  await mine.claim(key, "a", HOLD, WINDOW);
  await other.advance(HOLD + 5_000);
  expect(await theirs.claim(key, "b", HOLD, WINDOW)).toMatchObject({ got: "held" });
  await other.advance(1);
  expect(await theirs.claim(key, "b", HOLD, WINDOW)).toEqual({ got: "yes" });
  await theirs.done(key, "b", WINDOW);
  expect(await mine.claim(key, "a", HOLD, WINDOW)).toEqual({ got: "done" });
  // `forget` waits until no process can have the old epoch.
  let forgotten = false;
  const forgetting = theirs.forget("orders/skew").then(() => {
    forgotten = true;
  });
  await other.advance(4_999);
  expect(forgotten).toBe(false);
  while (!forgotten) await other.advance(1);
  await forgetting;
  await one.advance(5_000);
  expect(await mine.claim(key, "a", HOLD, WINDOW)).toEqual({ got: "yes" });
});
