import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { channel } from "../api/channel.ts";
import { consumer } from "../api/consumer.ts";
import type { MessagingEvent } from "../api/events.ts";
import { base, everything, fakeAdapter } from "../fixtures/adapters.ts";
import type { Connection, Fault, Lease, ReceiverDriver } from "../driver/index.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";
import { connect } from "./connect.ts";

const orders = channel("orders", {
  messages: { "orders.made": z.object({ customerId: z.string() }) },
  orderingKey: "customerId",
});

afterEach(() => void vi.unstubAllEnvs());

/** A transport with suffixes of its own, whose calls fail as told. */
async function engine(receiver: Partial<ReceiverDriver> | Fault, hidden = false) {
  const failed = (fault: Fault) => Promise.reject(Object.assign(new Error("raw"), { fault }));
  const connection: Connection = {
    sender: () => failed({ kind: "config", code: "queue-not-found" }),
    receiver: () =>
      "kind" in receiver
        ? failed(receiver)
        : Promise.resolve({
            capabilities: everything,
            leases: async function* () {},
            close: async () => {},
            ...receiver,
          }),
    classify: (cause) => (cause as { fault: Fault }).fault ?? { kind: "retryable", code: "unknown" },
    close: async () => {},
  };
  const adapter = { ...fakeAdapter({ name: "sqs", models: { queue: {} } }), open: async () => connection };
  const events: MessagingEvent[] = [];
  const runtime = virtualRuntime();
  const messaging = await connect({
    channels: [orders],
    service: "test",
    config: {
      ...base(),
      connections: { aws: { use: adapter } },
      channels: {
        orders: {
          model: "queue",
          on: "aws",
          groups: { billing: {} },
          ...(hidden ? { address: "${ADDRESS}" } : {}),
        },
      },
    },
    runtime,
    observe: (event: MessagingEvent) => void events.push(event),
  });
  messaging.consume(consumer(orders, "billing", { "*": () => {} }));
  return { messaging, events, runtime };
}

const publish = (messaging: { publish: (...given: never[]) => Promise<unknown> }): Promise<unknown> =>
  messaging.publish(orders as never, "orders.made" as never, { customerId: "c" } as never);

const messageOf = (promise: Promise<unknown>): Promise<string> => promise.then(String, (error: Error) => error.message);

test("what opens for sending, what is refused at start and what fails to receive is called as the broker calls it", async () => {
  const lease: Partial<Lease> = {
    id: "l",
    lost: new AbortController().signal,
    receive: () => Promise.reject(Object.assign(new Error("raw"), { fault: { kind: "retryable", code: "away" } })),
    release: async () => {},
  };
  const leases = async function* () {
    yield lease as Lease;
    await new Promise(() => {});
  };
  const { messaging, events, runtime } = await engine({ leases });
  expect(await messageOf(publish(messaging))).toContain('open "dev_orders_billing.fifo" to send: queue-not-found');
  await messaging.start();
  await runtime.advance("2s");
  const failed = events.find((event) => event.type === "receive-failed");
  expect(String(failed?.error)).toContain('receive from "dev_orders_billing.fifo": away');
  expect(JSON.stringify(messaging.health())).toContain("dev_orders_billing.fifo");

  const narrow = await engine({ existing: { deliveries: { count: 2, setting: "maxReceiveCount" } } });
  expect(await messageOf(narrow.messaging.start())).toContain('"dev_orders_billing.fifo" contradicts the policy');
  const less = await engine({ capabilities: { ...everything, holdExtend: false } });
  expect(await messageOf(less.messaging.start())).toContain('"dev_orders_billing.fifo" offers less than');
});

test("an address from the environment is not shown", async () => {
  vi.stubEnv("ADDRESS", "https://hidden.example/queue.fifo");
  const { messaging } = await engine({ kind: "config", code: "x" }, true);
  expect(await messageOf(publish(messaging))).toMatch(/^open "[^"]*" to send: queue-not-found/);
  expect(await messageOf(publish(messaging))).not.toContain("hidden");
});
