/** As much of AMQP 0-9-1's framing as a server needs that only answers. */
export const METHOD = 1;
export const HEADER = 2;
export const BODY = 3;
export const HEARTBEAT = 8;
/** Type, channel, size; and the octet at the end. */
export const FRAME_OVERHEAD = 8;
const END = 0xce;

export const octet = (value: number): Buffer => Buffer.from([value]);

export function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const longlong = (value: number): Buffer =>
  Buffer.concat([long(Math.floor(value / 2 ** 32)), long(value % 2 ** 32)]);
export const text = (value: string): Buffer => Buffer.concat([octet(Buffer.byteLength(value)), Buffer.from(value)]);
export const longstr = (value: string): Buffer => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);
/** Empty. */
export const table = (): Buffer => long(0);

export const readText = (bytes: Buffer, at: number): string =>
  bytes.toString("utf8", at + 1, at + 1 + (bytes[at] as number));
/** 64 bits, of which a number holds 53. */
export const readLong = (bytes: Buffer, at: number): number =>
  bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);

function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([octet(type), short(channel), long(payload.length), payload, octet(END)]);
}

export const methodFrame = (channel: number, id: number, ...args: readonly Buffer[]): Buffer =>
  frame(METHOD, channel, Buffer.concat([long(id), ...args]));

export const HEARTBEAT_FRAME = frame(HEARTBEAT, 0, Buffer.alloc(0));

interface Delivery {
  readonly channel: number;
  /** The consumer's. */
  readonly tag: string;
  readonly queue: string;
  /** Header and body frames, as they came. */
  readonly content: readonly Buffer[];
}

/** `count` deliveries of the same message, with the delivery tags that follow `after`. */
export function deliveryOf({ channel, tag, queue, content }: Delivery, after: number, count: number): Buffer {
  const consumer = text(tag);
  const deliver = methodFrame(channel, 0x3c003c, consumer, longlong(0), octet(0), text(""), text(queue));
  const one = Buffer.concat([deliver, ...content]);
  for (let at = deliver.length; at < one.length; at += one.readUInt32BE(at + 3) + FRAME_OVERHEAD)
    one.writeUInt16BE(channel, at + 1);
  const all = Buffer.allocUnsafe(one.length * count);
  const tagAt = 11 + consumer.length;
  for (let i = 0; i < count; i++) {
    one.copy(all, i * one.length);
    all.writeUInt32BE(Math.floor((after + 1 + i) / 2 ** 32), i * one.length + tagAt);
    all.writeUInt32BE((after + 1 + i) % 2 ** 32, i * one.length + tagAt + 4);
  }
  return all;
}
