import type { Capabilities, Destination, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import type { Broker, Droppable } from "./broker/broker.ts";
import type { Accepted, Dedup } from "./broker/dedup.ts";
import { closed, MemoryFault } from "./errors.ts";
import { refusal, sizeWithin, stored } from "./message.ts";
import { isShared } from "./names.ts";
import type { Form } from "./profiles.ts";
import { findLog, findQueue, findTopic } from "./resource.ts";

const DROPPED = () => new MemoryFault("closed", "connection-lost", "the connection was cut; open the sender again");

interface Target {
  readonly dedup: Dedup<Accepted>;
  /** `kept` is what is stored; `given` is the message as it was sent. */
  accept(kept: WireMessage, given: WireMessage, now: number): Accepted;
  /** Called after the last message of a batch. */
  serve(): void;
}

/** Where a sender's messages go. It is looked up at each send, so that a destination deleted meanwhile is an error. */
function targetOf(broker: Broker, to: Destination): Target {
  if (to.model === "stream") return findLog(broker, to);
  return isShared(to) ? findTopic(broker, to) : findQueue(broker, to);
}

/** Throws if the destination does not exist. */
export function createSender(
  broker: Broker,
  to: Destination,
  form: Form,
  capabilities: Capabilities,
  duplicates: number,
): SenderDriver & Droppable {
  return new MemorySender(broker, to, form, capabilities, duplicates);
}

class MemorySender implements SenderDriver {
  readonly capabilities: Capabilities;
  /** Nothing is stored: it is all in the memory of the process. */
  readonly encryptedAtRest = true;
  /** False with a profile, which is as strict as its broker, so that every message is encoded. */
  readonly local: boolean;
  readonly #broker: Broker;
  readonly #to: Destination;
  readonly #form: Form;
  readonly #duplicates: number;
  #state: "open" | "dropped" | "closed" = "open";

  constructor(broker: Broker, to: Destination, form: Form, capabilities: Capabilities, duplicates: number) {
    this.capabilities = capabilities;
    this.local = form === "memory";
    this.#broker = broker;
    this.#to = to;
    this.#form = form;
    this.#duplicates = to.ordered ? 0 : duplicates;
    targetOf(broker, to);
  }

  size(message: WireMessage): number {
    return sizeWithin(message, this.#form, this.capabilities.maxMessageBytes);
  }

  async send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]> {
    if (this.#state === "closed") throw closed("sender");
    if (this.#state === "dropped") throw DROPPED();
    if (signal.aborted) throw new MemoryFault("ambiguous", "aborted", "the send was aborted");
    this.#checkBatch(batch);
    const { faults } = this.#broker;
    const fault = faults.takeSend();
    const sent = fault?.stored === false ? [] : this.#store(batch);
    if (fault !== undefined)
      throw new MemoryFault("ambiguous", "no-answer", "the test asked for a send without an answer");
    return sent;
  }

  async close(): Promise<void> {
    this.#state = "closed";
  }

  drop(): void {
    if (this.#state === "open") this.#state = "dropped";
  }

  #store(batch: readonly WireMessage[]): Sent[] {
    const target = targetOf(this.#broker, this.#to);
    const { faults, watch, clock } = this.#broker;
    const ordered = this.#to.ordered || this.#form === "sqs-fifo";
    const now = clock.now();
    const { dedup } = target;
    const sent = batch.map((message): Sent => {
      const cause = faults.takeRefusal() ?? refusal(message, this.#form, this.capabilities);
      if (cause !== undefined) return { cause };
      // Reading `dedup` of a message that was not encoded makes the id, so it is read only when needed.
      const before = dedup.on ? dedup.find(message.dedup, now) : undefined;
      if (before !== undefined) return before;
      // Each dead letter is a key of its own, as on SQS, so that looking at some hides no others. Its own key stands in `ce`.
      const alone = ordered && this.#to.dead === true && message.dedup !== undefined && "ce" in message.headers;
      const kept = stored(
        alone ? { ...message, key: `${message.dedup} ${++this.#broker.deadLetters}` } : message,
        ordered,
      );
      const answer = target.accept(kept, message, now);
      if (faults.takeDuplicate() || (this.#duplicates > 0 && clock.runtime.random() < this.#duplicates)) {
        target.accept(kept, message, now);
      }
      if (dedup.on) dedup.remember(message.dedup, now, answer);
      watch?.published(this.#to, kept, answer.id);
      return answer;
    });
    target.serve();
    return sent;
  }

  #checkBatch(batch: readonly WireMessage[]): void {
    const { count, bytes } = this.capabilities.maxBatch;
    if (batch.length > count)
      throw new MemoryFault("permanent", "too-many-in-batch", `${batch.length} messages; at most ${count}`);
    let total = 0;
    for (const message of batch) total += this.size(message);
    if (batch.length > 1 && total > bytes)
      throw new MemoryFault("permanent", "batch-too-large", `${total} bytes; at most ${bytes}`);
  }
}
