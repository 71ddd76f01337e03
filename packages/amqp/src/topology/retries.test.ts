import { EventEmitter } from "node:events";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { adapter } from "../adapter.ts";

const never = new AbortController().signal;
const of: any = {
  channel: "c",
  base: "p_c",
  name: "p_c_main",
  model: "queue",
  ordered: false,
  group: "main",
  native: {},
};

/** A broker whose next `failures` deletions end the connection with `error`. */
async function topologyOn(error: Error, failures: number) {
  const deleted: string[] = [];
  const connect = async () => {
    const model: any = new EventEmitter();
    model.close = async () => {};
    model.createChannel = async () => {
      const channel: any = new EventEmitter();
      channel.close = async () => {};
      channel.deleteExchange = async () => ({});
      channel.deleteQueue = async (name: string) => {
        if (failures-- <= 0) return void deleted.push(name);
        model.emit("error", error);
        model.emit("close", error);
        throw new Error("Channel ended, no reply will be forthcoming");
      };
      return channel;
    };
    return model;
  };
  const { value }: any = await adapter.options["~standard"].validate({ url: "amqp://localhost", connect });
  const runtime = virtualRuntime();
  return { topology: await adapter.topology!(value, runtime), runtime, deleted };
}

const closed = (code: number, text: string) => Object.assign(new Error(text), { code });

test("a topology call is made again after an error of the broker that passes", async () => {
  const { topology, runtime, deleted } = await topologyOn(closed(541, "Connection closed: 541 (INTERNAL-ERROR)"), 3);
  const done = topology.destroy!([of], never);
  await runtime.advance("10s");
  await done;
  expect(deleted).toEqual(["p_c_main"]);
});

test("a broker that never recovers is told after some seconds, and what does not pass at once", async () => {
  const internal = await topologyOn(closed(541, "Connection closed: 541 (INTERNAL-ERROR)"), 1_000);
  const failed = internal.topology.destroy!([of], never).catch((error: unknown) => error);
  await internal.runtime.advance("60s");
  expect(String(await failed)).toContain("541");
  const refused = await topologyOn(closed(403, "ACCESS_REFUSED - configure access refused"), 1);
  await expect(refused.topology.destroy!([of], never)).rejects.toMatchObject({ code: 403 });
  expect(refused.deleted).toEqual([]);
});
