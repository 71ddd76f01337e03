/** The explorer on services with an inbox, and on a configuration of the user's own. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channel, consumer } from "@switchyard/core";
import { asItIs, checkHandler, explore } from "@switchyard/explore";
import { claim, exactly, memoryStore } from "@switchyard/inbox";
import pg from "pg";
import { expect, test } from "vitest";
import { z } from "zod";

const orders = channel("orders", { messages: { placed: z.object({ order: z.string() }) } });
const data = { order: "o-1" };

function world() {
  const charges: string[] = [];
  return { charges, bank: { charge: (order: string) => void charges.push(order) }, store: asItIs(memoryStore()) };
}
type World = ReturnType<typeof world>;
const state = ({ charges }: World) => charges;

test("a claim keeps two deliveries at the same time apart, and says nothing of a death between work and mark", async () => {
  const { findings } = await checkHandler(
    ({ bank, store }) =>
      consumer(
        orders,
        "billing",
        { placed: ({ order }) => bank.charge(order) },
        { use: [claim(store, { window: "30d" })] },
      ),
    "placed",
    data,
    { effects: world, state, onFailure: "return" },
  );
  const steps = findings.map(({ step }) => step).join("\n");
  expect(steps).toContain("the process dies after bank.charge");
  expect(steps).not.toContain("delivered twice at the same time");
  expect(steps).not.toContain("the acknowledgement is lost");
});

test("an inbox in a real database is refused with advice, and does not hang", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const pool = new pg.Pool({ host: "127.0.0.1", port, user: "nobody" });
  const real = consumer(orders, "billing", { placed: () => {} }, { use: [exactly(pool as never, { window: "30d" })] });
  const refused: unknown = await checkHandler(real, "placed", data).catch((error: unknown) => error);
  for (const socket of sockets) socket.destroy();
  silent.close();
  await pool.end();
  expect(refused).toMatchObject({ code: "explore-real-wait" });
});

test("a configuration of one's own is explored as it is, on memory", async () => {
  const folder = mkdtempSync(join(tmpdir(), "explore-"));
  try {
    const config = join(folder, "switchyard.config.yaml");
    writeFileSync(
      config,
      "connections: { aws: { use: sqs, region: eu-west-1 } }\nchannels:\n  orders: { model: queue, on: aws, groups: { billing: { hold: 10s } } }\n",
    );
    const { failure } = await explore(
      {
        channels: [orders],
        config,
        on: "sqs",
        world,
        services: {
          billing: ({ world: { bank } }) => consumer(orders, "billing", { placed: ({ order }) => bank.charge(order) }),
        },
        play: ({ publish }) => publish(orders, "placed", data),
        faults: { effect: false, ack: false, duplicate: false, publish: false, crash: false },
        never: { "charged twice": ({ charges }) => charges.length > 1 },
      },
      { seeds: 300, onFailure: "return" },
    );
    // The hold of the configuration: a pause is half as long again.
    expect(failure?.text).toMatch(/stands still for 15 s (?:before|after) bank\.charge/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
