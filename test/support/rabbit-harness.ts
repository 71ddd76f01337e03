/** RabbitMQ as the contract suite sees it. */
import type { Harness, RestartableBroker } from "@switchyard/contract";
import { adapter as amqp } from "@switchyard/amqp";
import { systemRuntime } from "@switchyard/core";
import type { Destination, Model } from "@switchyard/core/driver";
import { connect } from "amqplib";
import { startNode } from "./rabbit.ts";

export interface RabbitVariety {
  readonly name: string;
  readonly model: Model;
  readonly ordered: boolean;
  /** Left to `npm run contract`: its forms are those of two others together. */
  readonly composed?: boolean;
}

export const rabbitVarieties: readonly RabbitVariety[] = [
  { name: "RabbitMQ queue", model: "queue", ordered: false },
  { name: "RabbitMQ queue, ordered", model: "queue", ordered: true, composed: true },
  { name: "RabbitMQ pub/sub", model: "pubsub", ordered: false, composed: true },
  { name: "RabbitMQ pub/sub, ordered", model: "pubsub", ordered: true },
  { name: "RabbitMQ stream", model: "stream", ordered: true },
];

/** A message limit that lets the size cases run in memory and time for one run. */
const MESSAGE_BYTES = 1_048_576;

/** `more` is set on each connection: `{ fast: false }`, say. */
export function rabbitHarness(
  { name, model, ordered }: RabbitVariety,
  url: string,
  more: Readonly<Record<string, unknown>> = {},
): Harness {
  return {
    name,
    adapter: amqp as Harness["adapter"],
    model,
    ordered,
    // Quorum queues are not free: all cases share their delay queues.
    connection: () => ({
      url,
      delays: "contract",
      maxMessageBytes: MESSAGE_BYTES,
      ...(model === "stream" ? { leases: "memory", lease: "2500ms", handover: "3s" } : {}),
      ...more,
    }),
    runtime: () => systemRuntime,
    // A broker of others is all there is, perhaps.
    ...(process.env["AMQP_URL"] ? {} : { restartable }),
    native: { sendForeign: (to, { body, headers = {}, key, id }) => foreign(url, to, body, headers, key, id) },
    limits: { bulk: 2_000, balanceMs: 12_000, caseMs: model === "stream" ? 120_000 : 60_000 },
    parallel: 8,
  };
}

async function restartable(): Promise<RestartableBroker> {
  const { url, ctl, close } = await startNode();
  const restart = async () => {
    await ctl("stop_app");
    await ctl("start_app");
  };
  return { options: { url }, restart, close };
}

/** As a producer that knows nothing of us: amqplib, a JSON body, its own headers. */
async function foreign(
  url: string,
  to: Destination,
  body: string,
  headers: Readonly<Record<string, string>>,
  key: string | undefined,
  messageId: string | undefined,
): Promise<void> {
  const model = await connect(url, { noDelay: true });
  const channel = await model.createConfirmChannel();
  const direct = to.model === "stream" || (to.model === "queue" && !to.ordered);
  const exchange = direct ? "" : to.model === "pubsub" ? to.base : to.name;
  const queue = to.model === "stream" ? `${to.base}_p0` : to.name;
  const own = key === undefined ? headers : { ...headers, cloudEvents_partitionkey: key };
  const properties = {
    headers: own,
    contentType: "application/json",
    ...(messageId === undefined ? {} : { messageId }),
  };
  channel.publish(exchange, direct ? queue : "", Buffer.from(body), properties);
  await channel.waitForConfirms();
  await model.close();
}
