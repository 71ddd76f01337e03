import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { systemRuntime } from "@switchyard/core";
import type { Change, Connection, Destination, Topology } from "@switchyard/core/driver";
import { adapter } from "@switchyard/sns";
import { createTopology } from "@switchyard/sns/topology";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { never } from "./support/sqs-queues.ts";

let aws: Aws;
let topology: Topology;
let connection: Connection;
const made: Destination[] = [];
beforeAll(async () => {
  aws = await startAws();
  topology = await adapter.topology!(aws.connection, systemRuntime);
  connection = await adapter.open(aws.connection, systemRuntime, () => {});
});
afterAll(async () => {
  await topology.destroy!(made, never);
  await topology.close();
  await connection.close();
  await aws.close();
});

const ADMIN = { Sid: "Admin", Effect: "Allow", Principal: { AWS: "*" }, Action: "kms:*", Resource: "*" };
const topicAccount = async () =>
  (await aws.sns.send(new CreateTopicCommand({ Name: `swy-${process.pid}-account` }))).TopicArn!.split(":")[4];

/** As much of the SDK for KMS as is used: keys by alias, with the statements of their policies. */
function fakeKms(keys: Record<string, unknown[]>, account: string) {
  const calls: string[] = [];
  const arn = (key: string) => `arn:aws:kms:us-east-1:${account}:key/${key}`;
  const alias = (of: string) => of.slice(of.indexOf("key/") + 4);
  const answers: Record<string, (input: { KeyId: string; Policy: string }) => unknown> = {
    DescribeKey: ({ KeyId }) => ({ KeyMetadata: { Arn: arn(KeyId), KeyManager: "CUSTOMER" } }),
    GetKeyPolicy: ({ KeyId }) => ({ Policy: JSON.stringify({ Version: "2012-10-17", Statement: keys[alias(KeyId)] }) }),
    PutKeyPolicy: ({ KeyId, Policy }) => {
      keys[alias(KeyId)] = JSON.parse(Policy).Statement;
    },
  };
  const command = (name: string) =>
    class {
      readonly name = name;
      readonly input: any;
      constructor(input: unknown) {
        this.input = input;
      }
    };
  const KMSClient = class {
    async send({ name, input }: { name: string; input: any }) {
      calls.push(name);
      return answers[name]!(input);
    }
  };
  const commands = Object.keys(answers).map((name) => [`${name}Command`, command(name)]);
  return { sdk: { KMSClient, ...Object.fromEntries(commands) }, keys, calls };
}

let channels = 0;
interface Fan {
  readonly to: Destination;
  readonly groups: readonly Destination[];
  readonly all: readonly Destination[];
}
/** A channel of this test alone, also where the account is shared. */
function fan(names: readonly string[], more: Partial<Destination> = {}, native: Destination["native"] = {}): Fan {
  return fanOn(`swy-${process.pid}-${Date.now().toString(36)}_orders${channels++}`, names, more, native);
}
function fanOn(
  base: string,
  names: readonly string[],
  more: Partial<Destination> = {},
  native: Destination["native"] = {},
): Fan {
  const common = { channel: "orders", base, model: "pubsub" as const, ordered: false, native: {} };
  const { types, address, baseAddress, ...both } = more;
  const groups = names.map((group): Destination => {
    const name = `${base}_${group}`;
    const dead = { ...common, ...both, native: {}, model: "queue" as const, name: `${name}_dead`, dead: true, group };
    const own = { ...(types && { types }), ...(address && { address }), ...(baseAddress && { baseAddress }) };
    return { ...common, ...both, ...own, name, group, deadLetter: dead };
  });
  const to = { ...common, ...both, name: base, native, ...(baseAddress && { address: baseAddress, baseAddress }) };
  const all = [to, ...groups];
  made.push(...all);
  return { to, groups, all };
}

const planned = async ({ all }: Fan): Promise<readonly Change[]> => (await topology.plan(all, never)).changes;
const apply = async ({ all }: Fan, options?: { destructive: boolean }): Promise<void> =>
  topology.apply(await topology.plan(all, never), never, options);
