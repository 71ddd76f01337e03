import { describe, expect, it } from "vitest";
import {
  aws,
  base,
  consumes,
  fakeAdapter,
  memory,
  orders,
  problems,
  refusal,
  resolve,
  shape,
  uploads,
} from "../fixtures/adapters.ts";

/** The good configuration with channels laid over it. */
const withChannels = (channels: object) => ({ ...base(), channels: { ...base().channels, ...channels } });
const good = base().channels;

describe("structure", () => {
  it("refuses an unknown key, with what is allowed and the one meant", async () => {
    expect(await problems({ ...base(), chanels: {} })).toEqual({
      chanels:
        'unknown key; allowed: prefix, drain, connections, channels, policies, keys, profiles. Did you mean "channels"?',
    });
    const found = await problems(withChannels({ orders: { ...good.orders, groups: { billing: { concurency: 2 } } } }));
    expect(found["channels.orders.groups.billing.concurency"]).toMatch(
      /^unknown key; allowed: concurrency, .*Did you mean "concurrency"\?$/,
    );
  });

  it("refuses a bad duration, saying how one is written", async () => {
    const found = await problems({ ...base(), policies: { default: { retry: { first: "5 minutes" } } } });
    expect(found).toEqual({
      "policies.default.retry.first":
        '"5 minutes": must be a duration such as 250ms, 30s, 15m, 12h or 4d; a bare number is milliseconds',
    });
  });

  it("refuses a word that is not allowed, in a profile that is not even chosen", async () => {
    const found = await problems({ ...base(), profiles: { x: { channels: { orders: { model: "quue" } } } } });
    expect(found).toEqual({
      "profiles.x.channels.orders.model": '"quue": allowed: queue, pubsub, stream. Did you mean "queue"?',
    });
  });

  it("refuses counts that are not whole or below one, and mappings that are none", async () => {
    const groups = { billing: { concurrency: 0 }, analytics: { maxInFlight: 1.5 }, third: "x" };
    expect(await problems(withChannels({ orders: { ...good.orders, groups } }))).toEqual({
      "channels.orders.groups.billing.concurrency": "0: must be a whole number from 1 up",
      "channels.orders.groups.analytics.maxInFlight": "1.5: must be a whole number",
      "channels.orders.groups.third": '"x": must be a mapping of keys to values',
    });
  });

  it("refuses a breaker or a rate limit that cannot work", async () => {
    const group = (billing: object) =>
      withChannels({ "video-uploads": { ...good["video-uploads"], groups: { encoder: billing } } });
    const at = "channels.video-uploads.groups.encoder";
    expect(await problems(group({ breaker: { pause: "2m..5s", failures: 2 } }))).toEqual({
      [`${at}.breaker.pause`]: '"2m..5s": must be two durations, the shorter first, such as 5s..2m',
      [`${at}.breaker.failures`]: "2: must be a number from 0 to 1",
    });
    expect(await problems(group({ breaker: { on: ["*"] }, rate: { per: "1s", key: "ordering-key" } }))).toEqual({
      [`${at}.breaker.on`]:
        "on: * counts no error as an attempt, so a message that never succeeds would be tried forever; set retry.total in its policy",
      [`${at}.rate.max`]: "missing; set it to the most messages that may start within `per`",
    });
    const keyed = await problems(group({ rate: { max: 5, key: "ordering-key" } }));
    expect(keyed).toEqual({ [`${at}.rate.key`]: '"video-uploads" has no ordering key; leave key out' });
  });

  it("refuses fewer messages in flight than the transport holds at the least; unset, there are enough", async () => {
    const push = fakeAdapter({ name: "push", models: { queue: { minInFlight: 4 } } });
    const groups = (maxInFlight: number) => ({ encoder: { concurrency: 1, maxInFlight } });
    const config = (given: object) => ({
      ...withChannels({ "video-uploads": { model: "queue", on: "p", groups: given } }),
      connections: { ...base().connections, p: { use: push } },
    });
    expect(await problems(config(groups(3)))).toEqual({
      "channels.video-uploads.groups.encoder.maxInFlight":
        "maxInFlight is 3, but this transport holds at least 4 messages, one for each partition; raise it to 4, or use fewer partitions",
    });
    const plan = await resolve(config({ encoder: { concurrency: 1 } }));
    expect(plan.channels["video-uploads"]!.groups["encoder"]!.maxInFlight).toBe(4);
  });

  it("refuses names that are not kebab-case", async () => {
    const config = { ...base(), prefix: "My_Prefix", channels: { ...good, Orders_2: good.orders } };
    const found = await problems(config);
    expect(found["prefix"]).toBe('"My_Prefix": must be kebab-case: lower-case letters, digits and single hyphens');
    expect(found["channels.Orders_2"]).toMatch(/^a name must be kebab-case/);
    expect(Object.keys(found)).toHaveLength(2);
    expect((await problems(base(), { channels: [shape("Orders")] }))["channels.Orders"]).toMatch(/must be kebab-case/);
  });

  it("looks into a policy's alternatives", async () => {
    const policies = {
      default: { deadLetter: { chanel: "x" } },
      a: { retry: { errors: { Timeout: { attempt: 3 }, Other: "deadletter" } } },
      b: { deadLetter: "dead" },
      c: { retry: { jitter: 1.5 } },
    };
    const found = await problems({ ...base(), policies });
    expect(found["policies.default.deadLetter.chanel"]).toBe('unknown key; allowed: channel. Did you mean "channel"?');
    expect(found["policies.a.retry.errors.Timeout.attempt"]).toMatch(/Did you mean "attempts"\?/);
    expect(found["policies.a.retry.errors.Other"]).toBe(
      '"deadletter": must be deadLetter, release, or { attempts, backoff, first, max, jitter }',
    );
    expect(found["policies.c.retry.jitter"]).toMatch(/a number from 0 to 1/);
    expect(found["policies.b.deadLetter"]).toMatch(/^"dead": must be true, false, park, block, skip or/);
  });
});

