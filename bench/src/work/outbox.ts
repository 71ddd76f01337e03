/** A backlog that one transaction has just committed, until the broker has all of it: our relay, the loop that people write by hand, and publishing without a database. */
import { adapter } from "@switchyard/amqp";
import { connect, type Messaging } from "@switchyard/core";
import { leaseSchema } from "@switchyard/leases/postgres";
import { createOutbox, outboxSchema } from "@switchyard/outbox";
import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { sqs } from "@switchyard/sqs";
import { connect as amqplib } from "amqplib";
import pg from "pg";
import { type Session, timed, type Work, type WorkOptions } from "../measured.ts";
import { jobs, message, silent } from "./messages.ts";
import { atOnce, Keeper, urlOf } from "./rabbit-queue.ts";
import { createQueue } from "./sqs-server.ts";

const COUNT = { rabbit: 10_000, sqs: 20_000 };
const BATCH = 500;
/** SQS's FAQ: requests typically take tens or low hundreds of milliseconds. */
const LATENCY_MS = 10;
/** Between two looks at whether the table is empty. A look costs PostgreSQL work; half of this is less than a hundredth of a round. */
const LOOK_MS = 20;

interface Target {
  readonly count: number;
  readonly messaging: Messaging<any>;
  /** Resolves once the broker has all messages of a round, and is empty again. */
  readonly ended: () => Promise<void>;
  readonly close: () => Promise<unknown>;
}

async function onRabbit(options: WorkOptions): Promise<Target> {
  const prefix = `bench${process.pid}`;
  const url = urlOf("rabbit", options);
  const config = {
    prefix,
    connections: { rabbit: { use: adapter, url, provision: "auto" } },
    channels: { jobs: { model: "queue", on: "rabbit", groups: { work: {} } } },
  } as never;
  const messaging = await connect({ channels: [jobs], service: "bench", config, observe: silent });
  const keeper = await Keeper.open(url);
  const queue = `${prefix}_jobs_work`;
  return {
    count: COUNT.rabbit,
    messaging,
    ended: async () => {
      await keeper.until(queue, COUNT.rabbit);
      await keeper.purge(queue);
    },
    close: async () => {
      await messaging.stop();
      await keeper.close(queue);
    },
  };
}

/**
 * A client whose calls take {@link LATENCY_MS} longer. An emulator beside the database answers at once, so that the row would measure how
 * three processes share two cores.
 */
function distant(endpoint: string): SQSClient {
  const client = new SQSClient({
    endpoint,
    region: "us-east-1",
    maxAttempts: 1,
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: 200 } },
  } as SQSClientConfig);
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      await new Promise((resolve) => setTimeout(resolve, LATENCY_MS));
      return answer;
    },
    { step: "finalizeRequest", name: "latency" },
  );
  return client;
}

async function onSqs({ servers, missing }: WorkOptions): Promise<Target> {
  const endpoint = servers["emulator-sqs"];
  if (endpoint === undefined) throw new Error(missing?.["emulator-sqs"] ?? "no emulator of SQS");
  const prefix = `bench${process.pid}`;
  await createQueue(endpoint, `${prefix}_jobs_work`);
  const config = {
    prefix,
    connections: { sqs: sqs({ client: distant(endpoint) as never }) },
    policies: { default: { deadLetter: false } },
    channels: { jobs: { model: "queue", on: "sqs", groups: { work: {} } } },
  } as never;
  const messaging = await connect({ channels: [jobs], service: "bench", config, observe: silent });
  return { count: COUNT.sqs, messaging, ended: async () => {}, close: () => messaging.stop() };
}

async function tables(options: WorkOptions): Promise<pg.Pool> {
  const url = options.servers["postgres"];
  if (url === undefined) throw new Error(options.missing?.["postgres"] ?? "no PostgreSQL");
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const { signal } = new AbortController();
  const leases = leaseSchema({ pool });
  await leases.apply(await leases.plan(signal), signal);
  return pool;
}

