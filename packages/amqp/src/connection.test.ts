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

test("the server of a connection is the one that it has reached, without user and password", async () => {
  const { model } = amqplib();
  const connect = async (address: string | { readonly hostname?: string }) => {
    const text = typeof address === "string" ? address : String(address.hostname);
    if (text.includes("first")) throw Object.assign(new Error("no"), { code: "ECONNREFUSED" });
    return model;
  };
  const url = ["amqps://u:p@first.example", "amqps://u:p@second.example:5673"];
  const { value }: any = await adapter.options["~standard"].validate({ url, connect });
  const connection = await adapter.open(value, virtualRuntime(), () => {}, undefined as never);
  const servers = () => [queue, { ...queue, group: "g" }, { ...queue, group: "g", dead: true }].map(connection.server!);
  const [first, second] = [
    { address: "first.example", port: 5671 },
    { address: "second.example", port: 5673 },
  ];
  expect(servers()).toEqual([first, first, first]);
  await connection.sender(queue, never);
  // Messages are received on a connection of their own, which is not open yet.
  expect(servers()).toEqual([second, first, second]);
  await connection.close();
});