describe("names that lead nowhere", () => {
  it("refuses a missing connection, in the profile that names it", async () => {
    const profiles = { test: { channels: { orders: { on: "rabit" } } } };
    expect(await problems({ ...base(), profiles }, { profile: "test" })).toEqual({
      "profiles.test.channels.orders.on":
        'no connection "rabit"; connections: aws, rabbit, memory. Did you mean "rabbit"?',
    });
  });

  it("refuses an unknown profile, said in code or in the environment", async () => {
    const config = { ...base(), profiles: { test: {}, onprem: {} } };
    const text = 'no profile "tset"; profiles: test, onprem. Did you mean "test"?';
    expect(await problems(config, { profile: "tset" })).toEqual({ profile: text });
    expect(await problems(config, { env: { SWITCHYARD_PROFILE: "tset" } })).toEqual({ SWITCHYARD_PROFILE: text });
    expect((await resolve(config, { env: { NODE_ENV: "test", SWITCHYARD_PROFILE: "" } })).profile).toBeUndefined();
  });

  it("refuses an unknown policy, of a channel and of a group", async () => {
    const config = {
      ...withChannels({
        orders: { ...good.orders, policy: "slwo", groups: { billing: { policy: "fast" }, analytics: {} } },
      }),
      policies: { slow: {} },
    };
    expect(await problems(config)).toEqual({
      "channels.orders.groups.billing.policy": 'no policy "fast"; policies: default, slow.',
      "channels.orders.policy": 'no policy "slwo"; policies: default, slow. Did you mean "slow"?',
    });
  });

  it("refuses a channel of the code that is not configured; not one that other services use", async () => {
    expect(await problems(base(), { channels: [shape("order")] })).toEqual({
      "channels.order":
        'the code uses this channel, but it is not configured; configured: orders, video-uploads. Did you mean "orders"?',
    });
    expect(Object.keys((await resolve(base(), { channels: [] })).channels)).toEqual([]);
  });

  it("refuses a channel that says no model, no connection and no group", async () => {
    const found = await problems(withChannels({ orders: {} }));
    expect(found).toEqual({
      "channels.orders.model": "missing; set it to queue, pubsub or stream",
      "channels.orders.on": "missing; set it to the name of a connection: aws, rabbit, memory",
      "channels.orders.groups":
        "no group is listed, so no consumer could receive; list at least one: groups: { <name>: {} }",
    });
  });

  it("refuses a connection that names no transport", async () => {
    const found = await problems({ ...base(), connections: { aws: { region: "eu-west-1" } } });
    expect(found).toEqual({
      "connections.aws.use":
        "missing; set it to an adapter: memory, sqs, sns, kinesis, aws, amqp, or the full package name of another adapter, such as @acme/adapter",
    });
  });

  it("passes on what the adapter says of its options", async () => {
    const connections = { aws: { use: "aws", region: 5, endpoint: "no" } };
    const found = await problems({ ...base(), connections });
    expect(Object.keys(found)).toEqual(["connections.aws.region", "connections.aws.endpoint"]);
  });
});

