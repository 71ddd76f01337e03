/** AWS resources as Terraform in its JSON syntax. */
import type { Resource } from "@switchyard/core/driver";
import { byArn, mapTexts, namer, partsOf } from "./place.ts";

/** Terraform's JSON syntax (`*.tf.json`). */
export interface TerraformFile {
  readonly data: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

const HERE = {
  partition: "${data.aws_partition.current.partition}",
  region: "${data.aws_region.current.region}",
  account: "${data.aws_caller_identity.current.account_id}",
} as const;

type Values = Readonly<Record<string, any>>;

interface Kind {
  readonly type: string;
  /** Our property to Terraform's argument. What is not here needs more than another name. */
  readonly names: Readonly<Record<string, string>>;
  more?(properties: Values): Values;
  /** It holds messages or positions. */
  readonly kept?: true;
}

const tags = ({ Tags = [] }: Values): Values =>
  Tags.length === 0 ? {} : { tags: Object.fromEntries(Tags.map(({ Key, Value }: Values) => [Key, Value])) };

/** Argument names of the provider `hashicorp/aws`, 6.x. */
const KINDS: Readonly<Record<string, Kind>> = {
  "AWS::SQS::Queue": {
    type: "aws_sqs_queue",
    kept: true,
    names: {
      QueueName: "name",
      FifoQueue: "fifo_queue",
      MessageRetentionPeriod: "message_retention_seconds",
      MaximumMessageSize: "max_message_size",
      DelaySeconds: "delay_seconds",
      VisibilityTimeout: "visibility_timeout_seconds",
      SqsManagedSseEnabled: "sqs_managed_sse_enabled",
      KmsMasterKeyId: "kms_master_key_id",
      KmsDataKeyReusePeriodSeconds: "kms_data_key_reuse_period_seconds",
      DeduplicationScope: "deduplication_scope",
      FifoThroughputLimit: "fifo_throughput_limit",
    },
    more: ({ RedrivePolicy, ...rest }) => ({
      ...(RedrivePolicy === undefined ? {} : { redrive_policy: JSON.stringify(RedrivePolicy) }),
      ...tags(rest),
    }),
  },
  "AWS::SQS::QueuePolicy": {
    type: "aws_sqs_queue_policy",
    names: {},
    more: ({ Queues, PolicyDocument }) => ({ queue_url: Queues[0], policy: JSON.stringify(PolicyDocument) }),
  },
  "AWS::SNS::Topic": {
    type: "aws_sns_topic",
    kept: true,
    names: {
      TopicName: "name",
      FifoTopic: "fifo_topic",
      FifoThroughputScope: "fifo_throughput_scope",
      SignatureVersion: "signature_version",
      KmsMasterKeyId: "kms_master_key_id",
    },
    more: tags,
  },
  "AWS::SNS::TopicPolicy": {
    type: "aws_sns_topic_policy",
    names: {},
    more: ({ Topics, PolicyDocument }) => ({ arn: Topics[0], policy: JSON.stringify(PolicyDocument) }),
  },
  "AWS::SNS::Subscription": {
    type: "aws_sns_topic_subscription",
    names: {
      TopicArn: "topic_arn",
      Protocol: "protocol",
      Endpoint: "endpoint",
      RawMessageDelivery: "raw_message_delivery",
      FilterPolicyScope: "filter_policy_scope",
    },
    more: ({ FilterPolicy, RedrivePolicy }) => ({
      ...(FilterPolicy === undefined ? {} : { filter_policy: JSON.stringify(FilterPolicy) }),
      ...(RedrivePolicy === undefined ? {} : { redrive_policy: JSON.stringify(RedrivePolicy) }),
    }),
  },
  "AWS::Kinesis::Stream": {
    type: "aws_kinesis_stream",
    kept: true,
    names: {
      Name: "name",
      ShardCount: "shard_count",
      RetentionPeriodHours: "retention_period",
      MaxRecordSizeInKiB: "max_record_size_in_kib",
    },
    more: ({ StreamModeDetails, StreamEncryption, ...rest }) => ({
      stream_mode_details: { stream_mode: StreamModeDetails.StreamMode },
      ...(StreamEncryption === undefined ? {} : { encryption_type: "KMS", kms_key_id: StreamEncryption.KeyId }),
      ...tags(rest),
    }),
  },
  "AWS::Kinesis::StreamConsumer": {
    type: "aws_kinesis_stream_consumer",
    names: { StreamARN: "stream_arn", ConsumerName: "name" },
  },
  "AWS::DynamoDB::Table": {
    type: "aws_dynamodb_table",
    kept: true,
    names: { TableName: "name", BillingMode: "billing_mode" },
    more: ({ KeySchema, AttributeDefinitions }) => ({
      hash_key: KeySchema[0].AttributeName,
      attribute: AttributeDefinitions.map(({ AttributeName, AttributeType }: Values) => ({
        name: AttributeName,
        type: AttributeType,
      })),
      deletion_protection_enabled: true,
    }),
  },
};

/** Returns Terraform that makes these resources. It refuses to destroy those that hold messages or positions (`prevent_destroy`). */
export function terraform(resources: readonly Resource[]): TerraformFile {
  const aws = resources.filter(({ type }) => type.startsWith("AWS::"));
  const known = byArn(aws);
  const nameOf = namer();
  const snake = (resource: Resource) =>
    nameOf(resource)
      .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "_")
      .toLowerCase();
  const text = (attribute: "arn" | "url") => (given: string) =>
    partsOf(given, known)
      .map((part) => {
        if ("place" in part) return HERE[part.place];
        if ("resource" in part) return `\${${KINDS[part.resource.type]!.type}.${snake(part.resource)}.${attribute}}`;
        return part.text.replaceAll("${", "$${").replaceAll("%{", "%%{");
      })
      .join("");
  const resource: Record<string, Record<string, Values>> = {};
  for (const each of aws) {
    const { type, names, more, kept } = KINDS[each.type]!;
    const queues = each.properties["Queues"];
    const properties: Values = {
      ...(mapTexts(each.properties, text("arn")) as Values),
      ...(queues === undefined ? {} : { Queues: mapTexts(queues, text("url")) }),
    };
    const renamed = Object.entries(names).flatMap(([ours, theirs]) =>
      properties[ours] === undefined ? [] : [[theirs, properties[ours]] as const],
    );
    (resource[type] ??= {})[snake(each)] = {
      ...Object.fromEntries(renamed),
      ...more?.(properties),
      ...(kept === true ? { lifecycle: { prevent_destroy: true } } : {}),
    };
  }
  const current = { current: {} };
  return { data: { aws_partition: current, aws_region: current, aws_caller_identity: current }, resource };
}
