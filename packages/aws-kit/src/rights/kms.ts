/** The rights on KMS keys that encrypt queues, topics and streams at rest. */
import type { Condition, IamRight, ResourceRights, ResourceStatement } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { type AwsPlace, grant } from "./place.ts";

type Service = "sqs" | "sns" | "kinesis";

/**
 * What a service does with the key, as the caller. From "Configuring AWS KMS permissions" in the developer guides of SQS and SNS, and
 * "Permissions to use user-generated KMS keys" in that of Kinesis (2026). Kinesis is the only one whose guide names its encryption
 * context as a condition.
 */
const CALLS: Readonly<
  Record<Service, { readonly send: readonly string[]; readonly receive: readonly string[]; readonly context?: string }>
> = {
  sqs: { send: ["GenerateDataKey", "Decrypt"], receive: ["Decrypt"] },
  sns: { send: ["GenerateDataKey", "Decrypt"], receive: [] },
  kinesis: { send: ["GenerateDataKey"], receive: ["Decrypt"], context: "aws:kinesis:arn" },
};

/** The rights that a caller of `service` needs on the key of the resource `arn`. Empty for a key that AWS manages. */
export function keyRights(
  service: Service,
  use: "send" | "receive",
  key: string | undefined,
  arn: string,
  place: AwsPlace,
): readonly IamRight[] {
  const target = key === undefined ? undefined : keyTarget(key, place);
  if (target === undefined) return [];
  const { [use]: actions, context } = CALLS[service];
  return grant("kms", actions, target.resource, {
    ...target.condition,
    StringEquals: {
      "kms:ViaService": hostsOf(service, place),
      ...(context === undefined ? {} : { [`kms:EncryptionContext:${context}`]: [arn] }),
    },
  });
}

/** Rights to call KMS itself. Empty for a key that AWS manages. */
export function kmsGrant(actions: readonly string[], key: string, place: AwsPlace): readonly IamRight[] {
  const target = keyTarget(key, place);
  return target === undefined ? [] : grant("kms", actions, target.resource, target.condition);
}

/**
 * The names under which KMS knows a service. They end in `amazonaws.com` in most partitions. Where another ending is possible, both
 * are listed: each is the same service.
 */
function hostsOf(service: Service, { region, partition }: AwsPlace): readonly string[] {
  const suffixes = ["amazonaws.com", ...(OTHER_SUFFIX[partition] ?? [])];
  return suffixes.map((suffix) => `${service}.${region}.${suffix}`);
}

const OTHER_SUFFIX: Readonly<Record<string, readonly string[]>> = {
  "aws-cn": ["amazonaws.com.cn"],
  "aws-eusc": ["amazonaws.eu"],
  "aws-iso": ["c2s.ic.gov"],
  "aws-iso-b": ["sc2s.sgov.gov"],
  "aws-iso-e": ["cloud.adc-e.uk"],
  "aws-iso-f": ["csp.hci.ic.gov"],
};

const ALIAS = /^(?:(arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}):)?(alias\/[A-Za-z0-9/_-]+)$/;
const KEY = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;
const ID = /^[A-Za-z0-9-]+$/;

/**
 * The key as the resource of a policy. An alias is no resource: it is a condition on all keys of its account and region. Undefined for
 * a key that AWS manages, which everyone in the account may use through its service.
 */
export function keyTarget(
  key: string,
  { partition, region, account }: AwsPlace,
): { readonly resource: string; readonly condition?: Condition } | undefined {
  const home = `arn:${partition}:kms:${region}:${account}`;
  const [, owner = home, alias] = ALIAS.exec(key) ?? [];
  if (alias?.startsWith("alias/aws/") === true) return undefined;
  if (alias !== undefined)
    return {
      resource: `${owner}:key/*`,
      condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": [alias] } },
    };
  if (KEY.test(key)) return { resource: key };
  if (ID.test(key)) return { resource: `${home}:key/${key}` };
  throw new MessagingError(
    "bad-option",
    "native.kmsKey: no policy can be made for it; give the key's id, its whole ARN, or its alias",
    { kind: "config" },
  );
}

/** What a key's policy must say so that other services may use it for a queue or topic. In a key's policy `*` means that key. */
export function keyPolicy(
  key: string,
  statements: readonly Omit<ResourceStatement, "Effect" | "Action" | "Resource">[],
  place: AwsPlace,
): readonly ResourceRights[] {
  const target = keyTarget(key, place);
  // The key behind an alias is not known here.
  if (target === undefined || statements.length === 0) return [];
  const Action = ["kms:GenerateDataKey*", "kms:Decrypt"];
  const arn =
    target.condition === undefined
      ? target.resource
      : `${target.resource.slice(0, -"key/*".length)}${aliasOf(target.condition)}`;
  return [{ arn, statements: statements.map((one) => ({ ...one, Effect: "Allow", Action, Resource: "*" })) }];
}

const aliasOf = (condition: Condition): string => condition["ForAnyValue:StringEquals"]!["kms:ResourceAliases"]![0]!;