describe("groups", () => {
  it("refuses two groups on a queue", async () => {
    const profiles = { q: { channels: { orders: { model: "queue" } } } };
    expect(await problems({ ...base(), profiles }, { profile: "q" })).toEqual({
      "profiles.q.channels.orders.model":
        'a queue has exactly one group, and "orders" lists billing, analytics; keep one, or use a model that gives every group each message. Supported by: a pubsub on "aws", a stream on "aws", a pubsub on "rabbit", a stream on "rabbit", a pubsub on "memory", a stream on "memory"',
    });
  });

  it("refuses zero groups", async () => {
    const found = await problems(withChannels({ orders: { ...good.orders, groups: {} } }));
    expect(found).toEqual({
      "channels.orders.groups":
        "no group is listed, so no consumer could receive; list at least one: groups: { <name>: {} }",
    });
  });

  it("refuses a consumer of a group that is not listed", async () => {
    const consumers = [consumes(orders, "biling", "*"), consumes(orders, "analytics", "*")];
    expect(await problems(base(), { consumers })).toEqual({
      "channels.orders.groups":
        '"orders" has no group "biling", which the code consumes; listed: billing, analytics. Did you mean "billing"?',
    });
  });

  it("refuses two groups on one existing queue", async () => {
    const groups = { billing: { address: "q1" }, analytics: { address: "q1" } };
    const found = await problems(withChannels({ orders: { ...good.orders, groups } }));
    expect(found["channels.orders.groups.analytics.address"]).toBe(
      'group "analytics" of "orders" and group "billing" of "orders" would read the same queue and take each other\'s messages; give each a different queue',
    );
  });
});

