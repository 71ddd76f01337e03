/**
 * Moves the messages of a delay queue on. One that is not due stays there: it is hidden until it is nearly due, or for the longest time
 * that SQS allows. One that is nearly due is sent to the group's queue with what is left of its delay, and then deleted. A process
 * that ends between the two leaves a second copy, never none.
 */
import { noteContext } from "@switchyard/aws-kit";
import type { DriverEvent, Runtime } from "@switchyard/core/driver";
import { byIndex } from "../batches.ts";
import type { Clients } from "../client.ts";
import { classify } from "../errors.ts";
import { MAX_BATCH, MAX_MESSAGE_BYTES, MAX_WAIT_MS, SECOND } from "../limits.ts";
import { DELAY_ATTRIBUTE } from "../message.ts";
import type { Hops } from "../native.ts";
import type { Queue } from "../resource.ts";
import type { MessageAttribute, ReceivedMessage, SendEntry } from "../sdk.ts";
import { SqsClock } from "./clock.ts";
import { HOP_HOLD_MS, HOP_PAUSE_MS, LONGEST_STEP_MS } from "./delay-queue.ts";

/** The batches that are moved at once. */
const AT_ONCE = 4;
/** How often a deletion is tried. A message that is not deleted is sent again. */
const DELETE_TRIES = 3;
/** The pauses after failed polls: the first, which doubles, and the longest. */
const FIRST_PAUSE_MS = SECOND;
const LONGEST_PAUSE_MS = 30 * SECOND;

const SYSTEM_ATTRIBUTES = [
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
  "SentTimestamp",
  "MessageGroupId",
];

export interface Moving {
  /** The delay queue. */
  readonly from: Queue;
  /** The group's queue. */
  readonly to: Queue;
  readonly hops: Hops;
  readonly clients: Pick<Clients, "call" | "poll">;
  readonly runtime: Runtime;
  readonly report: (event: DriverEvent) => void;
}

/** Moves messages until `signal` aborts. Resolves when nothing is in progress. Never rejects. */
export async function moveMessages(moving: Moving, signal: AbortSignal): Promise<void> {
  const mover = new Mover(moving, signal);
  await mover.run();
}

class Mover {
  readonly #moving: Moving;
  readonly #signal: AbortSignal;
  readonly #clock: SqsClock;
  readonly #inProgress = new Set<Promise<void>>();
  #stuck = false;

  constructor(moving: Moving, signal: AbortSignal) {
    this.#moving = moving;
    this.#signal = signal;
    this.#clock = new SqsClock(moving.runtime);
  }

  async run(): Promise<void> {
    const { runtime } = this.#moving;
    let failures = 0;
    while (!this.#signal.aborted) {
      try {
        const batch = await this.#poll();
        failures = 0;
        if (batch.length > 0) await this.#begin(batch);
      } catch {
        // The watched client has reported it. A poll that was cut hides what it had for a minute.
        const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS);
        await runtime.sleep(pauseMs * (0.5 + runtime.random() / 2), this.#signal);
      }
    }
    await Promise.all(this.#inProgress);
  }

  async #poll(): Promise<readonly ReceivedMessage[]> {
    const { from, clients } = this.#moving;
    const { Messages = [] } = await clients.poll(
      "ReceiveMessage",
      {
        QueueUrl: from.url,
        MaxNumberOfMessages: MAX_BATCH,
        WaitTimeSeconds: MAX_WAIT_MS / SECOND,
        VisibilityTimeout: HOP_HOLD_MS / SECOND,
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: SYSTEM_ATTRIBUTES,
      },
      this.#signal,
    );
    for (const { Attributes = {} } of Messages) {
      const firstReceivedAt = Number(Attributes["ApproximateFirstReceiveTimestamp"]);
      if (Attributes["ApproximateReceiveCount"] === "1" && firstReceivedAt > 0) this.#clock.read(firstReceivedAt);
    }
    return Messages;
  }

