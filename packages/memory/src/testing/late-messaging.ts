import { type AnyChannel, type Consumer, isMessagingError, type Messaging, MessagingError } from "@switchyard/core";
import { capturedContext } from "@switchyard/core/driver-kit";
import { tracked, type Watcher } from "./tracked.ts";

type AnyMessaging = Messaging<AnyChannel>;
type Connect = (consumers: readonly Consumer[]) => Promise<AnyMessaging>;

/**
 * Messaging that connects at the first publish or start. By then the consumers are known, so their groups need no configuration.
 */
export class LateMessaging implements AnyMessaging {
  readonly #connect: Connect;
  readonly #watcher: Watcher;
  readonly #waiting: { readonly consumer: Consumer; readonly register: (messaging: AnyMessaging) => void }[] = [];
  #connecting: Promise<AnyMessaging> | undefined;
  #connected: AnyMessaging | undefined;

  constructor(connect: Connect, watcher: Watcher) {
    this.#connect = connect;
    this.#watcher = watcher;
  }

  get connected(): AnyMessaging | undefined {
    return this.#connected;
  }

  consume(consumer: Consumer<any>): void {
    const seen = tracked(consumer, this.#watcher);
    if (this.#connected !== undefined) return consumeLate(this.#connected, seen);
    // A handler sees the stores of its consume() call, here too.
    const scope = capturedContext();
    const register = (messaging: AnyMessaging) => scope.runInAsyncScope(consumeLate, undefined, messaging, seen);
    this.#waiting.push({ consumer: seen, register });
  }

  ready(): Promise<AnyMessaging> {
    this.#connecting ??= this.#connect(this.#waiting.map(({ consumer }) => consumer)).then((messaging) => {
      this.#connected = messaging;
      for (const { register } of this.#waiting) register(messaging);
      return messaging;
    });
    return this.#connecting;
  }

  readonly publish: AnyMessaging["publish"] = async (...given) => (await this.ready()).publish(...given);
  readonly publishMany: AnyMessaging["publishMany"] = async (...given) => (await this.ready()).publishMany(...given);
  readonly start: AnyMessaging["start"] = async () => (await this.ready()).start();
  readonly run: AnyMessaging["run"] = async (...given) => (await this.ready()).run(...given);
  readonly stop: AnyMessaging["stop"] = async (...given) => (await this.ready()).stop(...given);
  readonly flush: AnyMessaging["flush"] = async (...given) => (await this.ready()).flush(...given);
  readonly replay: AnyMessaging["replay"] = async (...given) => (await this.ready()).replay(...given);
  readonly depth: AnyMessaging["depth"] = async (...given) => (await this.ready()).depth(...given);
  readonly places: AnyMessaging["places"] = async (...given) => (await this.ready()).places(...given);
  readonly sweepTails: AnyMessaging["sweepTails"] = async (...given) => (await this.ready()).sweepTails(...given);

  explain(): ReturnType<AnyMessaging["explain"]> {
    return this.#now("explain").explain();
  }

  health(): ReturnType<AnyMessaging["health"]> {
    return this.#now("health").health();
  }

  resume(...given: Parameters<AnyMessaging["resume"]>): void {
    this.#now("resume").resume(...given);
  }

  deadLetters(...given: Parameters<AnyMessaging["deadLetters"]>): ReturnType<AnyMessaging["deadLetters"]> {
    return this.#now("deadLetters").deadLetters(...given);
  }

  tail(...given: Parameters<AnyMessaging["tail"]>): ReturnType<AnyMessaging["tail"]> {
    return this.#now("tail").tail(...given);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #now(method: string): AnyMessaging {
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

function consumeLate(messaging: AnyMessaging, consumer: Consumer<any>): void {
  try {
    messaging.consume(consumer);
  } catch (error) {
    if (!isMessagingError(error, "unlisted-group")) throw error;
    const text = `group "${consumer.group}" came after the testbed had connected: consume() it before the first start() or publish(), or name it in testbed({ groups })`;
    throw new MessagingError("unlisted-group", text, { kind: "config", cause: error });
  }
}