describe("settings that contradict each other", () => {
  const billing = (group: object, more: object = {}) =>
    withChannels({ orders: { ...good.orders, groups: { billing: group }, ...more } });
  const waits = (retry: object) => ({ ...base(), policies: { default: { retry } } });

  it("refuses less in flight than handlers, or than a batch, with both numbers", async () => {
    expect(await problems(billing({ concurrency: 50, maxInFlight: 20, batch: { size: 100, perKey: 200 } }))).toEqual({
      "channels.orders.groups.billing.maxInFlight":
        "maxInFlight is 20 and concurrency is 50: that many handlers could never run at once; raise maxInFlight, or lower concurrency\n" +
        "maxInFlight is 20 and batch.size is 100: a batch could never be full; raise maxInFlight, or lower batch.size",
      "channels.orders.groups.billing.batch.perKey":
        "batch.perKey is 200 and batch.size is 100: a batch never holds more than its size; lower batch.perKey, or leave it out",
    });
  });

  it("names the layer that brought the contradiction in", async () => {
    const profiles = { test: { channels: { orders: { groups: { billing: { concurrency: 30 } } } } } };
    const found = await problems({ ...billing({ maxInFlight: 20 }), profiles }, { profile: "test" });
    expect(Object.keys(found)).toEqual(["profiles.test.channels.orders.groups.billing.concurrency"]);
  });

  it("takes a maxInFlight below the default concurrency for the limit it is", async () => {
    const plan = await resolve(billing({ maxInFlight: 4 }));
    expect(plan.channels["orders"]?.groups["billing"]).toMatchObject({ concurrency: 4, maxInFlight: 4 });
  });

  it("lets a default give way to the wait that is said", async () => {
    const retry = async (...given: Parameters<typeof waits>) =>
      (await resolve(waits(...given))).channels["orders"]?.groups["billing"]?.policy;
    expect((await retry({ first: "10m" }))?.retry).toMatchObject({ firstMs: 600_000, maxMs: 600_000 });
    expect((await retry({ max: "100ms" }))?.retry).toMatchObject({ firstMs: 100, maxMs: 100 });
    expect(
      (await retry({ errors: { Busy: { first: "1h" }, Down: { max: "10ms" }, Late: { first: "2s" } } }))?.errors,
    ).toEqual({
      Busy: { firstMs: 3_600_000, maxMs: 3_600_000 },
      Down: { firstMs: 10, maxMs: 10 },
      Late: { firstMs: 2_000 },
    });
  });

  it("refuses a first wait above the longest, an error's own included", async () => {
    const why = "the first wait would be cut to max; raise max, or lower first";
    expect(await problems(waits({ first: "10m", max: "1m" }))).toEqual({
      "policies.default.retry.first": `first is 10m and max is 1m: ${why}`,
    });
    expect(await problems(waits({ max: "30s", errors: { Busy: { first: "1m" }, Down: { first: "10s" } } }))).toEqual({
      "policies.default.retry.errors.Busy.first": `first is 1m and max is 30s: ${why}`,
    });
    await resolve(waits({ first: "10m", attempts: 1 }));
  });

  it("refuses more attempts than any broker counts", async () => {
    const text = "must be a whole number from 1 to 1000; to retry forever, set deadLetter: block";
    expect(await problems(waits({ attempts: 5_000, errors: { Busy: { attempts: 1_001 } } }))).toEqual({
      "policies.default.retry.attempts": `5000: ${text}`,
      "policies.default.retry.errors.Busy.attempts": `1001: ${text}`,
    });
    await resolve(waits({ attempts: 1_000 }));
  });

  it("refuses a retention that the policy's waits outlast", async () => {
    const config = { ...billing({}, { retention: "1m" }), ...waits({ first: "1m", max: "1m" }) };
    config.channels = billing({}, { retention: "1m" }).channels;
    expect(await problems(config)).toEqual({
      "channels.orders.retention":
        "a message is kept for 1m, but 5 attempts may wait 2m or more in total; raise the retention, or lower attempts, first or max",
    });
  });

  it("refuses a budget of bytes below one message the channel needs to carry", async () => {
    const large = shape("orders", { needs: { messageBytes: 500_000 } });
    const config = billing({ maxInFlightBytes: 100_000 }, { publish: { maxPendingBytes: 200_000 } });
    expect(await problems(config, { channels: [large] })).toEqual({
      "channels.orders.groups.billing.maxInFlightBytes":
        "maxInFlightBytes is 100000, but the channel needs messages of 500000 bytes (messageBytes in its code); raise maxInFlightBytes",
      "channels.orders.publish.maxPendingBytes":
        "maxPendingBytes is 200000, but the channel needs messages of 500000 bytes (messageBytes in its code); raise maxPendingBytes",
    });
  });

  it("refuses a place for dead letters where the policy sends none", async () => {
    const config = (deadLetter: unknown) => ({
      ...billing({ deadLetterAddress: "lost" }),
      policies: { default: { deadLetter } },
    });
    expect(await problems(config("skip"))).toEqual({
      "channels.orders.groups.billing.deadLetterAddress":
        "the policy says deadLetter: skip, so no message would ever reach this queue; leave out deadLetterAddress, or change the policy",
    });
    const found = await problems(config({ channel: "video-uploads" }));
    expect(found["channels.orders.groups.billing.deadLetterAddress"]).toContain("{ channel: video-uploads }");
    await resolve(config(true));
  });
});

