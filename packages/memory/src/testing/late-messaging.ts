import { type AnyChannel, type Consumer, type Messaging, MessagingError } from "@switchyard/core";
import { tracked, type Watcher } from "./tracked.ts";

type Connect = (consumers: readonly Consumer[]) => Promise<Messaging>;

/**
 * Messaging that connects at the first publish or start: by then the consumers are known, and their groups need no
 * configuration.
 */
export class LateMessaging implements Messaging<AnyChannel> {
  readonly #connect: Connect;
  readonly #watcher: Watcher;
  readonly #waiting: Consumer[] = [];
  #connecting: Promise<Messaging> | undefined;
  #connected: Messaging | undefined;

  constructor(connect: Connect, watcher: Watcher) {
    this.#connect = connect;
    this.#watcher = watcher;
  }

  get connected(): Messaging | undefined {
    return this.#connected;
  }

  consume(consumer: Consumer<any>): void {
    const seen = tracked(consumer, this.#watcher);
    if (this.#connected !== undefined) this.#connected.consume(seen);
    else if (this.#connecting === undefined) this.#waiting.push(seen);
    else void this.#connecting.then((messaging) => messaging.consume(seen));
  }

  ready(): Promise<Messaging> {
    this.#connecting ??= this.#connect(this.#waiting).then((messaging) => {
      for (const consumer of this.#waiting) messaging.consume(consumer);
      this.#connected = messaging;
      return messaging;
    });
    return this.#connecting;
  }

  readonly publish: Messaging["publish"] = async (...given) => (await this.ready()).publish(...given);
  readonly publishMany: Messaging["publishMany"] = async (...given) => (await this.ready()).publishMany(...given);
  readonly start: Messaging["start"] = async () => (await this.ready()).start();
  readonly run: Messaging["run"] = async (...given) => (await this.ready()).run(...given);
  readonly stop: Messaging["stop"] = async (...given) => (await this.ready()).stop(...given);
  readonly depth: Messaging["depth"] = async (...given) => (await this.ready()).depth(...given);

  explain(): ReturnType<Messaging["explain"]> {
    return this.#now("explain").explain();
  }

  health(): ReturnType<Messaging["health"]> {
    return this.#now("health").health();
  }

  deadLetters(...given: Parameters<Messaging["deadLetters"]>): ReturnType<Messaging["deadLetters"]> {
    return this.#now("deadLetters").deadLetters(...given);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #now(method: string): Messaging {
    if (this.#connected !== undefined) return this.#connected;
    throw new MessagingError(
      "not-connected",
      `${method}(): a testbed connects at its first start() or publish(); await one of them first`,
      {
        kind: "config",
      },
    );
  }
}
