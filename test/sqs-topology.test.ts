import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
} from "@aws-sdk/client-sqs";
import type { Change, Destination } from "@switchyard/core/driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deadLetterOf, never, queueOf, type Sqs, startSqs } from "./support/sqs-queues.ts";

let sqs: Sqs;
beforeAll(async () => {
  sqs = await startSqs();
});
afterAll(() => sqs.close());

const urlOf = async (of: Destination): Promise<string> =>
  (await sqs.aws.client.send(new GetQueueUrlCommand({ QueueName: `${of.name}${of.ordered ? ".fifo" : ""}` })))
    .QueueUrl!;
const attributesOf = async (of: Destination): Promise<Record<string, string>> => {
  const command = new GetQueueAttributesCommand({ QueueUrl: await urlOf(of), AttributeNames: ["All"] });
  return (await sqs.aws.client.send(command)).Attributes as Record<string, string>;
};
const setByHand = async (of: Destination, Attributes: Record<string, string>): Promise<void> => {
  await sqs.aws.client.send(new SetQueueAttributesCommand({ QueueUrl: await urlOf(of), Attributes }));
};
const planned = async (...of: Destination[]): Promise<readonly Change[]> =>
  (await sqs.topology.plan(of, never)).changes;
const apply = async (of: Destination, options?: { destructive: boolean }): Promise<void> =>
  sqs.topology.apply(await sqs.topology.plan([of], never), never, options);
const brief = (changes: readonly Change[]): string[] => changes.map(({ action, summary }) => `${action} ${summary}`);
const withDeadLetter = (more: Partial<Destination> = {}): Destination => {
  const of = queueOf(more);
  return { ...of, deadLetter: deadLetterOf(of) };
};