describe("what the transport cannot do", () => {
  it("names the key a transport speaks of, where it was said; a default is not refused", async () => {
    const strict = {
      ...aws,
      nativeProblems: () => ["hold: at most 12h", "retention: at most 14d", "native.a: a number"],
    };
    const config = (group: object, more: object = {}) => ({
      ...withChannels({ orders: { ...good.orders, groups: { billing: group }, ...more } }),
      connections: { aws: { use: strict, region: "x" } },
    });
    expect(await problems(config({ hold: "13h" }, { retention: "20d" }), { channels: [orders] })).toEqual({
      "channels.orders.groups.billing.hold": "at most 12h",
      "channels.orders.retention": "at most 14d",
      "channels.orders.native.a": "a number",
    });
    expect(Object.keys(await problems(config({ native: { a: 1 } }), { channels: [orders] }))).toEqual([
      "channels.orders.retention",
      "channels.orders.groups.billing.native.a",
      "channels.orders.native.a",
    ]);
  });

  it("refuses a name too long for its broker", async () => {
    const long = "a".repeat(70);
    const channels = { ...good, [long]: { model: "queue", on: "aws", groups: { x: {} } } };
    const found = await problems({ ...base(), channels }, { channels: [shape(long)] });
    expect(found).toEqual({
      [`channels.${long}.groups.x`]: `physical name dev_${long}_x_dead: 81 characters, of at most 80`,
    });
  });

  it("refuses a model the adapter lacks, naming where it is", async () => {
    const config = {
      ...base(),
      connections: { ...base().connections, simple: { use: "sqs" } },
      channels: { ...good, plain: { model: "stream", on: "simple", groups: { g: {} } } },
    };
    const found = await problems(config, { channels: [shape("plain")] });
    expect(found).toEqual({
      "channels.plain.model":
        '"simple" (sqs) has no model stream. Supported by: a queue on "simple", a queue on "aws", a pubsub on "aws", a stream on "aws", a queue on "rabbit", a pubsub on "rabbit", a stream on "rabbit", a queue on "memory", a pubsub on "memory", a stream on "memory"',
    });
  });

  it("refuses a delay, saying the limit and what would do", async () => {
    const profiles = { other: { channels: { "video-uploads": { model: "stream" } } } };
    expect(await problems({ ...base(), profiles }, { profile: "other" })).toEqual({
      "profiles.other.channels.video-uploads.model":
        '"video-uploads" needs delay 15m; a stream on "aws" cannot keep it. Supported by: a queue on "aws", a pubsub on "rabbit", a queue on "memory", a pubsub on "memory"',
    });
    const hour = shape("video-uploads", { needs: { delay: "1h" } });
    expect((await problems(base(), { channels: [hour] }))["channels.video-uploads.on"]).toBe(
      '"video-uploads" needs delay 1h; a queue on "aws" keeps at most 15m. No configured connection supports it',
    );
  });

  it("refuses an order, fairness, replay and a size it cannot keep", async () => {
    const connections = { ...base().connections, simple: { use: "sqs" } };
    const channels = { k: { model: "queue", on: "simple", groups: { g: {} } } };
    const check = async (more: Parameters<typeof shape>[1]) =>
      (await problems({ prefix: "dev", connections, channels }, { channels: [shape("k", more)] }))["channels.k.on"];
    expect(await check({ orderingKey: "id" })).toMatch(
      /^"k" needs ordering; a queue on "simple" cannot keep it\. Supported by: a queue on "aws"/,
    );
    expect(await check({ needs: { replay: true } })).toMatch(
      /^"k" needs replay; .* Supported by: a stream on "aws", a stream on "rabbit"/,
    );
    expect(await check({ needs: { messageBytes: 2_000_000 } })).toBe(
      '"k" needs messageBytes 2000000; a queue on "simple" keeps at most 1048576 bytes. No configured connection supports it',
    );
    const both = { orderingKey: "id", needs: { fairness: true } } as const;
    const fifo = await problems(
      { prefix: "dev", connections, channels: { k: { ...channels.k, on: "aws" } } },
      { channels: [shape("k", both)] },
    );
    expect(fifo["channels.k.on"]).toMatch(
      /^"k" needs fairness; a queue on "aws" cannot keep it with an ordering key\. Supported by: a queue on "rabbit"/,
    );
  });

  it("refuses waits longer than the broker can delay a retry, of unkeyed queues only", async () => {
    const policies = { default: { retry: { attempts: 20, max: "2h" } } };
    const rabbit = { ...good, plain: { model: "queue", on: "rabbit", groups: { g: {} } } };
    const config = { ...base(), channels: rabbit, policies };
    expect(await problems(config, { channels: [shape("plain")] })).toEqual({
      "policies.default.retry.max":
        'attempts may be 2h apart, but a queue on "rabbit" delays a retry by at most 1h; lower max to 1h',
    });
    expect(
      (await resolve(config, { channels: [shape("plain", { orderingKey: "id" })] })).channels["plain"]?.ordered,
    ).toBe(true);
    const few = { ...config, policies: { default: { retry: { attempts: 3, max: "2h" } } } };
    expect((await resolve(few, { channels: [shape("plain")] })).channels["plain"]).toBeDefined();
  });

  it("refuses a form that cannot keep the order, and one that promises an order nobody declared", async () => {
    const forms = {
      orders: { ...good.orders, form: "standard" },
      "video-uploads": { ...good["video-uploads"], form: "fifo" },
    };
    expect(await problems(withChannels(forms))).toEqual({
      "channels.orders.form":
        '"orders" has an ordering key, but form standard does not keep order; use ordered, or leave form out',
      "channels.video-uploads.form":
        'form fifo is for channels with an ordering key, but "video-uploads" has none; give the channel an orderingKey, or leave form out',
    });
    const other = await problems(withChannels({ orders: { ...good.orders, on: "rabbit", form: "fifo" } }));
    expect(other).toEqual({ "channels.orders.form": '"rabbit" (amqp) has no form fifo; use ordered' });
    await resolve(withChannels({ orders: { ...good.orders, form: "fifo" } }));
  });

  it("refuses what may not become of a poison message, a start and a filter it cannot do", async () => {
    const config = {
      ...withChannels({
        "video-uploads": {
          ...good["video-uploads"],
          policy: "parked",
          groups: { encoder: { filter: ["video-uploads.made"] } },
        },
      }),
      policies: { parked: { deadLetter: "park" } },
    };
    expect(await problems(config)).toEqual({
      "policies.parked.deadLetter":
        'a queue on "aws" cannot park a message that has used up its attempts; allowed: deadLetter: true, deadLetter: block, deadLetter: skip',
      "channels.video-uploads.groups.encoder.filter":
        'a queue on "aws" cannot filter at the broker; leave it out, and handle or ignore the other types',
    });
  });

  it("refuses dead letters with a lower size limit than their source", async () => {
    const small = fakeAdapter({ name: "small", models: { queue: { maxMessageBytes: 262_144 } } });
    const config = {
      ...base(),
      connections: { ...base().connections, small: { use: small } },
      channels: { ...good, dead: { model: "queue", on: "small", groups: { people: {} } } },
      policies: { default: { deadLetter: { channel: "dead" } } },
    };
    expect(await problems(config, { channels: [uploads] })).toEqual({
      "policies.default.deadLetter.channel":
        'its dead letters may have 262144 bytes, less than the 1048576 of "video-uploads", so a large message could not be kept; use a dead-letter destination that allows more',
    });
  });

  it("refuses native settings the driver does not know", async () => {
    const found = await problems(
      withChannels({ orders: { ...good.orders, native: { kmsKey: "x" }, groups: { billing: { native: { y: 1 } } } } }),
    );
    expect(found).toEqual({
      "channels.orders.native": "kmsKey is not a aws setting; allowed: kmsKeyId",
      "channels.orders.groups.billing.native": "y is not a aws setting; allowed: kmsKeyId",
    });
  });
});

