import type { AmqpChannel } from "../sdk.ts";

interface Buffered {
  readonly readableLength: number;
  readonly writableLength: number;
  write(...args: readonly unknown[]): boolean;
}
interface Socket {
  readonly writable: boolean;
  readonly writableNeedDrain: boolean;
  write(bytes: unknown): boolean;
}
interface Inner {
  readonly ch: number;
  readonly connection: {
    readonly stream: Socket;
    readonly channels: Record<number, { readonly channel: unknown; readonly buffer: Buffered }>;
  };
}

/**
 * amqplib puts what a channel writes into a stream of that channel, from which a multiplexer takes it in a later turn of the event loop.
 * With this patch it goes to the socket at once if nothing of the channel waits there and the socket has room. This is a turn earlier and
 * saves two streams. If the socket has no room, the write waits with amqplib, and so does everything that the channel writes after it.
 */
export function writeThrough(channel: AmqpChannel): void {
  const inner = channel as unknown as Inner;
  const { stream: socket, channels } = inner.connection ?? {};
  const buffer = channels?.[inner.ch]?.channel === inner ? channels[inner.ch]!.buffer : undefined;
  if (!isBuffered(buffer) || !isSocket(socket)) return;
  const later = buffer.write.bind(buffer);
  buffer.write = (...args) => {
    if (args.length > 1 || buffer.readableLength + buffer.writableLength > 0) return later(...args);
    if (!socket.writable || socket.writableNeedDrain) return later(...args);
    socket.write(args[0]);
    return true;
  };
}

const isBuffered = (given: Partial<Buffered> | undefined): given is Buffered =>
  typeof given?.write === "function" &&
  typeof given.readableLength === "number" &&
  typeof given.writableLength === "number";

const isSocket = (given: Partial<Socket> | undefined): given is Socket =>
  typeof given?.write === "function" &&
  typeof given.writable === "boolean" &&
  typeof given.writableNeedDrain === "boolean";
