/** The queues, exchanges and bindings that destinations need. */
import type { Destination } from "@switchyard/core/driver";
import { brokerRetryOf, markOf, retryArguments } from "../retry/broker-retry.ts";
import { delayQueues } from "../retry/delay-queues.ts";
import { deliveryLimitOf, leastLimitOf } from "../retry/delivery-limit.ts";
import { SECOND } from "../limits.ts";
import { addressOf, delaysOf, isOrdered, membersQueue, partitionQueues, topicOf } from "../names.ts";
import { settingsOf } from "../native.ts";
import type { ResolvedOptions } from "../options.ts";
import { bindingMark } from "./marks.ts";
import type { Binding, DesiredExchange, DesiredQueue, Mark } from "./resources.ts";
import { bucketRouting, externalRouting, hashRouting } from "./routing.ts";

export interface Desired {
  readonly marks: readonly Mark[];
  readonly queues: readonly DesiredQueue[];
  readonly exchanges: readonly DesiredExchange[];
  /** Marks of bindings to all types, of groups that now filter by type. */
  readonly stale: readonly Mark[];
}

const NONE: ReadonlySet<string> = new Set();

type Arguments = Record<string, string | number | boolean>;

const QUORUM = { "x-queue-type": "quorum" } as const;
/** Dead-lettering at least once needs this overflow. A full queue refuses messages and drops none. */
const SAFE = { "x-overflow": "reject-publish" } as const;
const DEAD_LETTERS_AT_LEAST_ONCE = { "x-dead-letter-strategy": "at-least-once" } as const;

/** `brokerRetry` is true if the broker can hold back failed messages itself. `hashed` are the addresses whose hash exchange is kept. */
export function desire(
  destinations: readonly Destination[],
  options: ResolvedOptions,
  brokerRetry: boolean,
  hashed: ReadonlySet<string> = NONE,
): Desired {
  const queues = new Map<string, DesiredQueue>();
  const exchanges = new Map<string, DesiredExchange>();
  const marks = new Map<string, Mark>();
  const stale: Mark[] = [];
  const bind = (place: string, bindings: readonly Binding[]) => {
    if (bindings.length === 0) return;
    const mark = bindingMark(place, bindings);
    marks.set(mark.name, mark);
  };
  const queue = (wanted: DesiredQueue) => {
    const before = queues.get(wanted.name);
    // A queue may occur twice, as a destination and as another's dead letters. The one with more arguments wins.
    if (before === undefined || Object.keys(before.arguments).length < Object.keys(wanted.arguments).length)
      queues.set(wanted.name, wanted);
  };
  const exchange = (wanted: DesiredExchange) => exchanges.set(wanted.name, wanted);

  const add = (of: Destination): void => {
    const external = isExternal(of);
    if (of.model === "stream") {
      for (const name of partitionQueues(of)) queue({ kind: "queue", name, arguments: streamArguments(of), external });
      if (of.deadLetter !== undefined) add(of.deadLetter);
      return;
    }
    if (of.model === "pubsub") {
      exchange({
        kind: "exchange",
        name: topicOf(of),
        type: "topic",
        arguments: {},
        external: of.baseAddress !== undefined,
      });
      if (of.group === undefined) return;
    }
    if (of.deadLetter !== undefined) add(of.deadLetter);
    const address = addressOf(of);
    const bindings: Binding[] = [];
    let boundTo = address;
    if (isOrdered(of)) {
      const routing = external ? externalRouting(of) : hashed.has(address) ? hashRouting(of) : bucketRouting(of);
      for (const each of routing.exchanges) exchange(each);
      bindings.push(...routing.bindings);
      boundTo = routing.from;
      for (const name of partitionQueues(of)) {
        queue({
          kind: "queue",
          name,
          arguments: { ...queueArguments(of), "x-single-active-consumer": true },
          leastLimit: leastLimitOf(of),
          external,
        });
      }
      if (!external)
        queue({ kind: "queue", name: membersQueue(of), arguments: { ...QUORUM, "x-max-length": 1 }, external });
    } else {
      const retry = brokerRetry ? brokerRetryOf(of) : undefined;
      const more = retry === undefined ? {} : retryArguments(retry);
      const all = { ...queueArguments(of), ...more };
      queue({ kind: "queue", name: address, arguments: all, leastLimit: leastLimitOf(of), external });
      if (retry !== undefined) {
        const mark = { name: markOf(of, retry), type: "fanout", arguments: {}, external: false };
        exchange({ kind: "exchange", ...mark, marks: address });
      }
      if (of.dead !== true) addDelays(delaysOf(of, options), queue, exchange, bind);
    }
    if (of.model === "pubsub") {
      const kind = isOrdered(of) ? "exchange" : "queue";
      // A message without a type passes every filter. Its routing key is empty.
      const toTopic = (key: string): Binding => ({ from: topicOf(of), to: boundTo, kind, key });
      const all = toTopic("#");
      if (of.types !== undefined) stale.push({ ...bindingMark(address, [...bindings, all]), bindings: [all] });
      bindings.push(...(of.types === undefined ? [all] : [...of.types, ""].map(toTopic)));
    }
    bind(address, bindings);
  };
  for (const of of destinations) add(of);
  return { queues: [...queues.values()], exchanges: [...exchanges.values()], marks: [...marks.values()], stale };
}