describe("dead letters of another channel", () => {
  const config = (channel: string) => ({ ...base(), policies: { default: { deadLetter: { channel } } } });

  it("refuses one that does not exist, and itself", async () => {
    expect(await problems(config("upload"), { channels: [orders] })).toEqual({
      "policies.default.deadLetter.channel": 'no channel "upload"; channels: video-uploads.',
    });
    expect(await problems(config("orders"), { channels: [orders] })).toEqual({
      "policies.default.deadLetter.channel": '"orders" cannot take its own dead letters; name another channel',
    });
  });

  it("sends to what that channel's publishers send to", async () => {
    const plan = await resolve(config("video-uploads"), { channels: [orders] });
    expect(plan.channels["orders"]?.groups["billing"]).toMatchObject({
      deadLetter: { name: "dev_video-uploads_encoder", group: "encoder" },
      deadLetterOn: "aws",
      policy: { exhausted: "deadLetter" },
    });
    expect(plan.channels["orders"]?.groups["billing"]?.from.deadLetter).toBeUndefined();
  });
});

describe("the prefix", () => {
  const { prefix: _, ...rest } = base();

  it("has no default where a broker's names are made from it, and is asked for once", async () => {
    expect(await problems(rest)).toEqual({
      prefix:
        'missing; physical names of "orders" on "aws" start with it, so that two environments never share a queue. For example: prefix: "${STAGE:-dev}"',
    });
  });

  it("is local where everything is in memory", async () => {
    const plan = await resolve(
      { ...rest, profiles: { test: { channels: { "*": { on: "memory" } } } } },
      { profile: "test" },
    );
    expect(plan.prefix).toBe("local");
  });
});

