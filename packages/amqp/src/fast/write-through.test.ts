/** On amqplib's own connection, channel and multiplexer, over a socket that keeps what is written. */
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { writeThrough } from "./write-through.ts";

const require = createRequire(import.meta.url);
// Not among its exports.
const amqplib = dirname(require.resolve("amqplib"));
const { Connection } = require(join(amqplib, "lib/connection.js"));

/** Takes what is written when it is told to. */
class Socket extends Duplex {
  readonly taken: string[] = [];
  #written: (() => void) | undefined;
  slow = false;

  constructor() {
    super({ writableHighWaterMark: 8 });
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(bytes.toString());
    if (this.slow) this.#written = done;
    else done();
  }

  done(): void {
    this.slow = false;
    this.#written?.();
  }
}

const turn = () => new Promise(setImmediate);

function opened() {
  const socket = new Socket();
  const connection = new Connection(socket);
  const channel: any = { connection, drained: 0, onBufferDrain: () => channel.drained++ };
  channel.ch = connection.freshChannel(channel, { highWaterMark: 2 });
  writeThrough(channel);
  const { buffer } = connection.channels[channel.ch];
  return { socket, channel, connection, write: (text: string): boolean => buffer.write(Buffer.from(text)) };
}

test("what a channel writes is with the socket at once", () => {
  const { socket, write } = opened();
  expect([write("a"), write("b")]).toEqual([true, true]);
  expect(socket.taken).toEqual(["a", "b"]);
});

test("what the socket has no room for waits with amqplib, in order, and asks to wait as ever", async () => {
  const { socket, channel, write } = opened();
  socket.slow = true;
  expect(write("123456789")).toBe(true);
  let waiting = "b";
  while (write(waiting.at(-1)!)) waiting += String.fromCharCode(waiting.charCodeAt(waiting.length - 1) + 1);
  expect(waiting.length).toBeLessThan(8);
  await turn();
  expect(socket.taken).toEqual(["123456789"]);
  // There is room again, and still what waits goes first.
  socket.prependOnceListener("drain", () => write("Y"));
  socket.done();
  await turn();
  await turn();
  expect(socket.taken.join("")).toBe(`123456789${waiting}Y`);
  expect(channel.drained).toBe(1);
  write("Z");
  expect(socket.taken.join("")).toBe(`123456789${waiting}YZ`);
});

test("a channel of another kind is left as it is", () => {
  const buffer = { write: () => true };
  const of = {
    ch: 1,
    connection: { stream: new Socket(), channels: { 1: { channel: undefined as unknown, buffer } } },
  };
  of.connection.channels[1].channel = of;
  const { write } = buffer;
  writeThrough(of as never);
  expect(buffer.write).toBe(write);
  writeThrough({} as never);
});

test("nothing is written to a socket that has ended", async () => {
  const { socket, write } = opened();
  const errors: unknown[] = [];
  socket.on("error", (error) => errors.push(error));
  socket.end();
  write("late");
  expect(socket.taken).toEqual([]);
  expect(errors).toEqual([]);
});
