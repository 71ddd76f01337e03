import { aside, by, JUDGED, type Row } from "./row.ts";

const REAL = ["rabbit"];
const NULL = ["null-amqp"];

export const rabbit: readonly Row[] = [
  {
    id: "rabbit-publish",
    title: "RabbitMQ quorum queue, publish confirmed, 500 in flight",
    servers: REAL,
    contenders: [
      by("switchyard", "rabbit-publish", "ours"),
      by("raw", "rabbit-publish", "raw"),
      by("raw, CloudEvents", "rabbit-publish", "rawEvents"),
      by("rascal", "rabbit-publish", "rascal"),
      aside("amqp-connection-manager", "rabbit-publish", "manager"),
      aside("@message-queue-toolkit/amqp, not confirmed", "rabbit-publish", "toolkit"),
    ],
    ...JUDGED,
    rounds: { full: 7, quick: 5 },
    processes: { full: 4, quick: 3 },
    targets: [
      { metric: "rate", of: "switchyard", against: "raw", atLeast: 0.95 },
      { metric: "rate", of: "switchyard", against: "raw, CloudEvents", atLeast: 0.95 },
      { metric: "rate", of: "switchyard", against: "rascal", atLeast: 8 },
    ],
  },
  {
    id: "rabbit-consume",
    title: "RabbitMQ quorum queue, consume and acknowledge, prefetch 300, no-op handler",
    servers: REAL,
    contenders: [
      by("switchyard", "rabbit-consume", "ours"),
      by("raw", "rabbit-consume", "raw"),
      by("rascal", "rabbit-consume", "rascal"),
      aside("amqp-connection-manager", "rabbit-consume", "manager"),
      aside("@message-queue-toolkit/amqp, no prefetch", "rabbit-consume", "toolkit"),
    ],
    ...JUDGED,
    rounds: { full: 7, quick: 3 },
    warmup: 3,
    targets: [
      { metric: "rate", of: "switchyard", against: "raw", atLeast: 0.9 },
      { metric: "rate", of: "switchyard", against: "rascal", atLeast: 1 },
    ],
  },
  {
    id: "rabbit-latency",
    title: "RabbitMQ quorum queue, one message in flight, publish to handler",
    servers: REAL,
    contenders: [
      by("switchyard", "rabbit-latency", "ours"),
      by("raw, noDelay", "rabbit-latency", "raw"),
      aside("amqp-connection-manager, as it comes", "rabbit-latency", "manager"),
      aside("rascal, as it comes", "rabbit-latency", "rascal"),
    ],
    ...JUDGED,
    rounds: { full: 7, quick: 5 },
    warmup: 1,
    targets: [
      { metric: "p50", of: "switchyard", against: "raw, noDelay", atMost: 1.2 },
      { metric: "p99", of: "switchyard", against: "raw, noDelay", atMost: 1.2 },
    ],
  },
  {
    id: "rabbit-null-publish",
    title: "the client's part of it: publish to a server that confirms at once, 500 in flight",
    servers: NULL,
    contenders: [
      by("switchyard", "rabbit-publish", "oursNull"),
      by("raw", "rabbit-publish", "rawNull"),
      by("raw, CloudEvents", "rabbit-publish", "rawEventsNull"),
      by("rascal", "rabbit-publish", "rascalNull"),
      aside("amqp-connection-manager", "rabbit-publish", "managerNull"),
      aside("@message-queue-toolkit/amqp, not confirmed", "rabbit-publish", "toolkitNull"),
    ],
    targets: [],
    rounds: { full: 5, quick: 1 },
    warmup: 1,
  },
  {
    id: "rabbit-null-consume",
    title: "the client's part of it: consume and acknowledge what a server has ready, prefetch 300",
    servers: NULL,
    contenders: [
      by("switchyard", "rabbit-consume", "oursNull"),
      by("raw", "rabbit-consume", "rawNull"),
      by("rascal", "rabbit-consume", "rascalNull"),
      aside("amqp-connection-manager", "rabbit-consume", "managerNull"),
      aside("@message-queue-toolkit/amqp, no prefetch", "rabbit-consume", "toolkitNull"),
    ],
    targets: [],
    rounds: { full: 5, quick: 1 },
    warmup: 1,
  },
];