describe("the error", () => {
  it("reports all mistakes at once, of structure and of meaning, each once", async () => {
    const config = {
      ...withChannels({ orders: { ...good.orders, on: "awz", groups: { billing: { hold: "x" } } } }),
      nonsense: 1,
      policies: { default: { retry: { attempts: -1 } } },
    };
    const error = await refusal(config, { channels: [orders, shape("missing"), uploads] });
    expect(error).toMatchObject({ code: "invalid-config", kind: "config", name: "MessagingError" });
    expect(error.problems.map(({ path }) => path).sort()).toEqual([
      "channels.missing",
      "channels.orders.groups.billing.hold",
      "channels.orders.on",
      "nonsense",
      "policies.default.retry.attempts",
    ]);
    expect(error.message).toMatch(/^configuration: 5 mistakes\n/);
    for (const { path, message } of error.problems) expect(error.message).toContain(`\n  ${path}: ${message}`);
  });

  it("does not call missing what is only wrong", async () => {
    const found = await problems(withChannels({ orders: { model: "x", on: 5, groups: [] } }));
    expect(Object.keys(found).sort()).toEqual([
      "channels.orders.groups",
      "channels.orders.model",
      "channels.orders.on",
    ]);
    expect(Object.values(found).join()).not.toContain("missing");
  });

  it("still judges needs where the connection's options are wrong", async () => {
    const connections = { aws: { use: "aws" } };
    const found = await problems(
      { prefix: "dev", connections, channels: { k: { model: "queue", on: "aws", groups: { g: {} } } } },
      {
        channels: [shape("k", { needs: { replay: true } })],
        adapters: [memory, aws],
      },
    );
    expect(Object.keys(found)).toEqual(["connections.aws.region", "channels.k.on"]);
  });
});
