import { MessagingError } from "@switchyard/core/driver-kit";
import { expect, test } from "vitest";
import type { Kms } from "./kms.ts";
import { destination, group, never, sdkError } from "../fixtures/fakes.ts";
import { grantFor, granted } from "./grants.ts";
import { applyKeys, keysOf, planKeys } from "./keys.ts";

const ARN = "arn:aws:sns:eu-west-1:123456789012:test_orders";
const KEY = "arn:aws:kms:eu-west-1:123456789012:key/k1";
const TOPIC = { arn: ARN, known: true };
const admin = {
  Sid: "Admin",
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::123456789012:root" },
  Action: "kms:*",
  Resource: "*",
};
const policy = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Id: "theirs", Statement });
const sns = (more: object = {}) => ({ ...grantFor(ARN), Sid: "Hand", ...more });

function fake(text: string, more: Partial<Kms> = {}) {
  const policies = [text];
  const kms: Kms & { readonly policies: string[] } = {
    policies,
    describe: async () => ({ arn: KEY, managedByAws: false }),
    policy: async () => policies.at(-1)!,
    setPolicy: async (_arn: string, next: string) => void policies.push(next),
    close: () => {},
    ...more,
  };
  return { kms, context: { kms: async () => kms, signal: never } };
}

const dead = destination({ name: "test_orders_billing_dead", model: "queue", dead: true });
const billing = group("billing", { native: { kmsKey: "alias/own" }, deadLetter: dead });
const wanted = keysOf(billing, undefined, undefined, false);

test("the grant is planned once for queue and dead letters, and added behind what others wrote", async () => {
  const { kms, context } = fake(policy(admin));
  const { changes, keys } = await planKeys(wanted, TOPIC, context);
  expect(changes).toEqual([
    {
      action: "update",
      resource: "key",
      name: "alias/own",
      summary: expect.stringMatching(
        /"test_orders_billing", "test_orders_billing_dead": adds SwitchyardTopictestorders/,
      ),
      detail: { statement: grantFor(ARN) },
    },
  ]);
  const later = { ...admin, Sid: "AddedSince" };
  kms.policies.push(policy(admin, later));
  await applyKeys(keys, ARN, context);
  expect(kms.policies.at(-1)).toBe(policy(admin, later, grantFor(ARN)));
  await applyKeys(keys, ARN, context);
  expect(kms.policies).toHaveLength(3);
  expect(await planKeys(wanted, TOPIC, context)).toEqual({ changes: [], keys: [] });
});

test.each([
  ["ours", grantFor(ARN)],
  ["one without a condition", sns({ Condition: undefined })],
  ["wider actions", sns({ Action: "kms:*" })],
  ["one in a list of services", sns({ Principal: { Service: ["s3.amazonaws.com", "sns.amazonaws.com"] } })],
  ["a pattern", sns({ Condition: { ArnLike: { "AWS:SourceArn": "arn:aws:sns:*:123456789012:test_*" } } })],
  ["an account", sns({ Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } } })],
])("a statement that lets SNS use the key is enough: %s", (_, statement) => {
  expect(granted(policy(admin, statement), KEY, ARN)).toBeUndefined();
});

test.each([
  ["another topic", sns({ Condition: { ArnEquals: { "aws:SourceArn": `${ARN}-other` } } })],
  ["a dot is no wildcard", sns({ Condition: { ArnEquals: { "aws:SourceArn": ARN.replace("_", ".") } } })],
  ["one action only", sns({ Action: ["kms:Decrypt"] })],
  ["a denial", sns({ Effect: "Deny" })],
  ["another service", sns({ Principal: { Service: "s3.amazonaws.com" } })],
  ["a condition nobody here knows", sns({ Condition: { Bool: { "aws:SecureTransport": "true" } } })],
])("a statement that does not is kept, and ours is added: %s", (_, statement) => {
  expect(granted(policy(statement), KEY, ARN)).toBe(policy(statement, grantFor(ARN)));
});

test("our own statement, changed by hand, is put right", () => {
  const changed = { ...grantFor(ARN), Action: "kms:Decrypt" };
  expect(granted(policy(changed, admin), KEY, ARN)).toBe(policy(admin, grantFor(ARN)));
});

test.each([
  ["no rights", fake("", { policy: () => Promise.reject(sdkError("AccessDeniedException")) }), /AccessDeniedException/],
  [
    "another account",
    fake("", { describe: async () => ({ arn: KEY.replace("123456789012", "210987654321"), managedByAws: false }) }),
    /the key is of account 210987654321/,
  ],
  ["unreadable", fake("{"), /cannot be read/],
  [
    "no package",
    {
      context: {
        kms: () => Promise.reject(new MessagingError("missing-dependency", "npm install", { kind: "config" })),
        signal: never,
      },
    },
    /npm install/,
  ],
])("where it cannot be done the statement is shown, with who must add it: %s", async (_, { context }, why) => {
  const { changes, keys } = await planKeys(wanted, TOPIC, context);
  expect(keys).toEqual([]);
  expect(changes).toEqual([
    expect.objectContaining({ action: "drift", resource: "key", detail: { statement: grantFor(ARN) } }),
  ]);
  expect(changes[0]!.summary).toMatch(/its administrator must add the statement/);
  expect(changes[0]!.summary).toMatch(why);
});

test("it is shown while SNS is first to use the key, and not forever", async () => {
  const queue = { attributes: { KmsMasterKeyId: "alias/own" }, name: "q" } as never;
  const { context } = fake("{");
  expect((await planKeys(keysOf(billing, queue, queue, true), TOPIC, context)).changes).toEqual([]);
  const moved = group("billing", { native: { kmsKey: "alias/new" } });
  expect((await planKeys(keysOf(moved, queue, undefined, true), TOPIC, context)).changes).toHaveLength(1);
});

test("a policy that may be read and not written fails the apply, with the statement", async () => {
  const { context } = fake(policy(admin), { setPolicy: () => Promise.reject(sdkError("AccessDeniedException")) });
  const { keys } = await planKeys(wanted, TOPIC, context);
  await expect(applyKeys(keys, ARN, context)).rejects.toMatchObject({
    code: "kms-not-granted",
    message: expect.stringContaining(JSON.stringify(grantFor(ARN))),
  });
});

test("a topic whose account nobody says yet takes the key's", async () => {
  const { context } = fake(policy(admin));
  const guess = { arn: ARN.replace("123456789012", "000000000000"), known: false };
  const { changes } = await planKeys(wanted, guess, context);
  expect(changes[0]!.detail).toEqual({ statement: grantFor(ARN) });
});

test("the key that AWS manages is refused for a group, by name or by what KMS says; for dead letters it is said", async () => {
  const managed = fake("", { describe: async () => ({ arn: KEY, managedByAws: true }) });
  const refused = { code: "kms-managed-key", message: expect.stringContaining("cannot be edited") };
  await expect(planKeys(wanted, TOPIC, managed.context)).rejects.toMatchObject(refused);
  const named = keysOf(group("billing", { native: { kmsKey: "alias/aws/sqs" } }), undefined, undefined, false);
  await expect(planKeys(named, TOPIC, managed.context)).rejects.toMatchObject(refused);
  const only = wanted.filter(({ own }) => !own);
  const { changes } = await planKeys(only, TOPIC, managed.context);
  expect(changes).toEqual([expect.objectContaining({ action: "drift", resource: "key" })]);
  expect(changes[0]!.summary).toMatch(/"test_orders_billing_dead": alias\/own is managed by AWS/);
});
