/** Records every call that clients of the AWS SDK make, and says what each asks IAM to allow. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Request } from "./iam.ts";

export interface Recorded {
  /** The role that is at work. */
  readonly role: string;
  readonly service: Service;
  /** Without `Command`. */
  readonly command: string;
  readonly input: any;
  readonly output: any;
}

export type Service = "sqs" | "sns" | "kinesis" | "dynamodb" | "s3" | "kms";

type Send = (this: object, command: { readonly input: unknown }, ...rest: unknown[]) => Promise<unknown>;
interface ClientClass {
  readonly prototype: { send: Send };
}

/** Puts itself before `send` of all clients of these services, whoever makes them. */
export class CallRecorder {
  readonly calls: Recorded[] = [];
  /** The calls made now are this role's. Undefined: they are the test's own. */
  role: string | undefined;
  /** Changes an answer on its way back, once. */
  answer: ((command: string, output: any) => unknown) | undefined;
  readonly #restore: (() => void)[] = [];

  constructor() {
    const classes: Readonly<Record<string, unknown>> = {
      sqs: SQSClient,
      sns: SNSClient,
      kinesis: KinesisClient,
      dynamodb: DynamoDBClient,
      s3: S3Client,
    };
    for (const [service, one] of Object.entries(classes)) this.#watch(service as Service, one as ClientClass);
  }

  #watch(service: Service, { prototype }: ClientClass): void {
    const original = prototype.send;
    const sending = (client: object, given: Parameters<Send>) =>
      this.#send(service, given[0], () => original.apply(client, given));
    Object.defineProperty(prototype, "send", {
      configurable: true,
      writable: true,
      value: function (this: object, ...given: Parameters<Send>) {
        return sending(this, given);
      },
    });
    this.#restore.push(() => Reflect.deleteProperty(prototype, "send"));
  }

  async #send(service: Service, command: { readonly input: unknown }, send: () => Promise<unknown>): Promise<unknown> {
    const { role } = this;
    const record = (output: unknown): void => {
      if (role !== undefined) this.add(role, service, command, output);
    };
    try {
      const output = await send();
      record(output);
      const changed = this.answer?.(nameOf(command), output);
      if (changed !== undefined) this.answer = undefined;
      return changed ?? output;
    } catch (cause) {
      // A call that fails was made all the same.
      record({});
      throw cause;
    }
  }

  add(role: string, service: Service, command: { readonly input: unknown }, output: unknown): void {
    this.calls.push({ role, service, command: nameOf(command), input: command.input, output });
  }

  close(): void {
    for (const restore of this.#restore) restore();
  }
}

const nameOf = (command: object): string => command.constructor.name.replace(/Command$/, "");

export interface Keys {
  /** The key of a queue, topic or stream, by ARN. */
  readonly of: (arn: string) => { readonly arn: string; readonly aliases: readonly string[] } | undefined;
}

/** What recorded calls ask for, each kind once. The account and region are those of the emulators. */
export class Asked {
  readonly #region: string;
  readonly #account: string;
  readonly #keys: Keys;
  /** The stream that an iterator, or the token of a listing, belongs to. */
  readonly #tokens = new Map<string, string>();

  constructor(region: string, account: string, keys: Keys) {
    this.#region = region;
    this.#account = account;
    this.#keys = keys;
  }

  of(calls: readonly Recorded[]): readonly (Request & { readonly role: string; readonly command: string })[] {
    const found = new Map<string, Request & { role: string; command: string }>();
    for (const call of calls)
      for (const request of this.#requests(call)) {
        const one = { ...request, role: call.role, command: call.command };
        found.set(JSON.stringify(one), one);
      }
    return [...found.values()];
  }

  #requests({ service, command, input, output }: Recorded): readonly Request[] {
    const context = { "aws:RequestedRegion": this.#region };
    const action = `${service}:${ACTION[command] ?? command}`;
    const one = (resource: string, more: Request["context"] = {}): Request => ({
      action,
      resource,
      context: { ...context, ...more },
    });
    switch (service) {
      case "sqs": {
        if (command === "ListQueues") return [one("*")];
        const arn = this.#queue(input);
        // A queue that is made with tags is tagged too.
        const tags = command === "CreateQueue" && input.tags !== undefined ? ["sqs:TagQueue"] : [];
        return [
          one(arn),
          ...tags.map((tag): Request => ({ action: tag, resource: arn, context })),
          ...this.#kms("sqs", SERVER_SIDE.sqs[command] ?? [], arn, {}),
        ];
      }
      case "sns": {
        if (command === "ListTopics") return [one("*")];
        const arn = this.#topic(command, input);
        if (command === "Subscribe")
          return [one(arn, { "sns:Protocol": input.Protocol, "sns:Endpoint": input.Endpoint })];
        const tags = command === "CreateTopic" && (input.Tags ?? []).length > 0 ? ["sns:TagResource"] : [];
        return [
          one(arn),
          ...tags.map((tag): Request => ({ action: tag, resource: arn, context })),
          ...this.#kms("sns", SERVER_SIDE.sns[command] ?? [], arn, {}),
        ];
      }
      case "kinesis":
        return this.#kinesis(command, input, output, one);
      case "dynamodb":
        return [one(`arn:aws:dynamodb:${this.#region}:${this.#account}:table/${input.TableName}`)];
      case "s3":
        return this.#s3(command, input, one);
      case "kms": {
        const { arn, aliases } = this.#keys.of(input.KeyId)!;
        const encryption = Object.entries(input.EncryptionContext ?? {}).map(([name, value]) => [
          `kms:EncryptionContext:${name}`,
          value,
        ]);
        return [one(arn, { "kms:ResourceAliases": aliases, ...Object.fromEntries(encryption) })];
      }
    }
  }

