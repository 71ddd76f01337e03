/** Posts of SNS, changed after they were signed: none is accepted as anything but what was signed. */
import { systemRuntime } from "@switchyard/core";
import { expect, test } from "vitest";
import { verifySnsMessage } from "../../packages/sns/src/http/index.ts";
import { NOW, posted, sign, signer, TOPIC } from "../../packages/sns/src/fixtures/signing.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

type Fields = Readonly<Record<string, unknown>>;

const aws = signer();
const options = { topic: TOPIC, runtime: { ...systemRuntime, now: () => NOW }, certificate: async () => aws.pem };
const OLD = "2026-05-01T00:00:00.000Z";
const FRESH = new Date(NOW).toISOString();
const ID = "00000000-0000-472c-8df2-7ff2be2b3b1b";
/** Texts that an attacker has published, with the borders of the signed text in them. */
const published = [
  `x\nMessageId\n${ID}\nSubject\ny\nTimestamp\n${FRESH}\nTopicArn\n${TOPIC}`,
  `x\nMessageId\n${ID}\nTimestamp\n${FRESH} (`,
  `x\nMessageId\n${ID}`,
  "x\nMessageId\ny\nSubject\nz",
];

const SIGNED: Readonly<Record<string, readonly string[]>> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};
const genuine = [
  sign(posted("Notification"), aws),
  sign(posted("Notification", { Subject: "an order", Timestamp: OLD }), aws),
  ...published.map((Message) => sign(posted("Notification", { Message, Timestamp: OLD }), aws)),
  sign(posted("SubscriptionConfirmation", { Message: published[0] }), aws),
];
const texts = genuine.map((message) => JSON.stringify(message));
/** What was signed, and is handed on. */
const facts = (message: Fields) => (SIGNED[String(message["Type"])] ?? []).map((name) => message[name]);
const known = new Set(genuine.map((message) => JSON.stringify(facts(message))));

/** The same signed text, and so the same signature, under other borders between its fields. */
function cutAnew(message: Fields, random: Random): Fields {
  const names = SIGNED[String(message["Type"])]!;
  const lines = names.flatMap((name) => (name in message ? [name, ...String(message[name]).split("\n")] : []));
  const cut: Record<string, unknown> = { ...message };
  delete cut["Subject"];
  const wanted = random.below(2) === 0 ? names : names.filter((name) => name !== "Subject");
  let end = lines.length;
  for (const name of wanted.toReversed()) {
    const places = lines.flatMap((line, at) => (line === name && at < end - 1 ? [at] : []));
    if (places.length === 0) return cut;
    const at = name === "Message" ? 0 : random.of(places);
    cut[name] = lines.slice(at + 1, end).join("\n");
    end = at;
  }
  return cut;
}

test("signed posts, mutated and cut anew", { timeout: 120_000 }, () =>
  fuzz(async (random) => {
    const body = random.below(2) === 0 ? random.text(texts) : cutAnew(random.of(genuine), random);
    const read = await verifySnsMessage(body, { ...options, maxAge: "90d" }).catch((error: unknown) => {
      expect(error).toMatchObject({ name: "MessagingError" });
      expect((error as Error).message.length).toBeLessThan(1_000);
      return undefined;
    });
    if (read === undefined) return;
    const said: Fields = typeof body === "string" ? JSON.parse(body) : body;
    expect(known.has(JSON.stringify(facts(said))), JSON.stringify(said)).toBe(true);
    expect(read.message).toBe(said["Message"]);
  }, 0.5),
);
