import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type AnyChannel, channel } from "../api/channel.ts";
import { adapters, aws, base, consumes, memory, orders, resolve, shape, uploads } from "../fixtures/adapters.ts";
import type { Consumer } from "../api/consumer.ts";
import type { Adapter, Connection, Destination } from "../driver/index.ts";
import { isMessagingError, MessagingError } from "../api/errors.ts";
import { connect } from "./connect.ts";
import { apply, destinationsOf, explain, plan, provision } from "./provision.ts";
import type { ClaimCheckExtension, ClaimUse } from "../pipeline/extension.ts";
import { systemRuntime } from "../runtime/system-runtime.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";
import type { Change } from "../driver/topology.ts";

const never = new AbortController().signal;
const CREATE: Change = { action: "create", resource: "queue", name: "dev_x", summary: "does not exist; will be made" };
const SHRINK: Change = { action: "destructive", resource: "queue", name: "dev_y", summary: "retention 4d becomes 1d" };

/** An adapter with a topology that finds these changes and notes what it is asked. */
function withTopology(changes: readonly Change[], fail?: unknown) {
  const log: string[] = [];
  const seen: Destination[][] = [];
  const adapter: Adapter = {
    ...aws,
    topology: () =>
      Promise.resolve({
        plan: (destinations) => {
          log.push("plan");
          seen.push([...destinations]);
          return fail === undefined ? Promise.resolve({ changes, state: "mine" }) : Promise.reject(fail);
        },
        apply: (given, _signal, options) => {
          log.push(`apply ${given.state === "mine"}${options?.destructive ? " destructive" : ""}`);
          options?.applied?.(CREATE.name);
          options?.applied?.(CREATE.name);
          return Promise.resolve();
        },
        close: () => {
          log.push("close");
          return Promise.resolve();
        },
      }),
    open: () =>
      Promise.resolve({
        classify: () => ({ kind: "auth", code: "access-denied", hint: "allow sqs:CreateQueue" }),
        close: () => Promise.resolve(log.push("closed")),
      } as unknown as Connection),
  };
  return { adapter, log, seen };
}

const options = (adapter: Adapter, config: object = base()) => ({
  channels: [orders, uploads] as unknown as AnyChannel[],
  config,
  env: {},
  cwd: "/",
  adapters: [adapter, memory],
});