const brief = (changes: readonly Change[]) =>
  changes.map(({ action, resource, summary }) => `${action} ${resource}: ${summary}`);

const fifo = (of: Destination, name: string) => (of.ordered ? `${name}.fifo` : name);
const arnOf = async ({ to }: Fan) =>
  (
    await aws.sns.send(
      new CreateTopicCommand({ Name: fifo(to, to.base), Attributes: to.ordered ? { FifoTopic: "true" } : {} }),
    )
  ).TopicArn!;
const topicOf = async (of: Fan) =>
  (await aws.sns.send(new GetTopicAttributesCommand({ TopicArn: await arnOf(of) }))).Attributes!;
const subscriptionsOf = async (of: Fan) =>
  (await aws.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: await arnOf(of) }))).Subscriptions!;
const attributesOf = async (SubscriptionArn: string | undefined) =>
  (await aws.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes!;
const urlOf = async (name: string) => (await aws.client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl!;
const queueOf = async (name: string) =>
  (await aws.client.send(new GetQueueAttributesCommand({ QueueUrl: await urlOf(name), AttributeNames: ["All"] })))
    .Attributes as Record<string, string>;
const bodiesIn = async (name: string): Promise<string[]> => {
  const command = new ReceiveMessageCommand({
    QueueUrl: await urlOf(name),
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 1,
  });
  return ((await aws.client.send(command)).Messages ?? []).map(({ Body }) => Body!);
};
const publish = async (of: Fan, body: string, headers: Record<string, string> = { ce: "{}" }) =>
  (await (await connection.sender(of.to, never)).send([{ body, headers, type: "order.placed" }], never))[0]!;

describe("a new channel", () => {
  test("is planned whole, made, and then nothing is left to do", async () => {
    const of = fan(["billing", "shipping"]);
    expect(brief(await planned(of))).toEqual([
      "create topic: new topic: standard, messages of up to 1048576 bytes",
      ...["billing", "shipping"].map(() => "create queue: new queue: standard, SSE-SQS"),
      ...["billing", "shipping"].map(
        (group) =>
          `create queue: new queue: standard, SSE-SQS, dead letters to ${of.to.base}_${group}_dead after 100 receives`,
      ),
      ...["billing", "shipping"].map(
        (group) =>
          `create subscription: new subscription: raw delivery, undeliverable messages to ${of.to.base}_${group}_dead`,
      ),
    ]);
    await apply(of);
    expect(await planned(of)).toEqual([]);
    expect(await topicOf(of)).toMatchObject({ MaximumMessageSize: "1048576", SignatureVersion: "2" });
    const subscriptions = await subscriptionsOf(of);
    expect(subscriptions).toHaveLength(2);
    for (const { SubscriptionArn, Endpoint } of subscriptions) {
      const attributes = await attributesOf(SubscriptionArn);
      expect(attributes["RawMessageDelivery"]).toBe("true");
      expect(JSON.parse(attributes["RedrivePolicy"]!)).toEqual({ deadLetterTargetArn: `${Endpoint}_dead` });
    }
  });

  test("lets exactly its topic send to the groups' queues and to their dead letters", async () => {
    const of = fan(["billing"]);
    await apply(of);
    for (const name of [`${of.to.base}_billing`, `${of.to.base}_billing_dead`]) {
      const { Policy, QueueArn } = await queueOf(name);
      expect(JSON.parse(Policy!).Statement).toEqual([
        {
          Sid: "SwitchyardTopics",
          Effect: "Allow",
          Principal: { Service: "sns.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: QueueArn,
          Condition: { ArnEquals: { "aws:SourceArn": [await arnOf(of)] } },
        },
      ]);
    }
  });

  test("that is ordered is FIFO from topic to dead letters, limits per group", async () => {
    const of = fan(["billing"], { ordered: true });
    await apply(of);
    expect(await planned(of)).toEqual([]);
    expect(await topicOf(of)).toMatchObject({ FifoTopic: "true", FifoThroughputScope: "MessageGroup" });
    expect(await queueOf(`${of.to.base}_billing.fifo`)).toMatchObject({ FifoQueue: "true" });
    expect(await queueOf(`${of.to.base}_billing_dead.fifo`)).toMatchObject({ FifoQueue: "true" });
  });

  test("has its tags, its key and its access", async () => {
    const native = {
      tags: { team: "orders" },
      kmsKey: "alias/topics",
      access: { publish: ["123456789012"] },
      maxMessageBytes: 262_144,
    };
    const of = fan(["billing"], {}, native);
    await apply(of);
    expect(await planned(of)).toEqual([]);
    const attributes = await topicOf(of);
    expect(attributes).toMatchObject({ KmsMasterKeyId: "alias/topics", MaximumMessageSize: "262144" });
    expect(attributes["Policy"]).toContain("SwitchyardPublish");
    const { Tags } = await aws.sns.send(new ListTagsForResourceCommand({ ResourceArn: await arnOf(of) }));
    expect(Tags).toEqual([{ Key: "team", Value: "orders" }]);
  });

  test("a setting that was never set is told as none", async () => {
    const of = fan([]);
    await apply(of);
    const { changes } = await topology.plan([{ ...of.to, native: { kmsKey: "alias/topics" } }], never);
    expect(changes.map(({ summary }) => summary)).toContain("encryption key: none becomes alias/topics");
  });

  test("made by two processes at once is made once", async () => {
    const of = fan(["billing"]);
    const other = await adapter.topology!(aws.connection, systemRuntime);
    const plans = [await topology.plan(of.all, never), await other.plan(of.all, never)];
    await Promise.all([topology.apply(plans[0]!, never), other.apply(plans[1]!, never)]);
    expect(await subscriptionsOf(of)).toHaveLength(1);
    expect(await planned(of)).toEqual([]);
    await other.close();
  });
});

describe("a filter", () => {
  test("lets the group's types through, and what has no type", async () => {
    const of = fan(["billing"], { types: ["order.placed", "order.cancelled"] });
    expect(brief(await planned(of)).at(-1)).toContain("raw delivery, only order.cancelled, order.placed");
    await apply(of);
    const [subscription] = await subscriptionsOf(of);
    const attributes = await attributesOf(subscription!.SubscriptionArn);
    expect(JSON.parse(attributes["FilterPolicy"]!)).toEqual({
      type: ["order.cancelled", "order.placed", { exists: false }],
    });
    const sender = await connection.sender(of.to, never);
    const typed = (type: string) => ({ body: type, headers: {}, type });
    await sender.send(
      [typed("order.placed"), typed("order.shipped"), { body: "foreign", headers: { tenant: "t" } }],
      never,
    );
    expect((await bodiesIn(`${of.to.base}_billing`)).sort()).toEqual(["foreign", "order.placed"]);
  });

  test("that is no longer wanted, or was changed by hand, is put right", async () => {
    const of = fan(["billing"], { types: ["order.placed"] });
    await apply(of);
    const [subscription] = await subscriptionsOf(of);
    const byHand = { AttributeName: "FilterPolicy", AttributeValue: '{"type":["x"]}' };
    await aws.sns.send(
      new SetSubscriptionAttributesCommand({ SubscriptionArn: subscription!.SubscriptionArn, ...byHand }),
    );
    expect(brief(await planned(of))).toEqual([
      'update subscription: filter: {"type":["x"]} becomes {"type":["order.placed",{"exists":false}]}',
    ]);
    await apply(of);
    expect(await planned(of)).toEqual([]);
    const { types: _types, ...all } = of.groups[0]!;
    const open = { ...of, all: [of.to, all] };
    expect(brief(await planned(open))).toEqual([
      'update subscription: filter: {"type":["order.placed",{"exists":false}]} becomes none',
    ]);
    await apply(open);
    expect(await planned(open)).toEqual([]);
  });
});

describe("drift", () => {
  test("of a queue's policy: ours is put back, a stranger's is shown and left alone", async () => {
    const of = fan(["billing"]);
    await apply(of);
    const name = `${of.to.base}_billing`;
    const stranger = { Sid: "Hand", Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "*" };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [stranger] });
    await aws.client.send(new SetQueueAttributesCommand({ QueueUrl: await urlOf(name), Attributes: { Policy } }));
    expect(brief(await planned(of))).toEqual([
      "update queue: access: none becomes SwitchyardTopics",
      "drift queue: access: 1 statement(s) that are not ours (Hand); left alone while native.access is not set",
    ]);
    await apply(of);
    const after = JSON.parse((await queueOf(name))["Policy"]!).Statement.map(({ Sid }: { Sid: string }) => Sid);
    expect(after).toEqual(["Hand", "SwitchyardTopics"]);
    expect((await planned(of)).map(({ action }) => action)).toEqual(["drift"]);
  });

  test("of a topic and a subscription is put right, strangers' statements are shown", async () => {
    const of = fan(["billing"]);
    await apply(of);
    const TopicArn = await arnOf(of);
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "Hand", Effect: "Allow" }] });
    for (const [AttributeName, AttributeValue] of Object.entries({
      MaximumMessageSize: "262144",
      SignatureVersion: "1",
      Policy,
    }))
      await aws.sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
    const [subscription] = await subscriptionsOf(of);
    const raw = { AttributeName: "RawMessageDelivery", AttributeValue: "false" };
    await aws.sns.send(
      new SetSubscriptionAttributesCommand({ SubscriptionArn: subscription!.SubscriptionArn, ...raw }),
    );
    expect(brief(await planned(of))).toEqual([
      "update topic: largest message: 262144 becomes 1048576",
      "update topic: signature version: 1 becomes 2",
      "drift topic: access: 1 statement(s) that are not ours (Hand); left alone",
      "update subscription: raw delivery: off becomes on",
    ]);
    await apply(of);
    expect((await planned(of)).map(({ action }) => action)).toEqual(["drift"]);
  });
});

