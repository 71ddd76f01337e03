/** Pub/sub through core: what a service sees of a topic that is not as it should be. Each a typed error; nothing lost, no crash. */
import { PublishCommand, CreateTopicCommand, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { apply, channel, connect, consumer, plan } from "@switchyard/core";
import { adapter, confirmSubscription, type SnsClientLike } from "@switchyard/sns";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type Aws, startAws } from "./support/aws-emulator.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());

const orders = channel("orders", {
  messages: { "order.placed": z.object({ n: z.int(), pad: z.string().optional() }) },
});
const foreign = channel("orders", {
  messages: { "order.placed": z.object({ n: z.int() }), "order.cancelled": z.object({ n: z.int() }) },
  foreign: "order.placed",
});

let stages = 0;
const quiet = () => {};
interface Options {
  readonly groups?: Readonly<
    Record<string, { readonly address?: string; readonly filter?: boolean | readonly string[] }>
  >;
  readonly more?: { readonly native?: Readonly<Record<string, unknown>> };
  readonly provision?: "auto" | "off";
  readonly connection?: object;
  readonly prefix?: string;
}
const options = ({ groups = { billing: {} }, more = {}, provision = "auto", connection, prefix }: Options = {}) => {
  const stage = prefix ?? `s${process.pid}-${stages++}`;
  const config = {
    prefix: stage,
    drain: "2s" as const,
    connections: { aws: { use: adapter, provision, ...(connection ?? aws.connection) } },
    channels: { orders: { model: "pubsub" as const, on: "aws", groups, publish: { timeout: "2s" as const }, ...more } },
  };
  return { channels: [orders] as const, service: "test", config, observe: quiet };
};
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it should have been refused"),
    (error: unknown) => error,
  );
const topicArn = async (prefix: string) =>
  (await aws.sns.send(new CreateTopicCommand({ Name: `${prefix}_orders` }))).TopicArn!;

/** An SNS client that answers so. */
function client(answer: (action: string) => unknown): SnsClientLike {
  const send = async (command: object) => answer(command.constructor.name);
  return {
    send,
    config: { region: async () => "eu-west-1", credentials: async () => ({ accountId: "123456789012" }) },
  };
}
const denied = Object.assign(new Error("not authorized to perform: SNS:Publish"), {
  name: "AuthorizationErrorException",
  $metadata: { httpStatusCode: 403 },
});

describe("publishing to", () => {
  test("a topic that is missing is refused with what to do", async () => {
    await using messaging = await connect(options({ provision: "off" }));
    const error = await failure(messaging.publish(orders, "order.placed", { n: 1 }));
    expect(error).toMatchObject({ name: "MessagingError", code: "topic-not-found", kind: "config" });
  });

  test("a topic without permission is refused as auth", async () => {
    const snsClient = client((action) => {
      if (action === "PublishBatchCommand") throw denied;
      return { Attributes: {} };
    });
    await using messaging = await connect(options({ provision: "off", connection: { client: aws.client, snsClient } }));
    const error = await failure(messaging.publish(orders, "order.placed", { n: 1 }));
    expect(error).toMatchObject({ name: "MessagingError", code: "access-denied", kind: "auth" });
  });

  test("a topic through a client that sends again by itself is refused", async () => {
    const snsClient = { ...client(() => ({})), config: { maxAttempts: async () => 3 } };
    await using messaging = await connect(options({ provision: "off", connection: { client: aws.client, snsClient } }));
    const error = await failure(messaging.publish(orders, "order.placed", { n: 1 }));
    expect(error).toMatchObject({
      code: "client-retries",
      kind: "config",
      message: expect.stringContaining("SNSClient"),
    });
  });

  test("a topic with queues' client alone says which one is missing", async () => {
    await using messaging = await connect(options({ provision: "off", connection: { client: aws.client } }));
    const error = await failure(messaging.publish(orders, "order.placed", { n: 1 }));
    expect(error).toMatchObject({ code: "missing-client", kind: "config" });
  });
});

test("a batch larger than the topic takes goes in parts; an item larger than it is refused alone, and the others arrive", async () => {
  const given = options({ more: { native: { maxMessageBytes: 262_144 } } });
  await using messaging = await connect(given);
  const seen = new Set<number>();
  const all = Promise.withResolvers<void>();
  messaging.consume(
    consumer(orders, "billing", {
      "order.placed": ({ n }) => {
        if (seen.add(n).size === 4) all.resolve();
      },
    }),
  );
  await messaging.start();
  const sizes = [200_000, 200_000, 300_000, 200_000, 200_000];
  const items = sizes.map((size, n) => ({ type: "order.placed" as const, data: { n, pad: "x".repeat(size) } }));
  const results = await messaging.publishMany(orders, items);
  expect(results.map(({ ok }) => ok)).toEqual([true, true, false, true, true]);
  expect(results[2]).toMatchObject({ error: { code: "too-large", kind: "permanent" } });
  await all.promise;
  expect(seen).toEqual(new Set([0, 1, 3, 4]));
});

