import { GetBucketLifecycleConfigurationCommand, PutBucketLifecycleConfigurationCommand } from "@aws-sdk/client-s3";
import type { ClaimTopology, ClaimUse } from "@switchyard/core/pipeline";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { extension } from "../extension.ts";
import { type Emulator, OWNER, startS3 } from "../fixtures/s3.ts";
import { contextOf, optionsOf } from "../fixtures/steps.ts";
import type { LifecycleRule } from "../s3/sdk.ts";
import { judge } from "./lifecycle.ts";

const DAY = 86_400_000;
const uses = (...days: number[]): ClaimUse[] => days.map((each, at) => ({ channel: `c${at}`, keepMs: each * DAY }));
const signal = new AbortController().signal;

let s3: Emulator;
let count = 0;
let bucket: string;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.faults.clear();
  bucket = `bucket-${++count}`;
  s3.store.createBucket(bucket);
});

const topology = (prefix = "p/28d", more: object = {}): Promise<ClaimTopology> =>
  extension.topology!(
    optionsOf({ store: "s3", bucket, prefix, owner: OWNER, client: s3.client, ...more }),
    contextOf(),
  );
const rules = async (): Promise<readonly LifecycleRule[]> =>
  (await s3.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }))).Rules;
const given = (...Rules: LifecycleRule[]) =>
  s3.client.send(
    new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules: Rules as never } }),
  );

