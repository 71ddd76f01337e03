/** The transports the contract suite runs on, as `npm run contract` and the tests see them. */
import { GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Call, Exemption, FaultControl, Harness, WireFaults } from "@switchyard/contract";
import { systemRuntime } from "@switchyard/core";
import type { Destination, Model } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { adapter as memory } from "@switchyard/memory";
import { control } from "@switchyard/memory/testing";
import { adapter as sqs } from "@switchyard/sqs";
import type { Aws } from "./aws-emulator.ts";
import { startFaultProxy } from "./fault-proxy.ts";

export interface MemoryVariety {
  readonly name: string;
  readonly model: Model;
  readonly ordered: boolean;
  readonly options?: Record<string, unknown>;
}

export const memoryVarieties: readonly MemoryVariety[] = [
  { name: "memory queue", model: "queue", ordered: false },
  { name: "memory queue, ordered", model: "queue", ordered: true },
  { name: "memory pub/sub", model: "pubsub", ordered: false },
  { name: "memory pub/sub, ordered", model: "pubsub", ordered: true },
  { name: "memory stream", model: "stream", ordered: true },
  { name: "memory as SQS", model: "queue", ordered: false, options: { profile: "sqs" } },
  { name: "memory as SQS FIFO", model: "queue", ordered: true, options: { profile: "sqs-fifo" } },
  { name: "memory as SNS", model: "pubsub", ordered: false, options: { profile: "sns" } },
  { name: "memory as SNS FIFO", model: "pubsub", ordered: true, options: { profile: "sns" } },
  { name: "memory as Kinesis", model: "stream", ordered: true, options: { profile: "kinesis" } },
  { name: "memory as RabbitMQ queue", model: "queue", ordered: false, options: { profile: "rabbitmq-queue" } },
  { name: "memory as RabbitMQ queue, ordered", model: "queue", ordered: true, options: { profile: "rabbitmq-queue" } },
  { name: "memory as RabbitMQ pub/sub", model: "pubsub", ordered: false, options: { profile: "rabbitmq-queue" } },
  { name: "memory as RabbitMQ stream", model: "stream", ordered: true, options: { profile: "rabbitmq-stream" } },
];

export function memoryHarness(
  { name, model, ordered, options = {} }: MemoryVariety,
  adapter = memory as Harness["adapter"],
): Harness {
  return {
    name,
    adapter,
    model,
    ordered,
    connection: (broker) => ({ broker, ...options }),
    // Patience for machines that do much else.
    runtime: () => virtualRuntime({ patienceMs: 10_000 }),
    ...(model === "stream" ? { native: { split: reshape("split"), merge: reshape("merge") } } : {}),
  };
}

/** Each case's broker is named by its prefix, the first part of every physical name. */
const reshape =
  (change: "split" | "merge") =>
  async (of: Destination): Promise<void> => {
    const broker = control(of.base.split("_")[0]!);
    if (broker === undefined) throw new Error(`no broker holds ${of.base}`);
    const [first, second] = broker.partitions(of.base);
    if (change === "split") broker.split(of.base, first!);
    else broker.merge(of.base, first!, second!);
  };

const ACTIONS: Readonly<Record<Call, RegExp>> = {
  send: /^SendMessage/,
  receive: /^ReceiveMessage/,
  settle: /^(DeleteMessage|ChangeMessageVisibility)/,
  extend: /^ChangeMessageVisibility/,
};

async function wireFaults(endpoint: string): Promise<WireFaults> {
  const proxy = await startFaultProxy(endpoint);
  const control: FaultControl = {
    next: (call, trouble, times) => proxy.fault(ACTIONS[call], { kind: trouble }, times),
    refuseEntries: (call, text, times, fault) =>
      proxy.fault(
        ACTIONS[call],
        {
          kind: "fail-entries",
          match: (entry) => entry.MessageBody?.includes(text) === true,
          code: fault?.permanent === true ? "InvalidMessageContents" : "InternalError",
          senderFault: fault?.permanent === true,
        },
        times,
      ),
    heal: () => proxy.heal(),
    get hits() {
      return proxy.hits;
    },
    calls: (call) => proxy.reached(ACTIONS[call]),
  };
  return { control, options: { endpoint: proxy.endpoint }, close: () => proxy.close() };
}

/** What fauxqs does otherwise than SQS; each case states what SQS does. */
const FAUXQS: readonly Exemption[] = [
  { case: "O-fair-shares", who: "fauxqs 2.4.1", because: "drops MessageGroupId on standard queues: no fair queues" },
];
/** What SQS does at a scale no test reaches. */
const SQS: readonly Exemption[] = [
  { case: "O-fair-shares", who: "SQS", because: "a tenant counts as noisy from 30 messages in flight" },
];

/** `hops`: delays of more than a second go through a delay queue. */
export function sqsHarness(aws: Aws, ordered: boolean, { fast = true, hops = false } = {}): Harness {
  const { endpoint } = aws;
  return {
    name: `${ordered ? "SQS FIFO" : "SQS standard"}${fast ? "" : ", fast off"}${hops ? ", hops" : ""}`,
    ...(hops ? { settings: { hops: { longest: "1d", above: "1s" } } } : {}),
    about: aws.what,
    adapter: sqs,
    model: "queue",
    ordered,
    connection: () => ({ ...aws.connection, ...(fast ? {} : { fast }) }),
    runtime: () => systemRuntime,
    // The real service signs requests for its own host: there faults are made at the seam.
    ...(aws.emulator && endpoint !== undefined ? { faults: () => wireFaults(endpoint) } : {}),
    native: {
      sendForeign: async (to: Destination, { body, headers = {}, key }) => {
        const { QueueUrl } = await aws.client.send(
          new GetQueueUrlCommand({ QueueName: ordered ? `${to.name}.fifo` : to.name }),
        );
        const MessageAttributes = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, { DataType: "String", StringValue: value }]),
        );
        const fifo = ordered ? { MessageGroupId: key ?? "foreign", MessageDeduplicationId: systemRuntime.uuid() } : {};
        await aws.client.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes, ...fifo }));
      },
    },
    // A purge of the real service takes a minute.
    limits: { bulk: 1_500, caseMs: aws.real ? 150_000 : 60_000 },
    parallel: 16,
    exemptions: ordered ? [] : aws.emulator ? FAUXQS : aws.real ? SQS : [],
  };
}
