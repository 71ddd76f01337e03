/**
 * A service for the test that kills it: it takes an order from its queue, marks it as handled, changes its state and publishes through
 * the outbox in one transaction, acknowledges, and relays. At the step of its last argument it says so and hangs. Queue and
 * broker are tables, so that they outlive it.
 */
import { type PublishManyResult, systemRuntime as runtime } from "@switchyard/core";
import pg from "pg";
import { outboxOf, orders } from "./outbox.ts";

const [url, table, hangAt] = process.argv.slice(2) as [string, string, string | undefined];
const pool = new pg.Pool({ connectionString: url });
const outbox = outboxOf({ table });

/** The steps of the relay may come before those of the consumer. Each hangs once. */
const at = async (step: string) => {
  if (step !== hangAt) return;
  process.stdout.write(`${step}\n`);
  await runtime.sleep(600_000);
};

async function handle(id: string): Promise<void> {
  const client = await pool.connect();
  await client.query("begin");
  const { rowCount } = await client.query(`insert into ${table}_marks values ($1) on conflict do nothing`, [id]);
  await at("marked");
  if (rowCount === 1) {
    await client.query(`update ${table}_state set total = total + 1`);
    await at("changed");
    await outbox(client).publish(orders, "order.placed", { order: "a", n: Number(id) }, { id: `order-${id}` });
    await at("published");
  }
  await client.query("commit");
  client.release();
  await at("committed");
}

const relayPool = {
  query: async (text: string, values?: unknown[]) => {
    const result = await pool.query(text, values);
    if (text.includes("head as") && result.rows.length > 0) await at("read");
    if (text.includes("sent as")) await at("settled");
    return result;
  },
};
const messaging = {
  publishMany: async (_: unknown, items: readonly { id: string }[]): Promise<readonly PublishManyResult[]> => {
    for (const { id } of items) await pool.query(`insert into ${table}_arrivals (id) values ($1)`, [id]);
    await at("sent");
    return items.map(({ id }) => ({ ok: true, id }));
  },
};

const relay = outbox.relay({ messaging, pool: relayPool, lease: "1s" });
const running = relay.run();
for (;;) {
  const { rows } = await pool.query(`select id from ${table}_queue order by id limit 1`);
  if (rows.length === 0) break;
  await handle(rows[0].id);
  await pool.query(`delete from ${table}_queue where id = $1`, [rows[0].id]);
  await at("acknowledged");
}
while ((await pool.query(`select 1 from ${table}`)).rows.length > 0) await runtime.sleep(20);
await relay.stop();
await running;
await pool.end();
process.stdout.write("done\n");
