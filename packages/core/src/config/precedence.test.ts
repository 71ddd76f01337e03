import { describe, expect, it } from "vitest";
import { aws, base, orders, resolve, shape, uploads } from "../fixtures/adapters.ts";
import type { ChannelInput, ConfigInput } from "../api/config-input.ts";
import type { ClaimCheckExtension, KeysExtension } from "../pipeline/index.ts";

const group = async (config: object, more: Parameters<typeof resolve>[1] = {}, name = "billing") =>
  (await resolve(config, { channels: [orders], ...more })).channels["orders"]!.groups[name]!;

describe("precedence", () => {
  const layered = {
    ...base(),
    channels: {
      "*": { policy: "all", groups: { billing: { concurrency: 1, maxInFlight: 100 } } },
      orders: { model: "pubsub", on: "aws", groups: { billing: { concurrency: 2, hold: "30s" }, analytics: {} } },
    },
    policies: { all: { retry: { attempts: 2 } }, own: { retry: { attempts: 9 } } },
    profiles: {
      all: { channels: { "*": { groups: { billing: { concurrency: 3 } } } } },
      both: {
        channels: {
          "*": { groups: { billing: { concurrency: 3 } } },
          orders: { policy: "own", groups: { billing: { concurrency: 4 } } },
        },
      },
    },
  };

  it("a name beats * within a layer, and objects are merged", async () => {
    expect(await group(layered)).toMatchObject({
      concurrency: 2,
      maxInFlight: 100,
      holdMs: 30_000,
      policy: { retry: { attempts: 2 } },
    });
  });

  it("a later layer's * beats an earlier layer's name", async () => {
    expect((await group(layered, { profile: "all" })).concurrency).toBe(3);
    expect(await group(layered, { profile: "both" })).toMatchObject({
      concurrency: 4,
      policy: { retry: { attempts: 9 } },
    });
  });

  it("the environment beats the profile", async () => {
    const env = { SWITCHYARD_PROFILE: "both", SWITCHYARD__CHANNELS__ORDERS__GROUPS__BILLING__CONCURRENCY: "5" };
    expect((await group(layered, { env })).concurrency).toBe(5);
  });

  it("connect({ profile }) beats SWITCHYARD_PROFILE", async () => {
    expect((await group(layered, { profile: "all", env: { SWITCHYARD_PROFILE: "both" } })).concurrency).toBe(3);
  });

  it("profiles lay over prefix, connections and policies too", async () => {
    const config = {
      ...base(),
      policies: { default: { retry: { attempts: 7, first: "2s" } } },
      profiles: {
        p: {
          prefix: "live",
          drain: "10s",
          connections: { aws: { region: "eu-north-1" } },
          policies: { default: { retry: { attempts: 8 } } },
        },
      },
    };
    const plan = await resolve(config, { profile: "p" });
    expect(plan).toMatchObject({
      prefix: "live",
      drainMs: 10_000,
      connections: { aws: { options: { region: "eu-north-1" } } },
    });
    expect(plan.channels["orders"]?.groups["billing"]?.policy.retry).toMatchObject({ attempts: 8, firstMs: 2000 });
    expect((await resolve(config)).prefix).toBe("dev");
  });

  it("a connection that names another transport starts afresh", async () => {
    const config = { ...base(), profiles: { p: { connections: { aws: { use: "amqp", url: "amqp://localhost" } } } } };
    const plan = await resolve(config, { profile: "p", channels: [orders] });
    expect(plan.connections["aws"]).toMatchObject({ adapter: { name: "amqp" }, options: { url: "amqp://localhost" } });
  });
});

