import { fromFault, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import { parseTopic } from "./names.ts";
import { openClient } from "./client.ts";
import { classify } from "./errors.ts";
import type { SnsOptions } from "./options.ts";
import { loadSnsSdk } from "./sdk.ts";

/**
 * Confirms a subscription that another account made for a queue of yours. The token is in the message that SNS put into the queue,
 * and is valid for two days. It is sent to the API of SNS; no URL in the message is visited.
 *
 * @param confirmation the body of that message, parsed or not.
 * @param expected the ARN of the topic you agreed to be subscribed to.
 * @returns the ARN of the subscription.
 * @throws MessagingError `not-a-confirmation`, `wrong-topic`, or the fault of SNS.
 */
export async function confirmSubscription(
  confirmation: string | object,
  expected: string,
  options: SnsOptions = {},
): Promise<string> {
  const { Type, Token, TopicArn } = read(confirmation);
  if (Type !== "SubscriptionConfirmation" || typeof Token !== "string" || typeof TopicArn !== "string")
    throw new MessagingError("not-a-confirmation", "this is no SubscriptionConfirmation of SNS", { kind: "permanent" });
  if (TopicArn !== expected || parseTopic(TopicArn)?.arn === undefined)
    throw new MessagingError("wrong-topic", `the confirmation is of ${TopicArn}, not of ${expected}`, { kind: "auth" });
  const sns = await openClient(options, await loadSnsSdk());
  try {
    const { SubscriptionArn = "" } = await sns.call("ConfirmSubscription", {
      TopicArn,
      Token,
      AuthenticateOnUnsubscribe: "true",
    });
    return SubscriptionArn;
  } catch (cause) {
    throw isMessagingError(cause) ? cause : fromFault(classify(cause, "topology"), "sns: confirm", cause, {});
  } finally {
    sns.close();
  }
}

function read(confirmation: string | object): Record<string, unknown> {
  try {
    return (typeof confirmation === "string" ? JSON.parse(confirmation) : confirmation) as Record<string, unknown>;
  } catch {
    return {};
  }
}
