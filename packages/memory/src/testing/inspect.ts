import type { AnyChannel, Messaging } from "@switchyard/core";
import { type ReadMessage, readMessage } from "@switchyard/core/testing";
import type { Broker, Watch } from "../broker/broker.ts";
import { HELD } from "../broker/stored-message.ts";
import type { Queue } from "../broker/queue.ts";

/** A message in the broker. `data` is what was published: the schema's input. */
export type BrokerMessage = Omit<ReadMessage, "dead">;

/** A dead letter, as a test sees it. */
export interface DeadMessage extends BrokerMessage {
  /** The reason, for people. */
  readonly reason: string;
  /** The reason as a kebab-case code. `native` if the broker itself gave up. */
  readonly code: string;
  readonly attempts: number;
  readonly errorClass?: string;
}

type Shape = Parameters<typeof readMessage>[0];

const shape = (channel: AnyChannel): Shape => channel as unknown as Shape;
const withoutDead = ({ dead: _dead, ...message }: ReadMessage): BrokerMessage => message;

/** What a broker holds, by channel and group. */
export class Inspection {
  readonly #broker: () => Broker | undefined;
  readonly #messaging: () => Messaging | undefined;
  readonly #published: {
    readonly channel: string;
    readonly message: Parameters<Watch["published"]>[1];
    readonly id: string;
  }[] = [];

  constructor(broker: () => Broker | undefined, messaging: () => Messaging | undefined) {
    this.#broker = broker;
    this.#messaging = messaging;
  }

  readonly watch: Watch = {
    published: (to, message, id) => {
      if (to.dead !== true) this.#published.push({ channel: to.channel, message, id });
    },
  };

  published(channel: AnyChannel): readonly BrokerMessage[] {
    return this.#published
      .filter((one) => one.channel === channel.name)
      .map(({ message, id }) => withoutDead(readMessage(shape(channel), message, id)))
      .filter((message) => message.hop === 0);
  }

  dead(channel: AnyChannel, group: string): readonly DeadMessage[] {
    const address = this.#group(channel, group)?.deadLetter;
    return this.#items(this.#broker()?.queues.get(address ?? "")).flatMap((item) => {
      const { dead, ...message } = readMessage(shape(channel), item.message, String(item.seq));
      if (dead === undefined)
        return { ...message, reason: "the broker's own limit", code: "native", attempts: item.attempts };
      if (dead.channel !== channel.name || dead.group !== group) return [];
      const { reason, code, attempts, errorClass } = dead;
      return { ...message, reason, code, attempts, ...(errorClass === undefined ? {} : { errorClass }) };
    });
  }

  inFlight(channel: AnyChannel, group: string): readonly BrokerMessage[] {
    const broker = this.#broker();
    const plan = this.#messaging()?.explain().channels[channel.name];
    const read = (message: Parameters<typeof readMessage>[1], id: number) =>
      withoutDead(readMessage(shape(channel), message, String(id)));
    const log = plan?.model === "stream" ? broker?.logs.get(plan.address) : undefined;
    if (log !== undefined) {
      return (
        log.groups
          .get(group)
          ?.handedOut()
          .map((record) => read(record.message, record.seq)) ?? []
      );
    }
    const queue = broker?.queues.get(this.#group(channel, group)?.address ?? "");
    return this.#items(queue)
      .filter((item) => item.state === HELD)
      .map((item) => read(item.message, item.seq));
  }

  #items(queue: Queue | undefined) {
    queue?.look();
    return queue === undefined ? [] : [...queue.all];
  }

  #group(channel: AnyChannel, group: string) {
    const groups = this.#messaging()?.explain().channels[channel.name]?.groups;
    if (groups === undefined || Object.hasOwn(groups, group)) return groups?.[group];
    throw new RangeError(`"${channel.name}" has no group "${group}"; there are: ${Object.keys(groups).join(", ")}`);
  }
}
