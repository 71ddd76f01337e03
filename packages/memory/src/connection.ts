import type {
  Capabilities,
  Connection,
  Depth,
  Destination,
  DriverEvent,
  Position,
  ReceiverDriver,
  SenderDriver,
} from "@switchyard/core/driver";
import type { Broker } from "./broker/broker.ts";
import { classify, closed, MemoryFault, notFound } from "./errors.ts";
import { capabilities, formOf } from "./capabilities.ts";
import { depthOf } from "./depth.ts";
import { LogReceiver } from "./log-receiver.ts";
import type { Log } from "./broker/log.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Queue } from "./broker/queue.ts";
import { QueueReceiver } from "./queue-receiver.ts";
import { MemorySender } from "./sender.ts";
import { UnconsumedHints } from "./unconsumed.ts";

export class MemoryConnection implements Connection {
  readonly classify = classify;
  readonly #broker: Broker;
  readonly #options: ResolvedOptions;
  readonly #report: (event: DriverEvent) => void;
  readonly #open = new Set<{ drop(): void; close(): Promise<void> }>();
  readonly #hints: UnconsumedHints;
  #closed = false;

  constructor(broker: Broker, options: ResolvedOptions, report: (event: DriverEvent) => void) {
    this.#broker = broker;
    this.#options = options;
    this.#report = report;
    this.#hints = new UnconsumedHints(broker, report);
    broker.connections.add(this);
    report({ type: "up" });
  }

  async sender(to: Destination): Promise<SenderDriver> {
    const able = this.#capabilities(to);
    const sender = new MemorySender(this.#broker, to, formOf(to, this.#options)!, able, this.#options.duplicates);
    this.#hints.watch(to);
    return this.#keep(sender);
  }

  async receiver(
    from: Destination,
    options: { readonly holdMs: number; readonly start: Position },
    signal: AbortSignal,
  ): Promise<ReceiverDriver> {
    const able = this.#capabilities(from);
    if (from.model === "stream") {
      const log = this.#log(from);
      const group = log.group(mustHaveGroup(from), options.start);
      const receiver = new LogReceiver(this.#broker, log, group, able, this.#report);
      await receiver.open(signal);
      return this.#keep(receiver);
    }
    return this.#keep(new QueueReceiver(this.#broker, this.#queue(from), options.holdMs, able));
  }

  async depth(of: Destination): Promise<readonly Depth[]> {
    this.#capabilities(of);
    if (of.model === "stream") return depthOf(this.#log(of), of.group, this.#broker.clock);
    return depthOf(this.#queue(of), undefined, this.#broker.clock);
  }

  async purge(of: Destination): Promise<void> {
    this.#capabilities(of);
    if (of.model === "stream") this.#log(of).purge();
    else if (of.model === "pubsub" && of.group === undefined) {
      const topic = this.#broker.topics.get(of.baseAddress ?? of.base);
      if (topic === undefined) throw notFound("topic", of.base);
      for (const { queue } of topic.groups.values()) queue.purge();
    } else this.#queue(of).purge();
  }

  async seek(of: Destination, to: Position, signal: AbortSignal): Promise<void> {
    this.#capabilities(of);
    if (of.model !== "stream") throw new MemoryFault("permanent", "cannot-seek", "only a stream has positions");
    await this.#log(of).group(mustHaveGroup(of), to).seek(to, signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#hints[Symbol.dispose]();
    this.#broker.connections.delete(this);
    for (const driver of this.#open) await driver.close();
    this.#open.clear();
  }

  drop(): void {
    const open = [...this.#open];
    this.#open.clear();
    this.#report({
      type: "down",
      cause: new MemoryFault("retryable", "connection-lost", "the test cut the connection"),
    });
    for (const driver of open) driver.drop();
    this.#report({ type: "up" });
  }

  #keep<T extends { drop(): void; close(): Promise<void> }>(driver: T): T {
    this.#open.add(driver);
    const close = driver.close.bind(driver);
    driver.close = async () => {
      this.#open.delete(driver);
      await close();
    };
    return driver;
  }

  #capabilities(of: Destination): Capabilities {
    if (this.#closed) throw closed("connection");
    const able = capabilities(of, this.#options);
    if (able !== undefined) return able;
    throw new MemoryFault("config", "model-not-served", `profile "${this.#options.profile}" has no ${of.model}`);
  }

  #queue(of: Destination): Queue {
    const name = of.address ?? of.name;
    const queue = this.#broker.queues.get(name);
    if (queue === undefined) throw notFound("queue", name);
    return queue;
  }

  #log(of: Destination): Log {
    const name = of.baseAddress ?? of.base;
    const log = this.#broker.logs.get(name);
    if (log === undefined) throw notFound("stream", name);
    return log;
  }
}

function mustHaveGroup(of: Destination): string {
  if (of.group !== undefined) return of.group;
  throw new MemoryFault("config", "group-missing", `stream "${of.base}" is read by a group; none was named`);
}
