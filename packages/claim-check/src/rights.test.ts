/** The rights are compared with what the client really sends: every call is allowed, and nothing is allowed that no call needs. */
import type { ClaimCall } from "@switchyard/core/pipeline";
import type { IamRight } from "@switchyard/core/driver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { extension } from "./extension.ts";
import { type Emulator, OWNER, startS3 } from "./fixtures/s3.ts";
import { contextOf, json, messageOf, open, optionsOf, reader, writing } from "./fixtures/steps.ts";

let s3: Emulator;
beforeAll(async () => {
  s3 = await startS3(["acme-msgs", "old-one"]);
});
afterAll(() => s3.close());

const given = () => ({ store: "s3", bucket: "acme-msgs", prefix: "p/28d", owner: OWNER, client: s3.client });
const needed = async (call: ClaimCall, more: object = {}, region = "eu-west-1"): Promise<readonly IamRight[]> =>
  (await extension.rights!(optionsOf({ ...given(), ...more }))).needed(call, ["orders"], { region })
    .rights as IamRight[];

/** Action and resource of each request. A list has its prefix. */
function sent(): readonly { readonly action: string; readonly resource: string; readonly prefix?: string }[] {
  return s3.seen.map(({ method, path, headers }) => {
    const { pathname, searchParams } = new URL(path, s3.endpoint);
    const [, bucket = "", ...key] = pathname.split("/");
    const on = (action: string, what = bucket) => ({ action: `s3:${action}`, resource: `arn:aws:s3:::${what}` });
    if (searchParams.has("lifecycle"))
      return on(method === "GET" ? "GetLifecycleConfiguration" : "PutLifecycleConfiguration");
    if (searchParams.has("list-type")) return { ...on("ListBucket"), prefix: searchParams.get("prefix") ?? "" };
    if (method === "PUT" && headers["x-amz-copy-source"] !== undefined) return on("Copy", `${bucket}/${key.join("/")}`);
    return on(method === "GET" ? "GetObject" : "PutObject", `${bucket}/${key.join("/")}`);
  });
}

/** Our patterns have their only `*` at the end. */
const like = (pattern: string, text: string): boolean =>
  pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;

function allows(right: IamRight, call: ReturnType<typeof sent>[number]): boolean {
  const prefixes = right.condition?.["StringLike"]?.["s3:prefix"];
  const fits = prefixes === undefined || prefixes.some((pattern) => like(pattern, call.prefix ?? ""));
  return right.action === call.action && like(right.resource, call.resource) && fits;
}

/** Every call is allowed, and every right is used. A copy reads and writes. */
function expectExactly(rights: readonly IamRight[]): void {
  const calls = sent().flatMap((call) =>
    call.action === "s3:Copy"
      ? [
          { ...call, action: "s3:GetObject" },
          { ...call, action: "s3:PutObject" },
        ]
      : [call],
  );
  for (const call of calls)
    expect(
      rights.filter((right) => allows(right, call)),
      JSON.stringify(call),
    ).not.toEqual([]);
  for (const right of rights)
    expect(
      calls.filter((call) => allows(right, call)),
      JSON.stringify(right),
    ).not.toEqual([]);
  // A neighbour's channel, prefix and bucket.
  for (const call of calls)
    for (const [from, to] of [
      ["/orders/", "/invoices/"],
      ["p/28d", "p/14d"],
      ["acme-msgs", "acme-logs"],
    ] as const) {
      const other = {
        ...call,
        resource: call.resource.replace(from, to),
        ...(call.prefix === undefined ? {} : { prefix: call.prefix.replace(from, to) }),
      };
      if (JSON.stringify(other) !== JSON.stringify(call))
        expect(rights.some((right) => allows(right, other))).toBe(false);
    }
  s3.seen.length = 0;
}

test("each call has exactly the rights that it needs", async () => {
  const step = await open(given());
  const content = await step.write(json("{}"), messageOf(), writing());
  expectExactly(await needed("write"));
  await step.read(content, messageOf(), reader());
  s3.faults.set("GET /acme-msgs/p", { status: 403, code: "AccessDenied", times: 1 });
  await expect(Promise.resolve(step.read(content, messageOf(), reader()))).rejects.toMatchObject({
    code: "claim-denied",
  });
  expectExactly(await needed("read"));
  await step.renew(content, messageOf());
  s3.faults.set("PUT /acme-msgs/p", { status: 403, code: "AccessDenied", times: 1 });
  await expect(step.renew(content, messageOf())).rejects.toMatchObject({ code: "claim-denied" });
  expectExactly(await needed("renew"));
  const topology = await extension.topology!(optionsOf(given()), contextOf());
  const signal = new AbortController().signal;
  const plan = await topology.plan([{ channel: "orders", keepMs: 1 }], signal);
  expectExactly(await needed("plan"));
  await topology.apply(plan, signal);
  expectExactly(await needed("apply"));
});

test("what else is read needs rights of its own, a whole bucket without a condition", async () => {
  const read = [{ bucket: "old-one" }, { bucket: "old-two", prefix: "a/b" }];
  expect((await needed("read", { read })).slice(2)).toEqual([
    { kind: "iam", action: "s3:GetObject", resource: "arn:aws:s3:::old-one/*" },
    { kind: "iam", action: "s3:ListBucket", resource: "arn:aws:s3:::old-one" },
    { kind: "iam", action: "s3:GetObject", resource: "arn:aws:s3:::old-two/a/b/*" },
    {
      kind: "iam",
      action: "s3:ListBucket",
      resource: "arn:aws:s3:::old-two",
      condition: { StringLike: { "s3:prefix": ["a/b/*"] } },
    },
  ]);
});

test("ARNs are of the partition, and other stores need nothing on AWS", async () => {
  expect((await needed("write", {}, "cn-north-1"))[0]!.resource).toBe("arn:aws-cn:s3:::acme-msgs/p/28d/orders/*");
  const memory = await extension.rights!(optionsOf({ store: "memory" }));
  expect(memory.needed("read", ["orders"], {})).toEqual({ rights: [] });
});
