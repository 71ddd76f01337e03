/** What `policies()` says, without a broker. What the calls of the adapters for AWS need is in `policies-recorded.test.ts`. */
import { adapter as amqp } from "@switchyard/amqp";
import { adapter as aws } from "@switchyard/aws";
import { extension as claims } from "@switchyard/claim-check";
import { channel, consumer, isMessagingError } from "@switchyard/core";
import type { Adapter } from "@switchyard/core/driver";
import type { CipherOptions, KeysExtension } from "@switchyard/core/pipeline";
import { type Policies, policies, type PolicyDocument } from "@switchyard/core/policies";
import { extension as encryption } from "@switchyard/encryption";
import { adapter as memory } from "@switchyard/memory";
import { adapter as sqs } from "@switchyard/sqs";
import { globSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { grainsOf, isAllowed, isAllowedBy, type Principal, type Request } from "./support/iam.ts";
import { unknownTo } from "./support/iam-data.ts";
import { reach } from "./support/module-graph.ts";
import { root } from "./support/workspace.ts";

const ACCOUNT = "123456789012";
const OTHER = "210987654321";
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/11111111-1111-1111-1111-111111111111`;
const item = z.object({ n: z.int(), key: z.string() });
const jobs = channel("jobs", { messages: { item } });
const sorted = channel("sorted", { messages: { item }, orderingKey: "key" });
const orders = channel("orders", { messages: { item } });
const clicks = channel("clicks", { messages: { item }, orderingKey: "key" });
const of = (on: any, group: string) => consumer(on as typeof jobs, group, { item: () => {} });

const make = (config: object, more: object = {}): Promise<Policies> =>
  policies({ service: "billing", account: ACCOUNT, env: {}, config: { prefix: "prod", ...config }, ...more });

/** One channel on AWS. */
const onAws = (of: object, more: object = {}, connection: object = {}): Promise<Policies> =>
  make(
    {
      connections: { aws: { use: aws, region: "eu-west-1", ...connection } },
      channels: { jobs: { on: "aws", ...of } },
    },
    { publishes: [jobs], ...more },
  );

const queue = (more: object = {}, group: object = {}) => ({ model: "queue", groups: { work: group }, ...more });
const actionsOf = (document: PolicyDocument | undefined): string[] =>
  [...new Set(document?.Statement.flatMap(({ Action }) => Action) ?? [])].sort();
const resourcesOf = (document: PolicyDocument | undefined): string[] =>
  [...new Set(document?.Statement.flatMap(({ Resource }) => Resource) ?? [])].sort();
const statementsOf = (document: PolicyDocument | undefined, service: string) =>
  document?.Statement.filter(({ Sid }) => Sid.startsWith(service)) ?? [];

const everything = {
  connections: {
    aws: { use: aws, region: "eu-west-1", kinesis: { fanOut: true } },
    theirs: { use: aws, region: "eu-west-1", accountId: OTHER },
  },
  channels: {
    "*": { on: "aws" },
    jobs: {
      model: "queue",
      native: {
        kmsKey: "alias/jobs",
        tags: { team: "a" },
        access: {
          send: [
            OTHER,
            `arn:aws:iam::${OTHER}:role/sender`,
            `arn:aws:sns:eu-west-1:${ACCOUNT}:news`,
            "arn:aws:s3:::own-bucket",
            { bucket: "their-bucket", account: OTHER },
            `arn:aws:events:eu-west-1:${ACCOUNT}:rule/nightly`,
            `arn:aws:events:eu-west-1:${ACCOUNT}:rule/bus/daily`,
          ],
          receive: [OTHER],
        },
      },
      groups: { work: {} },
    },
    sorted: { model: "queue", on: "theirs", groups: { work: {} } },
    orders: {
      model: "pubsub",
      native: { kmsKey: KEY, tags: { team: "a" }, access: { publish: [OTHER], subscribe: [OTHER] } },
      groups: { billing: { native: { kmsKey: KEY } }, shipping: {} },
    },
    clicks: { model: "stream", partitions: 2, native: { kmsKey: KEY, tags: { a: "b" } }, groups: { pages: {} } },
  },
};
const all = (more: object = {}): Promise<Policies> =>
  make(everything, {
    publishes: [jobs, sorted, orders, clicks],
    consumes: [
      of(jobs, "work"),
      of(sorted, "work"),
      of(orders, "billing"),
      of(orders, "shipping"),
      of(clicks, "pages"),
    ],
    destructive: true,
    ...more,
  });

describe("documents", () => {
  test("name only actions, resources and condition keys that AWS has, under Sids that are unique", async () => {
    const { resources, rabbitmq, warnings, ...roles } = await all();
    for (const [role, document] of Object.entries(roles)) expect(await unknownTo(document!), role).toEqual([]);
    for (const { arn, document } of resources)
      expect(await unknownTo(document, { onKey: arn.includes(":kms:") }), arn).toEqual([]);
    expect(rabbitmq).toEqual([]);
    expect(warnings.length).toBeGreaterThan(0);
  });

  test("use `*` only where AWS has no resource, and only in one region", async () => {
    const { publisher, consumer, viewer, watcher, operator, purger, provisioner } = await all();
    for (const document of [publisher, consumer, viewer, watcher, operator, purger, provisioner])
      for (const { Action, Resource, Condition } of document!.Statement)
        if ([Resource].flat().includes("*")) {
          expect(["sns:ListTopics", "sqs:ListQueues", "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode"]).toEqual(
            expect.arrayContaining([...Action]),
          );
          expect(Condition).toEqual({ StringEquals: { "aws:RequestedRegion": ["eu-west-1"] } });
        }
  });

  test("stay as they are for one channel when another is added", async () => {
    const config = {
      connections: { aws: { use: aws, region: "eu-west-1" } },
      channels: { "*": { on: "aws", ...queue() } },
    };
    const channels = { jobs: {}, sorted: {} };
    const one = await make({ ...config, channels: { ...config.channels, ...channels } }, { publishes: [jobs] });
    const two = await make({ ...config, channels: { ...config.channels, ...channels } }, { publishes: [sorted, jobs] });
    const [first] = one.publisher!.Statement;
    const [same, ...rest] = two.publisher!.Statement;
    expect(rest).toEqual([]);
    expect(same).toEqual({
      ...first,
      Resource: [
        `arn:aws:sqs:eu-west-1:${ACCOUNT}:prod_jobs_work`,
        `arn:aws:sqs:eu-west-1:${ACCOUNT}:prod_sorted_work.fifo`,
      ],
    });
  });

  test("are absent for a role without rights", async () => {
    const { publisher, consumer, operator, provisioner } = await onAws(queue());
    expect(publisher).toBeDefined();
    expect(provisioner).toBeDefined();
    expect(consumer).toBeUndefined();
    expect(operator).toBeUndefined();
  });

  test("too long for a managed policy are told", async () => {
    const many = Array.from({ length: 60 }, (_, n) => channel(`jobs-${n}` as "jobs-0", { messages: { item } }));
    const channels = Object.fromEntries(many.map(({ name }) => [name, {}]));
    const { warnings } = await make(
      {
        connections: { aws: { use: aws, region: "eu-west-1" } },
        channels: { "*": { on: "aws", ...queue() }, ...channels },
      },
      { publishes: many },
    );
    expect(warnings.find((text) => text.startsWith("provisioner: "))).toMatch(
      /^provisioner: \d+ characters, and a managed policy of IAM holds 6144/,
    );
  });

  test("join the streams of one key into one statement", async () => {
    const config = {
      connections: { aws: { use: aws, region: "eu-west-1" } },
      channels: {
        "*": { on: "aws", model: "stream", native: { kmsKey: KEY }, groups: { pages: {} } },
        clicks: {},
        sorted: {},
      },
    };
    const { publisher } = await make(config, { publishes: [clicks, sorted] });
    expect(statementsOf(publisher, "Kms")).toEqual([
      {
        Sid: "KmsSend",
        Effect: "Allow",
        Action: ["kms:GenerateDataKey"],
        Resource: [KEY],
        Condition: {
          StringEquals: {
            "kms:EncryptionContext:aws:kinesis:arn": [
              `arn:aws:kinesis:eu-west-1:${ACCOUNT}:stream/prod_clicks`,
              `arn:aws:kinesis:eu-west-1:${ACCOUNT}:stream/prod_sorted`,
            ],
            "kms:ViaService": ["kinesis.eu-west-1.amazonaws.com"],
          },
        },
      },
    ]);
  });
});

describe("roles", () => {
  const config = {
    connections: { aws: { use: aws, region: "eu-west-1", accountId: ACCOUNT } },
    channels: { orders: { model: "pubsub", on: "aws", groups: { billing: {}, shipping: {} } } },
  };

  test("publishing to a topic gives nothing on its queues, and consuming nothing on the topic", async () => {
    const { publisher, consumer } = await make(config, { publishes: [orders], consumes: [of(orders, "billing")] });
    expect(actionsOf(publisher)).toEqual(["sns:GetTopicAttributes", "sns:Publish"]);
    expect(resourcesOf(consumer)).toEqual([
      `arn:aws:sqs:eu-west-1:${ACCOUNT}:prod_orders_billing`,
      `arn:aws:sqs:eu-west-1:${ACCOUNT}:prod_orders_billing_dead`,
    ]);
  });

  test("people look after the groups that are consumed, and after all groups of the channels that are named", async () => {
    const own = await make(config, { consumes: [of(orders, "billing")] });
    expect(JSON.stringify(own.operator)).not.toContain("shipping");
    const whole = await make(config, { consumes: [of(orders, "billing")], channels: [orders] });
    expect(JSON.stringify(whole.operator)).toContain("prod_orders_shipping_dead");
    expect(JSON.stringify(whole.consumer)).not.toContain("shipping");
    // `plan()` compares the whole channel.
    expect(JSON.stringify(own.viewer)).toContain("prod_orders_shipping");
  });

  test("dead letters that go to another channel are sent to its connection", async () => {
    const elsewhere = {
      connections: { aws: { use: aws, region: "eu-west-1" }, far: { use: sqs, region: "us-east-1" } },
      channels: {
        jobs: { on: "aws", policy: "elsewhere", ...queue({ native: { kmsKey: KEY } }) },
        orders: { on: "far", ...queue() },
      },
      policies: { elsewhere: { deadLetter: { channel: "orders" } } },
    };
    const { consumer } = await make(elsewhere, { consumes: [of(jobs, "work")], channels: [orders] });
    expect(statementsOf(consumer, "SqsSend")).toMatchObject([
      { Resource: [`arn:aws:sqs:us-east-1:${ACCOUNT}:prod_orders_work`] },
    ]);
    // The key of the source is not that of another channel.
    expect(statementsOf(consumer, "Kms")).toMatchObject([{ Action: ["kms:Decrypt"] }]);
  });

  test("a group or channel that only another profile lists has no rights in this one", async () => {
    const profiled = {
      ...config,
      channels: { orders: { model: "pubsub", on: "aws", groups: { billing: {} } } },
      profiles: { big: { channels: { orders: { groups: { shipping: {} } }, jobs: { on: "aws", ...queue() } } } },
    };
    const given = { publishes: [orders, jobs], consumes: [of(orders, "billing"), of(orders, "shipping")] };
    const small = await make(profiled, given);
    expect(JSON.stringify(small)).not.toMatch(/shipping|jobs/);
    const big = await make(profiled, { ...given, profile: "big" });
    expect(JSON.stringify(big.consumer)).toContain("shipping");
    expect(JSON.stringify(big.publisher)).toContain("prod_jobs_work");
  });

  test("only where CloudWatch is asked for the oldest age may a viewer read its metrics", async () => {
    const given = { consumes: [of(jobs, "work")] };
    const [without, asking] = await Promise.all([onAws(queue(), given), onAws(queue(), given, { cloudWatch: true })]);
    expect(JSON.stringify(without)).not.toContain("cloudwatch");
    for (const role of [asking.viewer, asking.operator])
      expect(actionsOf(role)).toContain("cloudwatch:GetMetricStatistics");
    expect(actionsOf(asking.consumer)).not.toContain("cloudwatch:GetMetricStatistics");
  });

  test("with provision: verify a service plans, and with auto the result says what it lacks", async () => {
    const verify = await onAws(queue(), {}, { provision: "verify" });
    expect(actionsOf(verify.publisher)).not.toContain("sqs:CreateQueue");
    expect(resourcesOf(verify.publisher)).toContain(`arn:aws:sqs:eu-west-1:${ACCOUNT}:prod_jobs_work_dead`);
    const auto = await onAws(queue(), {}, { provision: "auto" });
    expect(actionsOf(auto.publisher)).not.toContain("sqs:CreateQueue");
    expect(auto.warnings).toContainEqual(expect.stringContaining('"aws" has provision: auto'));
  });
});

describe("ARNs", () => {
  test.each([
    ["eu-west-1", undefined, "aws", ["sqs.eu-west-1.amazonaws.com"]],
    ["cn-north-1", undefined, "aws-cn", ["sqs.cn-north-1.amazonaws.com", "sqs.cn-north-1.amazonaws.com.cn"]],
    ["us-gov-west-1", "aws-us-gov", "aws-us-gov", ["sqs.us-gov-west-1.amazonaws.com"]],
    ["us-iso-east-1", undefined, "aws-iso", ["sqs.us-iso-east-1.amazonaws.com", "sqs.us-iso-east-1.c2s.ic.gov"]],
    ["xx-new-1", "aws-new", "aws-new", ["sqs.xx-new-1.amazonaws.com"]],
  ])("of %s with partition %s are of %s", async (region, partition, expected, hosts) => {
    const { publisher } = await onAws(
      queue({ native: { kmsKey: "mrk-11111111111111111111111111111111" } }),
      { partition },
      { region },
    );
    expect(resourcesOf(publisher)).toEqual([
      `arn:${expected}:kms:${region}:${ACCOUNT}:key/mrk-11111111111111111111111111111111`,
      `arn:${expected}:sqs:${region}:${ACCOUNT}:prod_jobs_work`,
    ]);
    expect(statementsOf(publisher, "Kms")[0]!.Condition).toEqual({ StringEquals: { "kms:ViaService": hosts } });
  });

  test.each([
    ["cn-north-1", "aws"],
    ["eu-west-1", "aws-cn"],
    ["us-gov-west-1", "aws-cn"],
  ])("a region %s that is not of the partition %s is refused", async (region, partition) => {
    await expect(onAws(queue(), { partition }, { region })).rejects.toMatchObject({
      code: "bad-option",
      message: expect.stringContaining(`${region} is a region of the partition`),
    });
  });

  test("of a queue given by name, URL and ARN, in an account of its own or not", async () => {
    const publisher = async (address: string, more = {}) => (await onAws(queue({ address }), {}, more)).publisher;
    const [named, byUrl, byArn] = await Promise.all([
      publisher("imported", { accountId: OTHER }),
      publisher(`https://sqs.eu-west-1.amazonaws.com/${OTHER}/imported`),
      publisher(`arn:aws:sqs:eu-west-1:${OTHER}:imported`),
    ]);
    for (const one of [named, byUrl, byArn])
      expect(resourcesOf(one)).toEqual([`arn:aws:sqs:eu-west-1:${OTHER}:imported`]);
    expect(actionsOf(byArn)).toContain("sqs:GetQueueUrl");
    expect(actionsOf(byUrl)).not.toContain("sqs:GetQueueUrl");
  });

  test("a queue, a topic and a stream of another account need their owner as well: the result has what to give to it", async () => {
    const address = (service: string, name: string) => `arn:aws:${service}:eu-west-1:${OTHER}:${name}`;
    const config = {
      connections: { aws: { use: aws, region: "eu-west-1" } },
      channels: {
        jobs: {
          on: "aws",
          ...queue({ address: address("sqs", "jobs"), native: { kmsKey: address("kms", "key/abc") } }),
        },
        orders: { on: "aws", model: "pubsub", address: address("sns", "orders"), groups: { billing: {} } },
        clicks: { on: "aws", model: "stream", address: address("kinesis", "stream/clicks"), groups: { pages: {} } },
      },
    };
    const { publisher, resources } = await make(config, { publishes: [jobs, orders, clicks] });
    const us: Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
    const context = { "kms:ViaService": "sqs.eu-west-1.amazonaws.com" };
    const asked: [string, string][] = [
      ["sqs:SendMessage", address("sqs", "jobs")],
      ["kms:GenerateDataKey", address("kms", "key/abc")],
      ["sns:Publish", address("sns", "orders")],
      ["kinesis:PutRecords", address("kinesis", "stream/clicks")],
    ];
    for (const [action, resource] of asked) {
      const { document } = resources.find(({ arn }) => arn === resource)!;
      expect(isAllowed({ action, resource, context }, publisher), action).toBe(true);
      expect(isAllowedBy(document, { action, resource, context }, us), action).toBe(true);
      expect(isAllowedBy(document, { action, resource, context }, { AWS: `arn:aws:iam::${OTHER}:root` }), action).toBe(
        false,
      );
      expect(isAllowedBy(document, { action: action.replace(/:.*/, ":Other"), resource, context }, us)).toBe(false);
    }
    // What AWS refuses in such a policy, or in any for another account.
    expect(JSON.stringify(resources)).not.toMatch(/Create|DeleteQueue|SetQueue|Tag|SubscriptionAttributes|Register/);
  });

  test("queues of another account by accountId are made by its own roles: the result says so", async () => {
    const { provisioner, resources, warnings } = await onAws(queue(), {}, { accountId: OTHER });
    const arn = `arn:aws:sqs:eu-west-1:${OTHER}:prod_jobs_work`;
    expect(actionsOf(provisioner)).toContain("sqs:CreateQueue");
    expect(warnings).toContain(
      `${arn} is of another account, which cannot allow yours sqs:CreateQueue, sqs:SetQueueAttributes: a role of its own account must make and change it`,
    );
    expect(resources.find((one) => one.arn === arn)!.document.Statement).toMatchObject([
      { Action: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"] },
    ]);
    const alias = await onAws(queue({ native: { kmsKey: `arn:aws:kms:eu-west-1:${OTHER}:alias/jobs` } }));
    expect(alias.warnings).toContainEqual(
      expect.stringContaining(`arn:aws:kms:eu-west-1:${OTHER}:key/* is of another account`),
    );
  });

  test("without an account are of the connection's, which is then nobody else's", async () => {
    const { publisher, resources, warnings } = await onAws(queue(), { account: undefined }, { accountId: OTHER });
    expect(resourcesOf(publisher)).toEqual([`arn:aws:sqs:eu-west-1:${OTHER}:prod_jobs_work`]);
    expect([resources, warnings]).toEqual([[], []]);
  });

  test("a group of a lease table elsewhere", async () => {
    const stream = { model: "stream", groups: { pages: {} } };
    const consumes = [of(jobs, "pages")];
    const tables = async (leases: object) => {
      const { consumer } = await onAws(stream, { consumes }, { kinesis: { leases } });
      return resourcesOf(consumer).filter((arn) => arn.includes(":dynamodb:"));
    };
    expect(await tables({ store: "dynamodb", region: "us-east-1" })).toEqual([
      `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/prod_jobs_pages`,
    ]);
    expect(await tables({ store: "dynamodb", table: "kcl" })).toEqual([
      `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/kcl`,
    ]);
    const whole = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/kcl`;
    expect(await tables({ store: "dynamodb", table: whole })).toEqual([whole]);
    expect(await tables({ store: "memory" })).toEqual([]);
    await expect(tables({ store: "dynamodb", table: "kcl*" })).rejects.toMatchObject({ code: "bad-option" });
  });
});

describe("keys", () => {
  const kms = async (kmsKey: string) =>
    statementsOf((await onAws(queue({ native: { kmsKey } }), { consumes: [of(jobs, "work")] })).consumer, "KmsReceive");

  test("that AWS manages need no right", async () => {
    expect(await kms("alias/aws/sqs")).toEqual([]);
    expect(await kms(`arn:aws:kms:eu-west-1:${ACCOUNT}:alias/aws/sqs`)).toEqual([]);
  });

  test("by alias are a condition on the keys of the account", async () => {
    expect(await kms("alias/jobs")).toMatchObject([
      {
        Resource: [`arn:aws:kms:eu-west-1:${ACCOUNT}:key/*`],
        Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": ["alias/jobs"] } },
      },
    ]);
    expect(await kms(`arn:aws:kms:eu-west-1:${OTHER}:alias/jobs`)).toMatchObject([
      { Resource: [`arn:aws:kms:eu-west-1:${OTHER}:key/*`] },
    ]);
  });

  test.each(["arn:aws:kms:*:*:key/*", `arn:aws:kms:eu-west-1:${ACCOUNT}:key/*`, "arn:aws:kms:eu-west-1:1:key/abc"])(
    "that could be any key are refused: %s",
    async (kmsKey) => {
      await expect(kms(kmsKey)).rejects.toMatchObject({
        code: "bad-option",
        message: expect.stringContaining("native.kmsKey"),
      });
    },
  );

  test("of a queue are those of its dead letters, and a stream's are not", async () => {
    const { consumer } = await all();
    const sends = consumer!.Statement.filter(
      ({ Sid, Action }) => Sid.startsWith("Kms") && Action.includes("kms:GenerateDataKey"),
    );
    expect(sends.map(({ Condition }) => Object.values(Condition!["StringEquals"]!).flat())).toEqual([
      ["sqs.eu-west-1.amazonaws.com"],
      ["sqs.eu-west-1.amazonaws.com"],
    ]);
    expect(JSON.stringify(sends)).not.toContain("kinesis");
  });
});

describe("policies of resources", () => {
  const queueArn = `arn:aws:sqs:eu-west-1:${ACCOUNT}:prod_jobs_work`;
  const topicArn = `arn:aws:sns:eu-west-1:${ACCOUNT}:prod_orders`;
  const billing = `arn:aws:sqs:eu-west-1:${ACCOUNT}:prod_orders_billing`;
  const send = (resource: string, context: Request["context"]): Request => ({
    action: "sqs:SendMessage",
    resource,
    context,
  });
  const from = (arn: string, account = ACCOUNT) => ({ "aws:SourceArn": arn, "aws:SourceAccount": account });
  const rule = (name: string, account = ACCOUNT) => `arn:aws:events:eu-west-1:${account}:rule/${name}`;

  /** Each is allowed. */
  const allowed: readonly (readonly [what: string, arn: string, Request, Principal])[] = [
    [
      "SNS to SQS",
      queueArn,
      send(queueArn, from(`arn:aws:sns:eu-west-1:${ACCOUNT}:news`)),
      { Service: "sns.amazonaws.com" },
    ],
    ["S3 to SQS", queueArn, send(queueArn, from("arn:aws:s3:::own-bucket")), { Service: "s3.amazonaws.com" }],
    [
      "S3 of another account to SQS",
      queueArn,
      send(queueArn, from("arn:aws:s3:::their-bucket", OTHER)),
      { Service: "s3.amazonaws.com" },
    ],
    ["EventBridge to SQS", queueArn, send(queueArn, from(rule("nightly"))), { Service: "events.amazonaws.com" }],
    [
      "EventBridge's own bus to SQS",
      queueArn,
      send(queueArn, from(rule("bus/daily"))),
      { Service: "events.amazonaws.com" },
    ],
    ["another account to SQS", queueArn, send(queueArn, {}), { AWS: `arn:aws:iam::${OTHER}:root` }],
    ["another account's role to SQS", queueArn, send(queueArn, {}), { AWS: `arn:aws:iam::${OTHER}:role/sender` }],
    [
      "another account from SQS",
      queueArn,
      { ...send(queueArn, {}), action: "sqs:ReceiveMessage" },
      { AWS: `arn:aws:iam::${OTHER}:root` },
    ],
    ["our topic to a group's queue", billing, send(billing, from(topicArn)), { Service: "sns.amazonaws.com" }],
    [
      "our topic to a group's dead letters",
      `${billing}_dead`,
      send(`${billing}_dead`, from(topicArn)),
      { Service: "sns.amazonaws.com" },
    ],
    ["another account to SNS", topicArn, { action: "sns:Publish", resource: topicArn, context: {} }, { AWS: OTHER }],
    [
      "SNS to a queue's key",
      KEY,
      { action: "kms:GenerateDataKey", resource: KEY, context: from(topicArn) },
      { Service: "sns.amazonaws.com" },
    ],
  ];

  test.each(allowed)("%s: allowed, and needs its statement", async (_, arn, request, principal) => {
    const { document } = (await all()).resources.find((one) => one.arn === arn)!;
    expect(isAllowedBy(document, request, principal)).toBe(true);
    const without = document.Statement.filter(
      (one) => !isAllowedBy({ ...document, Statement: [one] }, request, principal),
    );
    expect(isAllowedBy({ ...document, Statement: without }, request, principal)).toBe(false);
    // The statement that allows it allows no other sender, resource or action.
    const others: readonly (readonly [Request, Principal])[] = [
      [{ ...request, action: request.action.replace(/:.*/, ":Other") }, principal],
      [{ ...request, context: from("arn:aws:s3:::some-bucket", "999999999999") }, { Service: "s3.amazonaws.com" }],
      [
        { ...request, context: from(rule("nightly", "999999999999"), "999999999999") },
        { Service: "events.amazonaws.com" },
      ],
      [
        { ...request, context: from(`arn:aws:sns:eu-west-1:999999999999:news`, "999999999999") },
        { Service: "sns.amazonaws.com" },
      ],
      [request, { Service: "lambda.amazonaws.com" }],
      [request, { AWS: "arn:aws:iam::999999999999:root" }],
      [request, { AWS: "*" }],
    ];
    for (const [other, who] of others)
      expect(isAllowedBy(document, other, who), JSON.stringify([other, who])).toBe(false);
    if (!arn.includes(":kms:"))
      expect(isAllowedBy(document, { ...request, resource: `${arn}x` }, principal)).toBe(false);
  });

  test("a bucket's name in another account is refused, and so is a rule of no name", async () => {
    const { document } = (await all()).resources.find((one) => one.arn === queueArn)!;
    const stolen = send(queueArn, from("arn:aws:s3:::their-bucket", ACCOUNT));
    expect(isAllowedBy(document, stolen, { Service: "s3.amazonaws.com" })).toBe(false);
    for (const entry of [
      `arn:aws:events:eu-west-1:${ACCOUNT}:rule/`,
      `arn:aws:events:eu-west-1:${ACCOUNT}:rule/*`,
      `arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/x`,
    ])
      await expect(onAws(queue({ native: { access: { send: [entry] } } }))).rejects.toMatchObject({
        code: "invalid-config",
      });
  });

  test("the key of an alias is named by the alias, with everyone who sends to the queue", async () => {
    const { document } = (await all()).resources.find(({ arn }) => arn.endsWith(":alias/jobs"))!;
    expect(document.Statement.map(({ Principal: who }) => who)).toEqual([
      { Service: "sns.amazonaws.com" },
      { Service: "events.amazonaws.com" },
      { Service: "s3.amazonaws.com" },
      { Service: "s3.amazonaws.com" },
    ]);
  });
});

describe("what is not known is told", () => {
  test("an adapter that does not say its rights", async () => {
    const { rights: _, ...silent } = memory;
    const { publisher, warnings } = await make(
      {
        connections: { acme: { use: { ...silent, name: "acme" } as Adapter } },
        channels: { jobs: { on: "acme", ...queue() } },
      },
      { publishes: [jobs], account: undefined },
    );
    expect(publisher).toBeUndefined();
    expect(warnings).toEqual(['"acme" (acme) does not say which rights its calls need; grant them by hand']);
  });

  test("memory needs none", async () => {
    const result = await make(
      { channels: { jobs: { on: "memory", ...queue() } } },
      { publishes: [jobs], consumes: [of(jobs, "work")], account: undefined },
    );
    expect(result).toMatchObject({ resources: [], rabbitmq: [], warnings: [] });
  });

  test("the key of a queue, topic or stream that is given by address", async () => {
    const { warnings } = await onAws(queue({ address: "imported" }));
    expect(warnings).toEqual([
      expect.stringContaining("jobs: the queue imported is given by address, so its encryption is not known"),
    ]);
    expect((await onAws(queue({ address: "imported", native: { kmsKey: KEY } }))).warnings).toEqual([]);
    const topic = await onAws({ model: "pubsub", address: "imported", groups: { work: {} } });
    expect(topic.warnings).toContainEqual(expect.stringContaining("jobs: the topic imported is given by address"));
    const stream = await onAws({ model: "stream", address: "imported", groups: { work: {} } });
    expect(stream.warnings).toContainEqual(expect.stringContaining("jobs: the stream imported is given by address"));
  });

  test("the table of a lease store of one's own", async () => {
    const leases = { store: "custom", create: () => ({}) };
    const { warnings } = await onAws(
      { model: "stream", groups: { work: {} } },
      { consumes: [of(jobs, "work")] },
      { kinesis: { leases } },
    );
    expect(warnings).toContainEqual(expect.stringContaining("a lease store of your own"));
  });

  test("that reading a stream's depth reads the stream", async () => {
    const { warnings } = await onAws({ model: "stream", groups: { work: {} } }, { consumes: [of(jobs, "work")] });
    expect(warnings).toContainEqual(expect.stringContaining("depth() reads one record"));
  });

  test("without a value of the environment that may be secret", async () => {
    const { warnings } = await onAws(queue({ address: "${QUEUE}" }), { env: { QUEUE: "hidden-queue-name" } });
    expect(warnings.join()).toContain("the queue");
    expect(warnings.join()).not.toContain("hidden-queue-name");
  });
});

describe("bad input", () => {
  const refused = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.catch((cause: unknown) => cause);
    expect(isMessagingError(error)).toBe(true);
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  };
  const config = {
    connections: { aws: { use: aws, region: "eu-west-1" } },
    channels: { jobs: { on: "aws", ...queue() } },
  };
  const given = {
    service: "billing",
    config: { prefix: "prod", ...config },
    env: {},
    account: ACCOUNT,
    publishes: [jobs],
  };

  test.each([
    [{ account: undefined }, "bad-option: account: give policies({ account }) the 12 digits"],
    [{ account: "1234" }, "bad-option: account: "],
    [{ account: "*" }, "bad-option: account: "],
    [{ service: "" }, "bad-option: policies({ service })"],
    [{ publishes: ["jobs"] }, "bad-option: policies({ publishes })"],
    [{ channels: {} }, "bad-option: policies({ channels })"],
    [{ consumes: [jobs] }, "bad-option: policies({ consumes })"],
    [{ publishes: [] }, "bad-option: policies(): give publishes, consumes or channels"],
    [{ publishes: [orders] }, "invalid-config: "],
    [{ partition: "aws:*" }, "bad-option: partition: "],
  ])("%j is refused", async (more, text) => {
    expect(await refused(policies({ ...given, ...more } as never))).toContain(text);
  });

  test("without a region, which comes from the connection, the option, or AWS_REGION", async () => {
    const bare = { ...given, config: { prefix: "prod", ...config, connections: { aws: { use: aws } } } };
    expect(await refused(policies(bare))).toContain("bad-option: region: unknown; set it on the connection");
    expect(await refused(policies({ ...bare, region: "*" }))).toContain('region: "*" is not a region');
    const regionOf = async (more: object) =>
      (await policies({ ...bare, ...more })).publisher!.Statement[0]!.Resource[0];
    expect(await regionOf({ region: "us-east-1" })).toContain(":us-east-1:");
    expect(await regionOf({ env: { AWS_REGION: "us-east-2" } })).toContain(":us-east-2:");
    expect(await regionOf({ config: given.config, region: "us-east-1" })).toContain(":eu-west-1:");
    const client = { send: async () => ({}), config: { region: async () => "us-west-2" } };
    const coded = { prefix: "prod", ...config, connections: { aws: { use: sqs, client } } };
    expect(await regionOf({ config: coded, region: "us-east-1" })).toContain(":us-west-2:");
  });
});

