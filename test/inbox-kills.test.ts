/** A consumer behind an inbox, killed between every two steps; and the whole way from a message to the message that follows from it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { connect } from "@switchyard/core";
import { claimSchema, inboxSchema } from "@switchyard/inbox";
import { leaseSchema } from "@switchyard/leases/postgres";
import { outboxSchema } from "@switchyard/outbox";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Postgres, startPostgres } from "../packages/leases/src/fixtures/postgres.ts";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { configOf, jobs, mails } from "./support/inbox.ts";
import type { Service } from "./support/inbox-service.ts";
import { startRedis, wantsRedis } from "./support/redis.ts";

const script = fileURLToPath(new URL("support/inbox-service.ts", import.meta.url));
const children = new Set<ChildProcess>();
let postgres: Postgres;
let redis: Awaited<ReturnType<typeof startRedis>> | undefined;
let aws: Aws;

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.pool.query("create database template");
  const pool = new pg.Pool({ connectionString: databaseOf("template") });
  await pool.query("create table effects (n integer not null)");
  for (const schema of [inboxSchema(), claimSchema(), outboxSchema({ parts: 1 })]) await schema.apply(pool);
  const { signal } = new AbortController();
  const leases = leaseSchema({ pool });
  await leases.apply(await leases.plan(signal), signal);
  await pool.end();
  aws = await startAws();
  if (wantsRedis) redis = await startRedis();
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await postgres?.stop();
  await redis?.stop();
  await aws?.close();
});

function databaseOf(name: string): string {
  const url = new URL(postgres.url);
  url.pathname = name;
  return url.href;
}

/** Starts the service. `said` resolves with the step at which it hangs, or with `started`. */
function service(options: Pick<Service, "kind" | "prefix" | "postgres" | "hangAt">) {
  const given = { ...options, aws: aws.connection, redis: redis?.port ?? 0 } satisfies Service;
  const child = spawn(process.execPath, ["--conditions=@switchyard/source", script, JSON.stringify(given)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...aws.env },
  });
  children.add(child);
  const gone = once(child, "exit").then(() => void children.delete(child));
  return {
    says: async (word: string) => {
      for await (const line of createInterface({ input: child.stdout })) if (line === word) return;
      throw new Error(`the service ended and did not say ${word}`);
    },
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** Sends two jobs, each twice, has one service killed at the step, and lets another finish. Resolves with the effects of each job. */
async function killed(kind: Service["kind"], step: string): Promise<Record<number, number>> {
  const prefix = `${kind}-${step}`;
  // Its own tables: two relays of one outbox would do each other's work.
  await postgres.pool.query(`create database "${prefix}" template template`);
  const database = databaseOf(prefix);
  const messaging = await connect({
    channels: [jobs, mails],
    service: "shop",
    config: configOf(prefix, aws.connection),
  });
  for (const n of [1, 1, 2, 2]) await messaging.publish(jobs, "job", { n }, { id: `${prefix}-${n}` });
  await messaging.stop();

  const first = service({ kind, prefix, postgres: database, hangAt: step });
  await first.says(step);
  await first.kill();
  const second = service({ kind, prefix, postgres: database });
  await second.says("started");
  const left = () => {
    const { ready = 0, held = 0, delayed = 0 } = aws.inspect(`${prefix}_jobs_work`) ?? {};
    return ready + held + delayed;
  };
  const pool = new pg.Pool({ connectionString: database });
  try {
    const waiting = async () => (await pool.query("select 1 from switchyard_outbox")).rowCount;
    await vi.waitUntil(async () => left() === 0 && (await waiting()) === 0, { timeout: 120_000, interval: 50 });
    await second.kill();
    const { rows } = await pool.query("select n, count(*)::integer as times from effects group by n");
    return Object.fromEntries(rows.map(({ n, times }: { n: number; times: number }) => [n, times]));
  } finally {
    await pool.end();
  }
}

async function mailsOf(prefix: string): Promise<string[]> {
  const QueueUrl = `${aws.endpoint}/000000000000/${prefix}_mails_readers`;
  const arrived: string[] = [];
  for (;;) {
    const request = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"], WaitTimeSeconds: 0 };
    const { Messages = [] } = await aws.client.send(new ReceiveMessageCommand(request));
    if (Messages.length === 0) return arrived.sort();
    for (const { MessageAttributes } of Messages) arrived.push(JSON.parse(MessageAttributes!["ce"]!.StringValue!).id);
  }
}

/** From the message to the message that follows from it: one transaction has the inbox's mark, the state and the outbox. */
const WAY = ["begun", "marked", "changed", "published", "committed", "acknowledged", "read", "sent", "settled"];

describe.concurrent("exactly, with the outbox", () => {
  test.each(WAY)(
    "killed once it has %s: the effect once, the mail at least once",
    { timeout: 240_000 },
    async (step) => {
      expect(await killed("exactly", step)).toEqual({ 1: 1, 2: 1 });
      const arrived = await mailsOf(`exactly-${step}`);
      expect([...new Set(arrived)]).toEqual(["mail-1", "mail-2"]);
      // Only between the broker's answer and the relay's delete may a kill double what arrives.
      if (step !== "sent") expect(arrived).toHaveLength(2);
    },
  );
});

describe.concurrent.each(["postgres", ...(wantsRedis ? (["redis"] as const) : [])] as const)("claims in %s", (kind) => {
  test.each(["claimed", "handled", "marked", "acknowledged"])(
    "killed once it has %s",
    { timeout: 240_000 },
    async (step) => {
      // Between the work and the mark is the gap that a claim leaves.
      expect(await killed(kind as Service["kind"], step)).toEqual({ 1: step === "handled" ? 2 : 1, 2: 1 });
    },
  );
});
