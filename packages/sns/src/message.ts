/**
 * A message on SNS. It is published in the form of an SQS message and arrives in a group's queue in that form, because our subscriptions are
 * raw. Subscriptions that others created may wrap it in a notification.
 */
import type { Delivery, WireMessage } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { refusal as queueRefusal, toEntry } from "@switchyard/sqs/kit";
import type { PublishEntry } from "./sdk.ts";

/** Why the message is not published. A topic accepts messages that a queue refuses. They would never arrive, so they are refused before the call. */
export function refusal(message: WireMessage, fifo: boolean): MessagingError | undefined {
  if ((message.delayMs ?? 0) > 0)
    return new MessagingError(
      "delay-unsupported",
      "SNS cannot delay a message; set native.delay on a group's queue to delay all of its messages",
      { kind: "permanent" },
    );
  return queueRefusal(message, fifo);
}

/** `alone` makes an id for a message without a key or a deduplication id on a FIFO topic. */
export function toPublishEntry(id: string, message: WireMessage, fifo: boolean, alone: () => string): PublishEntry {
  const { MessageBody, ...entry } = toEntry(id, message, fifo, alone);
  return { ...entry, Message: MessageBody };
}

/** The topic whose notifications are unwrapped. */
export interface Expected {
  readonly name: string;
  /** Set if the channel names the topic by ARN. Then only notifications of this topic are unwrapped. */
  readonly arn?: string | undefined;
}

/**
 * The message inside a notification of the channel's topic. Any other delivery is returned unchanged.
 *
 * A body can imitate a notification. So only a message without attributes is unwrapped (SNS sends none with a notification), in exactly this
 * form and of the channel's own topic. An imitation gains nothing, because its sender could send the contents to the queue directly.
 */
export function unwrap(delivery: Delivery, topic: Expected): Delivery {
  const { message } = delivery;
  if (message.type !== undefined || Object.keys(message.headers).length > 0 || typeof message.body !== "string")
    return delivery;
  const inner = read(message.body, topic);
  return inner === undefined ? delivery : { ...delivery, message: { ...message, ...inner } };
}

function read(body: string, topic: Expected): Pick<WireMessage, "body" | "headers" | "type"> | undefined {
  // Most bodies can be ruled out without parsing, because every notification contains this text.
  if (!body.startsWith("{") || !body.includes('"Notification"')) return undefined;
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { Type, MessageId, TopicArn, Message, Timestamp, MessageAttributes = {} } = json;
  const texts = [MessageId, TopicArn, Message, Timestamp].every((value) => typeof value === "string");
  if (Type !== "Notification" || !texts || !isOf(TopicArn as string, topic)) return undefined;
  const headers: Record<string, string> = Object.create(null);
  let type: string | undefined;
  if (typeof MessageAttributes !== "object" || MessageAttributes === null) return undefined;
  for (const [name, attribute] of Object.entries(MessageAttributes as Record<string, unknown>)) {
    const value = (attribute as { readonly Value?: unknown } | null)?.Value;
    if (typeof value !== "string" || value === "") continue;
    const lower = name.toLowerCase();
    if (lower === "type") type = value;
    else headers[lower] = value;
  }
  return { body: Message as string, headers, ...(type === undefined ? {} : { type }) };
}

function isOf(arn: string, topic: Expected): boolean {
  return topic.arn === undefined
    ? /^arn:aws[a-z-]*:sns:/.test(arn) && arn.endsWith(`:${topic.name}`)
    : arn === topic.arn;
}