describe("plan() and apply()", () => {
  it("says how many changes are made, as far as the topology tells, and at its end all of them", async () => {
    const drift: Change = { ...CREATE, action: "drift" };
    const { adapter } = withTopology([CREATE, drift, SHRINK]);
    const steps: object[] = [];
    const progress = (step: object) => void steps.push(step);
    const planned = await plan(options(adapter));
    await apply(planned, { destructive: true, progress });
    expect(steps).toEqual([
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ]);
    steps.length = 0;
    await apply(planned, { progress });
    expect(steps).toEqual([{ done: 1, total: 1 }]);
  });

  it("makes the whole plan although progress() throws", async () => {
    const { adapter, log } = withTopology([CREATE]);
    const planned = await plan({ ...options(adapter), runtime: virtualRuntime() });
    const printed = vi.spyOn(console, "error").mockReturnValue();
    const progress = vi.fn<() => never>(() => {
      throw new Error("no terminal");
    });
    await apply(planned, { progress });
    expect(progress).toHaveBeenCalledTimes(1);
    expect(printed).toHaveBeenCalledTimes(1);
    printed.mockRestore();
    expect(log.filter((line) => line.startsWith("apply"))).toEqual(["apply true"]);
  });

  it("shows the changes by connection with the explanation, and changes nothing", async () => {
    const { adapter, log } = withTopology([CREATE, SHRINK]);
    const planned = await plan(options(adapter));
    expect(JSON.parse(JSON.stringify(planned))).toEqual({
      changes: { aws: [CREATE, SHRINK] },
      explanation: JSON.parse(JSON.stringify(planned.explanation)) as unknown,
    });
    expect(planned.explanation).toMatchObject({
      service: "plan",
      channels: { orders: { address: "dev_orders.fifo" } },
    });
    expect(log).toEqual(["plan", "close"]);
  });

  it("explain() says the same without asking the broker", async () => {
    const { adapter, log } = withTopology([CREATE]);
    expect(await explain(options(adapter))).toEqual((await plan(options(adapter))).explanation);
    expect(log).toEqual(["plan", "close"]);
  });

  it("connect({ provision: off }) compares nothing, though a connection says auto", async () => {
    const { adapter, log } = withTopology([CREATE]);
    const connections = { aws: { ...base().connections.aws, provision: "auto" } };
    const config = {
      prefix: "dev",
      connections,
      channels: { plain: { model: "queue", on: "aws", groups: { main: {} } } },
    };
    const named = channel("plain", { messages: { it: z.object({}) } });
    const given = { ...options(adapter, config), channels: [named], service: "tool" } as any;
    const messaging = await connect({ ...given, provision: "off" });
    await messaging.stop();
    expect(log).toEqual(["closed"]);
    await expect(connect({ ...given, provision: "auto" })).rejects.toMatchObject({
      code: "bad-option",
    });
  });

  it("apply what was planned; destructive changes only when told", async () => {
    const { adapter, log } = withTopology([CREATE]);
    const planned = await plan(options(adapter));
    await apply(planned);
    await apply(planned, { destructive: true });
    expect(log).toEqual(["plan", "close", "apply true", "close", "apply true destructive", "close"]);
    await expect(apply({ ...planned })).rejects.toMatchObject({ code: "not-a-plan", kind: "config" });
  });

  it("hand over topics, groups and dead letters as publishing and consuming will use them", async () => {
    const { adapter, seen } = withTopology([]);
    const planned = await plan(options(adapter));
    expect(planned.changes).toEqual({});
    expect(seen[0]?.map(({ name, deadLetter }) => [name, deadLetter?.name])).toEqual([
      ["dev_orders", undefined],
      ["dev_orders_billing", "dev_orders_billing_dead"],
      ["dev_orders_analytics", "dev_orders_analytics_dead"],
      ["dev_video-uploads_encoder", "dev_video-uploads_encoder_dead"],
    ]);
  });

  it("take message types from consumers, where the configuration asks for filters", async () => {
    const { adapter, seen } = withTopology([]);
    const channels = {
      orders: {
        ...base().channels.orders,
        groups: { billing: { filter: true }, analytics: { filter: ["orders.gone"] } },
      },
    };
    const consumers = [consumes(orders, "billing", "orders.made"), consumes(orders, "analytics", "*")];
    await plan({
      ...options(adapter, { ...base(), channels }),
      channels: [],
      consumers: consumers as unknown as Consumer<any>[],
    });
    expect(seen[0]?.map(({ types }) => types)).toEqual([undefined, ["orders.made"], ["orders.gone"]]);
    await expect(
      plan({ ...options(adapter), consumers: [consumes(orders, "nobody", "*")] as unknown as Consumer<any>[] }),
    ).rejects.toMatchObject({ code: "invalid-config", problems: [{ path: "channels.orders.groups" }] });
  });

  it("leave an adapter without topology alone", async () => {
    const config = { ...base(), profiles: { test: { channels: { "*": { on: "memory" } } } } };
    expect((await plan({ ...options(aws, config), profile: "test" })).changes).toEqual({});
  });
});

describe("dead letters elsewhere", () => {
  it("are asked of their own connection", async () => {
    const config = {
      ...base(),
      channels: { ...base().channels, dead: { model: "queue", on: "rabbit", groups: { people: {} } } },
      policies: { default: { deadLetter: { channel: "dead" } } },
    };
    const resolved = await resolve(config, { adapters, channels: [shape("video-uploads")] });
    expect(destinationsOf(resolved, "aws").map(({ name }) => name)).toEqual(["dev_video-uploads_encoder"]);
    expect(destinationsOf(resolved, "rabbit").map(({ name }) => name)).toEqual(["dev_dead_people"]);
  });
});

