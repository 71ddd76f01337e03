/** A worker of a chaos run, as a process of its own. It handles until it is told to stop, and writes every handling down. */
import { consumer, DeadLetter } from "@switchyard/core";
import { setTimeout as sleep } from "node:timers/promises";
import { openLedger } from "./ledger.ts";
import { GROUP, type Item, jobs, NOT_STARTED, observer, open, orders, partOf, resources, told } from "./service.ts";

const part = partOf(process.env);
const ledger = openLedger(part.folder, part.name);
const stop = told();
const before = resources();
const messaging = await open(part, observer(ledger));

interface Given {
  readonly id: string;
  readonly key?: string;
  readonly attempt: number;
  readonly hop: number;
  readonly signal: AbortSignal;
}

const handle = async ({ seq, failures, poison, ms }: Item, delivery: Given): Promise<void> => {
  const { id, key, attempt, hop, signal } = delivery;
  ledger.write({ is: "begin", id, ...(key === undefined ? {} : { key }), seq, attempt });
  await sleep(ms);
  if (poison && hop === 0) {
    ledger.write({ is: "threw", id, what: "dead-letter" });
    throw new DeadLetter("poison");
  }
  if (attempt <= failures) {
    ledger.write({ is: "threw", id, what: "retry" });
    throw new Error(`attempt ${attempt} of ${failures} that fail`);
  }
  ledger.write({ is: "handled", id, held: !signal.aborted });
};
messaging.consume(consumer(jobs, GROUP, { item: handle }));
messaging.consume(consumer(orders, GROUP, { item: handle }));
try {
  await messaging.start();
} catch (error) {
  process.stderr.write(`${error}\n`);
  process.exit(NOT_STARTED);
}
ledger.write({ is: "started", ...(part.mutant === undefined ? {} : { mutant: part.mutant }) });
await stop;
await messaging.stop();
// Sockets that were closed are gone a turn later.
await sleep(100);
ledger.write({ is: "stopped", before, after: resources() });
ledger.close();
