/**
 * RabbitMQ that does nothing but answer, in AMQP 0-9-1: publishes are confirmed as soon as they are read, and counted; a
 * consumer gets copies of the last message published to its queue, as many as were published, within its prefetch. A
 * process of its own. Only the default exchange routes.
 */
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import {
  BODY,
  deliveryOf,
  FRAME_OVERHEAD,
  HEADER,
  HEARTBEAT,
  HEARTBEAT_FRAME,
  long,
  longlong,
  longstr,
  METHOD,
  methodFrame,
  octet,
  readLong,
  readText,
  short,
  table,
  text,
} from "./amqp-frames.ts";

/** A client that hears nothing takes the connection for dead. */
const BEAT_MS = 2_000;

interface Queue {
  readonly name: string;
  /** The content frames of the last message. */
  content: readonly Buffer[];
  ready: number;
  readonly consumers: Set<Consumer>;
}

interface Consumer {
  readonly channel: Channel;
  readonly queue: Queue;
  readonly tag: string;
}

const queues = new Map<string, Queue>();

function queueOf(name: string): Queue {
  let queue = queues.get(name);
  if (queue === undefined) queues.set(name, (queue = { name, content: [], ready: 0, consumers: new Set() }));
  return queue;
}

class Channel {
  readonly id: number;
  readonly #client: Client;
  readonly consumers = new Map<string, Consumer>();
  /** Delivered and not settled, oldest first. */
  readonly #out = new Map<number, Queue>();
  #tag = 0;
  #prefetch = 0;
  #confirms = false;
  #published = 0;
  #confirmed = 0;
  #target: Queue | undefined;
  #left = 0;
  #content: Buffer[] = [];

  constructor(id: number, client: Client) {
    this.id = id;
    this.#client = client;
  }

  method(id: number, args: Buffer): void {
    switch (id) {
      case 0x14000a: // channel.open
        return this.#answer(0x14000b, longstr(""));
      case 0x140028: // channel.close
        this.close();
        return this.#answer(0x140029);
      case 0x55000a: // confirm.select
        this.#confirms = true;
        return this.#answer(0x55000b);
      case 0x32000a: {
        const queue = queueOf(readText(args, 2));
        return this.#answer(0x32000b, text(queue.name), long(queue.ready), long(queue.consumers.size));
      }
      case 0x32001e: {
        const queue = queueOf(readText(args, 2));
        const { ready } = queue;
        queue.ready = 0;
        return this.#answer(0x32001f, long(ready));
      }
      case 0x320028: // queue.delete
        return this.#answer(0x320029, long(0));
      case 0x320014: // queue.bind
      case 0x28000a: // exchange.declare
      case 0x280014: // exchange.delete
      case 0x28001e: // exchange.bind
        return this.#answer(id + 1);
      case 0x320032: // queue.unbind
        return this.#answer(0x320033);
      case 0x280028: // exchange.unbind
        return this.#answer(0x280033);
      case 0x3c000a: // basic.qos
        this.#prefetch = args.readUInt16BE(4);
        return this.#answer(0x3c000b);
      case 0x3c0014:
        return this.#consume(args);
      case 0x3c001e: {
        const tag = readText(args, 0);
        this.#cancel(tag);
        return this.#answer(0x3c001f, text(tag));
      }
      case 0x3c0028: {
        const exchange = readText(args, 2);
        this.#target = queueOf(readText(args, 3 + Buffer.byteLength(exchange)));
        this.#content = [];
        return;
      }
      case 0x3c0050: // basic.ack
      case 0x3c0078: // basic.nack
        return this.#settle(readLong(args, 0), (args[8] as number) & 1);
      case 0x3c005a: // basic.reject
        return this.#settle(readLong(args, 0), 0);
    }
  }

