import type {
  Capabilities,
  Connection,
  Depth,
  Destination,
  DriverEvent,
  Position,
  ReceiverDriver,
  SenderDriver,
  Tails,
} from "@switchyard/core/driver";
import type { Broker, Droppable } from "./broker/broker.ts";
import { classify, closed, MemoryFault } from "./errors.ts";
import { capabilities, rulesOf } from "./capabilities.ts";
import { depthOf } from "./depth.ts";
import type { ResolvedOptions } from "./options.ts";
import { formOf } from "./profiles.ts";
import { createReceiver } from "./receiver.ts";
import { findLog, findQueue, findTopic, groupOf } from "./resource.ts";
import { createSender } from "./sender.ts";
import { UnconsumedHints } from "./unconsumed.ts";

/** One connection to the broker, which others may be connected to as well. */
export function connect(broker: Broker, options: ResolvedOptions, report: (event: DriverEvent) => void): Connection {
  return new MemoryConnection(broker, options, report);
}

class MemoryConnection implements Connection {
  readonly classify = classify;
  readonly tails: Tails;
  readonly #broker: Broker;
  readonly #options: ResolvedOptions;
  readonly #report: (event: DriverEvent) => void;
  readonly #open = new Set<Droppable & { close(): Promise<void> }>();
  readonly #hints: UnconsumedHints;
  #closed = false;

  constructor(broker: Broker, options: ResolvedOptions, report: (event: DriverEvent) => void) {
    this.#broker = broker;
    this.#options = options;
    this.#report = report;
    this.#hints = new UnconsumedHints(broker, report);
    const rules = (of: Destination) => rulesOf(formOf(of, options)!, of, options);
    // Loaded when somebody watches.
    this.tails = { open: async (of, start) => (await import("./tails.ts")).openTail(broker, of, start, rules) };
    broker.connections.add(this);
    report({ type: "up" });
  }

  async sender(to: Destination): Promise<SenderDriver> {
    const able = this.#capabilities(to);
    const sender = createSender(this.#broker, to, formOf(to, this.#options)!, able, this.#options.duplicates);
    this.#hints.watch(to);
    return this.#keep(sender);
  }

  async receiver(
    from: Destination,
    options: { readonly holdMs: number; readonly start: Position },
    signal: AbortSignal,
  ): Promise<ReceiverDriver> {
    const able = this.#capabilities(from);
    return this.#keep(await createReceiver(this.#broker, from, options, able, this.#report, signal));
  }

  async depth(of: Destination): Promise<readonly Depth[]> {
    this.#capabilities(of);
    if (of.model === "stream") return depthOf(findLog(this.#broker, of), of.group, this.#broker.clock);
    return depthOf(findQueue(this.#broker, of), undefined, this.#broker.clock);
  }

  async purge(of: Destination): Promise<void> {
    if (!this.#capabilities(of).purge)
      throw new MemoryFault("permanent", "cannot-purge", "this broker cannot empty a stream");
    if (of.model === "stream") findLog(this.#broker, of).purge();
    else if (of.model === "pubsub" && of.group === undefined) {
      for (const { queue } of findTopic(this.#broker, of).groups.values()) queue.purge();
    } else findQueue(this.#broker, of).purge();
  }

  async seek(of: Destination, to: Position, signal: AbortSignal): Promise<void> {
    this.#capabilities(of);
    if (of.model !== "stream") throw new MemoryFault("permanent", "cannot-seek", "only a stream has positions");
    await findLog(this.#broker, of).group(groupOf(of), to).seek(to, signal);
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

  #keep<T extends Droppable & { close(): Promise<void> }>(driver: T): T {
    this.#open.add(driver);
    const close = driver.close.bind(driver);
    const closed = async () => {
      this.#open.delete(driver);
      await close();
    };
    // In a variable first (docs/v8.md#functions-in-properties).
    driver.close = closed;
    return driver;
  }

  #capabilities(of: Destination): Capabilities {
    if (this.#closed) throw closed("connection");
    const able = capabilities(of, this.#options);
    if (able !== undefined) return able;
    throw new MemoryFault("config", "model-not-served", `profile "${this.#options.profile}" has no ${of.model}`);
  }
}