describe("RabbitMQ", () => {
  const rabbit = (
    channels: object,
    more: object = {},
    url: string | string[] = "amqps://user:secret-password@host/orders",
  ) =>
    make({ connections: { rabbit: { use: amqp, url, leases: "memory" } }, channels }, { account: undefined, ...more });
  const permissions = ({ rabbitmq }: Policies, role: string) => rabbitmq.filter((one) => one.role === role);

  test("a publisher to a topic may write to its exchange and to nothing else", async () => {
    const result = await rabbit(
      { orders: { model: "pubsub", on: "rabbit", groups: { billing: {} } } },
      { publishes: [orders] },
    );
    expect(permissions(result, "publisher")).toEqual([
      {
        role: "publisher",
        connection: "rabbit",
        vhost: "orders",
        configure: "^$",
        write: "^(prod_orders)$",
        read: "^$",
      },
    ]);
    expect(result.warnings.filter((text) => text.includes("default exchange"))).toEqual([]);
    expect(JSON.stringify(result)).not.toContain("secret-password");
  });

  test("a publisher to an ordered queue may write to its exchange, and one to a plain queue to all: the result says so", async () => {
    const result = await rabbit({ sorted: { on: "rabbit", partitions: 2, ...queue() } }, { publishes: [sorted] });
    expect(permissions(result, "publisher")[0]!.write).toBe("^(prod_sorted_work)$");
    expect(result.warnings.filter((text) => text.includes("default exchange"))).toEqual([]);
    const plain = await rabbit({ jobs: { on: "rabbit", ...queue() } }, { publishes: [jobs] });
    expect(permissions(plain, "publisher")[0]!.write).toContain("amq\\.default");
    expect(plain.warnings).toContainEqual(expect.stringContaining('virtual host "orders"'));
  });

  test("names are matched whole, and letter for letter", async () => {
    const address = "a.b+(c)|d";
    const result = await rabbit({ jobs: { on: "rabbit", ...queue({ address }) } }, { consumes: [of(jobs, "work")] });
    const read = new RegExp(permissions(result, "consumer")[0]!.read);
    expect(read.test(address)).toBe(true);
    for (const other of ["axb+(c)|d", `${address}2`, `x${address}`, "d", "a.b"])
      expect(read.test(other), other).toBe(false);
  });

  test.each([
    ["amqps://user:p@host", "/"],
    ["amqps://user:p@host/", "/"],
    ["amqps://user:p@host/%2Fdeep%2Fer", "/deep/er"],
  ])("the virtual host of %s is %s", async (url, vhost) => {
    const result = await rabbit(
      { orders: { model: "pubsub", on: "rabbit", groups: { billing: {} } } },
      { publishes: [orders] },
      url,
    );
    expect(result.rabbitmq.map((one) => one.vhost)).toEqual([vhost, vhost]);
  });

  test("a viewer may not declare, so it does not plan", async () => {
    const result = await rabbit({ jobs: { on: "rabbit", ...queue() } }, { consumes: [of(jobs, "work")] });
    expect(permissions(result, "viewer")).toEqual([]);
    expect(permissions(result, "provisioner")[0]!.configure).toContain("prod_jobs_work_dead");
    expect(result.warnings).toContainEqual(expect.stringContaining("the viewer has depth() alone"));
  });
});

