import { Deque } from "../../base/deque.ts";
import type { Gate, GroupContext } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { Concluder } from "../attempt/conclude.ts";
import { attemptOne } from "../attempt/single.ts";
import type { Batches } from "./batches.ts";

/** Runs at most `concurrency` handlers at once over all leases of the group. A batch counts as one. */
export class HandlerPool {
  readonly #context: GroupContext;
  readonly #concluder: Concluder;
  readonly #ready = new Deque<HeldMessage>();
  /** How many deliveries were returned unstarted because of a stop. */
  released = 0;
  #running = 0;
  #finished = 0;
  #pumping = false;
  #stopping = false;
  #offering = false;
  /** Only of a batch consumer. */
  #batches: Batches | undefined;

  constructor(context: GroupContext) {
    this.#context = context;
    this.#concluder = new Concluder(context);
    // In variables first (docs/v8.md#functions-in-properties).
    const offer = () => this.#offerSoon();
    context.budget.onShort = offer;
    const pump = () => this.#pump();
    if (context.gate !== undefined) context.gate.onRoom = pump;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** How many deliveries' handlers have ended. */
  get finished(): number {
    return this.#finished;
  }

  /** True if handlers could run but no message is ready. */
  get starved(): boolean {
    if (this.#context.gate?.open === true) return false;
    return this.#ready.size === 0 && this.#running < this.#context.plan.concurrency;
  }

  enqueue(message: HeldMessage): void {
    this.#ready.push(message);
    this.#pump();
  }

  /** Call this before the first message of a batch consumer. */
  inBatches(Made: typeof Batches): void {
    // In variables first (docs/v8.md#functions-in-properties).
    const began = () => void this.#running++;
    const ended = (deliveries: number) => this.#ended(deliveries);
    const pump = () => this.#pump();
    this.#batches ??= new Made(this.#context, this.#concluder, { ready: this.#ready, began, ended, pump });
  }

  /** Call this when messages arrived behind the heads of their lanes: they may complete a waiting batch. */
  gathered(): void {
    if (this.#batches !== undefined) this.#pump();
  }

  /** Starts no more handlers. */
  stop(): void {
    this.#stopping = true;
    this.#batches?.stop();
    this.#ready.drain();
  }

  #pump(): void {
    // A loop, not a recursion: a synchronous handler starts the next one as it ends.
    if (this.#pumping || this.#stopping) return;
    this.#pumping = true;
    const { gate, plan } = this.#context;
    while (this.#ready.size > 0 && this.#running < plan.concurrency && !this.#stopping) {
      if (gate !== undefined && gate.room < 1) break;
      if (this.#batches !== undefined) {
        if (!this.#batches.start()) break;
      } else {
        const message = this.#ready.shift() as HeldMessage;
        if (message.state !== "ready") continue;
        if (gate !== undefined) {
          this.#startGated(gate, message);
          continue;
        }
        this.#running++;
        attemptOne(this.#context, this.#concluder, message, this.#done);
      }
    }
    this.#pumping = false;
  }

  #startGated(gate: Gate, message: HeldMessage): void {
    const waitMs = gate.waitMs(message);
    if (waitMs > 0) return message.lease.wait(message, waitMs);
    this.#running++;
    gate.started(message);
    attemptOne(this.#context, this.#concluder, message, () => {
      gate.ended(message);
      this.#ended(1);
    });
  }

  readonly #done = (): void => this.#ended(1);

  #ended(deliveries: number): void {
    this.#running--;
    this.#finished += deliveries;
    this.#pump();
    if (this.#hungry) this.#offerSoon();
  }

  /** True if fewer messages are ready than handlers could take. */
  get #hungry(): boolean {
    if (this.#running >= this.#context.plan.concurrency) return false;
    return this.#ready.size < (this.#batches === undefined ? 1 : this.#context.plan.batch.size);
  }

  /** Offers free places at the end of the tick, so that handlers that end together cause one call to the broker, not one each. */
  #offerSoon(): void {
    if (this.#offering || !this.#context.budget.wanted) return;
    this.#offering = true;
    this.#context.runtime.defer(() => {
      this.#offering = false;
      if (this.#hungry) this.#context.budget.offer();
    });
  }
}