const isExternal = (of: Destination): boolean =>
  of.model === "stream" ? of.baseAddress !== undefined : of.address !== undefined;

function queueArguments(of: Destination): Arguments {
  const { maxLength, maxLengthBytes, groupSize } = settingsOf(of);
  const dead = of.deadLetter;
  return {
    ...QUORUM,
    ...SAFE,
    "x-delivery-limit": deliveryLimitOf(of),
    ...(dead === undefined || dead.model !== "queue"
      ? {}
      : { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": addressOf(dead), ...DEAD_LETTERS_AT_LEAST_ONCE }),
    ...(of.retentionMs === undefined ? {} : { "x-message-ttl": of.retentionMs }),
    ...(maxLength === undefined ? {} : { "x-max-length": maxLength }),
    ...(maxLengthBytes === undefined ? {} : { "x-max-length-bytes": maxLengthBytes }),
    ...(groupSize === undefined ? {} : { "x-quorum-initial-group-size": groupSize }),
  };
}

function streamArguments(of: Destination): Arguments {
  const { maxLengthBytes, groupSize, segmentBytes } = settingsOf(of);
  return {
    "x-queue-type": "stream",
    ...(of.retentionMs === undefined ? {} : { "x-max-age": `${Math.ceil(of.retentionMs / SECOND)}s` }),
    ...(maxLengthBytes === undefined ? {} : { "x-max-length-bytes": maxLengthBytes }),
    ...(segmentBytes === undefined ? {} : { "x-stream-max-segment-size-bytes": segmentBytes }),
    ...(groupSize === undefined ? {} : { "x-initial-cluster-size": groupSize }),
  };
}

function addDelays(
  delays: string,
  queue: (wanted: DesiredQueue) => void,
  exchange: (wanted: DesiredExchange) => void,
  bind: (place: string, bindings: readonly Binding[]) => void,
): void {
  const all = delayQueues(delays);
  for (const { name, ttlMs } of all) {
    exchange({ kind: "exchange", name, type: "fanout", arguments: {}, external: false, shared: true });
    // Without a dead-letter routing key the message keeps its own, which is the name of its queue.
    const own: Arguments = {
      ...QUORUM,
      ...SAFE,
      ...DEAD_LETTERS_AT_LEAST_ONCE,
      "x-message-ttl": ttlMs,
      "x-dead-letter-exchange": "",
    };
    queue({ kind: "queue", name, arguments: own, external: false, shared: true });
  }
  bind(
    `${delays}_delay`,
    all.map(({ name }) => ({ from: name, to: name, kind: "queue", key: "" })),
  );
}
