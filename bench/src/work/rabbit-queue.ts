/** The queues of the RabbitMQ rows: quorum queues on the real broker; on the null server anything is. */
import { type Channel, type ChannelModel, connect } from "amqplib";
import type { WorkOptions } from "../measured.ts";

/** `rabbit`: a real broker. `null-amqp`: one that only answers. */
export type Broker = "rabbit" | "null-amqp";

export function urlOf(broker: Broker, { servers, missing }: WorkOptions): string {
  const url = servers[broker];
  if (url === undefined) throw new Error(missing?.[broker] ?? `no server ${broker}`);
  return url;
}

/** Sees to a contender's queue from beside it, on a connection of its own. */
export class Keeper {
  readonly #model: ChannelModel;
  readonly #channel: Channel;

  private constructor(model: ChannelModel, channel: Channel) {
    this.#model = model;
    this.#channel = channel;
  }

  static async open(url: string): Promise<Keeper> {
    const model = await connect(url, { noDelay: true });
    return new Keeper(model, await model.createChannel());
  }

  /** A quorum queue of this process; resolves with its name. */
  async create(who: string): Promise<string> {
    const queue = `bench_${who}_${process.pid}`;
    await this.#channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
    return queue;
  }

  /** Resolves once the queue holds so many. Rejects after `ms`: something was lost, or came back. */
  async until(queue: string, count: number, ms = 20_000): Promise<void> {
    const ready = async () => (await this.#channel.checkQueue(queue)).messageCount;
    const end = performance.now() + ms;
    for (let found = await ready(); found !== count; found = await ready()) {
      if (performance.now() > end) throw new Error(`the queue holds ${found} messages instead of ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Takes the one message of the queue; resolves with what publishes copies of it. */
  async copier(queue: string): Promise<() => Promise<void>> {
    const one = await this.#channel.get(queue, { noAck: true });
    if (one === false) throw new Error(`nothing in ${queue}`);
    const { content, properties } = one;
    const channel = await this.#model.createConfirmChannel();
    return () =>
      new Promise((resolve, reject) => {
        const done = (error: unknown) => (error === null ? resolve() : reject(error as Error));
        channel.sendToQueue(queue, content, { ...properties, persistent: true }, done);
      });
  }

  async purge(queue: string): Promise<void> {
    await this.#channel.purgeQueue(queue);
  }

  async close(queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue);
    await this.#model.close();
  }
}

/** `run` at most `limit` times at once. */
export async function atOnce(limit: number, count: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: limit }, loop));
}