describe("a group that is no longer configured", () => {
  test("is shown as destructive with what it would take along, and removed only when asked", async () => {
    const of = fan(["billing", "shipping"]);
    await apply(of);
    await publish(of, "one");
    const fewer = { ...of, all: [of.to, of.groups[0]!] };
    const changes = await planned(fewer);
    expect(changes).toEqual([
      {
        action: "destructive",
        resource: "subscription",
        name: `${of.to.base} to ${of.to.base}_shipping`,
        summary:
          'group "shipping" is no longer configured: it gets no more messages, and its queue is deleted with about 1 in it; its dead letters stay',
      },
    ]);
    await apply(fewer);
    expect(await subscriptionsOf(of)).toHaveLength(2);
    await apply(fewer, { destructive: true });
    expect(await subscriptionsOf(of)).toHaveLength(1);
    await expect(queueOf(`${of.to.base}_shipping`)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    await expect(queueOf(`${of.to.base}_shipping_dead`)).resolves.toBeDefined();
    expect(await planned(fewer)).toEqual([]);
    expect(await bodiesIn(`${of.to.base}_billing`)).toEqual(["one"]);
  });

  test("is shown although its queue may not be read: a role's rights end at the groups that are configured", async () => {
    const of = fan(["billing", "shipping"]);
    await apply(of);
    const allowed = new SQSClient({ ...aws.connection, maxAttempts: 1 });
    const client = {
      config: allowed.config,
      send: async (command: { readonly input: { readonly QueueName?: string } }) => {
        if (command.input.QueueName?.endsWith("_shipping") === true)
          throw Object.assign(new Error("no identity-based policy allows it"), {
            name: "AccessDenied",
            $metadata: { httpStatusCode: 403 },
          });
        return allowed.send(command as never);
      },
    };
    const snsClient = new SNSClient({ ...aws.connection, maxAttempts: 1 });
    const limited = await adapter.topology!({ client, snsClient } as never, systemRuntime);
    const { changes } = await limited.plan([of.to, of.groups[0]!], never);
    expect(changes.map(({ action, summary }) => `${action} ${summary}`)).toEqual([
      'destructive group "shipping" is no longer configured: it gets no more messages, and its queue is deleted with what is in it, which this role may not count; its dead letters stay',
    ]);
    await limited.close();
    for (const one of [allowed, snsClient]) one.destroy();
  });

  test("is not guessed from a part of the groups, nor from other people's subscriptions", async () => {
    const of = fan(["billing", "shipping"]);
    await apply(of);
    expect((await topology.plan([of.groups[0]!], never)).changes).toEqual([]);
    const Endpoint = "arn:aws:sqs:us-east-1:999999999999:theirs";
    await aws.sns.send(new SubscribeCommand({ TopicArn: await arnOf(of), Protocol: "sqs", Endpoint }));
    expect(await planned(of)).toEqual([]);
  });
});

describe("what is there already", () => {
  test("a topic given by address is used and never changed; one that is not there is said", async () => {
    const of = fan(["billing"]);
    const theirs = `${of.to.base}-theirs`;
    const TopicArn = (await aws.sns.send(new CreateTopicCommand({ Name: theirs }))).TopicArn!;
    const given = fanOn(of.to.base, ["billing"], { baseAddress: TopicArn });
    expect(brief(await planned(given))[0]).toMatch(/^create queue/);
    await apply(given);
    expect(await planned(given)).toEqual([]);
    await publish(given, "by address");
    expect(await bodiesIn(`${of.to.base}_billing`)).toEqual(["by address"]);
    const missing = fanOn(of.to.base, ["other"], { baseAddress: `${TopicArn}-missing` });
    expect(brief(await planned(missing))[0]).toMatch(/^drift topic: does not exist, and is not created/);
    await expect(apply(missing)).rejects.toMatchObject({ code: "topic-not-found", kind: "config" });
    await expect(connection.sender(missing.to, never)).rejects.toSatisfy(
      (error) => connection.classify(error, "open").code === "topic-not-found",
    );
  });

  test("a queue given by address whose policy does not name the topic is said", async () => {
    const of = fan([]);
    const name = `${of.to.base}-own`;
    await aws.client.send(new CreateQueueCommand({ QueueName: name }));
    const given = fanOn(of.to.base, ["billing"], { address: name });
    await apply(given);
    expect(brief(await planned(given))).toEqual([
      expect.stringMatching(/^drift queue: its policy does not name arn:aws:sns:/),
    ]);
  });

  test("a subscription of another account's queue that waits is shown with what confirms it", async () => {
    if (!aws.emulator) return;
    const of = fan(["billing"]);
    await apply(of);
    const [subscription] = await subscriptionsOf(of);
    aws.pend!(subscription!.SubscriptionArn!);
    expect(brief(await planned(of))).toEqual([
      expect.stringMatching(/^drift subscription: waits for confirmation.*confirmSubscription\(\)/),
    ]);
  });

  test("a queue under a key that AWS manages is refused with the reason", async () => {
    const of = fan([]);
    const name = `${of.to.base}-managed`;
    await aws.client.send(new CreateQueueCommand({ QueueName: name, Attributes: { KmsMasterKeyId: "alias/aws/sqs" } }));
    await expect(planned(fanOn(of.to.base, ["billing"], { address: name }))).rejects.toMatchObject({
      code: "kms-managed-key",
      kind: "config",
      message: expect.stringContaining("cannot be edited"),
    });
  });

  test("a key of one's own is named with the statement it needs", async () => {
    const of = fan(["billing"]);
    const all = [of.to, { ...of.groups[0]!, native: { kmsKey: "alias/own" } }];
    const { changes } = await topology.plan(all, never);
    const key = changes.find(({ resource }) => resource === "key")!;
    expect(key).toMatchObject({ action: "drift", name: "alias/own" });
    expect(key.detail!["statement"]).toMatchObject({
      Principal: { Service: "sns.amazonaws.com" },
      Action: ["kms:GenerateDataKey*", "kms:Decrypt"],
    });
    expect(key.summary).toMatch(/its administrator must add the statement/);
    await apply({ ...of, all });
    expect((await topology.plan(all, never)).changes).toEqual([]);
  });

  test("a key of one's own is let be used by SNS before anything is subscribed, once", async () => {
    const { sdk, keys, calls } = fakeKms({ "alias/own": [ADMIN] }, (await topicAccount()) ?? "");
    const keyed = await createTopology(aws.connection, async () => sdk);
    const of = fan(["billing"]);
    const all = [of.to, { ...of.groups[0]!, native: { kmsKey: "alias/own" } }];
    const plan = await keyed.plan(all, never);
    const change = plan.changes.find(({ resource }) => resource === "key")!;
    expect(change).toMatchObject({ action: "update", name: "alias/own" });
    for (const part of [`${of.to.base}_billing`, `${of.to.base}_billing_dead`]) expect(change.summary).toContain(part);
    expect(calls).not.toContain("PutKeyPolicy");
    await keyed.apply(plan, never);
    await keyed.apply(plan, never);
    expect(calls.filter((name) => name === "PutKeyPolicy")).toHaveLength(1);
    const [admin, ours] = keys["alias/own"]!;
    expect(admin).toEqual(ADMIN);
    expect(ours).toMatchObject({ Condition: { ArnEquals: { "aws:SourceArn": await arnOf(of) } } });
    expect((await keyed.plan(all, never)).changes).toEqual([]);
    await keyed.close();
  });

  test("a standard topic where an ordered one is wanted is said, the other way round too", async () => {
    const of = fan([]);
    await apply(of);
    const ordered = fanOn(of.to.base, [], { ordered: true });
    expect(brief(await planned(ordered))[1]).toMatch(/^drift topic: ".*" exists: a topic cannot become FIFO/);
    const renamed = { ...ordered.to, address: of.to.base };
    await expect(topology.plan([renamed], never)).rejects.toMatchObject({ code: "invalid-config" });
  });
});

describe("too many subscriptions for large messages", () => {
  test("are refused before anything is made, with what to set", async () => {
    const names = Array.from({ length: 101 }, (_, n) => `g${n}`);
    const { to, groups } = fan(names);
    const error = await planned({ to, groups, all: [to, ...groups] }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "too-many-subscriptions", kind: "config" });
    expect(String(error)).toMatch(/would have 101 subscriptions.*may have 100; set native.maxMessageBytes: 262144/);
    await expect(
      topicOf({ to, groups, all: [] }).then(({ MaximumMessageSize }) => MaximumMessageSize),
    ).resolves.toBeUndefined();
    const smaller = { ...to, native: { maxMessageBytes: 262_144 } };
    await expect(topology.plan([smaller, ...groups], never)).resolves.toMatchObject({ changes: expect.any(Array) });
    made.length = made.length - 102;
  });
});