  #queue(input: Record<string, string | undefined>): string {
    const { QueueUrl, QueueName, QueueOwnerAWSAccountId: owner, SourceArn, TaskHandle } = input;
    // A task belongs to the queue that it empties. The handles of our tasks begin with its ARN.
    const source = SourceArn ?? TaskHandle?.split("/")[0];
    if (source !== undefined) return source;
    const [account = this.#account, name = QueueName] =
      QueueUrl === undefined ? [owner] : new URL(QueueUrl).pathname.split("/").filter((part) => part !== "");
    return `arn:aws:sqs:${this.#region}:${account}:${name}`;
  }

  /** SNS judges calls about a subscription by its topic. */
  #topic(
    command: string,
    { TopicArn, SubscriptionArn, ResourceArn, Name }: Record<string, string | undefined>,
  ): string {
    const arn = TopicArn ?? ResourceArn ?? SubscriptionArn?.split(":").slice(0, 6).join(":");
    if (arn !== undefined) return arn;
    if (Name === undefined) throw new Error(`${command} names no topic`);
    return `arn:aws:sns:${this.#region}:${this.#account}:${Name}`;
  }

  /** An object stands for all of its folder: rights end there. */
  #s3(command: string, input: any, one: (resource: string, more?: Request["context"]) => Request): readonly Request[] {
    const bucket = `arn:aws:s3:::${input.Bucket}`;
    const object = (path: string): string => `arn:aws:s3:::${path.replace(/[^/]+$/, "object")}`;
    switch (command) {
      case "CopyObject":
        return [
          { ...one(object(input.CopySource)), action: "s3:GetObject" },
          { ...one(object(`${input.Bucket}/${input.Key}`)), action: "s3:PutObject" },
        ];
      case "ListObjectsV2":
        return [one(bucket, { "s3:prefix": input.Prefix })];
      default:
        return [one(input.Key === undefined ? bucket : object(`${input.Bucket}/${input.Key}`))];
    }
  }

  #kinesis(
    command: string,
    input: any,
    output: any,
    one: (resource: string, more?: Request["context"]) => Request,
  ): readonly Request[] {
    const stream =
      input.StreamARN ??
      (input.StreamName === undefined
        ? (this.#tokens.get(input.ShardIterator ?? input.NextToken) ?? input.ConsumerARN?.split("/consumer/")[0])
        : `arn:aws:kinesis:${this.#region}:${this.#account}:stream/${input.StreamName}`);
    if (stream === undefined) throw new Error(`${command} names no stream`);
    for (const token of [output?.ShardIterator, output?.NextShardIterator, output?.NextToken])
      if (typeof token === "string") this.#tokens.set(token, stream);
    const { of } = this.#keys;
    const kms = this.#kms("kinesis", SERVER_SIDE.kinesis[command] ?? [], stream, {
      "kms:EncryptionContext:aws:kinesis:arn": stream,
    });
    switch (command) {
      // By name: the reference has an ARN with the time of the registration, and AWS's refusals have one without.
      case "DescribeStreamConsumer":
        return ["", REGISTERED].map((time) => one(`${stream}/consumer/${input.ConsumerName}${time}`));
      case "SubscribeToShard":
        return [one(input.ConsumerARN.replace(/:\d+$/, REGISTERED)), ...kms];
      case "UpdateShardCount":
      case "UpdateStreamMode":
        return [one("*")];
      case "StartStreamEncryption":
      case "StopStreamEncryption":
        return [one(stream), one(of(input.KeyId)?.arn ?? input.KeyId)];
      case "CreateStream": {
        const tags = Object.keys(input.Tags ?? {}).length === 0 ? [] : ["kinesis:AddTagsToStream"];
        return [one(stream), ...tags.map((action): Request => ({ ...one(stream), action }))];
      }
      default:
        return [one(stream), ...kms];
    }
  }

  /** What a service asks KMS for, in the name of its caller. */
  #kms(service: Service, actions: readonly string[], arn: string, more: Request["context"]): readonly Request[] {
    const key = actions.length === 0 ? undefined : this.#keys.of(arn);
    if (key === undefined) return [];
    return actions.map((action) => ({
      action: `kms:${action}`,
      resource: key.arn,
      context: {
        "aws:RequestedRegion": this.#region,
        "kms:ViaService": `${service}.${this.#region}.amazonaws.com`,
        "kms:ResourceAliases": key.aliases,
        ...more,
      },
    }));
  }
}

/** One time of registration stands for all: nobody knows it before. */
const REGISTERED = ":1700000000";

/** Actions that several commands share. */
const ACTION: Readonly<Record<string, string>> = {
  SendMessageBatch: "SendMessage",
  DeleteMessageBatch: "DeleteMessage",
  ChangeMessageVisibilityBatch: "ChangeMessageVisibility",
  PublishBatch: "Publish",
  ListObjectsV2: "ListBucket",
  GetBucketLifecycleConfiguration: "GetLifecycleConfiguration",
  PutBucketLifecycleConfiguration: "PutLifecycleConfiguration",
};

/** From the developer guides of the services: what they call when the resource is encrypted with a key of the customer. */
const SERVER_SIDE: Readonly<Record<"sqs" | "sns" | "kinesis", Readonly<Record<string, readonly string[]>>>> = {
  sqs: { SendMessageBatch: ["GenerateDataKey", "Decrypt"], ReceiveMessage: ["Decrypt"] },
  sns: { PublishBatch: ["GenerateDataKey", "Decrypt"] },
  kinesis: { PutRecords: ["GenerateDataKey"], GetRecords: ["Decrypt"], SubscribeToShard: ["Decrypt"] },
};