test("a process that does not call policies() loads nothing of it", () => {
  const core = reach(join(root, "packages/core/src/index.ts"), { dynamic: false });
  expect(core.files.filter((file) => file.includes(join("core", "src", "policies") + sep))).toEqual([]);
  const names = globSync("*/src/rights.ts", { cwd: join(root, "packages") }).map((file) => file.split(sep)[0]!);
  expect(names).toEqual(expect.arrayContaining(["amqp", "aws", "claim-check", "kinesis", "sns", "sqs"]));
  for (const name of names) {
    const { files, packages } = reach(join(root, "packages", name, "src/index.ts"), { dynamic: false });
    expect(
      files.filter((file) => file.endsWith(`${sep}rights.ts`)),
      name,
    ).toEqual([]);
    expect(
      [...packages].filter((one) => one.endsWith("/rights")),
      name,
    ).toEqual([]);
  }
});

describe("the evaluator", () => {
  const statement = (more: object) =>
    ({
      Version: "2012-10-17",
      Statement: [{ Sid: "A", Effect: "Allow", Action: ["sqs:Send*"], Resource: ["arn:aws:sqs:r:1:a?c*"], ...more }],
    }) as PolicyDocument;
  const request: Request = {
    action: "sqs:SendMessage",
    resource: "arn:aws:sqs:r:1:abc",
    context: { one: "x", many: ["a", "b"] },
  };

  test.each([
    [{}, true],
    [{ Action: "SQS:sendmessage" }, true],
    [{ Action: ["sqs:SendMessages"] }, false],
    [{ Resource: ["arn:aws:sqs:r:1:ac"] }, false],
    [{ Effect: "Deny" }, false],
    [{ Condition: { StringEquals: { ONE: "x" } } }, true],
    [{ Condition: { StringEquals: { one: ["y", "x"] } } }, true],
    [{ Condition: { StringEquals: { one: "x*" } } }, false],
    [{ Condition: { StringLike: { one: "?" } } }, true],
    [{ Condition: { StringEquals: { absent: "x" } } }, false],
    [{ Condition: { Null: { absent: "true" } } }, true],
    [{ Condition: { Null: { one: ["true"] } } }, false],
    [{ Condition: { StringEquals: { one: "x" }, StringLike: { one: "y" } } }, false],
    [{ Condition: { "ForAnyValue:StringEquals": { many: "b" } } }, true],
    [{ Condition: { "ForAnyValue:StringEquals": { absent: "b" } } }, false],
    [{ Condition: { "ForAllValues:StringEquals": { many: ["a", "b", "c"] } } }, true],
    [{ Condition: { "ForAllValues:StringEquals": { many: ["a"] } } }, false],
    [{ Condition: { "ForAllValues:StringEquals": { absent: ["a"] } } }, true],
  ])("%j", (more, allowed) => {
    expect(isAllowed(request, statement(more))).toBe(allowed);
  });

  test("a deny wins, ARNs are compared part by part, and an unknown operator is an error", () => {
    expect(isAllowed(request, statement({}), statement({ Effect: "Deny", Action: "*" }))).toBe(false);
    const arn = (pattern: string) => statement({ Condition: { ArnLike: { one: pattern } } });
    const from = (one: string) => ({ ...request, context: { one } });
    expect(isAllowed(from("arn:aws:sns:r:1:topic:id"), arn("arn:aws:sns:*:1:topic*"))).toBe(true);
    expect(isAllowed(from("arn:aws:sns:r:1:2:1:topic"), arn("arn:aws:sns:*:1:topic"))).toBe(false);
    expect(() => isAllowed(request, statement({ Condition: { Bool: { one: "true" } } }))).toThrow("Bool");
  });

  test("each action on each resource is a grain, and each of several values of a condition", () => {
    const document = statement({
      Action: ["sqs:A", "sqs:B"],
      Resource: ["r1", "r2"],
      Condition: { StringEquals: { one: ["x", "y"], two: "z" } },
    });
    const all = grainsOf(document);
    expect(all).toHaveLength(4 + 4 * 2);
    const ask: Request = { action: "sqs:A", resource: "r1", context: { one: "x", two: "z" } };
    expect(isAllowed(ask, document)).toBe(true);
    expect(all.filter(({ rest }) => !isAllowed(ask, rest)).map(({ what }) => what)).toEqual([
      "sqs:A on r1",
      "sqs:A on r1 where one is x",
    ]);
  });
});

