/** The part of the AWS SDK this package uses, as structural types. The same file of `@switchyard/sqs` says why. */
import { type ClientLike, commandOf, type Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";
import type { BatchReply, MessageAttribute } from "@switchyard/sqs/kit";
import { MAX_ATTRIBUTES } from "./limits.ts";

/** The part of a client that is used. `SNSClient` of `@aws-sdk/client-sns` has it. */
export type SnsClientLike = ClientLike;

export interface PublishEntry {
  readonly Id: string;
  readonly Message: string;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

export interface PublishedEntry {
  readonly Id?: string | undefined;
  readonly MessageId?: string | undefined;
}

export interface Subscription {
  readonly SubscriptionArn?: string | undefined;
  readonly Protocol?: string | undefined;
  readonly Endpoint?: string | undefined;
}

interface OnTopic {
  readonly TopicArn: string;
}
interface OnSubscription {
  readonly SubscriptionArn: string;
}
interface Paged {
  readonly NextToken?: string;
}
type Strings = Readonly<Record<string, string>>;
type Read = { readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined };
type Setting = { readonly AttributeName: string; readonly AttributeValue: string };
type Tags = readonly { readonly Key: string; readonly Value: string }[];

/** Input and output of each action. */
export interface Actions {
  PublishBatch: [
    OnTopic & { readonly PublishBatchRequestEntries: readonly PublishEntry[] },
    BatchReply<PublishedEntry>,
  ];
  GetTopicAttributes: [OnTopic, Read];
  ListTopics: [
    Paged,
    {
      readonly Topics?: readonly { readonly TopicArn?: string | undefined }[] | undefined;
      readonly NextToken?: string | undefined;
    },
  ];
  CreateTopic: [
    { readonly Name: string; readonly Attributes: Strings; readonly Tags: Tags },
    { readonly TopicArn?: string | undefined },
  ];
  SetTopicAttributes: [OnTopic & Setting, unknown];
  DeleteTopic: [OnTopic, unknown];
  ListTagsForResource: [
    { readonly ResourceArn: string },
    {
      readonly Tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
    },
  ];
  TagResource: [{ readonly ResourceArn: string; readonly Tags: Tags }, unknown];
  ListSubscriptionsByTopic: [
    OnTopic & Paged,
    { readonly Subscriptions?: readonly Subscription[] | undefined; readonly NextToken?: string | undefined },
  ];
  Subscribe: [
    OnTopic & {
      readonly Protocol: "sqs";
      readonly Endpoint: string;
      readonly Attributes: Strings;
      readonly ReturnSubscriptionArn: boolean;
    },
    { readonly SubscriptionArn?: string | undefined },
  ];
  GetSubscriptionAttributes: [OnSubscription, Read];
  SetSubscriptionAttributes: [OnSubscription & Setting, unknown];
  Unsubscribe: [OnSubscription, unknown];
  ConfirmSubscription: [
    OnTopic & { readonly Token: string; readonly AuthenticateOnUnsubscribe: "true" | "false" },
    { readonly SubscriptionArn?: string | undefined },
  ];
}

/** One call to SNS. Rejects with the SDK's own error; never retries. */
export type Call = <A extends keyof Actions>(
  action: A,
  input: Actions[A][0],
  signal?: AbortSignal,
) => Promise<Actions[A][1]>;

export function caller(sdk: Sdk, client: SnsClientLike): Call {
  return (action, input, signal) => {
    const command = commandOf(sdk, "@aws-sdk/client-sns", action, input);
    if (action === "PublishBatch") keepBudget(command, input as Actions["PublishBatch"][0]);
    return client.send(command, signal === undefined ? {} : { abortSignal: signal });
  };
}

/**
 * Instrumentation may add its own attributes to a command. If an entry then has more than raw delivery allows, it is sent with only our
 * attributes, so that tracing never loses a message.
 */
function keepBudget(
  command: { readonly middlewareStack?: { add?: (...args: unknown[]) => void } },
  { PublishBatchRequestEntries: entries }: Actions["PublishBatch"][0],
): void {
  for (const entry of entries) own.set(entry, { ...entry.MessageAttributes });
  // This is the last step before the request is written, so that all added attributes are counted.
  command.middlewareStack?.add?.(guard, { step: "initialize", priority: "low", name: "switchyardAttributeBudget" });
}

type Attributes = PublishEntry["MessageAttributes"];

/** Our own attributes, by entry, because a client may keep the first command's middleware for later commands. */
const own = new WeakMap<PublishEntry, Attributes>();

/** The input must stay the same object: the patched client finds the call's signal by it. */
const guard = (next: (args: unknown) => unknown) => (args: { readonly input: Actions["PublishBatch"][0] }) => {
  for (const entry of args.input.PublishBatchRequestEntries as readonly Writable[]) {
    if (Object.keys(entry.MessageAttributes ?? {}).length <= MAX_ATTRIBUTES) continue;
    const ours = own.get(entry);
    if (ours !== undefined) entry.MessageAttributes = ours;
  }
  return next(args);
};
type Writable = PublishEntry & { MessageAttributes?: Attributes };

/** Loads the SDK when a topic is first used. A service that only consumes needs the SDK of SQS alone. */
export const loadSnsSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-sns", "@switchyard/sns", () => import("@aws-sdk/client-sns"));
