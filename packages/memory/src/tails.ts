/** Watching topics and streams of the memory broker. */
import type { Destination, TailDriver, TailRecord, TailStart } from "@switchyard/core/driver";
import type { Broker } from "./broker/broker.ts";
import type { Log } from "./broker/log.ts";
import type { Partition } from "./broker/partition.ts";
import { Queue } from "./broker/queue.ts";
import type { Rules } from "./broker/rules.ts";
import { handedOut } from "./message.ts";
import { findLog, findTopic } from "./resource.ts";

const READ_MS = 1_000;
const MOST = 100;

/** `rulesOf`: how the queue of a group of such a topic behaves. */
export const openTail = (
  broker: Broker,
  of: Destination,
  start: TailStart,
  rulesOf: (of: Destination) => Rules,
): TailDriver =>
  of.model === "stream" ? new LogTail(broker, findLog(broker, of), start) : new TopicTail(broker, of, rulesOf(of));

/** A group of its own, whose name no group can have. */
class TopicTail implements TailDriver {
  readonly #queue: Queue;
  readonly #leave: () => void;

  constructor(broker: Broker, of: Destination, rules: Rules) {
    const topic = findTopic(broker, of);
    const name = `~tail-${broker.clock.runtime.uuid()}`;
    this.#queue = new Queue(name, rules, broker.clock);
    this.#queue.consumed = true;
    topic.subscribe(name, this.#queue, undefined, "");
    // In a variable first (docs/v8.md#functions-in-properties).
    const leave = () => topic.unsubscribe(name);
    this.#leave = leave;
  }

  async read(signal: AbortSignal): Promise<readonly TailRecord[]> {
    const request = { max: MOST, holdMs: READ_MS, holder: this };
    let holds = this.#queue.take(request);
    if (holds.length === 0) holds = (await this.#queue.wait(request, READ_MS, signal)) ?? [];
    return holds.map((hold) => {
      this.#queue.ack(hold, hold.from);
      const { seq, message } = hold.item;
      return { id: String(seq), message: handedOut(message), raw: message };
    });
  }

  async close(): Promise<void> {
    this.#leave();
    this.#queue.purge();
  }
}

/** Reads every partition, and takes no lease. */
class LogTail implements TailDriver {
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #next = new Map<Partition, number>();

  constructor(broker: Broker, log: Log, { start }: TailStart) {
    this.#broker = broker;
    this.#log = log;
    for (const partition of log.partitions.values()) this.#next.set(partition, partition.offset(start, broker.clock));
  }

  async read(signal: AbortSignal): Promise<readonly TailRecord[]> {
    const found = this.#read();
    if (found.length > 0) return found;
    const over = new AbortController();
    const waits = [...this.#log.partitions.values()].map(({ waiters }) =>
      waiters.wait(undefined, READ_MS, AbortSignal.any([signal, over.signal])),
    );
    await Promise.race(waits);
    over.abort();
    return this.#read();
  }

  async close(): Promise<void> {}

  #read(): readonly TailRecord[] {
    const { clock } = this.#broker;
    const found: TailRecord[] = [];
    for (const partition of this.#log.partitions.values()) {
      partition.trim(clock.now() - this.#log.retentionMs);
      let at = Math.max(this.#next.get(partition) ?? partition.first, partition.first);
      for (let read = 0; at < partition.end && read < MOST; at++, read++) {
        const { seq, message, at: accepted } = partition.read(at)!;
        found.push({
          id: String(seq),
          message: handedOut(message),
          raw: message,
          enqueuedAt: clock.toEpoch(accepted),
          partition: partition.id,
          position: `${partition.id}:${seq}`,
        });
      }
      this.#next.set(partition, at);
    }
    return found;
  }
}
