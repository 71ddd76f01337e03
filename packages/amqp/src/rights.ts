/** The permissions that the calls of this driver need, on the names that they use. */
import type { BrokerRight, Destination, Rights } from "@switchyard/core/driver";
import { addressOf, delaysOf, isOrdered, membersQueue, partitionQueues, tailPrefix, topicOf } from "./names.ts";
import { type ResolvedOptions, urlsOf } from "./options.ts";
import { routeOf } from "./publish/routes.ts";
import { delayQueues } from "./retry/delay-queues.ts";
import { desire } from "./topology/desired.ts";
import { ALTERNATE } from "./topology/routing.ts";

/** RabbitMQ checks the right to write to the default exchange under this name. */
const DEFAULT_EXCHANGE = "amq.default";

export function rightsOf(options: ResolvedOptions): Rights {
  const vhosts = [...new Set(urlsOf(options).map(vhostOf))];
  const on = (permission: BrokerRight["permission"], names: readonly string[]): readonly BrokerRight[] =>
    vhosts.flatMap((vhost) => names.map((name): BrokerRight => ({ kind: "rabbitmq", vhost, permission, name })));
  const delays = (of: Destination): readonly string[] => delayQueues(delaysOf(of, options)).map(({ name }) => name);

  return {
    connection(use, of, _place, { delayed = false } = {}) {
      const queues = of.model === "stream" || isOrdered(of) ? partitionQueues(of) : [addressOf(of)];
      switch (use) {
        case "send": {
          const { exchange } = routeOf(of, () => 0);
          if (exchange !== "") return { rights: on("write", [exchange]) };
          return {
            rights: on("write", [DEFAULT_EXCHANGE, ...(delayed ? delays(of) : [])]),
            warnings: vhosts.map(openToAll),
          };
        }
        case "receive": {
          if (of.model === "stream") return { rights: on("read", queues) };
          if (isOrdered(of)) return { rights: on("read", [...queues, membersQueue(of)]) };
          // Retries with a delay, and copies that say how often a message has failed, go back through exchanges.
          const back = [DEFAULT_EXCHANGE, ...(of.dead === true ? [] : delays(of))];
          return { rights: [...on("read", queues), ...on("write", back)], warnings: vhosts.map(openToAll) };
        }
        case "depth":
        case "seek":
          // Only the end of a stream is read. How long a queue is, everyone may ask who may enter the virtual host.
          return { rights: of.model === "stream" ? on("read", queues) : [] };
        case "tail": {
          if (of.model === "stream") return { rights: on("read", queues) };
          const own = (["configure", "write", "read"] as const).flatMap((permission) =>
            on(permission, [tailPrefix(of)]).map((right): BrokerRight => ({ ...right, prefix: true })),
          );
          return { rights: [...own, ...on("read", [topicOf(of)])] };
        }
        case "purge":
          return { rights: on("read", queues) };
        case "move":
          return { rights: [] };
      }
    },
    topology(use, destinations) {
      const desired = desire(destinations, options, true);
      const all = [...desired.exchanges, ...desired.queues, ...desired.marks, ...desired.stale];
      const own = all.filter(({ external }) => !external).map(({ name }) => name);
      const configure = on("configure", own);
      if (use === "destroy") return { rights: configure };
      // A queue's declaration is checked against the queue and against the exchange of its dead letters.
      const dying = desired.queues.filter((queue) => !queue.external && "x-dead-letter-exchange" in queue.arguments);
      const bindings = [...desired.marks, ...desired.stale].flatMap((mark) => mark.bindings);
      const bound = use === "plan" ? [] : bindings;
      // So is an exchange's, against the exchange itself and its alternate exchange.
      const leading = use === "plan" ? [] : desired.exchanges.filter((of) => !of.external && ALTERNATE in of.arguments);
      return {
        rights: [
          ...configure,
          ...on("read", [
            ...dying.map(({ name }) => name),
            ...bound.map(({ from }) => from),
            ...leading.map(({ name }) => name),
          ]),
          ...on("write", [
            ...(dying.length === 0 ? [] : [DEFAULT_EXCHANGE]),
            ...bound.map(({ to }) => to),
            ...leading.map(({ arguments: given }) => given[ALTERNATE]!),
          ]),
        ],
      };
    },
  };
}

const openToAll = (vhost: string): string =>
  `RabbitMQ, virtual host ${JSON.stringify(vhost)}: messages to streams, to dead letters and to queues without an ordering key go through the default exchange, for which RabbitMQ knows no right to a single queue; whoever may send them, or consume such a queue, may write to every queue of the virtual host. Where that matters, give the service a virtual host of its own`;

/** `/` if the address names none. */
function vhostOf(url: string): string {
  const path = new URL(url).pathname;
  return path.length <= 1 ? "/" : decodeURIComponent(path.slice(1));
}
