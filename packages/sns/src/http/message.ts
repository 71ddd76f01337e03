/** The three types of message that SNS posts. Each is a flat JSON object. */
import { MessagingError } from "@switchyard/core/driver-kit";

interface RequestFields {
  readonly messageId: string;
  readonly topicArn: string;
  /** The body as published. */
  readonly message: string;
  /** When SNS accepted it. */
  readonly timestamp: Date;
  readonly signatureVersion: "1" | "2";
}

/** A request of SNS with a published message. */
export interface SnsNotification extends RequestFields {
  readonly type: "Notification";
  readonly subject?: string;
  /** Message attributes by name; binary values are base64. SNS does not sign them: trust them only as far as the connection. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** `SubscriptionConfirmation`: someone asked SNS to subscribe this endpoint. `UnsubscribeConfirmation`: the subscription has ended. */
export interface SnsConfirmation extends RequestFields {
  readonly type: "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly token: string;
  /** Visiting this URL subscribes the endpoint. Its host is always SNS's. */
  readonly subscribeUrl: string;
}

/** A verified request of SNS. */
export type SnsMessage = SnsNotification | SnsConfirmation;

type Fields = Readonly<Record<string, unknown>>;

const NOTIFICATION = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/** The form that SNS uses. `Date` alone would also accept "1", or a time followed by a comment in brackets. */
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LINE_BREAK = /[\n\r]/;

export const bad = (why: string): MessagingError =>
  new MessagingError("sns-bad-message", `this is not a message of SNS: ${why}`, { kind: "permanent" });

export interface Posted {
  readonly fields: Fields;
  readonly signed: string;
  readonly signature: Buffer;
  readonly certificateUrl: string;
  readonly content: SnsMessage;
}

export function parse(input: string | Uint8Array | object): Posted {
  const fields = fieldsOf(input);
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value !== "string" || value === "") throw bad(`${name} is missing`);
    return value;
  };
  const type = text("Type");
  if (type !== "Notification" && type !== "SubscriptionConfirmation" && type !== "UnsubscribeConfirmation")
    throw bad("its Type is not Notification, SubscriptionConfirmation or UnsubscribeConfirmation");
  const version = text("SignatureVersion");
  if (version !== "1" && version !== "2") throw bad("its SignatureVersion is neither 1 nor 2");
  const time = text("Timestamp");
  const timestamp = new Date(time);
  if (!TIMESTAMP.test(time) || Number.isNaN(timestamp.getTime()))
    throw bad("its Timestamp is not a UTC time in ISO 8601 form, such as 2026-06-01T12:00:00.000Z");
  const message = fields["Message"];
  if (typeof message !== "string") throw bad("Message is missing");
  const messageId = text("MessageId");
  if (!UUID.test(messageId)) throw bad("its MessageId is not a UUID");
  const subject = fields["Subject"];
  if (subject !== undefined && typeof subject !== "string") throw bad("its Subject is not text");
  const signedNames = type === "Notification" ? NOTIFICATION : CONFIRMATION;
  // The signed text has each name and value on its own line. A value of two lines could be mistaken for two fields.
  for (const name of signedNames) {
    const value = fields[name];
    if (name !== "Message" && typeof value === "string" && LINE_BREAK.test(value))
      throw bad(`its ${name} has a line break`);
  }
  const common = {
    messageId,
    topicArn: text("TopicArn"),
    message,
    timestamp,
    signatureVersion: version,
  } as const;
  const content: SnsMessage =
    type === "Notification"
      ? {
          type,
          ...common,
          ...(subject === undefined ? {} : { subject }),
          attributes: attributesOf(fields["MessageAttributes"]),
        }
      : { type, ...common, token: text("Token"), subscribeUrl: text("SubscribeURL") };
  return {
    fields,
    signed: stringToSign(fields, signedNames),
    signature: Buffer.from(text("Signature"), "base64"),
    certificateUrl: text("SigningCertURL"),
    content,
  };
}

function fieldsOf(input: string | Uint8Array | object): Fields {
  let value: unknown = input;
  if (typeof input === "string" || input instanceof Uint8Array) {
    try {
      value = JSON.parse(typeof input === "string" ? input : new TextDecoder().decode(input));
    } catch {
      throw bad("it is not JSON");
    }
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("it is not a JSON object");
  return value as Fields;
}

/** The text that SNS signs: each field's name and value on lines of their own, in this order. Absent fields are left out. */
function stringToSign(fields: Fields, names: readonly string[]): string {
  return names
    .filter((name) => typeof fields[name] === "string")
    .map((name) => `${name}\n${fields[name] as string}\n`)
    .join("");
}

function attributesOf(given: unknown): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null);
  if (typeof given !== "object" || given === null) return attributes;
  for (const [name, attribute] of Object.entries(given)) {
    const value = (attribute as { readonly Value?: unknown } | null)?.Value;
    if (typeof value === "string") attributes[name] = value;
  }
  return attributes;
}