  /** Resolves when another batch may be received. */
  async #begin(batch: readonly ReceivedMessage[]): Promise<void> {
    const moved = this.#move(batch).catch(() => undefined);
    this.#inProgress.add(moved);
    void moved.then(() => this.#inProgress.delete(moved));
    if (this.#inProgress.size >= AT_ONCE) await Promise.race(this.#inProgress);
  }

  async #move(batch: readonly ReceivedMessage[]): Promise<void> {
    const { aboveMs } = this.#moving.hops;
    const now = this.#clock.now();
    const ready: Ready[] = [];
    const early: Hidden[] = [];
    for (const message of batch) {
      const leftMs = dueAt(message) - now;
      if (leftMs <= aboveMs) ready.push({ message, leftMs: Math.max(leftMs, 0) });
      // The last part is left to SQS, so that a message is in time though its consumers are busy when it is due.
      else early.push({ message, forMs: Math.min(leftMs - aboveMs / 2, LONGEST_STEP_MS) });
    }
    await Promise.all([this.#hide(early), ...bySize(ready).map((part) => this.#handOver(part))]);
  }

  async #handOver(part: readonly Ready[]): Promise<void> {
    const { to, clients } = this.#moving;
    const call = clients.call("SendMessageBatch", {
      QueueUrl: to.url,
      Entries: part.map(({ message, leftMs }, index) => onward(String(index), message, leftMs)),
    });
    const results = await call.then(
      (reply) => byIndex(reply, part.length),
      (cause: unknown) => part.map(() => ({ cause })),
    );
    const sent: ReceivedMessage[] = [];
    const failed: Hidden[] = [];
    let why: unknown;
    results.forEach((result, index) => {
      const { message } = part[index]!;
      if (!("cause" in result)) return sent.push(message);
      why = result.cause;
      return failed.push({ message, forMs: HOP_PAUSE_MS });
    });
    if (failed.length > 0) this.#fails(why);
    else this.#works();
    await Promise.all([this.#delete(sent), this.#hide(failed)]);
  }

  async #delete(messages: readonly ReceivedMessage[]): Promise<void> {
    const { from, clients, runtime } = this.#moving;
    let left = messages;
    for (let tries = 0; left.length > 0 && tries < DELETE_TRIES; tries++) {
      if (tries > 0) await runtime.sleep(FIRST_PAUSE_MS);
      const trying = left;
      const call = clients.call("DeleteMessageBatch", {
        QueueUrl: from.url,
        Entries: trying.map(({ ReceiptHandle = "" }, index) => ({ Id: String(index), ReceiptHandle })),
      });
      const results = await call.then(
        (reply) => byIndex(reply, trying.length),
        (cause: unknown) => trying.map(() => ({ cause })),
      );
      left = trying.filter((_, index) => {
        const result = results[index]!;
        return "cause" in result && classify(result.cause, "settle").kind !== "lost";
      });
    }
  }

  /** If it fails, the message comes again after {@link HOP_HOLD_MS}. */
  async #hide(hidden: readonly Hidden[]): Promise<void> {
    const { from, clients } = this.#moving;
    if (hidden.length === 0) return;
    const Entries = hidden.map(({ message, forMs }, index) => ({
      Id: String(index),
      ReceiptHandle: message.ReceiptHandle ?? "",
      VisibilityTimeout: Math.max(Math.floor(forMs / SECOND), 1),
    }));
    await clients.call("ChangeMessageVisibilityBatch", { QueueUrl: from.url, Entries }).catch(() => undefined);
  }

  /** Shown in `health()` until a hand-over works. */
  #fails(cause: unknown): void {
    const { from, to, report } = this.#moving;
    noteContext(cause, `queue "${to.name}"`);
    this.#stuck = true;
    report({ type: "down", id: from.name, cause });
  }

  #works(): void {
    if (!this.#stuck) return;
    this.#stuck = false;
    this.#moving.report({ type: "up", id: this.#moving.from.name });
  }
}

interface Ready {
  readonly message: ReceivedMessage;
  /** What is left of its delay, in milliseconds. */
  readonly leftMs: number;
}
interface Hidden {
  readonly message: ReceivedMessage;
  readonly forMs: number;
}

/** When a message is due, by SQS's clock. A message without our attribute is due at once: it was sent by somebody else. */
function dueAt({ Attributes = {}, MessageAttributes = {} }: ReceivedMessage): number {
  const delayMs = Number(MessageAttributes[DELAY_ATTRIBUTE]?.StringValue);
  return delayMs > 0 ? Number(Attributes["SentTimestamp"] ?? 0) + delayMs : 0;
}

/** The message as its publisher sent it, with what is left of its delay. */
function onward(Id: string, message: ReceivedMessage, leftMs: number): SendEntry {
  const { [DELAY_ATTRIBUTE]: _, ...attributes } = message.MessageAttributes ?? {};
  const { MessageGroupId } = message.Attributes ?? {};
  return {
    Id,
    MessageBody: message.Body ?? "",
    // Rounded up: never earlier than asked. Set for 0 too, since the queue may have a delay of its own.
    DelaySeconds: Math.ceil(leftMs / SECOND),
    ...(Object.keys(attributes).length === 0
      ? {}
      : { MessageAttributes: attributes as Readonly<Record<string, MessageAttribute>> }),
    ...(MessageGroupId === undefined ? {} : { MessageGroupId }),
  };
}

/** Parts that fit into one call each. */
function bySize(ready: readonly Ready[]): Ready[][] {
  const parts: Ready[][] = [];
  let bytes = 0;
  for (const one of ready) {
    const size = bytesOf(one.message);
    if (parts.length === 0 || bytes + size > MAX_MESSAGE_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(one);
    bytes += size;
  }
  return parts;
}

function bytesOf({ Body = "", MessageAttributes = {} }: ReceivedMessage): number {
  let bytes = Buffer.byteLength(Body);
  for (const [name, attribute] of Object.entries(MessageAttributes)) {
    const { DataType = "", StringValue = "", BinaryValue } = attribute ?? {};
    bytes += Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0);
  }
  return bytes;
}
