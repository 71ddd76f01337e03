/** Channels as an AsyncAPI document. */
import type { AnyChannel, ChannelExplanation, Consumer, Explanation } from "@switchyard/core";

/** A JSON Schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** One message type of an AsyncAPI document. */
export interface AsyncApiMessage {
  readonly name: string;
  readonly contentType: string;
  /** What the wire carries: the schema's input. Empty if the schema cannot be written as JSON Schema. */
  readonly payload: Schema;
  readonly description?: string;
}

interface Ref {
  readonly $ref: string;
}

/** An AsyncAPI document, of the parts that we write. */
export interface AsyncApiDocument {
  readonly asyncapi: "3.0.0" | "3.1.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly defaultContentType: string;
  readonly channels: Readonly<
    Record<
      string,
      {
        readonly address: string;
        readonly description: string;
        readonly messages: Readonly<Record<string, Ref>>;
        readonly bindings?: object;
        readonly "x-switchyard": object;
      }
    >
  >;
  readonly operations: Readonly<
    Record<string, { readonly action: "send" | "receive"; readonly channel: Ref; readonly messages: readonly Ref[] }>
  >;
  readonly components: { readonly messages: Readonly<Record<string, AsyncApiMessage>> };
}

/** The options of `asyncapi()`. */
export interface AsyncApiOptions {
  /** What `explain()` returns. */
  readonly explanation: Explanation;
  readonly channels: readonly AnyChannel[];
  /** The consumers of the service: each is an operation that receives. Default: none. */
  readonly consumers?: readonly Consumer<any>[];
  /** The names of the channels that the service publishes to. Default: all. */
  readonly publishes?: readonly string[];
  /** The version of the service's interface. Default `1.0.0`. */
  readonly version?: string;
  /** The version of AsyncAPI. Default `3.1.0`. */
  readonly spec?: "3.0.0" | "3.1.0";
}

/**
 * Returns the channels of a service as an AsyncAPI document, the same for the same input. Payloads come from the schemas' own JSON Schema
 * (Standard JSON Schema: zod from 4.2, arktype from 2.1.28, valibot by `toStandardJsonSchema`). A type whose schema has none has an empty
 * payload, and its description says so.
 */
export function asyncapi(options: AsyncApiOptions): AsyncApiDocument {
  const { explanation, consumers = [], version = "1.0.0", spec = "3.1.0" } = options;
  const known = options.channels.filter(({ name }) => Object.hasOwn(explanation.channels, name));
  const publishes = options.publishes ?? known.map(({ name }) => name);
  const messages: Record<string, AsyncApiMessage> = {};
  const channels: Record<string, AsyncApiDocument["channels"][string]> = {};
  const operations: Record<string, AsyncApiDocument["operations"][string]> = {};
  for (const channel of known) {
    const { name } = channel;
    const its = explanation.channels[name]!;
    const types = Object.keys(channel.messages);
    for (const type of types) messages[idOf(name, type)] = messageOf(channel, type);
    channels[name] = {
      address: its.address,
      description: `${its.model} on ${its.transport}`,
      messages: Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${idOf(name, type)}` }])),
      ...bindingsOf(its),
      "x-switchyard": { model: its.model, form: its.form, needs: its.needs, groups: Object.keys(its.groups) },
    };
    if (publishes.includes(name)) operations[`publish.${name}`] = operation("send", name, types);
  }
  for (const { channel, group, handlers } of consumers as unknown as readonly ConsumerParts[]) {
    if (!Object.hasOwn(channels, channel.name)) continue;
    const all = Object.keys(channel.messages);
    const handled =
      handlers === undefined || Object.hasOwn(handlers, "*")
        ? all
        : all.filter((type) => Object.hasOwn(handlers, type));
    operations[`consume.${channel.name}.${group}`] = operation("receive", channel.name, handled);
  }
  return {
    asyncapi: spec,
    info: { title: explanation.service, version },
    defaultContentType: "application/json",
    ...{ channels, operations, components: { messages } },
  };
}

interface ConsumerParts {
  readonly channel: AnyChannel;
  readonly group: string;
  readonly handlers?: object;
}

/** Component names have letters, digits, `.`, `-` and `_` only; a type may have more. */
const idOf = (channel: string, type: string): string =>
  `${channel}.${type.replaceAll(/[^\w.-]/g, (character) => `_${character.codePointAt(0)!.toString(16)}_`)}`;

/** A reference is a JSON Pointer. */
const pointer = (part: string): string => part.replaceAll("~", "~0").replaceAll("/", "~1");

function operation(action: "send" | "receive", channel: string, types: readonly string[]) {
  const to = `#/channels/${pointer(channel)}`;
  return {
    action,
    channel: { $ref: to },
    messages: types.map((type) => ({ $ref: `${to}/messages/${pointer(type)}` })),
  };
}

interface Convertible {
  readonly "~standard": {
    readonly vendor: string;
    readonly jsonSchema?: { input?(options: { target: string }): Schema };
  };
}

function messageOf(channel: AnyChannel, type: string): AsyncApiMessage {
  const contentType = channel.codec?.contentType ?? "application/json";
  const { vendor, jsonSchema } = (channel.messages[type] as unknown as Convertible)["~standard"];
  const without = (why: string) => ({ name: type, contentType, payload: {}, description: why });
  if (jsonSchema?.input === undefined) return without(`The schema of "${type}" (${vendor}) gives no JSON Schema.`);
  try {
    const { $schema: _, ...payload } = jsonSchema.input({ target: "draft-07" });
    return { name: type, contentType, payload };
  } catch (error) {
    return without(`The schema of "${type}" cannot be written as JSON Schema: ${(error as Error).message}`);
  }
}

/** There is no binding of Kinesis, and none of RabbitMQ's streams and partitions; extensions are free. */
function bindingsOf({ transport, form, address, model, partitionNames }: ChannelExplanation): {
  readonly bindings?: object;
} {
  const fifo = form === "fifo";
  if (transport === "sqs") return { bindings: { sqs: { queue: { name: nameIn(address), fifoQueue: fifo } } } };
  if (transport === "sns")
    return { bindings: { sns: { name: nameIn(address), ordering: { type: fifo ? "FIFO" : "standard" } } } };
  if (transport === "kinesis") return { bindings: { "x-kinesis": { stream: nameIn(address) } } };
  if (transport !== "amqp" && transport !== "rabbitmq") return {};
  // Its partitions are queues of their own, which records reach through the default exchange.
  if (model === "stream") return { bindings: { "x-rabbitmq-stream": { streams: partitionNames ?? [address] } } };
  const named = { name: address, durable: true, autoDelete: false };
  if (model === "pubsub") return { bindings: { amqp: { is: "routingKey", exchange: { ...named, type: "topic" } } } };
  if (partitionNames === undefined)
    return { bindings: { amqp: { is: "queue", queue: { ...named, exclusive: false } } } };
  // The routing key is the bucket of the ordering key.
  const amqp = { is: "routingKey", exchange: { ...named, type: "direct" } };
  return { bindings: { amqp, "x-rabbitmq-partitions": { queues: partitionNames } } };
}

/** The name in an address that may be a URL or an ARN. */
const nameIn = (address: string): string =>
  address.slice(Math.max(address.lastIndexOf("/"), address.lastIndexOf(":")) + 1);
