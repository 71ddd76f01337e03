import type { Capabilities, Connection, Destination, SenderDriver } from "../../driver/index.ts";
import { type ErrorDetails, fromFault, MessagingError } from "../../api/errors.ts";
import { inProcess } from "../../wire/in-process.ts";
import { notAtRest } from "../../plan/at-rest.ts";
import type { PublishPlan } from "../../plan/plan.ts";
import { lessThanDeclared } from "../../plan/less-than-declared.ts";

export interface OpenSender {
  readonly driver: SenderDriver;
  readonly capabilities: Capabilities;
  /** Calls in flight. A dropped sender is closed once there are none. */
  calls: number;
  dropped: boolean;
}

export interface SenderSlotOptions {
  readonly destination: Destination;
  /** The destination's name at the broker, for error texts. */
  readonly physicalName: string;
  readonly connection: Connection;
  readonly expected: Capabilities;
  readonly plan: Pick<PublishPlan, "atRest">;
  readonly errorContext: Omit<ErrorDetails, "kind" | "cause">;
}

/** Holds the sender of a destination. Opens it on first use and again after it was dropped; never opens two at a time. */
export class SenderSlot {
  readonly #options: SenderSlotOptions;
  #opening: { readonly promise: Promise<OpenSender>; readonly controller: AbortController } | undefined;
  #closing: Promise<void>[] = [];
  current: OpenSender | undefined;

  constructor(options: SenderSlotOptions) {
    this.#options = options;
  }

  get opening(): boolean {
    return this.#opening !== undefined;
  }

  /** Rejects with a {@link MessagingError}. */
  open(): Promise<OpenSender> {
    if (this.current !== undefined) return Promise.resolve(this.current);
    if (this.#opening !== undefined) return this.#opening.promise;
    const controller = new AbortController();
    const opening = { controller, promise: this.#open(controller.signal) };
    this.#opening = opening;
    const over = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    opening.promise.then(over, over);
    return opening.promise;
  }

  async #open(signal: AbortSignal): Promise<OpenSender> {
    const { connection, destination, physicalName, errorContext } = this.#options;
    let driver: SenderDriver;
    try {
      driver = await connection.sender(destination, signal);
    } catch (cause) {
      // The driver only reports that it was aborted. The reason is that there was no answer in time.
      if (signal.aborted) throw this.#givenUp(cause);
      const fault = connection.classify(cause, "open");
      // No message was sent, so the failure cannot be ambiguous.
      throw fromFault(
        fault.kind === "ambiguous" ? { ...fault, kind: "retryable" } : fault,
        `open "${physicalName}" to send`,
        cause,
        errorContext,
      );
    }
    // Without it, messages are written out for this broker as for any other.
    if (driver.local === true && inProcess.loaded === undefined) await inProcess().catch(() => undefined);
    const { capabilities } = driver;
    const refusal =
      lessThanDeclared("sender", physicalName, this.#options.expected, capabilities, errorContext) ??
      notAtRest(this.#options.plan.atRest, driver.encryptedAtRest, physicalName, errorContext);
    const sender: OpenSender = { driver, capabilities, calls: 0, dropped: false };
    if (signal.aborted || refusal !== undefined) {
      this.drop(sender);
      if (signal.aborted) throw this.#givenUp(undefined);
      throw refusal;
    }
    this.current = sender;
    return sender;
  }

  #givenUp(cause: unknown): MessagingError {
    const { physicalName, errorContext } = this.#options;
    const text = `open "${physicalName}" to send: no answer in time`;
    return new MessagingError("no-answer", text, { ...errorContext, kind: "retryable", cause });
  }

  /** Cancels an opening that no message waits for any more, so that the next use starts a new one. */
  cancelOpening(): void {
    this.#opening?.controller.abort();
    this.#opening = undefined;
  }

  /** Discards a sender; the next use opens a new one. */
  drop(sender: OpenSender): void {
    if (this.current === sender) this.current = undefined;
    if (sender.dropped) return;
    sender.dropped = true;
    this.closeIfIdle(sender);
  }

  closeIfIdle(sender: OpenSender): void {
    if (!sender.dropped || sender.calls > 0) return;
    const closing = sender.driver
      .close()
      .catch(() => {})
      .finally(() => {
        this.#closing = this.#closing.filter((other) => other !== closing);
      });
    this.#closing.push(closing);
  }

  async close(): Promise<void> {
    this.cancelOpening();
    if (this.current !== undefined) this.drop(this.current);
    await Promise.all(this.#closing);
  }
}
