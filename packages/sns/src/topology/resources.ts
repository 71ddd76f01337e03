/** Topics, the queues of their groups, and the subscriptions between them, as deployment tools know them. */
import { type Destination, HERE, type Resource, type Resources } from "@switchyard/core/driver";
import { tagsOf } from "@switchyard/aws-kit";
import { queueArn, queueName, queueResources } from "@switchyard/sqs/kit";
import { DEFAULT_MESSAGE_BYTES } from "../limits.ts";
import { queueOf } from "../names.ts";
import { type DesiredTopic, desiredTopics } from "./desired.ts";
import { QueueSources } from "./queue-sources.ts";
import { wantedAttributes } from "./subscriptions.ts";
import { creationAttributes, statements } from "./topic.ts";

const topicArn = (name: string): string =>
  name.startsWith("arn:") ? name : `arn:${HERE.partition}:sns:${HERE.region}:${HERE.account}:${name}`;

export const topicResources: Resources = {
  list(destinations) {
    const topics = desiredTopics(destinations);
    const sources = new QueueSources();
    for (const { name, groups } of topics)
      for (const group of groups) sources.set(queueOf(group), name, topicArn(name));
    const queues = queueResources((of) => sources.of(of)).list(
      destinations.filter((of) => of.model === "queue" || of.group !== undefined).map(queueOf),
    );
    const made = topics.flatMap((topic) => [
      ...(topic.external ? [] : [topicOf(topic), ...policyOf(topic)]),
      ...topic.groups.map((group) => subscription(topic, group)),
    ]);
    const keyed = topics.filter(({ settings, external }) => !external && settings.kmsKey !== undefined);
    const notes = keyed.map(
      ({ name, settings }) =>
        `topic ${name}: the policies of the KMS keys (${settings.kmsKey} and those of its queues) must let SNS use them; see docs/transports/sns.md`,
    );
    const large = topics
      .filter(({ external, settings }) => !external && settings.maxMessageBytes !== DEFAULT_MESSAGE_BYTES)
      .map(
        ({ name, settings }) =>
          `topic ${name}: deployment tools cannot set the largest message, which is ${DEFAULT_MESSAGE_BYTES} bytes then and not ${settings.maxMessageBytes}; set native.maxMessageBytes: ${DEFAULT_MESSAGE_BYTES}, or let apply() raise it`,
      );
    return { resources: [...queues.resources, ...made], notes: [...queues.notes, ...notes, ...large] };
  },
};

function topicOf(topic: DesiredTopic): Resource {
  const { FifoTopic, MaximumMessageSize: _, ...attributes } = creationAttributes(topic);
  const properties = {
    TopicName: topic.name,
    ...(FifoTopic === undefined ? {} : { FifoTopic: true }),
    ...attributes,
    ...tagsOf(topic.settings.tags),
  };
  return { type: "AWS::SNS::Topic", name: topic.name, arn: topicArn(topic.name), properties };
}

function policyOf({ name, settings }: DesiredTopic): readonly Resource[] {
  const Statement = settings.access === undefined ? [] : statements(settings.access, topicArn(name));
  if (Statement.length === 0) return [];
  const PolicyDocument = { Version: "2012-10-17", Statement };
  return [{ type: "AWS::SNS::TopicPolicy", name, properties: { Topics: [topicArn(name)], PolicyDocument } }];
}

function subscription({ name }: DesiredTopic, group: Destination): Resource {
  const queue = queueOf(group);
  const at = (of: Destination) => queueArn(of.address ?? queueName(of));
  const dead = queue.deadLetter === undefined ? undefined : at(queue.deadLetter);
  const { FilterPolicy, FilterPolicyScope } = wantedAttributes(group, undefined);
  const properties = {
    TopicArn: topicArn(name),
    Protocol: "sqs",
    Endpoint: at(queue),
    RawMessageDelivery: true,
    ...(FilterPolicy === undefined ? {} : { FilterPolicy: JSON.parse(FilterPolicy) as unknown, FilterPolicyScope }),
    ...(dead === undefined ? {} : { RedrivePolicy: { deadLetterTargetArn: dead } }),
  };
  return { type: "AWS::SNS::Subscription", name: queue.address ?? queueName(queue), properties };
}
