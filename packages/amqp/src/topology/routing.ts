/**
 * The exchanges in front of the partitions of an ordered queue or group.
 *
 * A publisher to a queue, and whoever sends to one group alone, uses the *entrance*, an exchange without bindings. What it cannot route,
 * which is everything, goes on to its alternate exchange: the *buckets*, which leads each bucket to its partition. A topic is bound to the
 * buckets directly. What has no bucket there goes on to the *rest*, and from there to the first partition, so no message of another
 * program vanishes.
 *
 * The entrance is made last, and a topic is bound after everything behind it, so nobody can publish to bindings that are half made. The
 * name of the buckets has the number of partitions, so a change of the number makes another exchange beside it.
 */
import type { Destination } from "@switchyard/core/driver";
import { BUCKETS, bucketKeys, partitionOf } from "../buckets.ts";
import { KEY_HEADER } from "../message/cloud-events.ts";
import { addressOf, bucketsExchange, partitionQueues, restExchange } from "../names.ts";
import type { Binding, DesiredExchange } from "./resources.ts";

/** The type of exchange that spread the keys before there were buckets. It spreads them anew at each restart of the broker. */
export const HASH = "x-consistent-hash";
/** The argument that names the exchange of the messages that no binding takes. */
export const ALTERNATE = "alternate-exchange";

export interface Routing {
  readonly exchanges: readonly DesiredExchange[];
  readonly bindings: readonly Binding[];
  /** The exchange that a topic is bound to. */
  readonly from: string;
}

export const entranceOf = (of: Destination): DesiredExchange => ({
  kind: "exchange",
  name: addressOf(of),
  type: "direct",
  arguments: { [ALTERNATE]: bucketsExchange(of) },
  external: false,
  entrance: true,
});

export function bucketRouting(of: Destination): Routing {
  const [buckets, rest, queues] = [bucketsExchange(of), restExchange(of), partitionQueues(of)];
  const common = { kind: "exchange", external: false } as const;
  const bindings: Binding[] = [{ from: rest, to: queues[0]!, kind: "queue", key: "" }];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const to = queues[partitionOf(bucket, queues.length)]!;
    bindings.push({ from: buckets, to, kind: "queue", key: bucketKeys[bucket]! });
  }
  return {
    exchanges: [
      { ...common, name: rest, type: "fanout", arguments: {} },
      { ...common, name: buckets, type: "direct", arguments: { [ALTERNATE]: rest } },
      entranceOf(of),
    ],
    bindings,
    from: buckets,
  };
}

/** A hash exchange that is there from before. It is kept until its partitions are not used. */
export function hashRouting(of: Destination): Routing {
  const address = addressOf(of);
  return {
    exchanges: [
      { kind: "exchange", name: address, type: HASH, arguments: { "hash-header": KEY_HEADER }, external: true },
    ],
    bindings: partitionQueues(of).map((to) => ({ from: address, to, kind: "queue", key: "1" })),
    from: address,
  };
}

/** An exchange that is given by its name. Its owner leads the buckets, or the keys, to the partitions. */
export function externalRouting(of: Destination): Routing {
  const address = addressOf(of);
  const exchange = { kind: "exchange", name: address, type: "direct", arguments: {}, external: true } as const;
  return { exchanges: [exchange], bindings: [], from: address };
}