describe("moving a channel", () => {
  const channel = {
    model: "queue",
    on: "aws",
    address: "https://sqs/old",
    native: { kmsKeyId: "k" },
    retention: "2d",
    groups: {
      encoder: { address: "https://sqs/old", deadLetterAddress: "https://sqs/dead", native: {}, concurrency: 3 },
    },
  };
  const config = {
    ...base(),
    channels: { "video-uploads": channel },
    profiles: { test: { channels: { "*": { on: "memory" } } }, same: { channels: { "*": { on: "aws" } } } },
  };

  it("uses what exists, where an address is given", async () => {
    const { to, groups } = (await resolve(config, { channels: [uploads] })).channels["video-uploads"]!;
    expect(to).toMatchObject({ address: "https://sqs/old", native: { kmsKeyId: "k" }, retentionMs: 172_800_000 });
    expect(groups["encoder"]?.deadLetter).toMatchObject({ address: "https://sqs/dead" });
  });

  it("leaves behind what was said for the other connection, and keeps the rest", async () => {
    const { to, groups } = (await resolve(config, { channels: [uploads], profile: "test" })).channels["video-uploads"]!;
    expect(to).toMatchObject({ name: "dev_video-uploads_encoder", native: {}, retentionMs: 172_800_000 });
    expect(to.address ?? groups["encoder"]?.deadLetter?.address).toBeUndefined();
    expect(groups["encoder"]?.concurrency).toBe(3);
  });

  it("forgets nothing for the next one who asks", async () => {
    const value = structuredClone(config);
    await resolve(value, { channels: [uploads], profile: "test" });
    expect(value).toEqual(config);
    const shared = {
      ...base(),
      channels: {
        "*": { ...channel, address: "q", groups: { encoder: { native: { kmsKeyId: "k" } } } },
        a: {},
        b: { on: "memory" },
      },
    };
    const plan = await resolve(shared, { channels: [shape("b"), shape("a")] });
    expect(plan.channels["a"]?.to).toMatchObject({ address: "q", native: { kmsKeyId: "k" } });
  });

  it("leaves nothing behind where a layer says the same again", async () => {
    const { to } = (await resolve(config, { channels: [uploads], profile: "same" })).channels["video-uploads"]!;
    expect(to.address).toBe("https://sqs/old");
  });
});

describe("policies", () => {
  const policy = async (policies: object, model = "pubsub") => {
    const config = { ...base(), channels: { orders: { ...base().channels.orders, model, policy: "p" } }, policies };
    return (await group(config)).policy;
  };

  it("a named policy starts from default", async () => {
    const found = await policy({ default: { retry: { attempts: 3, max: "9m" } }, p: { retry: { attempts: 4 } } });
    expect(found.retry).toEqual({ attempts: 4, backoff: "exponential", firstMs: 1000, maxMs: 540_000 });
  });

  it.each([
    [true, "pubsub", "deadLetter"],
    [true, "stream", "park"],
    [false, "pubsub", "block"],
    ["skip", "stream", "skip"],
    ["block", "pubsub", "block"],
  ])("deadLetter: %s on %s means %s", async (deadLetter, model, expected) => {
    expect((await policy({ p: { deadLetter } }, model)).exhausted).toBe(expected);
  });

  it("keeps rules for named errors, and raises the broker's own limit above all of them", async () => {
    const config = {
      ...base(),
      policies: { default: { retry: { errors: { Timeout: { attempts: 30, first: "1m" }, Declined: "deadLetter" } } } },
    };
    const { policy: found, from } = await group(config);
    expect(found.errors).toEqual({ Timeout: { attempts: 30, firstMs: 60_000 }, Declined: "deadLetter" });
    expect(from.nativeAttempts).toBe(60);
  });

  it("makes no dead-letter destination where nothing is copied", async () => {
    const found = await group({ ...base(), policies: { default: { deadLetter: "block" } } });
    expect([found.deadLetter, found.deadLetterOn, found.from.deadLetter]).toEqual([undefined, undefined, undefined]);
  });
});

describe("adapters as values", () => {
  it("bypass loading, as factories for bundlers give them", async () => {
    const client = { send: () => "sent" };
    const open = {
      ...aws,
      options: { "~standard": { version: 1, vendor: "t", validate: (value: unknown) => ({ value }) } },
    };
    const config = { ...base(), connections: { aws: { use: open, client } } };
    const plan = await resolve(config, { adapters: [], profile: undefined as never });
    expect(plan.connections["aws"]?.adapter).toBe(open);
    expect((plan.connections["aws"]!.options as { client: unknown }).client).toBe(client);
  });
});

