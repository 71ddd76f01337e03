/**
 * A publisher of a chaos run, as a process of its own. It writes down each publish before it begins and what became of it. A share of
 * its messages goes through the outbox.
 */
import { isMessagingError } from "@switchyard/core";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../fuzz.ts";
import { openStore, outboxOf } from "./books.ts";
import { openLedger } from "./ledger.ts";
import {
  channelsOf,
  type Item,
  jobs,
  NOT_STARTED,
  observer,
  open,
  orders,
  partOf,
  resources,
  told,
} from "./service.ts";

const KEYS = 8;
/** More wait in vain while the broker is away: a run is about faults, not about depth. */
const MOST_PENDING = 300;
/** Of a hundred messages. */
const THROUGH_OUTBOX = 30;

const part = partOf(process.env);
const ledger = openLedger(part.folder, part.name);
const random = new Random(part.seed);
const stopping = new AbortController();
void told().then(() => stopping.abort());
const before = resources();
const store = openStore(part, ledger, 5);
const { pool } = store;
const messaging = await open(part, pool, observer(ledger));
const outbox = outboxOf(part);
try {
  await messaging.start();
} catch (error) {
  process.stderr.write(`${error}\n`);
  process.exit(NOT_STARTED);
}
ledger.write({ is: "started" });

const channels = channelsOf(part.transport);
const pending = new Set<Promise<void>>();
let count = 0;
const seqs = new Map<string, number>();
/** The end of the last transaction of each key. */
const turns = new Map<string, Promise<void>>();

async function publish(): Promise<void> {
  const to = random.of(channels);
  const ordered = to.name === orders.name;
  const stored = random.below(100) < THROUGH_OUTBOX;
  // Keys of this process and this way alone: its calls are their order.
  const key = `${part.name}-${stored ? "x" : "k"}${random.below(KEYS)}`;
  const id = `${part.name}-${ordered ? "o" : "j"}${count++}`;
  const seq = ordered ? (seqs.get(key) ?? 0) + 1 : 0;
  if (ordered) seqs.set(key, seq);
  const data: Item = {
    seq,
    key,
    failures: random.below(20) === 0 ? 1 + random.below(2) : 0,
    // A dead letter leaves a gap in its key: only where there is no order.
    poison: !ordered && random.below(100) < part.poison,
    ms: random.below(10) === 0 ? 200 + random.below(300) : random.below(10),
  };
  if (!stored) return direct(ordered, id, key, data);
  if (!ordered) return viaOutbox(ordered, id, key, data);
  const turn = (turns.get(key) ?? Promise.resolve()).then(() => viaOutbox(ordered, id, key, data));
  turns.set(key, turn);
  return turn;
}

async function direct(ordered: boolean, id: string, key: string, data: Item): Promise<void> {
  ledger.write({ is: "attempt", id, ...(ordered ? { key } : {}), seq: data.seq });
  try {
    await messaging.publish(ordered ? orders : jobs, "item", data, { id });
    ledger.write({ is: "accepted", id });
  } catch (error) {
    const { kind, code } = isMessagingError(error) ? error : { kind: "none", code: String(error) };
    ledger.write({ is: kind === "ambiguous" ? "ambiguous" : "failed", id, code });
  }
}

/** A transaction that changes the row of its key, and publishes. Until it is committed, the next of the key waits for the row. */
async function viaOutbox(ordered: boolean, id: string, key: string, data: Item): Promise<void> {
  ledger.write({ is: "attempt", id, ...(ordered ? { key } : {}), seq: data.seq, via: "outbox" });
  let committing = false;
  const client = await pool.connect().catch((error: unknown) => String(error));
  if (typeof client === "string") return ledger.write({ is: "failed", id, code: client });
  try {
    await client.query("begin");
    await client.query(
      `insert into ${part.tables}_keys as k values ($1, 1) on conflict (key) do update set count = k.count + 1`,
      [ordered ? key : id],
    );
    await client.query(`insert into ${part.tables}_published values ($1)`, [id]);
    await outbox(client).publish(ordered ? orders : jobs, "item", data, { id });
    committing = true;
    await client.query("commit");
    ledger.write({ is: "accepted", id });
    client.release();
  } catch (error) {
    client.release(true);
    ledger.write({ is: committing ? "ambiguous" : "failed", id, code: String(error) });
  }
}

while (!stopping.signal.aborted) {
  if (pending.size < MOST_PENDING) {
    const one: Promise<void> = publish().finally(() => pending.delete(one));
    pending.add(one);
  }
  // Aborted, or its timer would be taken for one that was left open.
  await sleep(1_000 / part.perSecond, undefined, { signal: stopping.signal }).catch(() => {});
}
await Promise.all(pending);
await messaging.stop();
await store.close();
await sleep(100);
ledger.write({ is: "stopped", before, after: resources() });
ledger.close();
