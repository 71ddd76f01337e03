/** What compression costs and saves: microseconds of processor time for publishing and for reading a message, and its bytes on the wire. */
import { channel, connect, consumer } from "@switchyard/core";
import type { Work } from "../measured.ts";
import { NullBroker, nullAdapter } from "../servers/null-adapter.ts";
import { anything, silent } from "./messages.ts";

const COUNT = 2_000;
const CITIES = ["Lisboa", "Porto", "Coimbra", "Faro"];

/** An order of eight lines: about 1.7 KB of JSON, as such messages are. */
const basket = (id: number) => ({
  id,
  text: "",
  customer: { id: `c-${id % 97}`, name: "Ana Martins", city: CITIES[id % 4], mail: `ana.${id}@example.com` },
  lines: Array.from({ length: 8 }, (_, line) => ({
    sku: `sku-${(id * 31 + line * 17) % 9_973}`,
    title: `Article number ${(id * 7 + line) % 1_000} of the catalogue`,
    cents: 100 + ((id * 13 + line * 7) % 9_900),
    quantity: 1 + (line % 3),
    taxRate: "0.23",
    warehouse: `warehouse-${line % 4}`,
    options: { gift: line % 2 === 0, colour: "graphite", size: "medium" },
  })),
});

const baskets = channel("baskets", { messages: { placed: anything } });

const compressed =
  (compress: object | undefined): Work =>
  async () => {
    const broker = new NullBroker();
    const config = {
      prefix: "bench",
      connections: { none: { use: nullAdapter(broker) } },
      channels: { baskets: { model: "queue", on: "none", groups: { work: { concurrency: 100 } }, compress } },
    };
    const messaging = await connect({
      channels: [baskets],
      service: "bench",
      config: config as never,
      observe: silent,
    });
    let left = 0;
    let done: () => void = silent;
    messaging.consume(
      consumer(baskets, "work", {
        placed: () => {
          if (--left === 0) done();
        },
      }),
    );
    await messaging.start();
    const publish = async () => {
      let last: Promise<unknown> | undefined;
      for (let i = 0; i < COUNT; i++) last = messaging.publish(baskets, "placed", basket(i));
      await last;
    };
    const consume = async () => {
      const handled = new Promise<void>((resolve) => {
        done = resolve;
      });
      left = COUNT;
      broker.give(COUNT);
      await handled;
    };
    return {
      round: async () => {
        const publishing = await microseconds(publish);
        const { body } = broker.last!;
        return { publishing, reading: await microseconds(consume), bytes: Buffer.byteLength(body) };
      },
      close: async () => void (await messaging.stop()),
    };
  };

async function microseconds(run: () => Promise<void>): Promise<number> {
  const from = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / COUNT;
}

export const none: Work = compressed(undefined);
export const brotli: Work = compressed({ with: "brotli", above: "1KiB" });
export const gzip: Work = compressed({ with: "gzip", above: "1KiB" });
export const zstd: Work = compressed({ with: "zstd", above: "1KiB" });