const anyOptions = { "~standard": { version: 1 as const, vendor: "t", validate: (value: unknown) => ({ value }) } };
const refuses = () => Promise.reject(new Error("not opened here"));
const keys: KeysExtension = { kind: "keys", names: [], options: anyOptions, open: refuses };
const store: ClaimCheckExtension = { kind: "claim-check", names: [], options: anyOptions, open: refuses };

describe("what the types allow", () => {
  it("is what the schema takes: everything said at once", async () => {
    const everything: Required<ConfigInput> = {
      prefix: "dev",
      drain: "20s",
      connections: { aws: { use: "aws", provision: "off", region: "x" }, memory: { use: "memory", broker: "b" } },
      channels: {
        orders: {
          model: "stream",
          on: "memory",
          policy: "p",
          partitions: 4,
          form: "ordered",
          address: "a",
          retention: "1d",
          atRest: "assume",
          publish: { timeout: "1s", maxPending: 1, maxPendingBytes: 2, whenFull: "reject" },
          compress: { above: "4KiB", with: "gzip" },
          encrypt: { keys: "k", context: "c", accept: "optional", until: "2027-02-01" },
          claimCheck: { store, above: "1MiB", bucket: "b" },
          native: {},
          groups: {
            billing: {
              concurrency: 1,
              maxInFlight: 2,
              maxInFlightBytes: "3KiB",
              hold: "1m",
              policy: "p",
              start: { time: new Date(5) },
              deadLetterAddress: "d",
              batch: { size: 2, wait: "2s" },
              filter: false,
              native: {},
            },
          },
        },
      } satisfies Record<string, Required<ChannelInput>>,
      policies: {
        p: {
          retry: { attempts: 2, backoff: "linear", first: 5, max: "1m", errors: { X: "release", Y: { attempts: 1 } } },
          deadLetter: "park",
        },
      },
      keys: { k: { use: keys, write: "w" } },
      profiles: { t: { prefix: "t", drain: 5, connections: {}, channels: {}, policies: {} } },
    };
    const { groups, publish, content } = (await resolve(everything, { channels: [orders] })).channels["orders"]!;
    expect(content).toMatchObject({
      compress: { above: 4_096, with: "gzip" },
      encrypt: { keys: "k", context: "c", contexts: ["c"], accept: "optional", untilMs: Date.UTC(2027, 1, 1) },
      claimCheck: { above: 2 ** 20, options: { bucket: "b" } },
    });
    expect(publish).toEqual({
      timeoutMs: 1000,
      maxPending: 1,
      maxPendingBytes: 2,
      whenFull: "reject",
      atRest: "assume",
    });
    expect(groups["billing"]).toMatchObject({
      maxInFlightBytes: 3_072,
      start: { time: 5 },
      batch: { size: 2, waitMs: 2000 },
    });
    expect(groups["billing"]?.policy.errors).toEqual({ X: "release", Y: { attempts: 1 } });
  });
});

describe("groups of topics and streams", () => {
  it("have the channel's address as their base, and native settings of their own", async () => {
    const channels = {
      orders: {
        model: "pubsub",
        on: "aws",
        address: "arn:topic",
        native: { kmsKeyId: "t" },
        groups: { billing: { address: "q" } },
      },
    };
    const { to, groups } = (await resolve({ ...base(), channels }, { channels: [orders] })).channels["orders"]!;
    expect(to).toMatchObject({ address: "arn:topic", baseAddress: "arn:topic", native: { kmsKeyId: "t" } });
    expect(groups["billing"]?.from).toMatchObject({ address: "q", baseAddress: "arn:topic", native: {} });
  });

  it("start where they are told", async () => {
    const starts = {
      a: { start: "latest" },
      b: { start: { time: "2026-01-01T00:00:00Z" } },
      c: { start: { at: "49:1" } },
      d: {},
    };
    const channels = { s: { model: "stream", on: "aws", partitions: 8, groups: starts } };
    const { to, groups } = (
      await resolve({ ...base(), channels }, { channels: [shape("s", { needs: { replay: true } })] })
    ).channels["s"]!;
    expect(to.partitions).toBe(8);
    expect(Object.values(groups).map(({ start }) => start)).toEqual([
      "latest",
      { time: 1_767_225_600_000 },
      { at: "49:1" },
      "earliest",
    ]);
  });
});
