/**
 * SNS as AWS has it, where fauxqs 2.4.1 has it otherwise: it takes standard topics' subscriptions of FIFO queues and delivers
 * past a queue's policy; it knows no subscription dead-letter queue, discards nothing that has too many attributes, and has
 * one size limit for all topics.
 */
type Form = Readonly<Record<string, string>>;
interface Attribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}
interface Entry {
  readonly Id: string;
  readonly Message: string;
  readonly group: string | undefined;
  readonly dedup: string | undefined;
  readonly attributes: Record<string, Attribute>;
}

/** The parts of fauxqs that are needed; it exports none of their types. */
export interface Inside {
  readonly sns: any;
  readonly sqs: any;
  readonly createMessage: (...args: unknown[]) => any;
  readonly matchesFilterPolicy: (policy: unknown, attributes: unknown) => boolean;
  readonly success: (action: string, xml: string) => string;
  readonly failure: (code: string, message: string) => string;
}

class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const TOPIC_DEFAULT = 262_144;
const LARGE_LIMIT = 100;
const OWN_SETTINGS = new Set(["MaximumMessageSize", "FifoThroughputScope"]);

/** For fastify's `preHandler`: answers what fauxqs would answer otherwise than AWS; everything else goes on to it. */
export function correctSns(inside: Inside) {
  return async (
    request: { body?: unknown; headers: { readonly "content-type"?: string | undefined } },
    reply: any,
  ): Promise<unknown> => {
    if (request.headers["content-type"]?.includes("x-www-form-urlencoded") !== true) return undefined;
    const form = request.body as Form;
    try {
      const answer = answerTo(form, inside);
      if (answer === undefined) return undefined;
      return reply.header("content-type", "text/xml").send(inside.success(form["Action"]!, answer));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return reply
        .status(error.status)
        .header("content-type", "text/xml")
        .send(inside.failure(error.code, error.message));
    }
  };
}

function answerTo(form: Form, inside: Inside): string | undefined {
  switch (form["Action"]) {
    case "PublishBatch":
      return publishBatch(form, inside);
    case "Publish": {
      const [one] = publish([entryOf(form, "", "one")], form, inside);
      if (typeof one === "string") throw new Refusal("InvalidParameter", one);
      return `<MessageId>${one!.id}</MessageId>`;
    }
    case "SetTopicAttributes": {
      if (!OWN_SETTINGS.has(form["AttributeName"] ?? "")) return undefined;
      topicOf(form, inside).attributes[form["AttributeName"]!] = form["AttributeValue"] ?? "";
      return "";
    }
    case "Subscribe":
      return refuseSubscription(form, inside);
    default:
      return undefined;
  }
}

function topicOf(form: Form, { sns }: Inside): any {
  const topic = sns.getTopic(form["TopicArn"]);
  if (topic === undefined) throw new Refusal("NotFound", "Topic does not exist", 404);
  return topic;
}

function refuseSubscription(form: Form, inside: Inside): undefined {
  const topic = topicOf(form, inside);
  const endpoint = form["Endpoint"] ?? "";
  if (endpoint.endsWith(".fifo") && topic.attributes.FifoTopic !== "true")
    throw new Refusal(
      "InvalidParameter",
      "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
    );
  const known = topic.subscriptionArns.some((arn: string) => inside.sns.getSubscription(arn)?.endpoint === endpoint);
  if (
    !known &&
    Number(topic.attributes.MaximumMessageSize ?? 0) > TOPIC_DEFAULT &&
    topic.subscriptionArns.length >= LARGE_LIMIT
  )
    throw new Refusal("SubscriptionLimitExceeded", "A topic with large messages has at most 100 subscriptions", 403);
  return undefined;
}

function publishBatch(form: Form, inside: Inside): string {
  const entries: Entry[] = [];
  for (let n = 1; form[`PublishBatchRequestEntries.member.${n}.Id`] !== undefined; n++) {
    const prefix = `PublishBatchRequestEntries.member.${n}.`;
    entries.push(entryOf(form, prefix, form[`${prefix}Id`]!));
  }
  if (entries.length > 10) throw new Refusal("TooManyEntriesInBatchRequest", "more than 10 entries");
  const limit = Number(topicOf(form, inside).attributes.MaximumMessageSize ?? TOPIC_DEFAULT);
  const total = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  if (entries.length > 1 && total > limit)
    throw new Refusal("BatchRequestTooLong", `the batch is ${total} bytes; ${limit} are allowed`);
  const results = publish(entries, form, inside);
  const xml = (wanted: boolean) =>
    results.map((result, n) => {
      const id = `<Id>${entries[n]!.Id}</Id>`;
      if (typeof result !== "string") return wanted ? `<member>${id}<MessageId>${result.id}</MessageId></member>` : "";
      return wanted
        ? ""
        : `<member>${id}<Code>InvalidParameter</Code><Message>${result}</Message><SenderFault>true</SenderFault></member>`;
    });
  return `<Successful>${xml(true).join("")}</Successful><Failed>${xml(false).join("")}</Failed>`;
}

