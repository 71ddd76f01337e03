/** Adapters that open nothing: what the configuration needs to know of a transport. */
import { z } from "zod";
import type { Adapter, Capabilities, Destination, Model } from "../driver/index.ts";
import { type MessagingError, isMessagingError } from "../api/errors.ts";
import type { ChannelShape, ConsumerShape } from "../api/shapes.ts";
import { type ResolveInput, resolvePlan } from "./index.ts";

const MiB = 1024 * 1024;
const MINUTE = 60_000;

export const everything: Capabilities = {
  ordering: "key",
  publishConfirm: "stored",
  publishDedupMs: 5 * MINUTE,
  maxBatch: { count: 10, bytes: MiB },
  maxMessageBytes: MiB,
  headers: 10,
  binary: true,
  concurrency: { send: 4, receive: 4 },
  delayedPublishMs: 15 * MINUTE,
  retryDelayMs: 720 * MINUTE,
  holdExtend: true,
  releaseWithoutPenalty: true,
  attempts: "exact",
  settleResult: "confirmed",
  deadLetter: "native",
  redrive: "group",
  replay: [],
  retentionMs: 14 * 24 * 60 * MINUTE,
  filter: "none",
  fairness: true,
  groupMembership: "competing",
  fencingToken: false,
  poisonSkip: ["deadLetter", "block", "skip"],
  depth: "exact",
  purge: true,
};

const stream: Partial<Capabilities> = {
  ordering: "partition",
  delayedPublishMs: 0,
  retryDelayMs: 0,
  fairness: false,
  replay: ["earliest", "latest", "time", "at"],
  poisonSkip: ["park", "block", "skip"],
};

interface FakeOptions {
  readonly name: string;
  readonly models: Partial<Record<Model, Partial<Capabilities>>>;
  readonly options?: z.ZodType;
  readonly longest?: number;
  readonly suffix?: string;
  readonly native?: readonly string[];
  readonly caps?: (of: Destination) => Partial<Capabilities>;
}

export function fakeAdapter(fake: FakeOptions): Adapter {
  const { name, models, longest = 80, suffix = ".fifo", native = [] } = fake;
  return {
    name,
    options: fake.options ?? z.strictObject({}),
    capabilities: (of) => {
      const own = models[of.model];
      return own === undefined ? undefined : { ...everything, ...own, ...fake.caps?.(of) };
    },
    locate: (of) => {
      const physical = of.model === "stream" ? of.base : of.name;
      const address = of.address ?? `${physical}${of.ordered ? suffix : ""}`;
      if (address.length <= longest || of.address !== undefined) return { address };
      return { address, problem: `${address.length} characters, of at most ${longest}` };
    },
    nativeProblems: (of) =>
      Object.keys(of.native)
        .filter((key) => !native.includes(key))
        .map((key) => `${key} is not a ${name} setting; allowed: ${native.join(", ")}`),
    open: () => Promise.reject(new Error("never opened in these tests")),
  };
}

export const memory = fakeAdapter({
  name: "memory",
  suffix: "",
  longest: 1000,
  options: z.strictObject({ broker: z.string().optional() }),
  models: { queue: {}, pubsub: { filter: "broker" }, stream: { ...stream, ordering: "key" } },
});
export const aws = fakeAdapter({
  name: "aws",
  options: z.strictObject({ region: z.string(), endpoint: z.url().optional(), secretKey: z.string().optional() }),
  native: ["kmsKeyId"],
  models: { queue: {}, pubsub: { delayedPublishMs: 0, filter: "broker" }, stream },
  caps: (of) => (of.ordered ? { fairness: false } : of.model === "stream" ? {} : { ordering: "none" }),
});
const sqs = fakeAdapter({ name: "sqs", models: { queue: { ordering: "none" } } });
export const amqp = fakeAdapter({
  name: "amqp",
  suffix: "",
  options: z.strictObject({ url: z.url("must be an amqp: URL"), password: z.string().optional() }),
  models: { queue: { delayedPublishMs: 0, retryDelayMs: 60 * MINUTE }, pubsub: {}, stream },
});

const any = z.unknown();
export function shape(name: string, more: Partial<ChannelShape> = {}): ChannelShape {
  return {
    name,
    messages: { [`${name}.made`]: any, [`${name}.gone`]: any },
    needs: {},
    ...more,
  };
}

export function consumes(channel: ChannelShape, group: string, ...types: readonly string[]): ConsumerShape {
  const handlers = Object.fromEntries(types.map((type) => [type, () => undefined]));
  return { kind: "single", channel, group, handlers, options: {} };
}

export const orders = shape("orders", { orderingKey: "customerId" });
export const uploads = shape("video-uploads", { needs: { delay: "15m" } });

/** Two channels on one connection, nothing wrong with it. */
export function base() {
  return {
    prefix: "dev",
    connections: { aws: { use: "aws", region: "eu-west-1" }, rabbit: { use: "amqp", url: "amqp://localhost" } },
    channels: {
      orders: { model: "pubsub", on: "aws", groups: { billing: {}, analytics: {} } },
      "video-uploads": { model: "queue", on: "aws", groups: { encoder: {} } },
    },
  };
}

export const adapters = [memory, aws, sqs, amqp];

export function resolve(config: object, more: Partial<ResolveInput> = {}) {
  return resolvePlan({ channels: [orders, uploads], service: "test", env: {}, cwd: "/", adapters, config, ...more });
}

export async function refusal(config: object, more: Partial<ResolveInput> = {}): Promise<MessagingError> {
  const error: unknown = await resolve(config, more).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!isMessagingError(error, "invalid-config"))
    throw new Error("was not refused as invalid-config", { cause: error });
  return error;
}

/** By path; several texts of one path on lines of their own. */
export async function problems(config: object, more: Partial<ResolveInput> = {}): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { path, message } of (await refusal(config, more)).problems) {
    found[path] = found[path] === undefined ? message : `${found[path]}\n${message}`;
  }
  return found;
}