describe("a claim check", () => {
  const claimCheck = { store: "s3", bucket: "acme-msgs", prefix: "p/28d", owner: ACCOUNT };
  const s3 = (document: PolicyDocument | undefined) =>
    statementsOf(document, "S3").map(({ Action, Resource, Condition }) => [Action, Resource, Condition]);
  const config = (claimed: object = claimCheck, more: object = {}) => ({
    connections: { aws: { use: aws, region: "eu-west-1" } },
    channels: {
      jobs: { ...queue(), on: "aws", claimCheck: claimed, ...more },
      orders: { ...queue(), on: "aws", claimCheck: claimed },
    },
    policies: { "to-orders": { deadLetter: { channel: "orders" } } },
  });
  const extensions = [claims];

  test("gives each role what it does with the bucket, for its own channels only", async () => {
    const found = await make(config(), { publishes: [jobs], consumes: [of(orders, "work")], extensions });
    expect(s3(found.publisher)).toEqual([[["s3:PutObject"], ["arn:aws:s3:::acme-msgs/p/28d/jobs/*"], undefined]]);
    expect(s3(found.consumer)).toEqual([
      [["s3:ListBucket"], ["arn:aws:s3:::acme-msgs"], { StringLike: { "s3:prefix": ["p/28d/orders/*"] } }],
      [["s3:GetObject"], ["arn:aws:s3:::acme-msgs/p/28d/orders/*"], undefined],
    ]);
    expect(actionsOf(found.operator).filter((action) => action.startsWith("s3"))).toEqual([
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
    ]);
    expect(actionsOf(found.provisioner).filter((action) => action.startsWith("s3"))).toEqual([
      "s3:GetLifecycleConfiguration",
      "s3:ListBucket",
      "s3:PutLifecycleConfiguration",
    ]);
    expect(found.warnings).toContainEqual(expect.stringContaining("kms:GenerateDataKey"));
    for (const role of ["publisher", "consumer", "viewer", "operator", "provisioner"] as const) {
      expect(actionsOf(found[role])).not.toContain("s3:DeleteObject");
      expect(await unknownTo(found[role]!), role).toEqual([]);
    }
  });

  test("lets a channel that takes dead letters read the objects of their channel", async () => {
    const found = await make(config(claimCheck, { policy: "to-orders" }), {
      consumes: [of(orders, "work")],
      channels: [jobs],
      extensions,
    });
    expect(resourcesOf(found.consumer).filter((arn) => arn.includes("acme-msgs/"))).toEqual([
      "arn:aws:s3:::acme-msgs/p/28d/jobs/*",
      "arn:aws:s3:::acme-msgs/p/28d/orders/*",
    ]);
  });

  test("in memory needs nothing", async () => {
    const found = await make(config({ store: "memory" }), {
      publishes: [jobs],
      consumes: [of(orders, "work")],
      extensions,
    });
    expect([found.publisher, found.consumer, found.provisioner].flatMap(s3)).toEqual([]);
  });
});

