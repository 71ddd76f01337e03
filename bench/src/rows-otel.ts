import { by, JUDGED, type Row } from "./row.ts";

const OFF = "switchyard";
const ON = "switchyard, otel()";

const HAND = "raw, the same spans by hand";

/**
 * Ours off and on, and a raw client as it comes, with OpenTelemetry's own instrumentation of it, and with what spans cost at least: a message
 * costs a client about as much as the SDK's span for it does, so as many of them are made by hand, with as many attributes and links.
 */
const beside = (off: string): Pick<Row, "contenders" | "targets"> => ({
  contenders: [
    by(OFF, "otel", off),
    by(ON, "otel", `${off}Traced`),
    by("raw", "otel", `${off}Raw`),
    by("raw, instrumented", "otel", `${off}Instrumented`),
    by(HAND, "otel", `${off}ByHand`),
  ],
  targets: [
    { metric: "rate", of: ON, against: OFF, atLeast: 0.9 },
    { metric: "rate", of: ON, against: HAND, atLeast: 0.9 },
  ],
});

export const telemetry: readonly Row[] = [
  {
    id: "otel-memory",
    title: "memory queue, spans and metrics of everything, against the same spans by hand",
    contenders: [
      by(ON, "otel", "memoryTraced"),
      by("the same spans by hand", "otel", "memoryByHand"),
      by(OFF, "otel", "memory"),
    ],
    // At most 1.3 times the time.
    targets: [{ metric: "rate", of: ON, against: "the same spans by hand", atLeast: 0.77 }],
    ...JUDGED,
  },
  {
    id: "otel-sqs",
    title: "SQS emulator, send, receive, handle and delete, spans and metrics of everything",
    servers: ["emulator-sqs"],
    ...beside("sqs"),
    ...JUDGED,
    // A round has a thousand messages, and the SDK of OpenTelemetry is much code that is compiled meanwhile.
    warmup: 12,
  },
  {
    id: "otel-distant-sqs",
    title: "SQS emulator whose answers take 10 ms, as the service's may, spans and metrics of everything",
    servers: ["distant-sqs"],
    contenders: [by(OFF, "otel", "sqsDistant"), by(ON, "otel", "sqsDistantTraced")],
    targets: [{ metric: "rate", of: ON, against: OFF, atLeast: 0.9 }],
    ...JUDGED,
    warmup: 12,
  },
  {
    id: "otel-rabbit-publish",
    title: "RabbitMQ quorum queue, publish confirmed, spans and metrics of everything",
    servers: ["rabbit"],
    ...beside("publish"),
    ...JUDGED,
  },
  {
    id: "otel-rabbit-consume",
    title: "RabbitMQ quorum queue, consume and acknowledge, spans and metrics of everything",
    servers: ["rabbit"],
    ...beside("consume"),
    ...JUDGED,
    warmup: 3,
  },
];
