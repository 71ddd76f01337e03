/** What SNS posts: three types, each a flat JSON object. */
import { MessagingError } from "@switchyard/core/driver-kit";

interface Common {
  readonly messageId: string;
  readonly topicArn: string;
  /** The body as published. */
  readonly message: string;
  /** When SNS took it. */
  readonly timestamp: Date;
  readonly signatureVersion: "1" | "2";
}

export interface SnsNotification extends Common {
  readonly type: "Notification";
  readonly subject?: string;
  /** By name, binary values as base64. Not signed: they are as trustworthy as the way they came. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** `SubscriptionConfirmation`: somebody asks that this endpoint be subscribed. `UnsubscribeConfirmation`: it no longer is. */
export interface SnsConfirmation extends Common {
  readonly type: "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly token: string;
  /** A visit to it subscribes. Only ever of an SNS host. */
  readonly subscribeUrl: string;
}

export type SnsMessage = SnsNotification | SnsConfirmation;

type Fields = Readonly<Record<string, unknown>>;

const NOTIFICATION = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

export const bad = (why: string): MessagingError =>
  new MessagingError("sns-bad-message", `not a message of SNS: ${why}`, { kind: "permanent" });

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
    throw bad("its Type is none of the three");
  const version = text("SignatureVersion");
  if (version !== "1" && version !== "2") throw bad("its SignatureVersion is neither 1 nor 2");
  const timestamp = new Date(text("Timestamp"));
  if (Number.isNaN(timestamp.getTime())) throw bad("its Timestamp is no time");
  const message = fields["Message"];
  if (typeof message !== "string") throw bad("Message is missing");
  const common = {
    messageId: text("MessageId"),
    topicArn: text("TopicArn"),
    message,
    timestamp,
    signatureVersion: version,
  } as const;
  const subject = fields["Subject"];
  const content: SnsMessage =
    type === "Notification"
      ? {
          type,
          ...common,
          ...(typeof subject === "string" ? { subject } : {}),
          attributes: attributesOf(fields["MessageAttributes"]),
        }
      : { type, ...common, token: text("Token"), subscribeUrl: text("SubscribeURL") };
  return {
    fields,
    signed: stringToSign(fields, type === "Notification" ? NOTIFICATION : CONFIRMATION),
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
      throw bad("it is no JSON");
    }
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("it is no JSON object");
  return value as Fields;
}

/** Name and value of each field on a line of its own, in this order; a field that is not there is left out. */
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
