import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { base, consumes, orders, problems, resolve, shape, uploads } from "../../fixtures/adapters.ts";
import type { ResolveInput } from "../index.ts";
import type { OverlayInput } from "../../api/config-input.ts";

const layered = (overlay: OverlayInput, below: object = base()) => ({ ...below, profiles: { p: overlay } });
const laid = (overlay: OverlayInput, more: Partial<ResolveInput> = {}, below?: object) =>
  resolve(layered(overlay, below), { profile: "p", ...more });
const wrong = (overlay: OverlayInput, more: Partial<ResolveInput> = {}, below?: object) =>
  problems(layered(overlay, below), { profile: "p", ...more });

describe("null removes", () => {
  it("a group", async () => {
    const overlay = { channels: { orders: { groups: { analytics: null } } } };
    expect(Object.keys((await laid(overlay)).channels["orders"]!.groups)).toEqual(["billing"]);
    expect(Object.keys((await resolve(layered(overlay))).channels["orders"]!.groups)).toEqual(["billing", "analytics"]);
  });

  it("a group of every channel", async () => {
    const plan = await laid({ channels: { "*": { groups: { analytics: null } } } });
    expect(Object.keys(plan.channels["orders"]!.groups)).toEqual(["billing"]);
    expect(Object.keys(plan.channels["video-uploads"]!.groups)).toEqual(["encoder"]);
  });

  it("what * gives, for one channel, within a layer as well", async () => {
    const below = { ...base(), channels: { ...base().channels, "*": { groups: { audit: {} } } } };
    const overlay = { channels: { "video-uploads": { groups: { audit: null } } } };
    expect(Object.keys((await laid(overlay, {}, below)).channels["video-uploads"]!.groups)).toEqual(["encoder"]);
    expect(Object.keys((await laid(overlay, {}, below)).channels["orders"]!.groups)).toContain("audit");
  });

  it("any key, which then has its default", async () => {
    const channels = {
      orders: {
        ...base().channels.orders,
        address: "arn:orders",
        retention: "2d",
        publish: { timeout: "5s" },
        native: { kmsKeyId: "k" },
        groups: { billing: { hold: "30s", concurrency: 3, native: { kmsKeyId: "k" } } },
      },
    };
    const below = { ...base(), drain: "5s", channels, policies: { default: { retry: { attempts: 2, first: "3s" } } } };
    const overlay: OverlayInput = {
      drain: null,
      channels: {
        orders: {
          ...{ address: null, retention: null, publish: null, native: { kmsKeyId: null } },
          groups: { billing: { hold: null, native: null } },
        },
      },
      policies: { default: { retry: { first: null } } },
    };
    const plan = await laid(overlay, { channels: [orders] }, below);
    const { to, publish, groups } = plan.channels["orders"]!;
    expect(plan.drainMs).toBe(25_000);
    expect(to).toMatchObject({ name: "dev_orders", native: {} });
    expect(to.address).toBeUndefined();
    expect(to.retentionMs).toBeUndefined();
    expect(publish.timeoutMs).toBe(30_000);
    expect(groups["billing"]).toMatchObject({ holdMs: 60_000, concurrency: 3, from: { native: {} } });
    expect(groups["billing"]!.policy.retry).toMatchObject({ attempts: 2, firstMs: 1_000 });
  });

  it("an option of a connection, and a policy for one error", async () => {
    const below = {
      ...base(),
      connections: { aws: { use: "aws", region: "eu-west-1", endpoint: "http://127.0.0.1:1" } },
      policies: { default: { retry: { errors: { Down: "release", Bad: "deadLetter" } } } },
    };
    const overlay: OverlayInput = {
      connections: { aws: { endpoint: null } },
      policies: { default: { retry: { errors: { Down: null } } } },
    };
    const plan = await laid(overlay, {}, below);
    expect(plan.connections["aws"]!.options).toEqual({ region: "eu-west-1" });
    expect(plan.channels["orders"]!.groups["billing"]!.policy.errors).toEqual({ Bad: "deadLetter" });
  });

  it("a policy, a connection and a channel, which are unknown then", async () => {
    const below = { ...base(), policies: { slow: {} }, channels: { ...base().channels } };
    below.channels.orders = { ...below.channels.orders, policy: "slow" } as never;
    expect(await wrong({ policies: { slow: null }, connections: { rabbit: null } }, {}, below)).toEqual({
      "channels.orders.policy": 'no policy "slow"; policies: default.',
    });
    expect(await wrong({ connections: { aws: null }, policies: null }, { channels: [uploads] })).toEqual({
      "channels.video-uploads.on": 'no connection "aws"; connections: rabbit, memory.',
    });
    expect(await wrong({ channels: { orders: null } })).toEqual({
      "profiles.p.channels.orders":
        "null removes this channel, but the code uses it; keep it, or leave it out of connect({ channels })",
    });
    expect(Object.keys((await laid({ channels: { orders: null } }, { channels: [uploads] })).channels)).toEqual([
      "video-uploads",
    ]);
  });

  it("by a variable too", async () => {
    const env = {
      SWITCHYARD__CHANNELS__ORDERS__GROUPS__ANALYTICS: "null",
      SWITCHYARD__CHANNELS__ORDERS__GROUPS__BILLING__HOLD: "null",
    };
    const below = { ...base(), channels: { ...base().channels } };
    below.channels.orders = { ...below.channels.orders, groups: { billing: { hold: "5s" }, analytics: {} } } as never;
    const { groups } = (await resolve(below, { env })).channels["orders"]!;
    expect(Object.keys(groups)).toEqual(["billing"]);
    expect(groups["billing"]!.holdMs).toBe(60_000);
  });

  it("nothing, and then it is a mistake", async () => {
    const overlay: OverlayInput = {
      connections: { awz: null },
      policies: { slow: null },
      channels: { orders: { groups: { analitics: null } }, "*": null, order: null },
    };
    expect(await wrong(overlay)).toEqual({
      "profiles.p.connections.awz":
        'null removes an entry, but there is no "awz"; known: aws, rabbit. For an entry without settings write {}. Did you mean "aws"?',
      "profiles.p.policies.slow":
        'null removes an entry, but there is no "slow"; known: none. For an entry without settings write {}.',
      "profiles.p.channels.orders.groups.analitics":
        'null removes an entry, but there is no "analitics"; known: billing, analytics. For an entry without settings write {}. Did you mean "analytics"?',
      "profiles.p.channels.*": 'null cannot remove all channels; set a named channel, or a key below "*", to null',
      "profiles.p.channels.order":
        'null removes an entry, but there is no "order"; known: orders, video-uploads. For an entry without settings write {}. Did you mean "orders"?',
    });
    expect(Object.keys(await problems({ ...base(), channels: { orders: { groups: { billing: null } } } }))).toContain(
      "channels.orders.groups.billing",
    );
  });

  it("but not where YAML has nothing after the colon: that is an entry without settings", async () => {
    const folder = mkdtempSync(join(tmpdir(), "switchyard-null-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(
      join(folder, "switchyard.config.yaml"),
      `
prefix: dev
connections: { aws: { use: aws, region: eu-west-1 } }
channels: { orders: { model: pubsub, on: aws, groups: { billing: {}, analytics: {}, audit: {} } } }
profiles: { p: { channels: { orders: { groups: { billing: , analytics: null, audit: ~, mail: } } } } }
`,
    );
    const plan = await resolve({}, { config: folder, channels: [orders], profile: "p" });
    expect(Object.keys(plan.channels["orders"]!.groups)).toEqual(["billing", "mail"]);
  });
});

describe("consumers of a deployment for all profiles", () => {
  const deployed = [consumes(orders, "billing"), consumes(orders, "analytics")];

  it("may be of a group or a channel that this profile leaves out", async () => {
    const overlay = { channels: { orders: { groups: { analytics: null } } } };
    const plan = await laid(overlay, { channels: [], consumers: deployed });
    expect(Object.keys(plan.channels["orders"]!.groups)).toEqual(["billing"]);
    const gone = await laid(
      { channels: { orders: null } },
      { channels: [orders, uploads], consumers: deployed, everyProfile: true },
    );
    expect(Object.keys(gone.channels)).toEqual(["video-uploads"]);
  });

  it("may be of a group that only another profile lists", async () => {
    const config = { ...base(), profiles: { big: { channels: { orders: { groups: { reports: {} } } } } } };
    const plan = await resolve(config, { channels: [], consumers: [consumes(orders, "reports")] });
    expect(Object.keys(plan.channels["orders"]!.groups)).toEqual(["billing", "analytics"]);
  });

  it("must be of a group that some profile lists", async () => {
    const config = { ...base(), profiles: { big: { channels: { orders: { groups: { reports: {} } } } } } };
    expect(await problems(config, { consumers: [consumes(orders, "report"), consumes(shape("other"), "x")] })).toEqual({
      "channels.orders.groups": expect.stringContaining('has no group "report", which the code consumes'),
      "channels.other": expect.stringContaining("not configured"),
    });
  });
});
