import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { parseTopic, topicAddress, topicArn } from "./names.ts";
import type { SnsClient } from "./client.ts";
import { classify } from "./errors.ts";
import { DEFAULT_MESSAGE_BYTES } from "./limits.ts";

export interface Topic {
  readonly arn: string;
  readonly name: string;
  readonly fifo: boolean;
  readonly maxMessageBytes: number;
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

const refuse = (code: string, message: string): MessagingError => new MessagingError(code, message, { kind: "config" });

/**
 * The topic's ARN. SNS has no call that finds a topic by name. So the account is taken from the address, the connection or the credentials.
 * If none of them names an account, all topics are listed. Undefined if there is no such topic.
 */
export async function findArn(of: Destination, sns: SnsClient, signal: AbortSignal): Promise<string | undefined> {
  const address = topicAddress(of);
  const parsed = parseTopic(address);
  if (parsed === undefined) throw refuse("bad-address", `"${address}" is not the name or ARN of an SNS topic`);
  const region = await sns.region();
  if (parsed.arn !== undefined) {
    if (region === undefined || region === parsed.region) return parsed.arn;
    throw refuse(
      "wrong-region",
      `"${address}" is in ${parsed.region}, this connection in ${region}; use a connection with region: ${parsed.region}`,
    );
  }
  const account = await sns.account();
  if (region !== undefined && account !== undefined) return topicArn(region, account, parsed.name);
  return listed(parsed.name, sns, signal);
}

async function listed(name: string, sns: SnsClient, signal: AbortSignal): Promise<string | undefined> {
  let NextToken: string | undefined;
  do {
    const page = await list(sns, NextToken, signal);
    const found = page.Topics?.find(({ TopicArn }) => TopicArn?.endsWith(`:${name}`) === true);
    if (found !== undefined) return found.TopicArn;
    NextToken = page.NextToken;
  } while (NextToken !== undefined && NextToken !== "");
  return undefined;
}

async function list(sns: SnsClient, token: string | undefined, signal: AbortSignal) {
  try {
    return await sns.call("ListTopics", token === undefined ? {} : { NextToken: token }, signal);
  } catch (cause) {
    if (classify(cause, "topology").kind !== "auth") throw cause;
    throw new MessagingError(
      "account-unknown",
      "the topic is given by name, and neither the configuration nor the credentials say in which account it is; set accountId on the connection, use the topic's ARN as address, or allow sns:ListTopics",
      { kind: "config", cause },
    );
  }
}

export async function describeTopic(arn: string, sns: SnsClient, signal: AbortSignal): Promise<Topic> {
  const { Attributes: attributes } = await sns.call("GetTopicAttributes", { TopicArn: arn }, signal);
  // The SDK reads any XML page as a response without attributes.
  if (attributes === undefined)
    throw new MessagingError(
      "unexpected-answer",
      `the endpoint returned no attributes of the topic "${arn}"; check the endpoint and the proxies on the way to it`,
      { kind: "retryable" },
    );
  const name = arn.slice(arn.lastIndexOf(":") + 1);
  return {
    arn,
    name,
    fifo: attributes["FifoTopic"] === "true" || name.endsWith(".fifo"),
    maxMessageBytes: Number(attributes["MaximumMessageSize"] ?? DEFAULT_MESSAGE_BYTES),
    attributes,
  };
}

/** Checks that the topic is there and of the right kind, and reads its own limits. */
export async function openTopic(of: Destination, sns: SnsClient, signal: AbortSignal): Promise<Topic> {
  const arn = await findArn(of, sns, signal);
  if (arn === undefined)
    throw refuse(
      "topic-not-found",
      `there is no topic "${topicAddress(of)}" in this account and region; create it with plan and apply, or check prefix, address, region and account`,
    );
  const topic = await describeTopic(arn, sns, signal);
  if (topic.fifo === of.ordered) return topic;
  throw refuse(
    "wrong-topic-kind",
    of.ordered
      ? `the topic "${topic.name}" is a standard topic and keeps no order; the channel's orderingKey needs a FIFO topic`
      : `the topic "${topic.name}" is a FIFO topic; declare an orderingKey on the channel, or use a standard topic`,
  );
}
