/** Exchanges, queues and bindings as RabbitMQ's definitions know them. */
import type { Resource, Resources } from "@switchyard/core/driver";
import { brokerRetryOf } from "../retry/broker-retry.ts";
import type { ResolvedOptions } from "../options.ts";
import { desiredFor } from "./context.ts";
import type { Binding, DesiredExchange, DesiredQueue } from "./resources.ts";

export const listedResources = (options: ResolvedOptions): Resources => ({
  list(destinations) {
    const { exchanges, queues, marks } = desiredFor(destinations, options, false);
    const own = <T extends { readonly external: boolean }>(all: readonly T[]) =>
      all.filter(({ external }) => !external);
    const notes = destinations.some((of) => brokerRetryOf(of) !== undefined)
      ? [
          "retries go through the delay queues, as on every broker; on RabbitMQ 4.3 apply() would let the broker delay them instead, which definitions cannot ask for",
        ]
      : [];
    return {
      resources: [
        ...own(exchanges).map(exchange),
        ...own(queues).map(queue),
        ...marks.flatMap(({ bindings }) => bindings.map(binding)),
        // Last, because they say that the bindings are there.
        ...marks.map(exchange),
      ],
      notes,
    };
  },
});

const exchange = ({ name, type, arguments: given }: DesiredExchange): Resource => ({
  type: "rabbitmq:exchange",
  name,
  properties: { name, type, durable: true, auto_delete: false, internal: false, arguments: given },
});

const queue = ({ name, arguments: given }: DesiredQueue): Resource => ({
  type: "rabbitmq:queue",
  name,
  properties: { name, durable: true, auto_delete: false, arguments: given },
});

const binding = ({ from, to, kind, key }: Binding): Resource => ({
  type: "rabbitmq:binding",
  name: `${from} ${to} ${key}`,
  properties: { source: from, destination: to, destination_type: kind, routing_key: key, arguments: {} },
});
