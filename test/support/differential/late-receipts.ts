/**
 * What SQS does with receipt handles of holds that have ended. fauxqs 2.4.1 forgets them: it answers that the message is deleted, and deletes
 * nothing.
 *
 * On a standard queue the newest handle deletes a message that is not held, and an older one does nothing. On a FIFO queue a handle that has
 * expired is refused. Either way the handle of a message that is gone is accepted. [Amazon SQS API reference, DeleteMessage]
 */

interface Message {
  readonly messageId: string;
}

interface EmulatedQueue {
  messages: Message[];
  readonly fifoMessages: Map<string, readonly Message[]>;
  readonly inflightMessages: Map<string, { readonly message: Message }>;
  isFifo(): boolean;
  processTimers(): void;
  dequeue(...given: unknown[]): { readonly MessageId: string; readonly ReceiptHandle: string }[];
  deleteMessage(handle: string): boolean;
}

let corrected = false;

/** For all emulators of this process. A refusal is that of the whole call, so each is to be in a call of its own. */
export async function correctLateReceipts(): Promise<void> {
  if (corrected) return;
  corrected = true;
  const inside = (path: string): Promise<Record<string, any>> =>
    import(import.meta.resolve("fauxqs").replace(/app\.js$/, path));
  const [{ SqsQueue, SqsStore }, { SqsError }] = await Promise.all([
    inside("sqs/sqsStore.js"),
    inside("common/errors.js"),
  ]);
  const prototype: EmulatedQueue = SqsQueue.prototype;
  const { dequeue, deleteMessage } = prototype;
  const { getQueue } = SqsStore.prototype;
  // It looks for ended holds when it receives only.
  SqsStore.prototype.getQueue = function (this: unknown, ...given: unknown[]) {
    const queue: EmulatedQueue | undefined = getQueue.apply(this, given);
    queue?.processTimers();
    return queue;
  };
  const newest = new Map<string, string>();
  const messageOf = new Map<string, string>();
  prototype.dequeue = function (...given) {
    const received = dequeue.apply(this, given);
    for (const { MessageId, ReceiptHandle } of received) {
      newest.set(MessageId, ReceiptHandle);
      messageOf.set(ReceiptHandle, MessageId);
    }
    return received;
  };
  prototype.deleteMessage = function (handle) {
    if (this.inflightMessages.has(handle)) return deleteMessage.call(this, handle);
    const id = messageOf.get(handle);
    const all = [...this.messages, ...[...this.fifoMessages.values()].flat()];
    const held = [...this.inflightMessages.values()].map(({ message }) => message);
    if (![...all, ...held].some(({ messageId }) => messageId === id)) return true;
    if (this.isFifo()) throw new SqsError("InvalidParameterValue", "The receipt handle has expired");
    if (id !== undefined && newest.get(id) === handle)
      this.messages = this.messages.filter(({ messageId }) => messageId !== id);
    return true;
  };
}
