/** What the configuration knows, as files of other tools: made by those tools, and then nothing is left to plan. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CelEngine, TemplateFile } from "@aws/cloudformation-validate";
import { CreateTopicCommand, SetTopicAttributesCommand, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueUrlCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { adapter as amqp } from "@switchyard/amqp";
import { adapter as aws } from "@switchyard/aws";
import { cloudFormation, rabbitDefinitions, terraform } from "@switchyard/cli";
import { channel, plan, resources } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";

const jobs = channel("jobs", { messages: { job: z.object({ n: z.int() }) } });
const orders = channel("orders", {
  messages: { placed: z.object({ order: z.string() }), paid: z.object({ order: z.string() }) },
  orderingKey: "order",
});
const news = channel("news", { messages: { told: z.object({ text: z.string() }) } });
const clicks = channel("clicks", { messages: { clicked: z.object({ page: z.string() }) }, orderingKey: "page" });

/** Every model, ordered and not, with what makes resources differ. */
const configOf = (connection: object, native: object = {}, topics: object = {}, more: object = {}) => ({
  prefix: `emit${process.pid}`,
  connections: { here: connection },
  channels: {
    jobs: { model: "queue", on: "here", groups: { work: { hold: "2m", native } } },
    orders: { model: "pubsub", on: "here", native: topics, ...more, groups: { billing: {}, mail: {} } },
    news: { model: "pubsub", on: "here", native: topics, groups: { web: {} } },
    clicks: { model: "stream", on: "here", partitions: 2, retention: "2d", groups: { sessions: {} } },
  },
  policies: { default: { retry: { attempts: 3 }, deadLetter: true } },
});

describe.skipIf(skipped)("RabbitMQ definitions", () => {
  let rabbit: Rabbit;
  let folder: string;
  beforeAll(async () => {
    rabbit = await startNode();
    folder = mkdtempSync(join(tmpdir(), "switchyard-emit-"));
  }, 180_000);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await rabbit?.close();
  }, 60_000);

  test("are imported by the broker, and then nothing is left to plan", { timeout: 120_000 }, async () => {
    const options = {
      channels: [jobs, orders, news, clicks] as any,
      adapters: [amqp],
      config: configOf({ use: "amqp", url: rabbit.url, leases: "memory" }, {}, {}, { partitions: 3 }),
    };
    const before = await plan(options);
    expect(before.changes["here"]!.length).toBeGreaterThan(10);
    const { connections } = await resources(options);
    expect(connections["here"]).toMatchObject({ adapter: "amqp", notes: [] });
    const definitions = rabbitDefinitions(connections["here"]!.resources);
    expect(JSON.stringify(definitions)).not.toMatch(/password|users|permissions/);
    const file = join(folder, "definitions.json");
    writeFileSync(file, JSON.stringify(definitions));
    await rabbit.ctl("import_definitions", file);
    expect((await plan(options)).changes).toEqual({});
  });
});

