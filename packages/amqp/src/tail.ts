/**
 * Watching a topic or a stream. A topic is watched by a queue that is exclusive to our connection: the broker deletes it when the connection
 * ends, also if the process was killed. A stream is read without a lease, from each partition.
 */
import type { Position, TailDriver, TailRecord, TailStart } from "@switchyard/core/driver";
import type { Channel } from "./client/channel.ts";
import { AmqpFault } from "./errors.ts";
import { fromAmqp } from "./message.ts";
import { partitionQueues, tailPrefix, topicOf } from "./names.ts";
import { Arrivals } from "./receive/arrivals.ts";
import { refuseSurplus } from "./resource.ts";
import type { AmqpMessage } from "./sdk.ts";
import { checkpointsFor, positionOf } from "./stream/start-position.ts";
import type { StreamSetting } from "./stream/stream-receiver.ts";

const READ_MS = 1_000;
/** The most messages that wait here for whoever watches. */
const PREFETCH = 100;
/** The most messages that wait in the queue of a tail that is slow. The oldest are dropped: a watcher must not fill the broker. */
const MOST_WAITING = 10_000;

interface Arrived {
  readonly message: AmqpMessage;
  readonly channel: Channel;
  /** The number of the partition. Undefined on a topic. */
  readonly partition: number | undefined;
}

export async function openTail(setting: StreamSetting, { start }: TailStart, signal: AbortSignal): Promise<TailDriver> {
  const { of } = setting;
  if (of.model === "stream") await refuseSurplus(of, setting.link, signal);
  const source = of.model === "stream" ? await streamSource(setting, start, signal) : topicSource(setting);
  const tail = new Tail(setting, source);
  await tail.open(signal);
  return tail;
}

/** Where a tail's messages come from. */
interface Source {
  /** Starts consuming on the channel. Called again on another channel if the connection was cut. */
  consume(
    channel: Channel,
    signal: AbortSignal,
    arrived: (message: AmqpMessage | null, partition?: number) => void,
  ): Promise<void>;
  /** Whether the record is one to show. A stream sends a chunk from its beginning. */
  wanted(partition: number | undefined, offset: number | undefined): boolean;
}

function topicSource({ of, runtime }: StreamSetting): Source {
  const topic = topicOf(of);
  const queue = `${tailPrefix(of)}${runtime.uuid()}`;
  return {
    consume: async (channel, signal, arrived) => {
      await channel.rpc((raw) => raw.checkExchange(topic), signal);
      const settings = { durable: false, exclusive: true, autoDelete: true };
      const waiting = { "x-queue-type": "classic", "x-max-length": MOST_WAITING };
      await channel.rpc((raw) => raw.assertQueue(queue, { ...settings, arguments: waiting }), signal);
      await channel.rpc((raw) => raw.bindQueue(queue, topic, "#"), signal);
      await channel.rpc((raw) => raw.consume(queue, arrived, { noAck: false }), signal);
    },
    wanted: () => true,
  };
}

async function streamSource(
  { of, link, runtime }: StreamSetting,
  start: Position,
  signal: AbortSignal,
): Promise<Source> {
  const queues = partitionQueues(of);
  const checkpoints = await checkpointsFor(start, queues, link, runtime, signal);
  /** The offset of the next record of each partition, as far as it is known. */
  const next = checkpoints.map((from) =>
    typeof from === "object" && "sequence" in from ? Number(from.sequence) + 1 : undefined,
  );
  const offsetOf = (partition: number): unknown => {
    if (next[partition] !== undefined) return next[partition];
    const from = checkpoints[partition];
    if (from === undefined) return "next";
    return typeof from === "object" && "time" in from
      ? { "!": "timestamp", value: Math.floor(from.time / 1_000) }
      : "first";
  };
  return {
    consume: async (channel, over, arrived) => {
      for (const [partition, queue] of queues.entries()) {
        const options = { noAck: false, arguments: { "x-stream-offset": offsetOf(partition) } };
        await channel.rpc((raw) => raw.consume(queue, (message) => arrived(message, partition), options), over);
      }
    },
    wanted: (partition = 0, offset = 0) => {
      if (offset < (next[partition] ?? 0)) return false;
      next[partition] = offset + 1;
      return true;
    },
  };
}

class Tail implements TailDriver {
  readonly #setting: StreamSetting;
  readonly #source: Source;
  readonly #arrivals: Arrivals<Arrived>;
  readonly #closing = new AbortController();
  #channel: Channel | undefined;

  constructor(setting: StreamSetting, source: Source) {
    this.#setting = setting;
    this.#source = source;
    this.#arrivals = new Arrivals(setting.runtime);
  }

  async open(signal: AbortSignal): Promise<void> {
    const channel = await this.#setting.link.channel(false, signal);
    this.#arrivals.clear();
    this.#channel = channel;
    channel.over.addEventListener("abort", () => this.#arrivals.wake(), { once: true });
    try {
      await channel.rpc((raw) => raw.prefetch(PREFETCH), signal);
      await this.#source.consume(channel, signal, (message, partition) => this.#arrived(channel, message, partition));
    } catch (error) {
      await channel.close();
      throw error;
    }
    if (this.#closing.signal.aborted) await channel.close();
  }

  async read(signal: AbortSignal): Promise<readonly TailRecord[]> {
    if (this.#closing.signal.aborted) return [];
    if (this.#channel === undefined || this.#channel.over.aborted) await this.open(signal);
    if (this.#arrivals.size === 0) await this.#arrivals.next(READ_MS, AbortSignal.any([signal, this.#closing.signal]));
    if (this.#channel?.over.aborted === true && !this.#closing.signal.aborted) throw this.#channel.over.reason;
    return this.#arrivals.take(PREFETCH).flatMap((one) => this.#record(one));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // The broker deletes the queue with its only consumer.
    await this.#channel?.close();
  }

  #arrived(channel: Channel, message: AmqpMessage | null, partition: number | undefined): void {
    if (message !== null) return this.#arrivals.push({ message, channel, partition });
    channel.end(new AmqpFault("retryable", "consumer-cancelled", "the broker cancelled the consumer of a tail"));
  }

  /** Nothing is kept: the acknowledgement is what makes room for the next. */
  #record({ message, channel, partition }: Arrived): readonly TailRecord[] {
    if (!channel.over.aborted) channel.raw.ack(message);
    const received = fromAmqp(message, this.#setting.of.ordered || partition !== undefined, this.#setting.fast);
    const { id, offset } = received;
    if (partition === undefined) return [{ id: id ?? "", message: received.message, raw: message }];
    if (!this.#source.wanted(partition, offset)) return [];
    const place = partitionQueues(this.#setting.of)[partition]!;
    const position = offset === undefined ? {} : { position: positionOf(partition, offset) };
    return [
      { id: id ?? `${place}:${offset ?? ""}`, message: received.message, raw: message, partition: place, ...position },
    ];
  }
}
