/** A transport that costs nothing: what remains is the portable layer. It looks at what a driver must look at, and keeps nothing. */
import type {
  Adapter,
  Capabilities,
  Connection,
  Delivery,
  Lease,
  ReceiverDriver,
  SenderDriver,
  WireMessage,
} from "@switchyard/core/driver";

const CAPABILITIES: Capabilities = {
  ordering: "none",
  publishConfirm: "stored",
  publishDedupMs: 0,
  maxBatch: { count: 100, bytes: 1_000_000_000 },
  maxMessageBytes: 1_000_000,
  headers: 10,
  binary: true,
  concurrency: { send: 16, receive: 1 },
  delayedPublishMs: 0,
  retryDelayMs: 60_000,
  holdExtend: true,
  releaseWithoutPenalty: true,
  attempts: "exact",
  settleResult: "confirmed",
  deadLetter: "native",
  redrive: "group",
  replay: [],
  retentionMs: 86_400_000,
  filter: "none",
  fairness: false,
  groupMembership: "competing",
  fencingToken: false,
  poisonSkip: ["deadLetter", "skip", "block"],
  depth: "none",
  purge: false,
};

/** What the receiving half gives out, set by the measurement; and what came to the sending half. */
export class NullBroker {
  /** The last message sent: the source of those received. */
  last: WireMessage | undefined;
  sent = 0;
  settled = 0;
  #left = 0;
  #deliveries: readonly Delivery[] = [];
  #wake: (() => void) | undefined;
  #seq = 0;

  /** `count` copies of the last message sent become ready. */
  give(count: number): void {
    const { body, headers, type } = this.last as WireMessage;
    const message = type === undefined ? { body, headers } : { body, headers, type };
    const deadline = performance.now() + 60_000;
    // Made beforehand, and given again and again: what a driver allocates is not the layer's.
    this.#deliveries = NAMES.map((id) => ({ id, message, receipt: 0, raw: message, attempt: 1, deadline }));
    this.#left += count;
    this.#wake?.();
    this.#wake = undefined;
  }

  readonly sender: SenderDriver = {
    capabilities: CAPABILITIES,
    size: (message) => message.body.length + (message.headers["ce"]?.length ?? 0),
    send: async (batch) => {
      this.last = batch[batch.length - 1];
      this.sent += batch.length;
      return ANSWERS[batch.length] as readonly { id: string }[];
    },
    close: async () => {},
  };

  receiver(): ReceiverDriver {
    const closing = new AbortController();
    const closed = new Promise<void>((resolve) => closing.signal.addEventListener("abort", () => resolve()));
    const lease: Lease = {
      id: "null",
      lost: new AbortController().signal,
      receive: async (max, _waitMs, signal) => {
        while (this.#left === 0 && !signal.aborted) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
            signal.addEventListener("abort", () => resolve(), { once: true });
          });
        }
        const got: Delivery[] = [];
        for (; got.length < max && this.#left > 0; this.#left--)
          got.push(this.#deliveries[this.#seq++ % NAMES.length] as Delivery);
        return got;
      },
      settle: async (batch) => {
        this.settled += batch.length;
        return new Array(batch.length).fill(undefined);
      },
      extend: async (receipts) => new Array(receipts.length).fill(undefined),
      release: async () => {},
    };
    return {
      capabilities: CAPABILITIES,
      async *leases(signal) {
        yield lease;
        await Promise.race([closed, new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))]);
      },
      close: async () => closing.abort(),
    };
  }
}

/** By the size of the batch. */
const ANSWERS = Array.from({ length: 101 }, (_, size) =>
  Array.from({ length: size }, (__, i) => ({ id: `null-${i}` })),
);
const NAMES = Array.from({ length: 1_000 }, (_, i) => `null-${i}`);

export function nullAdapter(broker: NullBroker): Adapter<object> {
  const connection: Connection = {
    sender: async () => broker.sender,
    receiver: async () => broker.receiver(),
    classify: () => ({ kind: "permanent", code: "null" }),
    close: async () => {},
  };
  return {
    name: "null",
    options: { "~standard": { version: 1, vendor: "switchyard-bench", validate: () => ({ value: {} }) } },
    capabilities: (of) => (of.model === "queue" ? CAPABILITIES : undefined),
    locate: (of) => ({ address: of.name }),
    open: async () => connection,
  };
}