describe("a new queue", () => {
  test("is planned with its dead-letter queue, made, and then nothing is left to do", async () => {
    const of = withDeadLetter({ nativeAttempts: 10, holdMs: 45_000 });
    expect(brief(await planned(of))).toEqual([
      "create new queue: standard, SSE-SQS",
      `create new queue: standard, SSE-SQS, dead letters to ${of.name}_dead after 10 receives`,
    ]);
    await expect(attributesOf(of)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    await sqs.provide(of);
    expect(await planned(of)).toEqual([]);
    const made = await attributesOf(of);
    expect(made).toMatchObject({
      MessageRetentionPeriod: "345600",
      VisibilityTimeout: "45",
      DelaySeconds: "0",
      SqsManagedSseEnabled: "true",
      MaximumMessageSize: "1048576",
    });
    const dead = await attributesOf(of.deadLetter!);
    expect(dead["MessageRetentionPeriod"]).toBe("1209600");
    expect(JSON.parse(made["RedrivePolicy"]!)).toEqual({ deadLetterTargetArn: dead["QueueArn"], maxReceiveCount: 10 });
  });

  test("that is ordered is FIFO with its dead letters, limits per group", async () => {
    const of = await sqs.provide(withDeadLetter({ ordered: true }));
    const fifo = { FifoQueue: "true", DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" };
    expect(await attributesOf(of)).toMatchObject(fifo);
    expect(await attributesOf(of.deadLetter!)).toMatchObject(fifo);
    expect(await planned(of)).toEqual([]);
  });

  test("keeps its dead letters under its own KMS key", async () => {
    const of = await sqs.provide(withDeadLetter({ native: { kmsKey: "alias/queues" } }));
    expect(await attributesOf(of.deadLetter!)).toMatchObject({ KmsMasterKeyId: "alias/queues" });
    expect(await planned(of)).toEqual([]);
  });

  test("makes its dead letters for no larger messages", async () => {
    const of = await sqs.provide(withDeadLetter({ native: { maxMessageBytes: 262_144 } }));
    expect(await attributesOf(of.deadLetter!)).toMatchObject({ MaximumMessageSize: "262144" });
    expect(await planned(of)).toEqual([]);
  });

  test("never lets SQS give up after less than three receives", async () => {
    const of = await sqs.provide(withDeadLetter({ nativeAttempts: 1 }));
    expect(JSON.parse((await attributesOf(of))["RedrivePolicy"]!)).toMatchObject({ maxReceiveCount: 3 });
  });

  test("has the native settings it was given", async () => {
    const native = {
      retention: "1h",
      delay: "5s",
      visibility: "10s",
      maxMessageBytes: 2_048,
      kmsKey: "alias/queues",
      kmsDataKeyReuse: "10m",
      tags: { team: "billing" },
    };
    const of = await sqs.provide(queueOf({ native }));
    expect(await attributesOf(of)).toMatchObject({
      MessageRetentionPeriod: "3600",
      DelaySeconds: "5",
      VisibilityTimeout: "10",
      MaximumMessageSize: "2048",
      KmsMasterKeyId: "alias/queues",
      KmsDataKeyReusePeriodSeconds: "600",
    });
    const { Tags } = await sqs.aws.client.send(new ListQueueTagsCommand({ QueueUrl: await urlOf(of) }));
    expect(Tags).toEqual({ team: "billing" });
    expect(await planned(of)).toEqual([]);
  });

  test("with hops has a delay queue: settings of its own, those of the data from the queue, dead letters of the group", async () => {
    const native = {
      hops: { longest: "7d" },
      retention: "1h",
      delay: "5s",
      kmsKey: "alias/queues",
      maxMessageBytes: 2_048,
      tags: { team: "billing" },
      access: { send: ["123456789012"] },
    };
    const of = await sqs.provide(withDeadLetter({ native }));
    const waiting = { ...of, name: `${of.name}_delay` };
    const made = await attributesOf(waiting);
    expect(made).toMatchObject({
      MessageRetentionPeriod: "1209600",
      DelaySeconds: "0",
      VisibilityTimeout: "60",
      MaximumMessageSize: "2048",
      KmsMasterKeyId: "alias/queues",
    });
    expect(made["Policy"]).toBeUndefined();
    expect(JSON.parse(made["RedrivePolicy"]!)).toEqual({
      deadLetterTargetArn: (await attributesOf(of.deadLetter!))["QueueArn"],
      maxReceiveCount: 300,
    });
    const tags = await sqs.aws.client.send(new ListQueueTagsCommand({ QueueUrl: await urlOf(waiting) }));
    expect(tags.Tags).toEqual({ team: "billing" });
    expect(await planned(of)).toEqual([]);

    await setByHand(waiting, { MessageRetentionPeriod: "345600" });
    expect(brief(await planned(of))).toEqual(["update retention: 4d becomes 14d"]);
    await apply(of);
    expect(await planned(of)).toEqual([]);

    await sqs.topology.destroy!([of], never);
    await expect(attributesOf(waiting)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  });

  test("may be applied by several processes at once", async () => {
    const of = withDeadLetter();
    const plans = await Promise.all(Array.from({ length: 5 }, () => sqs.topology.plan([of], never)));
    await Promise.all(plans.map((plan) => sqs.topology.apply(plan, never)));
    await sqs.provide(of);
    expect(await planned(of)).toEqual([]);
  });

  test("that somebody made otherwise since the plan gets what can be changed without loss", async () => {
    const of = queueOf({ native: { retention: "1h" } });
    const plan = await sqs.topology.plan([of], never);
    await sqs.aws.client.send(
      new CreateQueueCommand({
        QueueName: of.name,
        Attributes: { MessageRetentionPeriod: "1209600", VisibilityTimeout: "7" },
      }),
    );
    await sqs.topology.apply(plan, never);
    await sqs.provide(of);
    expect(await attributesOf(of)).toMatchObject({ VisibilityTimeout: "60", MessageRetentionPeriod: "1209600" });
  });

  test("tells of its twin of the other kind, whose messages nobody will read", async () => {
    const of = await sqs.provide(queueOf());
    const changes = await planned({ ...of, ordered: true });
    expect(changes.map(({ action }) => action)).toEqual(["create", "drift"]);
    expect(changes[1]!.summary).toContain(`"${of.name}" exists: a queue cannot become FIFO`);
  });
});

describe("a queue that is there", () => {
  test("is changed where nothing can be lost, and only as planned", async () => {
    const of = await sqs.provide(queueOf());
    await setByHand(of, { VisibilityTimeout: "5", MessageRetentionPeriod: "60", SqsManagedSseEnabled: "false" });
    const plan = await sqs.topology.plan([of], never);
    expect(brief(plan.changes)).toEqual([
      "update retention: 1m becomes 4d",
      "update visibility: 5s becomes 1m",
      "update encryption: none becomes SSE-SQS",
    ]);
    await setByHand(of, { DelaySeconds: "9" });
    await sqs.topology.apply(plan, never);
    expect(await attributesOf(of)).toMatchObject({
      VisibilityTimeout: "60",
      MessageRetentionPeriod: "345600",
      SqsManagedSseEnabled: "true",
      DelaySeconds: "9",
    });
    expect(brief(await planned(of))).toEqual(["update delay: 9s becomes 0ms"]);
  });

  test("keeps its longer retention unless destructive changes are allowed", async () => {
    const of = await sqs.provide(queueOf());
    await setByHand(of, { MessageRetentionPeriod: "1209600" });
    expect(brief(await planned(of))).toEqual(["destructive retention: 14d becomes 4d; older messages are deleted"]);
    await apply(of);
    expect((await attributesOf(of))["MessageRetentionPeriod"]).toBe("1209600");
    await apply(of, { destructive: true });
    expect((await attributesOf(of))["MessageRetentionPeriod"]).toBe("345600");
  });

  test("keeps a key of KMS set by hand unless destructive changes are allowed", async () => {
    const of = await sqs.provide(queueOf());
    await setByHand(of, { KmsMasterKeyId: "alias/theirs" });
    expect((await planned(of))[0]).toMatchObject({
      action: "destructive",
      summary: expect.stringContaining("alias/theirs"),
    });
    await apply(of);
    expect((await attributesOf(of))["KmsMasterKeyId"]).toBe("alias/theirs");
    await apply(of, { destructive: true });
    expect((await attributesOf(of))["KmsMasterKeyId"]).toBe("");
    expect(await planned(of)).toEqual([]);
  });

  test("keeps dead letters that go elsewhere unless destructive changes are allowed", async () => {
    const elsewhere = await sqs.provide(queueOf());
    const of = await sqs.provide(withDeadLetter());
    const ours = (await attributesOf(of))["RedrivePolicy"];
    const theirs = JSON.stringify({
      deadLetterTargetArn: (await attributesOf(elsewhere))["QueueArn"],
      maxReceiveCount: 4,
    });
    await setByHand(of, { RedrivePolicy: theirs });
    expect((await planned(of))[0]).toMatchObject({
      action: "destructive",
      summary: expect.stringContaining("dead letters:"),
    });
    await apply(of);
    expect((await attributesOf(of))["RedrivePolicy"]).toBe(theirs);
    await apply(of, { destructive: true });
    expect((await attributesOf(of))["RedrivePolicy"]).toBe(ours);
    const { deadLetter: _, ...without } = of;
    expect((await planned(without))[0]).toMatchObject({ action: "destructive" });
  });

  test("gets missing tags; tags of others are theirs", async () => {
    const of = await sqs.provide(queueOf());
    await sqs.aws.client.send(new TagQueueCommand({ QueueUrl: await urlOf(of), Tags: { cost: "1", team: "old" } }));
    const tagged = { ...of, native: { tags: { team: "billing" } } };
    expect(brief(await planned(tagged))).toEqual(["update tags: team"]);
    await apply(tagged);
    const { Tags } = await sqs.aws.client.send(new ListQueueTagsCommand({ QueueUrl: await urlOf(of) }));
    expect(Tags).toEqual({ cost: "1", team: "billing" });
    expect(await planned(tagged)).toEqual([]);
  });

  test("becomes high-throughput FIFO where it was not", async () => {
    const of = await sqs.provide(queueOf({ ordered: true, native: { throughput: "standard" } }));
    expect(await planned(of)).toEqual([]);
    expect(brief(await planned({ ...of, native: {} }))).toEqual([
      "update throughput: becomes high, deduplication per group",
    ]);
    await apply({ ...of, native: {} });
    expect(await attributesOf(of)).toMatchObject({
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perMessageGroupId",
    });
  });
});

describe("access", () => {
  const ACCOUNT = "999999999999";
  const access = {
    send: [
      ACCOUNT,
      `arn:aws:sns:us-east-1:${ACCOUNT}:topic`,
      "arn:aws:s3:::uploads",
      { bucket: "theirs", account: ACCOUNT },
    ],
    receive: [`arn:aws:iam::${ACCOUNT}:role/reader`],
  };
  const theirs = { Sid: "ByHand", Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "*" };
  const policyOf = async (of: Destination): Promise<any> =>
    JSON.parse((await attributesOf(of))["Policy"] || '{"Statement":[]}');

  test("is granted to what was named, each in the narrowest form", async () => {
    const of = await sqs.provide(queueOf({ native: { access } }));
    const { Statement } = await policyOf(of);
    const arn = (await attributesOf(of))["QueueArn"]!;
    const owner = arn.split(":")[4];
    expect(Statement.every((one: any) => one.Resource === arn && one.Effect === "Allow")).toBe(true);
    expect(Statement.map(({ Sid, Principal, Condition }: any) => [Sid, Principal, Condition])).toEqual([
      ["SwitchyardSend", { AWS: [`arn:aws:iam::${ACCOUNT}:root`] }, undefined],
      ["SwitchyardReceive", { AWS: [`arn:aws:iam::${ACCOUNT}:role/reader`] }, undefined],
      [
        "SwitchyardTopics",
        { Service: "sns.amazonaws.com" },
        { ArnEquals: { "aws:SourceArn": [`arn:aws:sns:us-east-1:${ACCOUNT}:topic`] } },
      ],
      [
        `SwitchyardBuckets${owner}`,
        { Service: "s3.amazonaws.com" },
        { ArnLike: { "aws:SourceArn": ["arn:aws:s3:::uploads"] }, StringEquals: { "aws:SourceAccount": owner } },
      ],
      [
        `SwitchyardBuckets${ACCOUNT}`,
        { Service: "s3.amazonaws.com" },
        { ArnLike: { "aws:SourceArn": ["arn:aws:s3:::theirs"] }, StringEquals: { "aws:SourceAccount": ACCOUNT } },
      ],
    ]);
    expect(await planned(of)).toEqual([]);
  });

  test("that was withdrawn from the configuration is withdrawn from the queue", async () => {
    const of = await sqs.provide(queueOf({ native: { access } }));
    const without = { ...of, native: {} };
    expect((await planned(without))[0]).toMatchObject({
      action: "update",
      summary: expect.stringContaining("becomes none"),
    });
    await apply(without);
    expect((await attributesOf(of))["Policy"]).toBe("");
  });

  test("statements made by hand are shown; removed only where destructive changes are allowed", async () => {
    const of = await sqs.provide(queueOf());
    await setByHand(of, { Policy: JSON.stringify({ Statement: theirs }) });
    expect(await planned(of)).toMatchObject([{ action: "drift", summary: expect.stringContaining("ByHand") }]);
    await apply(of, { destructive: true });
    expect((await policyOf(of)).Statement).toEqual(theirs);

    const governed = { ...of, native: { access: { send: [ACCOUNT] } } };
    expect((await planned(governed)).map(({ action }) => action)).toEqual(["update", "destructive"]);
    await apply(governed);
    expect((await policyOf(of)).Statement.map(({ Sid }: any) => Sid)).toEqual(["ByHand", "SwitchyardSend"]);
    await apply(governed, { destructive: true });
    expect((await policyOf(of)).Statement.map(({ Sid }: any) => Sid)).toEqual(["SwitchyardSend"]);
    expect(await planned(governed)).toEqual([]);
  });

  test("statements added by hand between plan and apply are kept", async () => {
    const of = await sqs.provide(queueOf());
    const plan = await sqs.topology.plan([{ ...of, native: { access: { send: [ACCOUNT] } } }], never);
    await setByHand(of, { Policy: JSON.stringify({ Statement: [theirs] }) });
    await sqs.topology.apply(plan, never, { destructive: true });
    expect((await policyOf(of)).Statement.map(({ Sid }: any) => Sid)).toEqual(["ByHand", "SwitchyardSend"]);
  });
});

describe("a queue given by address", () => {
  test("is never made nor changed; that it is missing is shown", async () => {
    const of = await sqs.provide(queueOf());
    await setByHand(of, { VisibilityTimeout: "5" });
    const byArn = queueOf({ address: (await attributesOf(of))["QueueArn"]! });
    expect(await planned(byArn)).toEqual([]);
    await apply(byArn, { destructive: true });
    expect((await attributesOf(of))["VisibilityTimeout"]).toBe("5");
    const missing = queueOf({ address: "nobody-made-this" });
    expect(await planned(missing)).toMatchObject([
      { action: "drift", summary: expect.stringContaining("does not exist") },
    ]);
    await sqs.topology.destroy!([byArn], never);
    await expect(attributesOf(of)).resolves.toBeDefined();
  });

  test("takes dead letters like any other", async () => {
    const dead = await sqs.provide(queueOf());
    const of = queueOf();
    const source = await sqs.provide({ ...of, deadLetter: queueOf({ address: dead.name, dead: true }) });
    expect(JSON.parse((await attributesOf(source))["RedrivePolicy"]!)).toMatchObject({
      deadLetterTargetArn: (await attributesOf(dead))["QueueArn"],
    });
    expect(await planned(source)).toEqual([]);
  });
});

test("destinations SQS cannot be are refused all at once, before any call", async () => {
  const bad = [
    queueOf({ name: "x".repeat(81) }),
    queueOf({ native: { retention: "1s", nope: 1 } }),
    { ...queueOf({ ordered: true }), deadLetter: queueOf({ dead: true }) },
  ];
  const error = await sqs.topology.plan(bad, never).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toMatchObject({ code: "invalid-config", kind: "config" });
  expect((error as { problems: unknown[] }).problems).toHaveLength(4);
});

test("tear-down deletes queue and dead-letter queue, and may be repeated", async () => {
  const of = await sqs.provide(withDeadLetter());
  await sqs.topology.destroy!([of], never);
  await sqs.topology.destroy!([of], never);
  await expect(attributesOf(of.deadLetter!)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  await expect(attributesOf(of)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
});