describe("provisioning at connect()", () => {
  const run = async (mode: string, { adapter }: { adapter: Adapter }) => {
    const config = { ...base(), connections: { aws: { ...base().connections.aws, provision: mode } } };
    const resolved = await resolve(config, { adapters: [adapter, memory] });
    return provision(resolved, systemRuntime, never).catch((cause: unknown) => cause);
  };

  it("off does nothing; auto makes what is missing; nothing to do is nothing done", async () => {
    const [off, auto, idle] = [withTopology([CREATE]), withTopology([CREATE]), withTopology([])];
    expect([await run("off", off), await run("auto", auto), await run("auto", idle)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([off.log, auto.log, idle.log]).toEqual([[], ["plan", "apply true", "close"], ["plan", "close"]]);
  });

  it("auto refuses a destructive change before it makes any", async () => {
    const fake = withTopology([CREATE, SHRINK]);
    const error = await run("auto", fake);
    expect(isMessagingError(error, "topology-differs") && error.message).toContain(
      "destructive queue dev_y: retention 4d becomes 1d",
    );
    expect(fake.log).toEqual(["plan", "close"]);
  });

  it("verify refuses any difference, and an adapter that has nothing to verify", async () => {
    const fake = withTopology([CREATE]);
    expect(await run("verify", fake)).toMatchObject({
      code: "topology-differs",
      kind: "config",
      problems: [{ path: "dev_x", message: "does not exist; will be made" }],
    });
    expect(await run("verify", withTopology([]))).toBeUndefined();
    expect(await run("verify", { adapter: aws })).toMatchObject({ code: "no-topology", kind: "config" });
  });

  it("names a broker's error by the driver's fault table", async () => {
    const raw = new Error("AccessDenied");
    const fake = withTopology([], raw);
    expect(await run("auto", fake)).toMatchObject({ code: "access-denied", kind: "auth", cause: raw });
    expect(fake.log).toEqual(["plan", "close", "closed"]);
  });

  it("survives faults that pass, with a topology opened anew for each try", async () => {
    const { adapter, log } = withTopology([CREATE]);
    const fresh = await adapter.topology!({}, systemRuntime);
    let failures = 0;
    const flaky: Adapter = {
      ...adapter,
      topology: async () => ({
        ...fresh,
        plan: (destinations, signal) =>
          ++failures < 3 ? Promise.reject(new Error("cut")) : fresh.plan(destinations, signal),
      }),
      open: async () =>
        ({ classify: () => ({ kind: "retryable", code: "cut" }), close: async () => {} }) as unknown as Connection,
    };
    const runtime = virtualRuntime();
    const planning = plan({ ...options(flaky), runtime });
    await runtime.advance(10_000);
    expect((await planning).changes).toEqual({ aws: [CREATE] });
    expect(log).toEqual(["close", "close", "plan", "close"]);
  });

  it("refuses filters that only the consumers know, since connect() would take them away again", async () => {
    const { adapter } = withTopology([]);
    const config = {
      ...base(),
      connections: { aws: { ...base().connections.aws, provision: "auto" } },
      channels: { orders: { ...base().channels.orders, groups: { billing: { filter: true } } } },
    };
    await expect(resolve(config, { adapters: [adapter], channels: [orders] })).rejects.toMatchObject({
      problems: [{ path: "channels.orders.groups.billing.filter" }],
    });
  });
});

describe("claim stores", () => {
  const DAY = 86_400_000;
  const RULE: Change = { action: "create", resource: "lifecycle rule", name: "b/p/", summary: "14 days" };

  /** A store whose topology finds these changes and notes what it is asked. */
  function store(changes: readonly Change[] = [RULE], fail?: Error) {
    const log: string[] = [];
    const uses: (readonly ClaimUse[])[] = [];
    const extension: ClaimCheckExtension = {
      kind: "claim-check",
      names: ["s3"],
      options: z.looseObject({}),
      place: ({ bucket }) => `s3://${String(bucket)}`,
      open: () => Promise.reject(new Error("a plan opens no store")),
      topology: (_options, { name, directory, service }) => {
        log.push(`open ${name} ${directory} ${service}`);
        return Promise.resolve({
          plan: (of) => {
            uses.push(of);
            return fail === undefined ? Promise.resolve({ changes, state: "mine" }) : Promise.reject(fail);
          },
          apply: ({ state }) => Promise.resolve(void log.push(`apply ${String(state)}`)),
          close: () => Promise.resolve(void log.push("close")),
        });
      },
    };
    return { extension, log, uses };
  }

  const claimed = (more: object = {}, claimCheck: object = { store: "s3", bucket: "b" }) => {
    const { channels, ...rest } = base();
    const all = Object.entries(channels).map(([name, channel]) => [name, { ...channel, claimCheck }]);
    return { ...rest, channels: Object.fromEntries(all), ...more };
  };
  const planned = (extension: ClaimCheckExtension, config: object) =>
    plan({ ...options(aws, config), extensions: [extension] });

  it("are planned and applied beside the connections, and nothing of theirs is opened where no channel has one", async () => {
    const { extension, log } = store();
    expect((await planned(extension, base())).changes).toEqual({});
    expect(log).toEqual([]);
    const found = await planned(extension, claimed());
    expect(found.changes).toEqual({ "channels.orders.claimCheck": [RULE] });
    expect(found.explanation.channels["orders"]?.content).toEqual(["stored in s3://b: what does not fit"]);
    await apply(found);
    const opened = "open channels.orders.claimCheck / plan";
    expect(log).toEqual([opened, "close", opened, "apply mine", "close"]);
  });

  it("keep objects while a queue keeps the message, and then its dead letters", async () => {
    const { extension, uses } = store();
    await planned(extension, claimed());
    expect(uses).toEqual([
      [
        { channel: "orders", keepMs: 28 * DAY },
        { channel: "video-uploads", keepMs: 28 * DAY },
      ],
    ]);
    await planned(extension, claimed({ policies: { default: { deadLetter: "skip" } } }));
    expect(uses[1]).toMatchObject([{ keepMs: 14 * DAY }, { keepMs: 14 * DAY }]);
  });

  it("assume that an existing queue keeps messages for 14 days, if its adapter assumes less", async () => {
    const { extension, uses } = store();
    const short: Adapter = {
      ...aws,
      capabilities: (of, given) => ({ ...aws.capabilities(of, given)!, retentionMs: 4 * DAY }),
    };
    const config = claimed();
    config.channels["video-uploads"] = { ...config.channels["video-uploads"], address: "an-old-queue" };
    await plan({ ...options(short, config), extensions: [extension] });
    expect(uses[0]).toMatchObject([{ keepMs: 8 * DAY }, { keepMs: 18 * DAY }]);
  });

  it("of equal settings are one, of others several; a client of one's own is equal to itself only", async () => {
    const { extension, uses } = store();
    const config = claimed();
    const other = { ...config, channels: { ...config.channels } };
    other.channels["orders"] = { ...other.channels["orders"], claimCheck: { store: "s3", bucket: "c" } };
    await planned(extension, other);
    expect(uses.map((of) => of.map(({ channel }) => channel))).toEqual([["orders"], ["video-uploads"]]);
    class Client {
      readonly self = this;
    }
    const shared = new Client();
    uses.length = 0;
    await planned(extension, claimed({}, { store: "s3", client: shared }));
    expect(uses).toHaveLength(1);
    const mixed = claimed({}, { store: "s3", client: shared });
    mixed.channels["orders"] = { ...mixed.channels["orders"], claimCheck: { store: "s3", client: new Client() } };
    uses.length = 0;
    await planned(extension, mixed);
    expect(uses).toHaveLength(2);
  });

  it.each([
    ["off", [], undefined],
    ["auto", ["open channels.orders.claimCheck / test", "apply mine", "close"], undefined],
    ["verify", ["open channels.orders.claimCheck / test", "close"], "topology-differs"],
  ])("at connect(), with provision: %s", async (mode, log, code) => {
    const fake = store();
    const { adapter } = withTopology([]);
    const config = claimed({ connections: { aws: { ...base().connections.aws, provision: mode } } });
    const resolved = await resolve(config, { adapters: [adapter, memory], extensions: [fake.extension] });
    const error = await provision(resolved, systemRuntime, never).catch((cause: unknown) => cause);
    expect(fake.log).toEqual(log);
    if (code === undefined) expect(error).toBeUndefined();
    else expect(error).toMatchObject({ code, kind: "config" });
  });

  it("have their errors pass, and name what fails otherwise", async () => {
    const own = new MessagingError("claim-lifetime", "too short", { kind: "config" });
    await expect(planned(store([], own).extension, claimed())).rejects.toBe(own);
    const raw = new Error("raw");
    await expect(planned(store([], raw).extension, claimed())).rejects.toMatchObject({
      code: "topology-failed",
      kind: "retryable",
      cause: raw,
    });
  });
});
