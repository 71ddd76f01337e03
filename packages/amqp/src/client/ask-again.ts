/**
 * Finds out why a connection failed. amqplib does not pass on what a broker says when it refuses a virtual host, nor that something other
 * than a broker listens at the address. After such a failure we repeat the handshake ourselves, up to the answer.
 */
import { Buffer } from "node:buffer";
import { connect as overTcp, type Socket } from "node:net";
import { connect as overTls } from "node:tls";
import type { Runtime } from "@switchyard/core/driver";
import { excerpt } from "@switchyard/core/driver-kit";
import { AmqpFault } from "../errors.ts";

const HEADER = Buffer.from("AMQP\0\0\u0009\u0001", "latin1");
const START = 0x000a000a;
const TUNE = 0x000a001e;
const OPEN_OK = 0x000a0029;
const CLOSE = 0x000a0032;
/** No frame of a handshake is as large. */
const MOST_BYTES = 64 * 1024;

export interface Address {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  readonly mechanism: string;
  readonly response: Buffer;
  readonly tls: Readonly<Record<string, unknown>>;
}

/** True for an error of amqplib that does not say why the broker refused. */
export function saysTooLittle(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string" && code !== "ECONNRESET") return false;
  const text = String(message).slice(0, 300);
  return !/^Handshake terminated by server|SASL mechanism|ETIMEDOUT/.test(text);
}

/** The other side's answer as an error. Undefined if the answer says no more than before, or if it now accepts the connection. */
export function askAgain(address: Address, timeoutMs: number, runtime: Runtime): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const { secure, host, port } = address;
    const socket: Socket = secure ? overTls({ host, port, ...address.tls }) : overTcp({ host, port });
    let read = Buffer.alloc(0);
    const timer = runtime.timer(timeoutMs, () => end(foreign(read)));
    const end = (answer?: Error) => {
      timer[Symbol.dispose]();
      socket.destroy();
      resolve(answer);
    };
    socket.once(secure ? "secureConnect" : "connect", () => socket.write(HEADER));
    socket.on("error", () => end(foreign(read)));
    socket.on("end", () => end(foreign(read)));
    socket.on("data", (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
      if (read[0] !== 1) return void (read.length >= 8 && end(foreign(read)));
      if (read.length > MOST_BYTES) return end();
      for (let size = frameSize(read); size !== undefined && read.length >= size; size = frameSize(read)) {
        const frame = read.subarray(7, size - 1);
        read = read.subarray(size);
        const method = frame.readUInt32BE(0);
        if (method === START) socket.write(startOk(address));
        else if (method === TUNE) socket.write(Buffer.concat([tuneOk(frame), open(address)]));
        else if (method === CLOSE) return end(closeOf(frame));
        else if (method === OPEN_OK) return end();
      }
    });
  });
}

const frameSize = (read: Buffer): number | undefined => (read.length < 11 ? undefined : read.readUInt32BE(3) + 8);

function frame(...parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  const head = Buffer.alloc(7);
  head[0] = 1;
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.of(0xce)]);
}

const method = (id: number): Buffer => Buffer.from([id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255]);
const long = (bytes: Buffer): Buffer => Buffer.concat([method(bytes.length), bytes]);
const short = (text: string): Buffer => {
  const bytes = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
};

/** The frame `start-ok`. It declares the capability that makes the broker say why it refuses a login. */
function startOk({ mechanism, response }: Address): Buffer {
  const capability = Buffer.concat([short("authentication_failure_close"), Buffer.from("t\u0001", "latin1")]);
  const properties = Buffer.concat([short("capabilities"), Buffer.from("F"), long(capability)]);
  return frame(method(0x000a000b), long(properties), short(mechanism), long(response), short("en_US"));
}

/** Accepts what the broker offers, without a heartbeat. */
function tuneOk(tune: Buffer): Buffer {
  return frame(method(0x000a001f), tune.subarray(4, 10), Buffer.alloc(2));
}

const open = ({ vhost }: Address): Buffer => frame(method(0x000a0028), short(vhost), short(""), Buffer.of(0));

function closeOf(payload: Buffer): Error {
  const code = payload.readUInt16BE(4);
  const text = payload.subarray(7, 7 + payload[6]!).toString();
  return Object.assign(new Error(text), { code });
}

/** The error for an answer that is not AMQP 0-9-1. */
function foreign(read: Buffer): Error | undefined {
  const start = read.subarray(0, 40).toString("latin1");
  const wrong = (text: string) => new AmqpFault("config", "not-amqp", text);
  if (start.startsWith("HTTP/"))
    return wrong("it answers HTTP; RabbitMQ's management is at 15672, AMQP is at 5672 (amqp:) or 5671 (amqps:)");
  if (start.startsWith("AMQP")) {
    const version = read[4] === 0 || read[4] === 3 ? "1.0" : [...read.subarray(5, 8)].join("-");
    return wrong(`it speaks AMQP ${version}; this adapter speaks AMQP 0-9-1, as RabbitMQ does`);
  }
  if (read[0] === 0x15 && read[1] === 0x03) return wrong("it speaks TLS; use amqps:");
  return read.length < 4 ? undefined : wrong(`it does not speak AMQP; it answers ${excerpt(start, 40)}`);
}
