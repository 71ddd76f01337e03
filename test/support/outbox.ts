/** A broker in memory for relays, with the faults that a test asks for, and an outbox on a private PostgreSQL. */
import { channel, MessagingError, type PublishManyResult } from "@switchyard/core";
import { leaseSchema } from "@switchyard/leases/postgres";
import { createOutbox, outboxSchema } from "@switchyard/outbox";
import { z } from "zod";
import type { Postgres } from "../../packages/leases/src/fixtures/postgres.ts";

export const orders = channel("orders", {
  messages: { "order.placed": z.object({ order: z.string(), n: z.int() }) },
  orderingKey: "order",
});
export const mail = channel("mail", { messages: { "mail.wanted": z.object({ to: z.string() }) } });

export const channels = [orders, mail] as const;
export const outboxOf = (options: object = {}) => createOutbox({ channels, service: "billing", ...options });

/** Makes the tables of an outbox, and those of the leases. */
export async function makeTables({ pool }: Postgres, table: string, parts = 1): Promise<void> {
  await outboxSchema({ table, parts }).apply(pool);
  const leases = leaseSchema({ pool });
  const { signal } = new AbortController();
  await leases.apply(await leases.plan(signal), signal);
}

export interface Arrival {
  readonly id: string;
  readonly channel: string;
  readonly type: string;
  readonly data: any;
  readonly headers?: Readonly<Record<string, string>>;
}

type Fault = "permanent" | "ambiguous" | "down";

/** Takes messages as messaging does: in order per key, and none of a key after one that failed. */
export class Broker {
  readonly arrivals: Arrival[] = [];
  /** Called before each message; what it returns goes wrong. */
  fault: (message: Arrival) => Fault | undefined = () => undefined;
  /** Called before each `publishMany` is carried out. */
  before: () => Promise<void> = async () => {};
  readonly #waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  async publishMany(to: { name: string }, items: readonly any[]): Promise<readonly PublishManyResult[]> {
    await this.before();
    const failed = new Set<string>();
    const results = items.map(({ id, type, data, headers }): PublishManyResult => {
      const message = { id, channel: to.name, type, data, ...(headers === undefined ? {} : { headers }) };
      const refuse = (code: string, kind: "permanent" | "ambiguous" | "retryable") => {
        if (data.order !== undefined) failed.add(data.order);
        return { ok: false as const, id, error: new MessagingError(code, `${code}: ${id}`, { kind }) };
      };
      if (failed.has(data.order)) return refuse("blocked-by-earlier", "retryable");
      const fault = this.fault(message);
      if (fault === "permanent") return refuse("too-large", "permanent");
      if (fault === "down") return refuse("unavailable", "retryable");
      this.arrivals.push(message);
      return fault === "ambiguous" ? refuse("publish-timeout", "ambiguous") : { ok: true, id };
    });
    for (const waiter of this.#waiting.splice(0)) {
      if (waiter.done()) waiter.resolve();
      else this.#waiting.push(waiter);
    }
    return results;
  }

  /** The numbers or addresses that arrived, in their order. */
  get seen(): readonly (number | string)[] {
    return this.arrivals.map(({ data }) => data.n ?? data.to);
  }

  /** Resolves once everything of `wanted` has arrived. */
  async all(...wanted: readonly (number | string)[]): Promise<void> {
    const done = () => wanted.every((each) => this.seen.includes(each));
    if (done()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ done, resolve }));
  }
}

/** Runs `work` in a transaction of its own client. */
export async function inTransaction<T>(
  { pool }: Postgres,
  work: (client: any) => Promise<T>,
  end = "commit",
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query(end);
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}