function entryOf(form: Form, prefix: string, Id: string): Entry {
  const attributes: Record<string, Attribute> = {};
  for (let n = 1; form[`${prefix}MessageAttributes.entry.${n}.Name`] !== undefined; n++) {
    const value = `${prefix}MessageAttributes.entry.${n}.Value.`;
    const attribute: Attribute = { DataType: form[`${value}DataType`] ?? "String" };
    if (form[`${value}StringValue`] !== undefined) attribute.StringValue = form[`${value}StringValue`]!;
    if (form[`${value}BinaryValue`] !== undefined) attribute.BinaryValue = form[`${value}BinaryValue`]!;
    attributes[form[`${prefix}MessageAttributes.entry.${n}.Name`]!] = attribute;
  }
  const Message = form[`${prefix}Message`] ?? "";
  return {
    Id,
    Message,
    attributes,
    group: form[`${prefix}MessageGroupId`],
    dedup: form[`${prefix}MessageDeduplicationId`],
  };
}

function sizeOf({ Message, attributes }: Entry): number {
  let bytes = Buffer.byteLength(Message);
  for (const [name, { DataType, StringValue = "", BinaryValue = "" }] of Object.entries(attributes))
    bytes += Buffer.byteLength(name) + DataType.length + Buffer.byteLength(StringValue) + BinaryValue.length;
  return bytes;
}

/** A message id, or why not. */
function publish(entries: readonly Entry[], form: Form, inside: Inside): (string | { readonly id: string })[] {
  const topic = topicOf(form, inside);
  const limit = Number(topic.attributes.MaximumMessageSize ?? TOPIC_DEFAULT);
  const fifo = topic.attributes.FifoTopic === "true";
  return entries.map((entry) => {
    if (sizeOf(entry) > limit) return `Message too long: ${sizeOf(entry)} bytes, ${limit} are allowed`;
    if (fifo && (entry.group === undefined || entry.dedup === undefined))
      return "The MessageGroupId and MessageDeduplicationId parameters are required for FIFO topics";
    const id = crypto.randomUUID();
    for (const arn of topic.subscriptionArns) deliver(inside.sns.getSubscription(arn), topic, entry, id, inside);
    return { id };
  });
}

function deliver(subscription: any, topic: any, entry: Entry, id: string, inside: Inside): void {
  if (subscription === undefined || !subscription.confirmed || subscription.protocol !== "sqs") return;
  const { FilterPolicy, RawMessageDelivery, RedrivePolicy } = subscription.attributes;
  if (FilterPolicy && FilterPolicy !== "{}" && !inside.matchesFilterPolicy(JSON.parse(FilterPolicy), entry.attributes))
    return;
  const raw = RawMessageDelivery === "true";
  const message = raw ? { body: entry.Message, attributes: entry.attributes } : notification(topic, entry, id);
  const tooMany = raw && Object.keys(entry.attributes).length > 10;
  if (!tooMany && put(inside.sqs.getQueueByArn(subscription.endpoint), message, topic, entry, inside)) return;
  // A client error: SNS does not try again.
  if (!RedrivePolicy) return;
  put(inside.sqs.getQueueByArn(JSON.parse(RedrivePolicy).deadLetterTargetArn), message, topic, entry, inside);
}

function notification(topic: any, entry: Entry, MessageId: string) {
  const MessageAttributes = Object.fromEntries(
    Object.entries(entry.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { Type: DataType, Value: StringValue ?? BinaryValue ?? "" },
    ]),
  );
  const body = {
    Type: "Notification",
    MessageId,
    TopicArn: topic.arn,
    Message: entry.Message,
    Timestamp: new Date().toISOString(),
    SignatureVersion: "1",
    Signature: "EXAMPLE",
    SigningCertURL: "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem",
    UnsubscribeURL: "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
    ...(Object.keys(MessageAttributes).length === 0 ? {} : { MessageAttributes }),
  };
  return { body: JSON.stringify(body), attributes: {} };
}

function put(
  queue: any,
  { body, attributes }: { body: string; attributes: object },
  topic: any,
  entry: Entry,
  inside: Inside,
): boolean {
  if (queue === undefined || !allows(queue.attributes.Policy, topic.arn)) return false;
  const stored = inside.createMessage(body, attributes, undefined, entry.group, entry.dedup);
  if (queue.isFifo()) {
    if (queue.checkDeduplication(entry.dedup).isDuplicate) return true;
    stored.sequenceNumber = queue.nextSequenceNumber();
    queue.recordDeduplication(entry.dedup, stored.messageId);
  }
  queue.enqueue(stored);
  return true;
}

/** As AWS: SNS may send where the queue's policy names the topic. */
function allows(policy: string | undefined, topic: string): boolean {
  if (!policy) return false;
  const statements = [JSON.parse(policy).Statement].flat();
  return statements.some(({ Effect, Principal, Condition }) => {
    const source = Condition?.ArnEquals?.["aws:SourceArn"] ?? Condition?.ArnLike?.["aws:SourceArn"];
    return Effect === "Allow" && Principal?.Service === "sns.amazonaws.com" && [source].flat().includes(topic);
  });
}