test("a foreign publisher's message is read as foreign, with its attributes and without", async () => {
  const given = options();
  await using messaging = await connect({ ...given, channels: [foreign] as const });
  const seen: [number, boolean, string | undefined][] = [];
  const both = Promise.withResolvers<void>();
  messaging.consume(
    consumer(foreign, "billing", {
      "*": ({ n }, delivery) => {
        seen.push([n, delivery.foreign, delivery.headers["tenant"]]);
        if (seen.length === 2) both.resolve();
      },
    }),
  );
  await messaging.start();
  const TopicArn = await topicArn(given.config.prefix);
  const MessageAttributes = { tenant: { DataType: "String", StringValue: "t" } };
  await aws.sns.send(new PublishCommand({ TopicArn, Message: '{"n":1}', MessageAttributes }));
  await aws.sns.send(new PublishCommand({ TopicArn, Message: '{"n":2}' }));
  await both.promise;
  expect(seen.toSorted(([a], [b]) => a - b)).toEqual([
    [1, true, "t"],
    [2, true, undefined],
  ]);
});

test("our own message reads the same through a subscription that somebody else made, wrapped in a notification", async () => {
  const given = options();
  const prefix = given.config.prefix;
  await (await connect(given)).stop();
  // The queue of a second group, subscribed by hand.
  const name = `${prefix}-by-hand`;
  const { QueueUrl } = await aws.client.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes } = await aws.client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const TopicArn = await topicArn(prefix);
  const allow = {
    Effect: "Allow",
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: Attributes!["QueueArn"],
    Condition: { ArnEquals: { "aws:SourceArn": TopicArn } },
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [allow] });
  await aws.client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await aws.sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: Attributes!["QueueArn"] }));

  const both = options({ prefix, provision: "off", groups: { billing: {}, audit: { address: name } } });
  await using messaging = await connect(both);
  const seen = Promise.withResolvers<unknown>();
  const handle = (data: object, { id, foreign: isForeign, headers, key }: any) =>
    seen.resolve({ data, id, isForeign, headers: { ...headers }, key });
  messaging.consume(consumer(orders, "audit", { "order.placed": handle }));
  await messaging.start();
  const { id } = await messaging.publish(orders, "order.placed", { n: 7 }, { headers: { tenant: "t" } });
  expect(await seen.promise).toEqual({
    data: { n: 7 },
    id,
    isForeign: false,
    headers: { tenant: "t" },
    key: undefined,
  });
});

describe("the plan", () => {
  test("derives filters from the consumers it is given", async () => {
    const nine = channel("orders", {
      messages: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`order.t${n}`, z.object({})])),
    });
    const two = consumer(nine, "billing", { "order.t1": () => {}, "order.t0": () => {}, "*": "ignore" } as never);
    const { config } = options({ provision: "off", groups: { billing: { filter: true } } });
    const { changes } = await plan({ channels: [nine], consumers: [two], config });
    expect(changes["aws"]!.at(-1)!.summary).toMatch(/^new subscription: raw delivery, only order\.t0, order\.t1, /);
  });

  test("refuses a filter on a channel that takes foreign messages", async () => {
    const { config } = options({ provision: "off", groups: { billing: { filter: ["order.placed"] } } });
    expect(await failure(plan({ channels: [foreign], config }))).toMatchObject({
      code: "invalid-config",
      problems: [{ message: expect.stringContaining("SNS does not deliver messages without attributes") }],
    });
  });

  test("of a subscription to somebody else's queue that is not there makes nothing up: apply refuses", async () => {
    const address = "arn:aws:sqs:us-east-1:999999999999:theirs";
    const { config } = options({ provision: "off", groups: { billing: { address } } });
    const planned = await plan({ channels: [orders], config });
    expect(planned.changes["aws"]).toContainEqual(
      expect.objectContaining({ action: "drift", resource: "queue", name: address }),
    );
    expect(await failure(apply(planned))).toMatchObject({
      name: "MessagingError",
      code: "queue-not-found",
      kind: "config",
    });
  });

  test("of a role that may not create is refused as auth", async () => {
    const snsClient = client((action) => {
      if (action === "CreateTopicCommand") throw denied;
      throw Object.assign(new Error("Topic does not exist"), { name: "NotFoundException" });
    });
    const { config } = options({ provision: "off", connection: { client: aws.client, snsClient } });
    const planned = await plan({ channels: [orders], config });
    expect(await failure(apply(planned))).toMatchObject({
      name: "MessagingError",
      code: "access-denied",
      kind: "auth",
    });
  });
});

describe("confirming a subscription that another account made", () => {
  const TopicArn = "arn:aws:sns:eu-west-1:999999999999:theirs";
  const message = { Type: "SubscriptionConfirmation", TopicArn, Token: "2336", SubscribeURL: "https://evil.example" };

  test("gives the token to SNS and visits nothing", async () => {
    const sent = vi.fn<(action: string) => unknown>(() => ({ SubscriptionArn: `${TopicArn}:1` }));
    expect(await confirmSubscription(JSON.stringify(message), TopicArn, { snsClient: client(sent) })).toBe(
      `${TopicArn}:1`,
    );
    expect(sent).toHaveBeenCalledExactlyOnceWith("ConfirmSubscriptionCommand");
  });

  test("is refused for another topic, for what is no confirmation, and where SNS says no", async () => {
    const sent = vi.fn<(action: string) => unknown>(() => {
      throw denied;
    });
    const given = { snsClient: client(sent) };
    expect(await failure(confirmSubscription(message, `${TopicArn}x`, given))).toMatchObject({
      code: "wrong-topic",
      kind: "auth",
    });
    for (const body of ["{", "{}", "[]", JSON.stringify({ ...message, Type: "Notification" })])
      expect(await failure(confirmSubscription(body, TopicArn, given))).toMatchObject({ code: "not-a-confirmation" });
    expect(sent).not.toHaveBeenCalled();
    expect(await failure(confirmSubscription(message, TopicArn, given))).toMatchObject({
      code: "access-denied",
      kind: "auth",
    });
  });
});
