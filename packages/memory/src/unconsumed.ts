/**
 * The hint that published messages have no consumer. Memory does not reach beyond the process, which is easily forgotten when a publisher and
 * a consumer are started separately. The hint is given once for each destination of a broker.
 *
 * A destination is checked when its first sender opens, and again {@link PATIENCE_MS} later, so that a service which publishes before it
 * starts its consumers gets no hint. Messages are not examined for it. The wait does not keep the process alive and ends with the
 * connection, so a program that publishes and ends gets no hint, and neither does a test that only publishes.
 */
import type { Destination, DriverEvent } from "@switchyard/core/driver";
import type { Broker } from "./broker/broker.ts";
import { MemoryFault } from "./errors.ts";
import { baseName, queueName } from "./names.ts";

/** By then a service has started its consumers, and a person who waits for a first message is still watching. */
const PATIENCE_MS = 10_000;

export class UnconsumedHints implements Disposable {
  readonly #broker: Broker;
  readonly #report: (event: DriverEvent) => void;
  readonly #pending = new Map<string, Disposable>();

  constructor(broker: Broker, report: (event: DriverEvent) => void) {
    this.#broker = broker;
    this.#report = report;
  }

  /** Call it when a sender of `to` was opened. Its first message follows. */
  watch(to: Destination): void {
    const { hinted, clock } = this.#broker;
    const id = `${to.model} ${queueName(to)}`;
    if (to.dead || hinted.has(id) || groupsOf(this.#broker, to).every(({ consumed }) => consumed)) return;
    hinted.add(id);
    const timer = clock.runtime.timer(PATIENCE_MS, () => {
      this.#pending.delete(id);
      const waiting = groupsOf(this.#broker, to).filter(({ consumed, empty }) => !consumed && !empty);
      if (waiting.length > 0) this.#report({ type: "warning", cause: hint(to, waiting) });
    });
    timer.unref?.();
    this.#pending.set(id, timer);
  }

  /** Call it when the connection is closed. Destinations not checked yet are watched by their next senders. */
  [Symbol.dispose](): void {
    for (const [id, timer] of this.#pending) {
      timer[Symbol.dispose]();
      this.#broker.hinted.delete(id);
    }
    this.#pending.clear();
  }
}

interface Group {
  /** Undefined for the groups of a stream, which are known only once they read. */
  readonly name: string | undefined;
  /** Whether a consumer of this process has received for it, or tried to. */
  readonly consumed: boolean;
  readonly empty: boolean;
}

/** The groups that `to` reaches. */
function groupsOf({ queues, topics, logs }: Broker, to: Destination): readonly Group[] {
  if (to.model === "stream") {
    const log = logs.get(baseName(to));
    return log === undefined ? [] : [{ name: undefined, consumed: log.groups.size > 0, empty: log.seq === 0 }];
  }
  const name = queueName(to);
  const found =
    to.model === "pubsub" && to.group === undefined
      ? [...(topics.get(baseName(to))?.groups ?? [])].map(([group, { queue }]) => ({ group, queue }))
      : [{ group: to.group ?? name, queue: queues.get(name) }];
  return found.flatMap(({ group, queue }) =>
    queue === undefined ? [] : [{ name: group, consumed: queue.consumed, empty: queue.all.size === 0 }],
  );
}

function hint({ channel }: Destination, groups: readonly Group[]): MemoryFault {
  const names = groups.flatMap(({ name }) => (name === undefined ? [] : [`"${name}"`]));
  const whose = names.length === 0 ? "" : ` of group${names.length === 1 ? "" : "s"} ${names.join(", ")}`;
  return new MemoryFault(
    "config",
    "not-consumed",
    `messages of channel "${channel}" wait, and no consumer${whose} has started in this process. Memory is not shared between ` +
      'processes, nor between two connect() unless their connections name the same "broker". Start the consumer here, or put ' +
      "the channel on a broker that both reach",
  );
}
