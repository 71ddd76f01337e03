/** What SNS has and tests need: keys, certificates and signed messages, made here and now. */
import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const { length } = body;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const time = (at: Date): Buffer => der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));
const name = (common: string): Buffer =>
  sequence(der(0x31, sequence(der(0x06, Buffer.from([0x55, 0x04, 0x03])), der(0x0c, Buffer.from(common)))));
/** sha256WithRSAEncryption, 1.2.840.113549.1.1.11 */
const ALGORITHM = sequence(der(0x06, Buffer.from("2a864886f70d01010b", "hex")), der(0x05));

export interface Signer {
  readonly pem: string;
  readonly key: KeyObject;
}

/** A certificate signed by itself. */
export function signer({
  subject = "sns.amazonaws.com",
  from = new Date("2026-01-01"),
  to = new Date("2027-01-01"),
}: {
  readonly subject?: string;
  readonly from?: Date;
  readonly to?: Date;
} = {}): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ALGORITHM,
    name(subject),
    sequence(time(from), time(to)),
    name(subject),
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = createSign("RSA-SHA256").update(body).sign(privateKey);
  const certificate = sequence(body, ALGORITHM, der(0x03, Buffer.from([0]), signature));
  const lines = certificate.toString("base64").replace(/.{64}/g, "$&\n");
  return { pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`, key: privateKey };
}

export const TOPIC = "arn:aws:sns:eu-west-1:123456789012:dev_orders";
export const CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";
export const NOW: number = Date.parse("2026-06-01T12:00:00.000Z");

type Fields = Record<string, unknown>;
export type MessageType = "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";

export function posted(type: MessageType, more: Fields = {}): Fields {
  const common = {
    Type: type,
    MessageId: "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    TopicArn: TOPIC,
    Message: '{"orderId":"o-1","name":"Zoë 🚚"}',
    Timestamp: new Date(NOW - 1_000).toISOString(),
    SigningCertURL: CERTIFICATE_URL,
  };
  if (type === "Notification")
    return { ...common, UnsubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe", ...more };
  const SubscribeURL = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37f`;
  return { ...common, Token: "2336412f37f", SubscribeURL, ...more };
}

/** Written down from the developer guide, not from our own code: the fields signed, in this order. */
const SIGNED: Readonly<Record<MessageType, readonly string[]>> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

export function sign(fields: Fields, { key }: Signer, version: "1" | "2" = "2"): Fields {
  let text = "";
  for (const field of SIGNED[fields["Type"] as MessageType])
    if (field in fields) text += `${field}\n${String(fields[field])}\n`;
  const signature = createSign(version === "2" ? "RSA-SHA256" : "RSA-SHA1")
    .update(text, "utf8")
    .sign(key, "base64");
  return { ...fields, SignatureVersion: version, Signature: signature };
}
