/** The services of the example, as processes on memory and as a function behind the mappings of their queues: the same work, in the same order. */
import { fileURLToPath } from "node:url";
import { connect } from "@switchyard/core";
import { afterAll, expect, test } from "vitest";
import { Books } from "../examples/order-fanout/src/books.ts";
import { orders } from "../examples/order-fanout/src/channels.ts";
import { services } from "../examples/order-fanout/src/services.ts";
import { functionOf } from "../examples/order-fanout/src/services.lambda.ts";
import { startAws } from "./support/aws-emulator.ts";
import { inProcess } from "./support/lambda/function.ts";
import { QueueMapping } from "./support/lambda/queue-mapping.ts";

const place = await startAws();
afterAll(() => place.close());

const fileOf = (name: string) =>
  fileURLToPath(new URL(`../examples/order-fanout/config/${name}.yaml`, import.meta.url));
const COUNT = 40;
const GROUPS = ["billing", "shipping", "analytics"] as const;
const env = { ...place.env, STAGE: "lambdafan", AWS_REGION: place.region };

async function publish(
  options: { config: string; profile?: string },
  before: (shop: any) => Promise<void>,
): Promise<void> {
  const shop = await connect({ channels: [orders], service: "shop", ...options, env, observe: () => {} });
  await before(shop);
  for (let n = 0; n < COUNT; n++)
    await shop.publish(orders, "order.placed", { orderId: `o${n}`, customerId: `c${n % 5}`, cents: n });
  for (let n = 0; n < COUNT; n += 5)
    await shop.publish(orders, "order.cancelled", { orderId: `o${n}`, customerId: `c${n % 5}` });
  await Promise.all(GROUPS.map((group) => current.filled(group, COUNT + COUNT / 5)));
  await shop.stop();
}
let current: Books;

test("three services do on Lambda what they do as processes", { timeout: 60_000 }, async () => {
  const processes = (current = new Books());
  await publish({ config: fileOf("three-groups"), profile: "memory" }, async (shop) => {
    for (const group of GROUPS) shop.consume(services[group](processes) as never);
    await shop.start();
  });
  const functions = (current = new Books());
  Object.assign(process.env, env, place.env);
  const handler = functionOf(functions, fileOf("lambda"));
  const mappings: QueueMapping[] = [];
  await publish({ config: fileOf("lambda") }, async (shop) => {
    const { groups } = shop.explain().channels["orders"];
    for (const group of GROUPS) {
      const queue = groups[group].address as string;
      const mapping = new QueueMapping({
        client: place.client,
        queue,
        invoke: inProcess(handler, 20_000),
        report: true,
      });
      mappings.push(mapping);
      await mapping.start();
    }
  });
  await Promise.all(mappings.map((mapping) => mapping.stop()));
  for (const group of GROUPS) expect(functions.linesOf(group), group).toEqual(processes.linesOf(group));
});