  content(type: number, frame: Buffer): void {
    if (type === HEADER) this.#left = readLong(frame, 11);
    else this.#left -= frame.length - FRAME_OVERHEAD;
    // A copy: the chunk it came in would be kept for it.
    this.#content.push(Buffer.from(frame));
    if (this.#left > 0) return;
    const queue = this.#target as Queue;
    queue.content = this.#content;
    queue.ready++;
    this.#published++;
    this.#client.touched(this, queue);
  }

  /** One confirm for all that one chunk brought, as RabbitMQ does. */
  confirm(): void {
    if (!this.#confirms || this.#confirmed === this.#published) return;
    this.#confirmed = this.#published;
    this.#answer(0x3c0050, longlong(this.#confirmed), octet(1));
  }

  get room(): number {
    return this.#prefetch === 0 ? Number.POSITIVE_INFINITY : this.#prefetch - this.#out.size;
  }

  deliver({ queue, tag }: Consumer): void {
    const count = Math.min(queue.ready, this.room);
    if (count <= 0) return;
    queue.ready -= count;
    for (let i = 0; i < count; i++) this.#out.set(this.#tag + 1 + i, queue);
    this.#client.write(
      deliveryOf({ channel: this.id, tag, queue: queue.name, content: queue.content }, this.#tag, count),
    );
    this.#tag += count;
  }

  /** What is unsettled is ready again. */
  close(): void {
    for (const tag of this.consumers.keys()) this.#cancel(tag);
    for (const queue of this.#out.values()) queue.ready++;
    this.#out.clear();
    this.#client.channels.delete(this.id);
  }

  #consume(args: Buffer): void {
    const queue = queueOf(readText(args, 2));
    const asked = readText(args, 3 + Buffer.byteLength(queue.name));
    const tag = asked === "" ? `null-${this.id}-${this.consumers.size}` : asked;
    const consumer = { channel: this, queue, tag };
    this.consumers.set(tag, consumer);
    queue.consumers.add(consumer);
    this.#answer(0x3c0015, text(tag));
    this.deliver(consumer);
  }

  #cancel(tag: string): void {
    const consumer = this.consumers.get(tag);
    this.consumers.delete(tag);
    if (consumer !== undefined) consumer.queue.consumers.delete(consumer);
  }

  #settle(tag: number, multiple: number): void {
    if (multiple === 0) this.#out.delete(tag);
    else
      for (const each of this.#out.keys()) {
        if (tag !== 0 && each > tag) break;
        this.#out.delete(each);
      }
    this.#client.touched(this, undefined);
  }

  #answer(id: number, ...args: readonly Buffer[]): void {
    this.#client.write(methodFrame(this.id, id, ...args));
  }
}

class Client {
  readonly channels = new Map<number, Channel>();
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #greeted = false;
  readonly #touched = new Set<Channel>();
  readonly #fed = new Set<Queue>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const beat = setInterval(() => this.write(HEARTBEAT_FRAME), BEAT_MS);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(beat);
      for (const channel of this.channels.values()) channel.close();
    });
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** To be answered when the chunk is read: a confirm, or deliveries. */
  touched(channel: Channel, queue: Queue | undefined): void {
    this.#touched.add(channel);
    if (queue !== undefined) this.#fed.add(queue);
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#greeted) {
      if (bytes.length < 8) return void (this.#rest = bytes);
      this.#greeted = true;
      bytes = bytes.subarray(8);
      this.write(methodFrame(0, 0x0a000a, octet(0), octet(9), table(), longstr("PLAIN"), longstr("en_US")));
    }
    let at = 0;
    while (bytes.length - at >= FRAME_OVERHEAD) {
      const size = bytes.readUInt32BE(at + 3) + FRAME_OVERHEAD;
      if (bytes.length - at < size) break;
      this.#frame(bytes.subarray(at, at + size));
      at += size;
    }
    this.#rest = bytes.subarray(at);
    this.#socket.cork();
    for (const channel of this.#touched) {
      channel.confirm();
      for (const consumer of channel.consumers.values()) channel.deliver(consumer);
    }
    for (const { consumers } of this.#fed) for (const consumer of consumers) consumer.channel.deliver(consumer);
    this.#socket.uncork();
    this.#touched.clear();
    this.#fed.clear();
  }

  #frame(frame: Buffer): void {
    const type = frame[0];
    if (type === HEARTBEAT) return;
    const id = frame.readUInt16BE(1);
    if (type === HEADER || type === BODY) return this.channels.get(id)?.content(type, frame);
    if (type !== METHOD) return;
    const method = frame.readUInt32BE(7);
    const args = frame.subarray(11, -1);
    if (id === 0) return this.#connection(method);
    let channel = this.channels.get(id);
    if (channel === undefined) this.channels.set(id, (channel = new Channel(id, this)));
    channel.method(method, args);
  }

  #connection(method: number): void {
    if (method === 0x0a000b) this.write(methodFrame(0, 0x0a001e, short(2_047), long(131_072), short(60)));
    else if (method === 0x0a0028) this.write(methodFrame(0, 0x0a0029, text("")));
    else if (method === 0x0a0032) {
      this.write(methodFrame(0, 0x0a0033));
      this.#socket.end();
    }
  }
}

const server = createServer((socket) => void new Client(socket));
server.listen(0, "127.0.0.1", () =>
  process.send?.(`amqp://guest:guest@127.0.0.1:${(server.address() as AddressInfo).port}`),
);
process.on("disconnect", () => process.exit(0));
