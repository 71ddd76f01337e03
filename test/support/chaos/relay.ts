/** A relay of the outbox, as a process of its own. It writes down what it hands to the broker, and the answer. */
import { type PublishManyResult, systemRuntime } from "@switchyard/core";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore, outboxOf } from "./books.ts";
import { openLedger } from "./ledger.ts";
import { NOT_STARTED, observer, open, partOf, resources, told } from "./service.ts";

const part = partOf(process.env);
const ledger = openLedger(part.folder, part.name);
const stop = told();
const before = resources();
const store = openStore(part, ledger, 5);
const { pool } = store;
const messaging = await open(part, pool, observer(ledger));

type Items = readonly { readonly id: string }[];
const send = messaging.publishMany.bind(messaging) as unknown as (
  to: unknown,
  items: Items,
) => Promise<readonly PublishManyResult[]>;

async function publishMany(to: unknown, items: Items): Promise<readonly PublishManyResult[]> {
  for (const { id } of items) ledger.write({ is: "relaying", id });
  if (part.mutant === "delete-before-accept") {
    send(to, items).catch(() => {});
    return items.map(({ id }) => ({ ok: true, id }));
  }
  const results = await send(to, items);
  for (const result of results)
    ledger.write({ is: "relayed", id: result.id, code: result.ok ? "ok" : result.error.code });
  return results;
}

const relay = outboxOf(part).relay({
  messaging: { publishMany, explain: () => messaging.explain() } as never,
  pool,
  lease: "3s",
  red: "1h",
});
const running = relay.run().catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exit(NOT_STARTED);
});
while ((await relay.health()).state !== "running") await systemRuntime.sleep(20);
ledger.write({ is: "started", ...(part.mutant === undefined ? {} : { mutant: part.mutant }) });
await stop;
await relay.stop();
await running;
await messaging.stop();
await store.close();
await sleep(100);
ledger.write({ is: "stopped", before, after: resources() });
ledger.close();