/** Calls `write` in a transaction whose commit begins the round. */
async function inOne(pool: pg.Pool, write: (client: pg.PoolClient) => Promise<unknown>): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query("begin");
  await write(client);
  return async () => {
    await client.query("commit");
    client.release();
  };
}

async function emptied(pool: pg.Pool, table: string): Promise<void> {
  // By the index: it forgets deleted rows, which a look at the table itself would walk through each time.
  while ((await pool.query(`select 1 from ${table} order by part, seq limit 1`)).rows.length > 0)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

const relayed =
  (target: (options: WorkOptions) => Promise<Target>): Work =>
  async (options) => {
    const { count, messaging, ended, close } = await target(options);
    const pool = await tables(options);
    const table = `bench_outbox_${process.pid}`;
    await outboxSchema({ table }).apply(pool);
    const outbox = createOutbox({ channels: [jobs], service: "bench", table });
    const relay = outbox.relay({ messaging, pool, batch: BATCH });
    const running = relay.run();
    while ((await relay.health()).parts.length < 16);
    const items = Array.from({ length: count }, (_, n) => ({ type: "job" as const, data: message(n) }));
    return {
      round: async () => {
        const commit = await inOne(pool, (client) => outbox(client).publishMany(jobs, items as never));
        const sample = await timed(count, async () => {
          await commit();
          outbox.nudge();
          await emptied(pool, table);
        });
        await ended();
        return sample;
      },
      close: async () => {
        await relay.stop();
        await running;
        await pool.query(`drop table ${table}, ${table}_dead`);
        await pool.end();
        await close();
      },
    };
  };

const plain =
  (target: (options: WorkOptions) => Promise<Target>): Work =>
  async (options) => {
    const { count, messaging, ended, close } = await target(options);
    return {
      round: async () => {
        const publish = (n: number) => messaging.publish(jobs as never, "job" as never, message(n) as never);
        const sample = await timed(count, () => atOnce(BATCH, count, publish));
        await ended();
        return sample;
      },
      close: async () => void (await close()),
    };
  };

/** As the articles show it: rows are locked while they are published. One such loop: two would publish a key out of order. */
export const byHand: Work = async (options): Promise<Session> => {
  const count = COUNT.rabbit;
  const url = urlOf("rabbit", options);
  const keeper = await Keeper.open(url);
  const queue = await keeper.create("hand");
  const model = await amqplib(url, { noDelay: true });
  const channel = await model.createConfirmChannel();
  const pool = await tables(options);
  const table = `bench_hand_${process.pid}`;
  await pool.query(`create table ${table} (id bigserial primary key, body text not null)`);
  const publish = (body: string) =>
    new Promise<void>((resolve, reject) => {
      const done = (error: unknown) => (error === null ? resolve() : reject(error as Error));
      channel.sendToQueue(queue, Buffer.from(body), { persistent: true, contentType: "application/json" }, done);
    });
  const client = await pool.connect();
  const loop = async () => {
    for (;;) {
      await client.query("begin");
      const text = `select id, body from ${table} order by id limit ${BATCH} for update skip locked`;
      const { rows } = await client.query<{ id: string; body: string }>(text);
      await Promise.all(rows.map(({ body }) => publish(body)));
      await client.query(`delete from ${table} where id = any($1::bigint[])`, [rows.map(({ id }) => id)]);
      await client.query("commit");
      if (rows.length === 0) return;
    }
  };
  const bodies = Array.from({ length: count }, (_, n) => JSON.stringify(message(n)));
  return {
    round: async () => {
      const fill = `insert into ${table} (body) select unnest($1::text[])`;
      const commit = await inOne(pool, (writer) => writer.query(fill, [bodies]));
      const sample = await timed(count, async () => {
        await commit();
        await loop();
      });
      await keeper.until(queue, count);
      await keeper.purge(queue);
      return sample;
    },
    close: async () => {
      client.release();
      await pool.query(`drop table ${table}`);
      await pool.end();
      await model.close();
      await keeper.close(queue);
    },
  };
};

export const rabbitRelay = relayed(onRabbit);
export const rabbitPlain = plain(onRabbit);
export const sqsRelay = relayed(onSqs);
export const sqsPlain = plain(onSqs);
