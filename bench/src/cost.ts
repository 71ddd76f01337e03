import type { ContenderResult, RowResult } from "./run-row.ts";
import { figure } from "./table.ts";

/** Amazon SQS, us-east-1, list price of a million requests, standard and FIFO, beyond the free first million (aws.amazon.com/sqs/pricing). */
const STANDARD = 0.4;
const FIFO = 0.5;

interface Way {
  readonly name: string;
  readonly publish: string;
  readonly consume: string;
}

const WAYS: readonly Way[] = [
  {
    name: "one call a message, `sqs-consumer` as it comes",
    publish: "raw, one call a message",
    consume: "sqs-consumer, one at a time",
  },
  {
    name: "`@message-queue-toolkit/sqs`",
    publish: "@message-queue-toolkit/sqs",
    consume: "@message-queue-toolkit/sqs",
  },
  {
    name: "`sqs-producer`, `sqs-consumer` ten at a time",
    publish: "sqs-producer",
    consume: "sqs-consumer, ten at a time",
  },
  {
    name: "`sqs-producer`, `sqs-consumer` in batches",
    publish: "sqs-producer",
    consume: "sqs-consumer, batch handler",
  },
  { name: "the SDK by hand, batches of ten", publish: "raw, batches of ten", consume: "raw, ten loops" },
  { name: "switchyard", publish: "switchyard", consume: "switchyard" },
];

/** Requests and dollars for a million messages of 1 KB, published once and consumed once. Empty where a row was not run. */
export function costTable(results: readonly RowResult[]): string[] {
  const requests = (id: string, name: string): number | undefined =>
    results.find((row) => row.id === id)?.contenders.find((each: ContenderResult) => each.name === name)?.values[
      "requests"
    ];
  const lines = WAYS.flatMap(({ name, publish, consume }) => {
    const sent = requests("sqs-publish", publish);
    const received = requests("sqs-consume", consume);
    if (sent === undefined || received === undefined) return [];
    const million = (sent + received) * 1_000;
    const dollars = (price: number) => `$${((million / 1e6) * price).toFixed(2)}`;
    return `| ${name} | ${figure(sent * 1_000)} | ${figure(received * 1_000)} | ${dollars(STANDARD)} | ${dollars(FIFO)} |`;
  });
  if (lines.length === 0) return [];
  return ["| | publish | consume and delete | standard | FIFO |", "|---|---|---|---|---|", ...lines];
}
