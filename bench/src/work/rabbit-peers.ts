/** Who is measured on RabbitMQ, each as its documentation shows it, on a quorum queue of its own. */
import { adapter } from "@switchyard/amqp";
import { connect, consumer, type Telemetry } from "@switchyard/core";
import { connect as amqplib } from "amqplib";
import type { ByHand } from "./by-hand.ts";
import { jobs, message, silent } from "./messages.ts";
import type { Keeper } from "./rabbit-queue.ts";

const PREFETCH = 300;

export interface Peer {
  readonly queue: string;
  /** Resolves once the broker has it. */
  readonly publish: (index: number) => Promise<unknown>;
  /** Has the real broker hold the same messages, sooner: for rows that only read them. Default `publish`. */
  readonly fill?: (index: number) => Promise<unknown>;
  /** Calls `handle` for each message and acknowledges it; resolves with what ends that, acknowledgements included. */
  readonly consume: (handle: () => void) => Promise<() => unknown>;
  readonly close: () => unknown;
}
export type Open = (url: string, keeper: Keeper) => Promise<Peer>;

export const ours: Open = (url, keeper) => oursWith(undefined)(url, keeper);

export const oursWith =
  (telemetry: Telemetry | undefined): Open =>
  async (url) => {
    const prefix = `bench${process.pid}`;
    const groups = { work: { concurrency: 100, maxInFlight: PREFETCH } };
    const config = {
      prefix,
      connections: { rabbit: { use: adapter, url, provision: "auto" } },
      channels: { jobs: { model: "queue", on: "rabbit", groups } },
    } as never;
    const open = () =>
      connect({ channels: [jobs], service: "bench", config, observe: silent, ...(telemetry && { telemetry }) });
    const publishing = await open();
    return {
      queue: `${prefix}_jobs_work`,
      publish: (index) => publishing.publish(jobs, "job", message(index)),
      consume: async (handle) => {
        const consuming = await open();
        consuming.consume(consumer(jobs, "work", { job: handle }));
        await consuming.start();
        return () => consuming.stop();
      },
      close: () => publishing.stop(),
    };
  };

/** amqplib used well: no Nagle, a confirm channel and a callback a message, a connection for each direction. */
export const raw: Open = (url, keeper) => amqplibWith(() => ({}), url, keeper);

export const rawBy =
  (hand: ByHand): Open =>
  (url, keeper) =>
    amqplibWith(
      (index) => hand.publish(index),
      url,
      keeper,
      (headers, call) => hand.handle(headers, call),
    );

/** With what our envelope is in AMQP: the same headers and properties. */
export const rawEvents: Open = (url, keeper) => {
  const time = new Date().toISOString();
  const extra = (index: number): object => {
    const id = `${process.pid}-0000-0000-0000-${String(index).padStart(12, "0")}`;
    const headers = {
      cloudEvents_specversion: "1.0",
      cloudEvents_id: id,
      cloudEvents_source: "bench",
      cloudEvents_time: time,
      cloudEvents_type: "job",
    };
    return { headers, messageId: id, mandatory: true };
  };
  return amqplibWith(extra, url, keeper);
};

const amqplibWith = async (
  extra: (index: number) => { readonly confirmed?: () => void },
  url: string,
  keeper: Keeper,
  inside: ByHand["handle"] = (_headers, call) => call(),
): Promise<Peer> => {
  const queue = await keeper.create("raw");
  const model = await amqplib(url, { noDelay: true });
  const sending = await model.createConfirmChannel();
  return {
    queue,
    publish: (index) =>
      new Promise<void>((resolve, reject) => {
        const { confirmed, ...more } = extra(index);
        const options = { persistent: true, contentType: "application/json", ...more };
        const content = Buffer.from(JSON.stringify(message(index)));
        sending.sendToQueue(queue, content, options, (error) => {
          confirmed?.();
          if (error === null) resolve();
          else reject(error as Error);
        });
      }),
    consume: async (handle) => {
      const receiving = await amqplib(url, { noDelay: true });
      const channel = await receiving.createChannel();
      await channel.prefetch(PREFETCH);
      await channel.consume(queue, (got) => {
        if (got === null) return;
        JSON.parse(got.content.toString());
        inside(got.properties.headers ?? {}, handle);
        channel.ack(got);
      });
      return async () => {
        await channel.close();
        await receiving.close();
      };
    },
    close: () => model.close(),
  };
};

/** Publishes 2,500 a second; what it has published once is copied to fill its queue. */
export const rascal: Open = async (url, keeper) => {
  const queue = await keeper.create("rascal");
  const { default: library } = await import("rascal");
  const open = async () => {
    const connection = { url };
    const queues = { [queue]: { options: { durable: true, arguments: { "x-queue-type": "quorum" } } } };
    const publications = { jobs: { queue } };
    const subscriptions = { jobs: { queue, prefetch: PREFETCH } };
    const broker = await library.BrokerAsPromised.create({
      vhosts: { "/": { connection, queues, publications, subscriptions } },
    });
    broker.on("error", silent);
    return broker;
  };
  const sending = await open();
  const publish = async (index: number) => {
    const publication = await sending.publish("jobs", message(index));
    await new Promise((resolve, reject) => publication.on("success", resolve).on("error", reject));
  };
  let copy: Promise<(index: number) => Promise<void>> | undefined;
  return {
    queue,
    publish,
    fill: async (index) => {
      copy ??= publish(index).then(() => keeper.copier(queue));
      return (await copy)(index);
    },
    consume: async (handle) => {
      const receiving = await open();
      const subscription = await receiving.subscribe("jobs");
      // It has parsed the content.
      subscription.on("message", (_message: unknown, _content: unknown, ackOrNack: () => void) => {
        handle();
        ackOrNack();
      });
      subscription.on("error", silent);
      return () => receiving.shutdown();
    },
    close: () => sending.shutdown(),
  };
};

export const manager: Open = async (url, keeper) => {
  const queue = await keeper.create("manager");
  const library = await import("amqp-connection-manager");
  const open = async () => {
    const connection = library.connect([url]);
    const channel = connection.createChannel({ json: true });
    await channel.waitForConnect();
    return { connection, channel };
  };
  const sending = await open();
  return {
    queue,
    publish: (index) => sending.channel.sendToQueue(queue, message(index), { persistent: true }),
    consume: async (handle) => {
      const { connection, channel } = await open();
      const handled = (got: Parameters<typeof channel.ack>[0]) => {
        JSON.parse(got.content.toString());
        handle();
        channel.ack(got);
      };
      await channel.consume(queue, handled, { prefetch: PREFETCH });
      return async () => {
        await channel.close();
        await connection.close();
      };
    },
    close: () => sending.connection.close(),
  };
};

/** It publishes on a channel without confirms, and consumes without a prefetch. */
export const toolkit: Open = async (url, keeper) => {
  const queue = await keeper.create("toolkit");
  const { consume, publisher } = await import("./rabbit-toolkit.ts");
  const { publish, close } = await publisher(url, queue);
  return {
    queue,
    publish: async (index) => {
      publish(index);
      await new Promise(setImmediate);
    },
    consume: (handle) => consume(url, queue, handle),
    close,
  };
};