describe("what cannot be delivered", () => {
  test("is in the group's dead letters, not lost: the queue is gone", async () => {
    const of = fan(["billing"]);
    await apply(of);
    const [queue] = of.groups;
    const { deadLetter: _dead, ...alone } = { ...queue!, model: "queue" as const };
    const queues = await (await import("@switchyard/sqs")).adapter.topology!(aws.connection, systemRuntime);
    await queues.destroy!([alone], never);
    await queues.close();
    expect(await publish(of, "undeliverable")).toHaveProperty("id");
    expect(await bodiesIn(`${of.to.base}_billing_dead`)).toEqual(["undeliverable"]);
    await apply(of);
    await publish(of, "again");
    expect(await bodiesIn(`${of.to.base}_billing`)).toEqual(["again"]);
  });

  test("and the emulator is as strict as SNS: eleven attributes, published past us, end there too", async () => {
    if (!aws.emulator) return;
    const of = fan(["billing"]);
    await apply(of);
    const MessageAttributes = Object.fromEntries(
      Array.from({ length: 11 }, (_, n) => [`a${n}`, { DataType: "String", StringValue: "x" }]),
    );
    await aws.sns.send(new PublishCommand({ TopicArn: await arnOf(of), Message: "eleven", MessageAttributes }));
    expect(await bodiesIn(`${of.to.base}_billing`)).toEqual([]);
    expect(await bodiesIn(`${of.to.base}_billing_dead`)).toEqual(["eleven"]);
  });
});
