import { type AnyChannel, type Consumer, isMessagingError, type Messaging, MessagingError } from "@switchyard/core";
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
    if (this.#connected === undefined) this.#waiting.push(seen);
    else consumeLate(this.#connected, seen);
  }

  ready(): Promise<Messaging> {
    this.#connecting ??= this.#connect([...this.#waiting]).then((messaging) => {
      this.#connected = messaging;
      for (const consumer of this.#waiting) consumeLate(messaging, consumer);
      return messaging;
    });
    return this.#connecting;
  }

  readonly publish: Messaging["publish"] = async (...given) => (await this.ready()).publish(...given);
  readonly publishMany: Messaging["publishMany"] = async (...given) => (await this.ready()).publishMany(...given);
  readonly start: Messaging["start"] = async () => (await this.ready()).start();
  readonly run: Messaging["run"] = async (...given) => (await this.ready()).run(...given);
  readonly stop: Messaging["stop"] = async (...given) => (await this.ready()).stop(...given);
  readonly replay: Messaging["replay"] = async (...given) => (await this.ready()).replay(...given);
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

function consumeLate(messaging: Messaging, consumer: Consumer<any>): void {
  try {
    messaging.consume(consumer);
  } catch (error) {
    if (!isMessagingError(error, "unlisted-group")) throw error;
    const text = `group "${consumer.group}" came after the testbed had connected: consume() it before the first start() or publish(), or name it in testbed({ groups })`;
    throw new MessagingError("unlisted-group", text, { kind: "config", cause: error });
  }
}