describe("the lifecycle rule of a prefix", () => {
  test("is planned, made, and then nothing is left to do", async () => {
    const of = await topology();
    const plan = await of.plan(uses(4, 27.2), signal);
    expect(plan.changes).toEqual([
      {
        action: "create",
        resource: "lifecycle rule",
        name: `${bucket}/p/28d/`,
        summary: "objects of p/28d/ expire after 28 days; the bucket's other 0 rules stay",
        detail: { days: 28 },
      },
    ]);
    await expect(rules()).rejects.toThrow("lifecycle configuration does not exist");
    await of.apply(plan, signal);
    await of.apply(plan, signal);
    expect(await rules()).toEqual([
      {
        ID: "switchyard p/28d/",
        Status: "Enabled",
        Filter: { Prefix: "p/28d/" },
        Expiration: { Days: 28 },
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
    ]);
    expect((await of.plan(uses(4, 27.2), signal)).changes).toEqual([]);
    expect((await of.plan([], signal)).changes).toEqual([]);
  });

  test("leaves every other rule as it was", async () => {
    const others: LifecycleRule[] = [
      { ID: "logs", Status: "Enabled", Filter: { Prefix: "logs/" }, Expiration: { Days: 3 } },
      {
        ID: "tagged",
        Status: "Enabled",
        Filter: { And: { Prefix: "p/", Tags: [{ Key: "temporary", Value: "yes" }] } },
        Expiration: { Days: 1 },
      },
    ];
    await given(...others);
    const of = await topology();
    await of.apply(await of.plan(uses(28), signal), signal);
    expect((await rules()).slice(0, 2)).toEqual(others);
    expect(await rules()).toHaveLength(3);
  });

  test("leaves the setting beside the rules as it was", async () => {
    const sent: object[] = [];
    const client = {
      send: async ({
        input,
        constructor,
      }: {
        readonly input: object;
        readonly constructor: { readonly name: string };
      }) => {
        if (constructor.name === "PutBucketLifecycleConfigurationCommand") sent.push(input);
        return { Rules: [], TransitionDefaultMinimumObjectSize: "varies_by_storage_class" };
      },
    };
    const of = await topology("p/28d", { client });
    await of.apply(await of.plan(uses(28), signal), signal);
    expect(sent).toMatchObject([{ TransitionDefaultMinimumObjectSize: "varies_by_storage_class" }]);
  });

  test("is prolonged, never shortened, and enabled again", async () => {
    const of = await topology();
    await of.apply(await of.plan(uses(14), signal), signal);
    const longer = await of.plan(uses(28), signal);
    expect(longer.changes).toMatchObject([
      { action: "update", summary: "objects of p/28d/ expire after 28 days (now 14 days)" },
    ]);
    await of.apply(longer, signal);
    expect((await of.plan(uses(3), signal)).changes).toEqual([]);
    await given({ ...(await rules())[0]!, Status: "Disabled" });
    const enabled = await of.plan(uses(3), signal);
    expect(enabled.changes).toMatchObject([
      { action: "update", summary: "objects of p/28d/ expire after 28 days (now disabled)" },
    ]);
    await of.apply(enabled, signal);
    expect(await rules()).toMatchObject([{ Status: "Enabled", Expiration: { Days: 28 } }]);
  });

  test("of two prefixes stands beside the other's, also where S3 still returns older rules", async () => {
    const [one, two] = [await topology("p/14d"), await topology("p/28d")];
    const plans = [await one.plan(uses(14), signal), await two.plan(uses(28), signal)] as const;
    await one.apply(plans[0], signal);
    s3.store.deleteBucketLifecycleConfiguration(bucket);
    await two.apply(plans[1], signal);
    expect((await rules()).map(({ ID }) => ID)).toEqual(["switchyard p/14d/", "switchyard p/28d/"]);
  });

  test("is not needed where another rule ends the objects' lives late enough", async () => {
    await given({ ID: "all", Status: "Enabled", Filter: { Prefix: "" }, Expiration: { Days: 90 } });
    expect((await (await topology()).plan(uses(28), signal)).changes).toEqual([]);
  });
});

describe("where the broker keeps messages without limit", () => {
  const HUNDRED_YEARS = 36_500;

  test("no rule is made, and the plan says why", async () => {
    const { changes } = await (await topology()).plan(uses(28, HUNDRED_YEARS), signal);
    expect(changes).toMatchObject([
      { action: "drift", resource: "lifecycle rule", summary: expect.stringContaining('"c1" may keep') },
    ]);
  });

  test("`keep` says for how long", async () => {
    const of = await topology("p/28d", { keep: "90d" });
    expect((await of.plan(uses(28, HUNDRED_YEARS), signal)).changes).toMatchObject([
      { action: "create", detail: { days: 90 } },
    ]);
  });

  test("`keep` is no way to lose the messages of another channel", async () => {
    const of = await topology("p/28d", { keep: "7d" });
    await expect(of.plan(uses(28, HUNDRED_YEARS), signal)).rejects.toMatchObject({
      code: "claim-lifetime",
      message: expect.stringContaining('keep is 7 days, and messages of "c0" may come for 28'),
    });
  });
});

describe("plan() refuses", () => {
  test("a rule of others that expires objects too early, and changes nothing", async () => {
    await given({ ID: "tidy", Status: "Enabled", Filter: { Prefix: "p/" }, Expiration: { Days: 7 } });
    await expect((await topology()).plan(uses(28), signal)).rejects.toMatchObject({
      code: "claim-lifetime",
      kind: "config",
      message: expect.stringContaining(
        'its lifecycle rule "tidy" expires objects of p/28d/ after 7 days, and messages need them for 28 days',
      ),
    });
    expect(await rules()).toHaveLength(1);
  });

  test("a bucket that does not exist: none is ever created", async () => {
    bucket = "nobodys-bucket";
    await expect((await topology()).plan(uses(28), signal)).rejects.toMatchObject({
      code: "claim-bucket-missing",
      kind: "config",
    });
    expect(s3.store.hasBucket("nobodys-bucket")).toBe(false);
  });

  test("a role without rights, and says which", async () => {
    s3.faults.set(`GET /${bucket}?lifecycle`, { status: 403, code: "AccessDenied" });
    s3.faults.set(`GET /${bucket}/?lifecycle`, { status: 403, code: "AccessDenied" });
    await expect((await topology()).plan(uses(28), signal)).rejects.toMatchObject({
      code: "claim-denied",
      kind: "auth",
      message: expect.stringContaining("s3:GetLifecycleConfiguration"),
    });
  });
});

test("apply() without the right to write says so", async () => {
  const of = await topology();
  const plan = await of.plan(uses(28), signal);
  s3.faults.set("lifecycle", { status: 403, code: "AccessDenied" });
  await expect(of.apply(plan, signal)).rejects.toMatchObject({ code: "claim-denied" });
});

test("a role that may not list the prefix is drift", async () => {
  s3.faults.set("list-type=2", { status: 403, code: "AccessDenied" });
  const { changes } = await (await topology()).plan(uses(28), signal);
  expect(changes).toMatchObject([
    { action: "create" },
    { action: "drift", resource: "bucket", summary: expect.stringContaining("s3:ListBucket") },
  ]);
});

test.each(["memory", "folder"])("%s has nothing to plan", async (store) => {
  const of = await extension.topology!(optionsOf({ store, folder: "x" }), contextOf());
  expect(await of.plan(uses(28), signal)).toEqual({ changes: [] });
  await of.apply({ changes: [] }, signal);
  await of.close();
});

describe("rules are judged:", () => {
  const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({ ID: "x", Status: "Enabled", ...more });
  const archived = { Transitions: [{ Days: 1, StorageClass: "DEEP_ARCHIVE" }] };
  test.each([
    ["disabled", rule({ Status: "Disabled", Expiration: { Days: 1 } }), 0],
    ["of another prefix", rule({ Filter: { Prefix: "q/" }, Expiration: { Days: 1 } }), 0],
    ["of a prefix that only begins alike", rule({ Filter: { Prefix: "p/28d2/" }, Expiration: { Days: 1 } }), 0],
    ["of a part of ours", rule({ Filter: { Prefix: "p/28d/orders/" }, Expiration: { Days: 1 } }), 1],
    ["of the whole bucket, the old way", rule({ Prefix: "", Expiration: { Days: 27 } }), 1],
    ["on a date", rule({ Filter: { Prefix: "p/" }, Expiration: { Date: new Date("2027-01-01") } }), 1],
    ["that archives", rule({ Filter: { Prefix: "p/" }, ...archived }), 1],
    ["that moves to a class that can be read", rule({ Transitions: [{ Days: 1, StorageClass: "STANDARD_IA" }] }), 0],
    ["late enough", rule({ Expiration: { Days: 28 } }), 0],
    ["of large objects", rule({ Filter: { ObjectSizeGreaterThan: 1 }, Expiration: { Days: 1 } }), 1],
    ["of tagged objects", rule({ Filter: { Tag: { Key: "a", Value: "b" } }, Expiration: { Days: 1 } }), 0],
  ])("one %s", (_what, one, problems) => {
    expect(judge([one], "p/28d", 28).problems).toHaveLength(problems);
  });

  test("a rule for some sizes only does not do for all", () => {
    const some = rule({ Filter: { And: { Prefix: "p/", ObjectSizeGreaterThan: 1 } }, Expiration: { Days: 90 } });
    expect(judge([some], "p/28d", 28)).toMatchObject({ action: "create", problems: [] });
  });

  test("those with their prefix in the old place are kept in the current form, which S3 asks for beside a filter", () => {
    const old = rule({ Prefix: "logs/", Expiration: { Days: 3 } });
    const { rules: wanted } = judge([old], "p/28d", 28);
    expect(wanted?.[0]).toEqual(rule({ Filter: { Prefix: "logs/" }, Expiration: { Days: 3 } }));
    expect(wanted?.[1]).toMatchObject({ Filter: { Prefix: "p/28d/" } });
  });

  test("a thousand rules are S3's most", () => {
    const many = Array.from({ length: 1_000 }, (_, at) => rule({ ID: String(at), Filter: { Prefix: `q/${at}/` } }));
    expect(judge(many, "p", 1).problems).toEqual([expect.stringContaining("1000 lifecycle rules")]);
  });
});
