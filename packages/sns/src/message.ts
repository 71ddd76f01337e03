/**
 * Reads the notification SNS wraps a message in where a subscription is not raw: one that somebody else made for our queue.
 *
 * A body can pose as a notification, so only one without message attributes (SNS sends none with it), of exactly this form and
 * of the channel's own topic is unwrapped. It gives nobody anything: who can send to the queue could send the contents as well.
 */
import type { Delivery, WireMessage } from "@switchyard/core/driver";

export interface Expected {
  readonly name: string;
  /** Where the channel gives the topic by ARN: no other is believed. */
  readonly arn?: string | undefined;
}

export function unwrap(delivery: Delivery, topic: Expected): Delivery {
  const { message } = delivery;
  if (message.type !== undefined || Object.keys(message.headers).length > 0 || typeof message.body !== "string")
    return delivery;
  const inner = read(message.body, topic);
  return inner === undefined ? delivery : { ...delivery, message: { ...message, ...inner } };
}

function read(body: string, topic: Expected): Pick<WireMessage, "body" | "headers" | "type"> | undefined {
  // Every notification has it near its front; most bodies need no parsing to be told apart.
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
