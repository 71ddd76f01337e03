/** SNS as the contract suite sees it, standard and FIFO, with what its emulator cannot do. */
import { CreateTopicCommand, PublishCommand } from "@aws-sdk/client-sns";
import type { Exemption, Harness } from "@switchyard/contract";
import { systemRuntime } from "@switchyard/core";
import type { Destination } from "@switchyard/core/driver";
import { adapter as sns } from "@switchyard/sns";
import type { Aws } from "./aws-emulator.ts";

/** What fauxqs does otherwise than SNS and SQS; each case states what they do. */
const FAUXQS: readonly Exemption[] = [
  { case: "O-fair-shares", who: "fauxqs 2.4.1", because: "drops MessageGroupId on standard queues: no fair queues" },
];
/** What they do at a scale no test reaches. */
const AWS: readonly Exemption[] = [
  { case: "O-fair-shares", who: "SQS", because: "a tenant counts as noisy from 30 messages in flight" },
];

export function snsHarness(aws: Aws, ordered: boolean, { fast = true } = {}): Harness {
  return {
    name: `${ordered ? "SNS FIFO" : "SNS standard"}${fast ? "" : ", fast off"}`,
    about: aws.what,
    adapter: sns,
    model: "pubsub",
    ordered,
    connection: () => ({ ...aws.connection, ...(fast ? {} : { fast }) }),
    runtime: () => systemRuntime,
    native: {
      sendForeign: async ({ base }: Destination, { body, headers = {}, key }) => {
        const name = ordered ? `${base}.fifo` : base;
        const Attributes = ordered ? { FifoTopic: "true" } : {};
        const { TopicArn } = await aws.sns.send(new CreateTopicCommand({ Name: name, Attributes }));
        const MessageAttributes = Object.fromEntries(
          Object.entries(headers).map(([header, value]) => [header, { DataType: "String", StringValue: value }]),
        );
        const fifo = ordered ? { MessageGroupId: key ?? "foreign", MessageDeduplicationId: systemRuntime.uuid() } : {};
        await aws.sns.send(new PublishCommand({ TopicArn, Message: body, MessageAttributes, ...fifo }));
      },
    },
    // A purge of the real service takes a minute.
    limits: { bulk: 300, caseMs: aws.real ? 150_000 : 60_000 },
    parallel: 16,
    exemptions: ordered ? [] : aws.emulator ? FAUXQS : aws.real ? AWS : [],
  };
}
