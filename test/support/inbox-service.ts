/**
 * A service for the test that kills it: it takes jobs from SQS behind an inbox, notes the effect of each in PostgreSQL and, with `exactly`,
 * publishes a mail through the outbox in the same transaction. At the step of its last argument it says so and hangs.
 */
import { flushCompileCache } from "node:module";
import { intercept } from "@switchyard/contract";
import { connect, consumer, systemRuntime as runtime } from "@switchyard/core";
import { type ClaimStore, claim, exactly, postgresStore, redisStore } from "@switchyard/inbox";
import { createOutbox } from "@switchyard/outbox";
import { adapter as sqs } from "@switchyard/sqs";
import pg from "pg";
import { createClient } from "redis";
import { configOf, jobs, mails, stepping } from "./inbox.ts";

export interface Service {
  readonly kind: "exactly" | "postgres" | "redis";
  readonly prefix: string;
  readonly aws: object;
  readonly postgres: string;
  readonly redis: number;
  /** The step at which it hangs. */
  readonly hangAt?: string;
}

const { kind, prefix, aws, postgres, redis, hangAt } = JSON.parse(process.argv[2] as string) as Service;
const pool = new pg.Pool({ connectionString: postgres });

/** The steps of the relay may come before those of the consumer. Each hangs once. */
const at = async (step: string) => {
  if (step !== hangAt) return;
  process.stdout.write(`${step}\n`);
  await runtime.sleep(600_000);
};

/** Says when a job was acknowledged. */
const adapter = intercept(sqs, {
  settle: async (batch, call) => {
    const outcomes = await call(batch);
    if (batch.some(({ action }) => action === "ack")) await at("acknowledged");
    return outcomes;
  },
});
// The one that is killed holds and leases for a short time; the other keeps what it has, however long the machine stalls.
const { hold, lease } =
  hangAt === undefined ? ({ hold: "30s", lease: "5s" } as const) : ({ hold: "3s", lease: "1s" } as const);
const config = configOf(prefix, { ...aws, use: adapter }, hold);
const messaging = await connect({ channels: [jobs, mails], service: "work", config });
const options = { window: "1h", accept: "shorter" } as const;
const note = "insert into effects (n) values ($1)";

if (kind === "exactly") {
  const outbox = createOutbox({ channels: [mails], service: "work" });
  const watched = stepping(pool, { after: at });
  const handle = async ({ n }: { n: number }, { tx }: { tx: any }) => {
    await tx.query(note, [n]);
    await at("changed");
    await outbox(tx).publish(mails, "mail", { n }, { id: `mail-${n}` });
    await at("published");
  };
  messaging.consume(consumer(jobs, "work", { job: handle }, { use: [exactly(watched, options)] }));
  const relayPool = {
    query: async (text: string, values?: unknown[]) => {
      const result = await pool.query(text, values);
      if (text.includes("head as") && result.rows.length > 0) await at("read");
      if (text.includes("sent as")) await at("settled");
      return result;
    },
  };
  const sending = {
    publishMany: async (...given: Parameters<typeof messaging.publishMany>) => {
      const results = await messaging.publishMany(...given);
      await at("sent");
      return results;
    },
  };
  void outbox.relay({ messaging: sending as never, pool: relayPool, lease }).run();
} else {
  const client = createClient({ url: `redis://127.0.0.1:${redis}` });
  if (kind === "redis") await client.connect();
  const store = kind === "redis" ? redisStore(client, { prefix }) : postgresStore(pool);
  const watched: ClaimStore = {
    ...store,
    open: (given) => {
      const claims = store.open(given);
      return {
        ...claims,
        claim: async (...of) => {
          const reply = await claims.claim(...of);
          if (reply.got === "yes") await at("claimed");
          return reply;
        },
        done: async (...of) => {
          const mine = await claims.done(...of);
          await at("marked");
          return mine;
        },
      };
    },
  };
  const handle = async ({ n }: { n: number }) => {
    await pool.query(note, [n]);
    await at("handled");
  };
  messaging.consume(consumer(jobs, "work", { job: handle }, { use: [claim(watched, options)] }));
}
await messaging.start();
// It will be killed. The next one starts in half the time.
flushCompileCache();
process.stdout.write("started\n");
