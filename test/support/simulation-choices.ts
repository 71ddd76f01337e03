import type { ConfigInput } from "@switchyard/core";

export type Random = () => number;

/** What a scenario is like; drawn from its seed. */
export interface Choices {
  readonly model: "queue" | "pubsub" | "stream";
  readonly profile: "sqs" | "rabbitmq-queue" | undefined;
  readonly ordered: boolean;
  readonly delays: boolean;
  readonly groups: readonly string[];
  /** Processes of each group. */
  readonly members: number;
  readonly partitions: number;
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly hold: "5s" | "30s";
  /** 0: single messages. */
  readonly batch: number;
  readonly policy: NonNullable<ConfigInput["policies"]>[string];
  /** How often an attempt fails. */
  readonly failing: number;
  readonly slowMs: number;
  readonly rounds: number;
  readonly stepMs: number;
  /** Somebody looks at the dead letters and brings them back. */
  readonly operator: boolean;
  /** Its observer throws at every event of a message. */
  readonly rude: boolean;
  /** When all is over, handlers that wait must fill every place in the budget. */
  readonly filled: boolean;
}

export function chosen(random: Random): Choices {
  const pick = <T>(...from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const model = pick("queue", "pubsub", "stream" as const);
  const ordered = random() < 0.6;
  const sqs = model === "queue" && random() < 0.4;
  const concurrency = pick(1, 2, 5);
  const batch = random() < 0.3 ? pick(2, 5) : 0;
  const skips = random() < 0.2;
  const drawn: Omit<Choices, "profile"> = {
    model,
    ordered,
    delays: !ordered && model !== "stream",
    groups: model === "queue" ? ["one"] : ["one", "two"].slice(0, pick(1, 2)),
    members: pick(1, 2),
    partitions: pick(1, 2, 4),
    concurrency,
    maxInFlight: Math.max(concurrency * pick(1, 2, 3), batch),
    hold: pick("5s", "30s"),
    batch,
    policy: {
      retry: {
        attempts: pick(2, 4),
        backoff: pick("constant", "linear", "exponential"),
        first: pick("100ms", "2s"),
        max: "10s",
      },
      ...(skips ? { deadLetter: "skip" } : {}),
    },
    failing: pick(0, 0.1, 0.4, 0.4),
    slowMs: pick(100, 20_000),
    rounds: pick(2, 5),
    stepMs: pick(500, 10_000),
    // SQS FIFO shows no more of a key than one receive gives.
    operator: random() < 0.3 && !skips && !(sqs && ordered),
    rude: random() < 0.1,
    filled: random() < 0.25 && !ordered && model !== "stream",
  };
  // RabbitMQ gives several messages of a key at once, and holds them as long as it is connected.
  const rabbit = !sqs && ordered && model !== "stream" && random() < 0.5;
  return { ...drawn, profile: sqs ? "sqs" : rabbit ? "rabbitmq-queue" : undefined };
}