describe("AWS", () => {
  let place: Aws;
  beforeAll(async () => {
    place = await startAws();
  }, 60_000);
  afterAll(() => place?.close());

  const optionsOf = (names = ["jobs", "orders", "news"], native = {}, topics = {}) => {
    const all = [jobs, orders, news, clicks].filter(({ name }) => names.includes(name));
    const config = configOf({ use: "aws", ...place.connection }, native, topics);
    const channels = Object.fromEntries(Object.entries(config.channels).filter(([name]) => names.includes(name)));
    return { channels: all as any, adapters: [aws], config: { ...config, channels } };
  };

  test("queues, topics, subscriptions and policies made as listed leave nothing to plan", async () => {
    // No deployment tool can set it.
    const options = optionsOf(undefined, {}, { maxMessageBytes: 262_144 });
    expect(Object.values((await plan(options)).changes).flat().length).toBeGreaterThan(8);
    const { connections } = await resources(options);
    await make(place, connections["here"]!.resources);
    expect((await plan(options)).changes).toEqual({});
  });

  test("CloudFormation: what holds messages outlives the stack, and what depends is made afterwards", async () => {
    const { connections } = await resources(optionsOf(["jobs", "orders", "news", "clicks"], { tags: { team: "a" } }));
    expect(connections["here"]!.notes).toContainEqual(expect.stringContaining("cannot set the largest message"));
    const { Resources } = cloudFormation(connections["here"]!.resources, "test");
    const types = Object.values(Resources).map(({ Type }) => Type);
    expect(new Set(types)).toEqual(
      new Set([
        ...["AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::SNS::Topic", "AWS::SNS::Subscription"],
        ...["AWS::Kinesis::Stream", "AWS::DynamoDB::Table"],
      ]),
    );
    for (const { Type, DeletionPolicy } of Object.values(Resources))
      expect([Type, DeletionPolicy]).toEqual([Type, /Queue$|Topic$|Stream$|Table$/.test(Type) ? "Retain" : undefined]);
    const text = JSON.stringify(Resources);
    expect(text).not.toContain("@{");
    // Every reference leads to a resource of the template.
    for (const [, id] of text.matchAll(/"(?:Ref":|Fn::GetAtt":\[)"(\w+)"/g))
      expect(Object.keys(Resources)).toContain(id);
    const prefix = `Emit${process.pid}`;
    expect(Resources[`${prefix}JobsWorkQueue`]).toMatchObject({
      Properties: {
        RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": [`${prefix}JobsWorkDeadQueue`, "Arn"] } },
        Tags: [{ Key: "team", Value: "a" }],
      },
    });
  });

  test("CloudFormation: AWS's own validator, which knows the schemas of the resources, finds nothing wrong", async () => {
    const { connections } = await resources(optionsOf(["jobs", "orders", "news", "clicks"], { tags: { team: "a" } }));
    const made = cloudFormation(connections["here"]!.resources, "test");
    expect(Object.keys(made.Resources).length).toBeGreaterThan(12);
    const [queue] = Object.entries(made.Resources).filter(([, { Type }]) => Type === "AWS::SQS::Queue");
    const [id, its] = queue!;
    const misspelt = { ...its, Properties: { ...(its.Properties as object), VisibilityTimeOut: 30 } };
    const folder = mkdtempSync(join(tmpdir(), "switchyard-emit-"));
    const engine = new CelEngine();
    const wrongIn = (template: object): readonly string[] => {
      const file = join(folder, "template.json");
      writeFileSync(file, JSON.stringify(template));
      const { diagnostics } = engine.validateStandard(new TemplateFile(file));
      return diagnostics.filter(({ severity }) => severity !== "INFO").map(({ message }) => message);
    };
    try {
      expect(wrongIn(made)).toEqual([]);
      // It would say so.
      const wrong = wrongIn({ ...made, Resources: { ...made.Resources, [id]: misspelt } });
      expect(wrong).toEqual([expect.stringContaining("VisibilityTimeOut")]);
    } finally {
      engine.free();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);

  test("Terraform: known arguments only, references, and nothing that holds messages is destroyed", async () => {
    const { connections } = await resources(optionsOf(["jobs", "orders", "news", "clicks"]));
    const made = terraform(connections["here"]!.resources);
    for (const [type, all] of Object.entries(made.resource))
      for (const [name, its] of Object.entries(all)) {
        expect(ARGUMENTS[type], type).toBeDefined();
        for (const argument of Object.keys(its)) expect(ARGUMENTS[type], `${type}.${name}`).toContain(argument);
        if (!/policy|subscription|consumer/.test(type)) expect(its["lifecycle"]).toEqual({ prevent_destroy: true });
      }
    const text = JSON.stringify(made);
    expect(text).not.toContain("@{");
    for (const [, type, name] of text.matchAll(/\$\{(aws_\w+)\.(\w+)\.(?:arn|url)\}/g))
      expect(Object.keys(made.resource[type!] ?? {}), `${type}.${name}`).toContain(name);
  });
});

/** From the documentation of the provider hashicorp/aws 6.x, for what is emitted. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  aws_sqs_queue: [
    ...["name", "fifo_queue", "message_retention_seconds", "max_message_size", "delay_seconds", "tags"],
    ...["visibility_timeout_seconds", "sqs_managed_sse_enabled", "kms_master_key_id", "redrive_policy", "lifecycle"],
    ...["kms_data_key_reuse_period_seconds", "deduplication_scope", "fifo_throughput_limit"],
  ],
  aws_sqs_queue_policy: ["queue_url", "policy"],
  aws_sns_topic: [
    "name",
    "fifo_topic",
    "fifo_throughput_scope",
    "signature_version",
    "kms_master_key_id",
    "tags",
    "lifecycle",
  ],
  aws_sns_topic_policy: ["arn", "policy"],
  aws_sns_topic_subscription: [
    ...["topic_arn", "protocol", "endpoint", "raw_message_delivery", "filter_policy", "filter_policy_scope"],
    "redrive_policy",
  ],
  aws_kinesis_stream: [
    ...["name", "shard_count", "retention_period", "max_record_size_in_kib", "stream_mode_details"],
    ...["encryption_type", "kms_key_id", "tags", "lifecycle"],
  ],
  aws_dynamodb_table: ["name", "billing_mode", "hash_key", "attribute", "deletion_protection_enabled", "lifecycle"],
};

/** Makes listed resources by the SDK alone, in their order, as a deployment tool would. */
async function make({ client, sns, region }: Aws, all: readonly { type: string; name: string; properties: any }[]) {
  const account = "000000000000";
  const here = (value: unknown): any =>
    JSON.parse(
      JSON.stringify(value)
        .replaceAll("@{partition}", "aws")
        .replaceAll("@{region}", region)
        .replaceAll("@{account}", account),
    );
  const texts = (properties: object) =>
    Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [
        name,
        typeof value === "object" ? JSON.stringify(value) : String(value),
      ]),
    );
  for (const { type, name, properties } of all) {
    const { Tags: _, ...its } = here(properties);
    if (type === "AWS::SQS::Queue") {
      const { QueueName, ...attributes } = its;
      await client.send(new CreateQueueCommand({ QueueName, Attributes: texts(attributes) }));
    } else if (type === "AWS::SQS::QueuePolicy") {
      const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
      const Attributes = { Policy: JSON.stringify(its.PolicyDocument) };
      await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    } else if (type === "AWS::SNS::Topic") {
      const { TopicName, FifoTopic, ...attributes } = its;
      const first = FifoTopic === true ? { FifoTopic: "true" } : {};
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: TopicName, Attributes: first }));
      for (const [AttributeName, AttributeValue] of Object.entries(texts(attributes)))
        await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
    } else if (type === "AWS::SNS::Subscription") {
      const { TopicArn, Protocol, Endpoint, ...attributes } = its;
      await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes: texts(attributes) }));
    } else expect.fail(`nobody makes ${type}`);
  }
}
