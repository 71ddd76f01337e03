/** The queues as deployment tools know them. */
import { tagsOf } from "@switchyard/aws-kit";
import { HERE, type Resource, type Resources } from "@switchyard/core/driver";
import { SECOND } from "../limits.ts";
import { queueName } from "../names.ts";
import { type Desired, desiredQueues, encryption, throughput, type TopicsOf } from "./desired.ts";
import { statements } from "./policy.ts";

export const queueArn = (name: string): string =>
  name.startsWith("arn:") ? name : `arn:${HERE.partition}:sqs:${HERE.region}:${HERE.account}:${name}`;

/** Queues with their dead-letter queues and policies. Those given by address are their owners'. */
export function queueResources(topicsOf?: TopicsOf): Resources {
  return {
    list: (destinations) => {
      const own = desiredQueues(destinations, topicsOf).filter(({ external }) => !external);
      return { resources: own.flatMap((desired) => [queue(desired), ...policy(desired)]), notes: [] };
    },
  };
}

function queue({ name, fifo, settings, deadLetter, maxReceiveCount }: Desired): Resource {
  const { SqsManagedSseEnabled, KmsMasterKeyId, KmsDataKeyReusePeriodSeconds } = encryption(settings);
  const properties = {
    QueueName: name,
    ...(fifo ? { FifoQueue: true, ...throughput(settings) } : {}),
    MessageRetentionPeriod: settings.retentionMs / SECOND,
    MaximumMessageSize: settings.maxMessageBytes,
    DelaySeconds: settings.delayMs / SECOND,
    VisibilityTimeout: settings.visibilityMs / SECOND,
    ...(SqsManagedSseEnabled === undefined ? {} : { SqsManagedSseEnabled: true }),
    ...(KmsMasterKeyId === undefined ? {} : { KmsMasterKeyId }),
    ...(KmsDataKeyReusePeriodSeconds === undefined
      ? {}
      : { KmsDataKeyReusePeriodSeconds: Number(KmsDataKeyReusePeriodSeconds) }),
    ...(deadLetter === undefined
      ? {}
      : {
          RedrivePolicy: {
            deadLetterTargetArn: queueArn(deadLetter.address ?? queueName(deadLetter)),
            maxReceiveCount,
          },
        }),
    ...tagsOf(settings.tags),
  };
  return { type: "AWS::SQS::Queue", name, arn: queueArn(name), properties };
}

function policy({ name, settings, topics }: Desired): readonly Resource[] {
  const Statement = statements(settings.access ?? {}, queueArn(name), topics);
  if (Statement.length === 0) return [];
  const PolicyDocument = { Version: "2012-10-17", Statement };
  return [{ type: "AWS::SQS::QueuePolicy", name, properties: { Queues: [queueArn(name)], PolicyDocument } }];
}
