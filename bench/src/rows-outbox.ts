import { by, JUDGED, type Row } from "./row.ts";

const PLAIN = "publish(), no database";

export const outbox: readonly Row[] = [
  {
    id: "outbox-rabbit",
    title: "outbox in PostgreSQL (fsync off), a backlog of 10,000 to a RabbitMQ quorum queue",
    servers: ["rabbit", "postgres"],
    contenders: [
      by("switchyard relay", "outbox", "rabbitRelay"),
      by(PLAIN, "outbox", "rabbitPlain"),
      by("by hand, FOR UPDATE SKIP LOCKED and amqplib", "outbox", "byHand"),
    ],
    ...JUDGED,
    targets: [{ metric: "rate", of: "switchyard relay", against: PLAIN, atLeast: 0.5 }],
  },
  {
    id: "outbox-sqs",
    title: "outbox in PostgreSQL (fsync off), a backlog of 20,000 to the SQS emulator, 10 ms away",
    servers: ["emulator-sqs", "postgres"],
    contenders: [by("switchyard relay", "outbox", "sqsRelay"), by(PLAIN, "outbox", "sqsPlain")],
    rounds: { full: 5, quick: 3 },
    warmup: 1,
    targets: [{ metric: "rate", of: "switchyard relay", against: PLAIN, atLeast: 0.8 }],
  },
];