describe("encryption", () => {
  const asked: object[] = [];
  const keys = {
    kind: "keys",
    names: ["vault"],
    options: z.looseObject({ use: z.literal("vault") }),
    open: () => Promise.reject(new Error("policies() opens nothing")),
    rights: async () => ({
      needed: (call: string, { channel: name, context, contexts }: CipherOptions) => {
        asked.push({ call, name, context, contexts });
        const condition = { StringEquals: { "kms:EncryptionContext:channel": call === "read" ? contexts : [context] } };
        const action = call === "read" ? "kms:Decrypt" : "kms:GenerateDataKey";
        return { rights: [{ kind: "iam", action, resource: KEY, condition }], warnings: ["from the keys"] };
      },
    }),
  } as unknown as KeysExtension;
  const config = (policy = "parked") => ({
    keys: { orders: { use: "vault" } },
    connections: { aws: { use: aws, region: "eu-west-1" } },
    channels: {
      jobs: { on: "aws", ...queue({ encrypt: { keys: "orders", context: "work" } }), policy },
      orders: { on: "aws", ...queue({ encrypt: { keys: "orders" } }), policy: "skipped" },
    },
    policies: {
      parked: { deadLetter: true },
      skipped: { deadLetter: "skip" },
      "to-orders": { deadLetter: { channel: "orders" } },
    },
  });
  const kms = (document: PolicyDocument | undefined) =>
    statementsOf(document, "Kms").map(({ Sid, Action, Condition }) => [
      Sid,
      Action,
      Condition!["StringEquals"]!["kms:EncryptionContext:channel"],
    ]);

  test("gives publishers the key to write, consumers those to read, and a text for dead letters, in their contexts", async () => {
    const given = { publishes: [jobs], consumes: [of(jobs, "work"), of(orders, "work")], extensions: [keys] };
    const found = await make(config(), given);
    expect(kms(found.publisher)).toEqual([["KmsWrite", ["kms:GenerateDataKey"], ["work"]]]);
    expect(kms(found.consumer)).toEqual([
      ["KmsRead", ["kms:Decrypt"], ["orders"]],
      ["KmsReadSeal", ["kms:Decrypt", "kms:GenerateDataKey"], ["work"]],
    ]);
    expect(kms(found.operator)).toEqual([["KmsRead", ["kms:Decrypt"], ["orders", "work"]]]);
    expect([...kms(found.viewer), ...kms(found.provisioner)]).toEqual([]);
    expect(found.warnings).toContain("from the keys");
  });

  test("lets a channel that takes dead letters read in the context that they come from", async () => {
    asked.length = 0;
    await make(config("to-orders"), { consumes: [of(orders, "work")], channels: [jobs], extensions: [keys] });
    expect(asked[0]).toEqual({ call: "read", name: "orders", context: "orders", contexts: ["orders", "work"] });
  });

  test("by keys that do not say their rights is told", async () => {
    const { rights: _, ...silent } = keys;
    const found = await make(config(), { publishes: [jobs], extensions: [silent] });
    expect(found.warnings).toContain("keys.orders does not say which rights its calls need; grant them by hand");
  });
});

