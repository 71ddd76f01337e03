/** A publisher of a chaos run, as a process of its own. It writes down each publish before it begins and what became of it. */
import { isMessagingError } from "@switchyard/core";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../fuzz.ts";
import { openLedger } from "./ledger.ts";
import { type Item, jobs, NOT_STARTED, observer, open, orders, partOf, resources, told } from "./service.ts";

const KEYS = 8;
/** More wait in vain while the broker is away: a run is about faults, not about depth. */
const MOST_PENDING = 300;

const part = partOf(process.env);
const ledger = openLedger(part.folder, part.name);
const random = new Random(part.seed);
let stopping = false;
const stop = told().then(() => (stopping = true));
const before = resources();
const messaging = await open(part, observer(ledger));
try {
  await messaging.start();
} catch (error) {
  process.stderr.write(`${error}\n`);
  process.exit(NOT_STARTED);
}
ledger.write({ is: "started" });

const pending = new Set<Promise<void>>();
let count = 0;
const seqs = new Map<string, number>();

async function publish(): Promise<void> {
  const ordered = random.below(2) === 0;
  // Keys of this process alone: its calls are their order.
  const key = `${part.name}-k${random.below(KEYS)}`;
  const id = `${part.name}-${ordered ? "o" : "j"}${count++}`;
  const seq = ordered ? (seqs.get(key) ?? 0) + 1 : 0;
  if (ordered) seqs.set(key, seq);
  const data: Item = {
    seq,
    key,
    failures: random.below(20) === 0 ? 1 + random.below(2) : 0,
    // A dead letter leaves a gap in its key: only where there is no order.
    poison: !ordered && random.below(100) === 0,
    ms: random.below(10) === 0 ? 200 + random.below(300) : random.below(10),
  };
  ledger.write({ is: "attempt", id, ...(ordered ? { key } : {}), seq });
  try {
    await (ordered ? messaging.publish(orders, "item", data, { id }) : messaging.publish(jobs, "item", data, { id }));
    ledger.write({ is: "accepted", id });
  } catch (error) {
    const { kind, code } = isMessagingError(error) ? error : { kind: "none", code: String(error) };
    ledger.write({ is: kind === "ambiguous" ? "ambiguous" : "failed", id, code });
  }
}

while (!stopping) {
  if (pending.size < MOST_PENDING) {
    const one: Promise<void> = publish().finally(() => pending.delete(one));
    pending.add(one);
  }
  await Promise.race([sleep(1_000 / part.perSecond), stop]);
}
await Promise.all(pending);
await messaging.stop();
await sleep(100);
ledger.write({ is: "stopped", before, after: resources() });
ledger.close();
