import { EventEmitter } from "node:events";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { adapter } from "./adapter.ts";

const never = new AbortController().signal;
const queue: any = { channel: "c", base: "p_c", name: "p_c_main", model: "queue", ordered: false, native: {} };

/** As amqplib's are inside: what our patches look for is there. */
function amqplib() {
  const stream = { writable: true, writableNeedDrain: false, write: () => true, cork() {}, uncork() {}, destroy() {} };
  const buffer = { readableLength: 0, writableLength: 0, write: () => true };
  const channels: Record<number, unknown> = {};
  const connection = { stream, channels, frameMax: 4_096, sentSinceLastCheck: false };
  const channel = Object.assign(new EventEmitter(), {
    ch: 1,
    connection,
    sendMessage: () => true,
    checkQueue: async () => ({}),
    close: async () => {},
  });
  channels[1] = { channel, buffer };
  const model = Object.assign(new EventEmitter(), {
    connection,
    createConfirmChannel: async () => channel,
    close: async () => {},
  });
  return { model, functions: () => [stream.write, buffer.write, channel.sendMessage] };
}

async function patched(given: Record<string, unknown>): Promise<readonly boolean[]> {
  const { model, functions } = amqplib();
  const before = functions();
  const connect = async () => model;
  const { value }: any = await adapter.options["~standard"].validate({ url: "amqp://localhost", connect, ...given });
  const connection = await adapter.open(value, virtualRuntime(), () => {}, undefined as never);
  await connection.sender(queue, never);
  const after = functions();
  await connection.close();
  return before.map((one, at) => one !== after[at]);
}

test("amqplib's socket and channels are patched, and with fast: false they are as they come", async () => {
  await expect(patched({})).resolves.toEqual([true, true, true]);
  await expect(patched({ fast: true })).resolves.toEqual([true, true, true]);
  await expect(patched({ fast: false })).resolves.toEqual([false, false, false]);
});