describe("encryption with keys of KMS", () => {
  const OLD = KEY.replaceAll("1111", "2222");
  const encrypted = (keys: object, more: object = {}) =>
    make(
      {
        keys: { vault: keys },
        connections: { aws: { use: aws, region: "eu-west-1" } },
        channels: { jobs: { on: "aws", ...queue({ encrypt: { keys: "vault", context: "work" } }) } },
      },
      { publishes: [jobs], consumes: [of(jobs, "work")], extensions: [encryption], ...more },
    );
  const ask = (action: string, resource: string, context: Record<string, string>): Request => ({
    action: `kms:${action}`,
    resource,
    context: {
      "kms:ResourceAliases": ["alias/vault"],
      ...Object.fromEntries(Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    },
  });
  const message = { channel: "work", type: "item" };

  test("publishers write messages, consumers read them and write only texts, all in the channel's context", async () => {
    const found = await encrypted({ use: "kms", write: KEY, read: [KEY, OLD] });
    const may = (role: "publisher" | "consumer" | "operator", ...asked: Parameters<typeof ask>) =>
      isAllowed(ask(...asked), found[role]);
    expect(may("publisher", "GenerateDataKey", KEY, message)).toBe(true);
    expect(may("publisher", "GenerateDataKey", OLD, message)).toBe(false);
    expect(may("publisher", "GenerateDataKey", KEY, { ...message, channel: "other" })).toBe(false);
    expect(may("publisher", "Decrypt", KEY, message)).toBe(false);
    expect(may("consumer", "Decrypt", KEY, message)).toBe(true);
    expect(may("consumer", "Decrypt", OLD, message)).toBe(true);
    expect(may("consumer", "Decrypt", KEY, { ...message, channel: "other" })).toBe(false);
    expect(may("consumer", "GenerateDataKey", KEY, { channel: "work" })).toBe(true);
    expect(may("consumer", "GenerateDataKey", KEY, message)).toBe(false);
    expect(may("operator", "Decrypt", OLD, { channel: "work" })).toBe(true);
    expect(may("operator", "GenerateDataKey", KEY, { channel: "work" })).toBe(false);
    for (const role of ["publisher", "consumer", "operator"] as const)
      expect(await unknownTo(found[role]!), role).toEqual([]);
  });

  test("by alias are those of the account, and keys that AWS manages are for nobody", async () => {
    const written = async (write: string) =>
      statementsOf((await encrypted({ use: "kms", write, read: [KEY] })).publisher, "Kms");
    const condition = (owner: string) => [
      {
        Sid: "KmsWrite",
        Effect: "Allow",
        Action: ["kms:GenerateDataKey"],
        Resource: [`arn:aws:kms:eu-west-1:${owner}:key/*`],
        Condition: {
          "ForAnyValue:StringEquals": { "kms:ResourceAliases": ["alias/vault"] },
          StringEquals: { "kms:EncryptionContext:channel": ["work"] },
        },
      },
    ];
    const region = { env: { AWS_REGION: "eu-west-1" } };
    const bare = await encrypted({ use: "kms", write: "alias/vault", read: [KEY] }, region);
    expect(statementsOf(bare.publisher, "Kms")).toEqual(condition(ACCOUNT));
    expect(await written(`arn:aws:kms:eu-west-1:${OTHER}:alias/vault`)).toEqual(condition(OTHER));
    expect(await written(`arn:aws:kms:eu-west-1:${ACCOUNT}:alias/aws/s3`)).toEqual([]);
  });

  test("of one's own process need no right", async () => {
    const found = await encrypted({ use: "local", keys: { a: Buffer.alloc(32, 1).toString("base64") }, write: "a" });
    expect([
      ...statementsOf(found.publisher, "Kms"),
      ...statementsOf(found.consumer, "Kms"),
      ...found.warnings,
    ]).toEqual([]);
  });
});
