/** A worker of a chaos run, as a process of its own. It handles until it is told to stop, and writes every handling down. */
import { consumer, DeadLetter, middleware, Skip } from "@switchyard/core";
import { setTimeout as sleep } from "node:timers/promises";
import { inboxOf, openStore, type Tx } from "./books.ts";
import { clock, openLedger } from "./ledger.ts";
import { channelsOf, GROUP, type Item, NOT_STARTED, observer, open, partOf, resources, told } from "./service.ts";

const part = partOf(process.env);
const ledger = openLedger(part.folder, part.name);
const stop = told();
const before = resources();
const leases = openStore(part, ledger, 3);
// A connection for each handler of two channels.
const store = openStore(part, ledger, 20);
const messaging = await open(part, leases.pool, observer(ledger));

interface Given extends Tx {
  readonly id: string;
  readonly key?: string;
  readonly attempt: number;
  readonly hop: number;
  readonly position?: string;
  readonly fencingToken?: number;
}

/** Around the inbox: what it commits has been handled, and what it skips had been. */
const journal = middleware(async ({ id, signal }, next) => {
  try {
    const done = await next();
    ledger.write({ is: "handled", id, held: !signal.aborted });
    return done;
  } catch (error) {
    if (error instanceof Skip) ledger.write({ is: "skipped", id });
    else ledger.write({ is: "threw", id, what: error instanceof DeadLetter ? "dead-letter" : "retry" });
    throw error;
  }
});

const handle = async ({ seq, failures, poison, ms }: Item, delivery: Given): Promise<void> => {
  const { id, key, attempt, hop, position, fencingToken, tx } = delivery;
  ledger.write({
    is: "begin",
    id,
    ...(key === undefined ? {} : { key }),
    seq,
    attempt,
    ...(position === undefined ? {} : { position }),
    ...(fencingToken === undefined ? {} : { token: fencingToken }),
  });
  await sleep(ms);
  if (poison && hop === 0) throw new DeadLetter("poison");
  if (attempt <= failures) throw new Error(`attempt ${attempt} of ${failures} that fail`);
  await tx.query(`insert into ${part.tables}_effects values ($1, $2, $3)`, [id, part.name, clock()]);
};
for (const each of channelsOf(part.transport))
  messaging.consume(
    consumer(each, GROUP, { item: handle }, { use: [journal, inboxOf(store.pool, part.tables, part.mutant)] }),
  );
try {
  await messaging.start();
} catch (error) {
  process.stderr.write(`${error}\n`);
  process.exit(NOT_STARTED);
}
ledger.write({ is: "started", ...(part.mutant === undefined ? {} : { mutant: part.mutant }) });
await stop;
await messaging.stop();
await Promise.all([store.close(), leases.close()]);
// Sockets that were closed are gone a turn later.
await sleep(100);
ledger.write({ is: "stopped", before, after: resources() });
ledger.close();
