/** The rights that the calls of this driver need, those on the groups' lease tables included. */
import {
  type AwsPlace,
  awsPlace,
  grant,
  keyRights,
  keyTarget,
  mappingRights,
  regional,
} from "@switchyard/aws-kit/rights";
import type { Destination, IamRight, Rights } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { DEFAULT_LEASES } from "./lease-options.ts";
import { dynamodbConnection, leaseTable } from "./lease-store.ts";
import { consumerName, isExternal, streamName, streamRef } from "./names.ts";
import { fansOut, settingsOf } from "./native.ts";
import type { KinesisOptions } from "./options.ts";
import { type DesiredStream, desiredStreams, streams } from "./topology/desired.ts";

export async function rightsOf(options: KinesisOptions): Promise<Rights> {
  const placeOf = await awsPlace(options);
  const leases = options.leases ?? DEFAULT_LEASES;

  /** Rights on the table of a group. Empty for other stores. */
  const table = (of: Destination, place: AwsPlace, ...actions: readonly string[]): readonly IamRight[] =>
    leases.store === "dynamodb" ? grant("dynamodb", actions, tableArn(of, options, leases, place)) : [];

  return {
    connection(use, of, given) {
      const place = placeOf(given);
      const arn = streamArn(of, place);
      const { kmsKey } = settingsOf(of);
      const warnings = [
        ...(isExternal(of) && of.native["kmsKey"] === undefined ? [keyUnknown(of)] : []),
        ...(use !== "send" && leases.store === "custom" ? [CUSTOM] : []),
      ];
      const look = grant("kinesis", ["DescribeStreamSummary", "ListShards"], arn);
      const read = [
        ...look,
        ...grant("kinesis", ["GetShardIterator", "GetRecords"], arn),
        ...keyRights("kinesis", "receive", kmsKey, arn, place),
      ];
      switch (use) {
        case "send": {
          const key = keyRights("kinesis", "send", kmsKey, arn, place);
          return { rights: [...look, ...grant("kinesis", ["PutRecords"], arn), ...key], warnings };
        }
        case "receive": {
          const consumer = fansOut(of, options.fanOut)
            ? [
                ...describing(arn, [consumerName(of)]),
                ...grant("kinesis", ["SubscribeToShard"], registered(arn, consumerName(of))),
              ]
            : [];
          const rows = table(of, place, "GetItem", "Scan", "PutItem", "UpdateItem", "DeleteItem");
          return { rights: [...read, ...consumer, ...rows], warnings };
        }
        case "depth":
          return {
            rights: [...read, ...table(of, place, "GetItem", "Scan")],
            warnings: [...warnings, readsRecords(of)],
          };
        case "tail":
          return { rights: read, warnings: warnings.filter((warning) => warning !== CUSTOM) };
        case "seek":
          return { rights: [...read, ...table(of, place, "GetItem", "Scan", "PutItem", "UpdateItem")], warnings };
        case "purge":
        case "move":
          return { rights: [] };
      }
    },
    topology(use, destinations, given) {
      const place = placeOf(given);
      const tables = streams(destinations)
        .filter(({ group }) => group !== undefined)
        .flatMap((of) => table(of, place, ...TABLE[use]));
      const ofStreams = desiredStreams(destinations, options).flatMap((stream) => TOPOLOGY[use](stream, place));
      const mapped = use === "plan" ? streams(destinations).flatMap((of) => mappingRights(of, place)) : [];
      return { rights: [...ofStreams, ...tables, ...mapped] };
    },
  };
}

const CUSTOM = "leases: the rights of a lease store of your own are not known here; add them by hand";

const keyUnknown = ({ channel, baseAddress, address }: Destination): string =>
  `${channel}: the stream ${baseAddress ?? address} is given by address, so its encryption is not known; if it has a KMS key of yours, set native.kmsKey to it`;

const readsRecords = (of: Destination): string =>
  `${of.channel}: depth() reads one record of each shard that this process does not hold, so a role with depth() can read the stream`;

/** For a destination whose name is valid. */
function streamArn(of: Destination, place: AwsPlace): string {
  const ref = streamRef(of);
  return "StreamARN" in ref ? ref.StreamARN : arnOf(streamName(of), place);
}

const arnOf = (name: string, { partition, region, account }: AwsPlace): string =>
  `arn:${partition}:kinesis:${region}:${account}:stream/${name}`;

/** A consumer's ARN has the time of its registration, which is not known here. */
const registered = (stream: string, consumer: string): string => `${stream}/consumer/${consumer}:*`;

/**
 * To describe consumers by name. The Service Authorization Reference has the ARN with the time, and AWS's own refusals have it without
 * (https://github.com/aws/aws-cdk/issues/22184). So both are granted.
 */
const describing = (stream: string, consumers: readonly string[]): readonly IamRight[] =>
  consumers.flatMap((name) =>
    [`${stream}/consumer/${name}`, registered(stream, name)].flatMap((arn) =>
      grant("kinesis", ["DescribeStreamConsumer"], arn),
    ),
  );

const TABLE_NAME = /^[A-Za-z0-9_.-]{3,255}$/;
const TABLE_ARN = /^arn:[a-z-]+:dynamodb:[a-z0-9-]+:\d{12}:table\/[A-Za-z0-9_.-]{3,255}$/;

function tableArn(
  of: Destination,
  options: KinesisOptions,
  leases: Extract<NonNullable<KinesisOptions["leases"]>, { store: "dynamodb" }>,
  { partition, region, account }: AwsPlace,
): string {
  const table = leaseTable(of, leases);
  if (TABLE_ARN.test(table)) return table;
  const { region: own = region } = dynamodbConnection(options, leases);
  if (TABLE_NAME.test(table)) return `arn:${partition}:dynamodb:${own}:${account}:table/${table}`;
  throw new MessagingError("bad-option", "leases.table: neither the name nor the ARN of a DynamoDB table", {
    kind: "config",
  });
}

const TABLE = { plan: ["DescribeTable"], apply: ["CreateTable", "DescribeTable"], destroy: ["DeleteTable"] } as const;

const TOPOLOGY: Readonly<
  Record<"plan" | "apply" | "destroy", (stream: DesiredStream, place: AwsPlace) => readonly IamRight[]>
> = {
  plan: (stream, place) => {
    const arn = arnOfDesired(stream, place);
    const { external, settings, consumers } = stream;
    const tags = external || settings.tags === undefined ? [] : ["ListTagsForStream"];
    return [...grant("kinesis", ["DescribeStreamSummary", ...tags], arn), ...describing(arn, consumers)];
  },
  apply: (stream, place) => {
    const arn = arnOfDesired(stream, place);
    const { external, settings, consumers } = stream;
    const registering =
      consumers.length === 0
        ? []
        : [
            ...grant("kinesis", ["DescribeStreamSummary", "RegisterStreamConsumer"], arn),
            ...describing(arn, consumers),
          ];
    if (external) return registering;
    const tags = settings.tags === undefined ? [] : ["AddTagsToStream", "ListTagsForStream"];
    const own = ["CreateStream", "DescribeStreamSummary", "IncreaseStreamRetentionPeriod", "UpdateMaxRecordSize"];
    return [
      ...grant("kinesis", [...own, ...tags], arn),
      ...regional(
        "kinesis",
        ["UpdateStreamMode", ...(settings.shards === undefined ? [] : ["UpdateShardCount"])],
        place,
      ),
      ...(settings.kmsKey === undefined ? [] : encrypting("StartStreamEncryption", arn, settings.kmsKey, place)),
      ...registering,
    ];
  },
  destroy: (stream, place) => {
    if (stream.external) return [];
    const arn = arnOfDesired(stream, place);
    return [
      ...grant("kinesis", ["DecreaseStreamRetentionPeriod", "DeleteStream", "DescribeStreamSummary"], arn),
      ...(stream.settings.kmsKey === undefined ? encrypting("StopStreamEncryption", arn, undefined, place) : []),
    ];
  },
};

function arnOfDesired({ ref, name }: DesiredStream, place: AwsPlace): string {
  return "StreamARN" in ref ? ref.StreamARN : arnOf(name, place);
}

/** AWS judges these actions by the stream and by the key. The id of a key that AWS manages, or of one given by alias, is not known. */
function encrypting(action: string, arn: string, key: string | undefined, place: AwsPlace): readonly IamRight[] {
  const { partition, region, account } = place;
  const any = `arn:${partition}:kms:${region}:${account}:key/*`;
  const target = key === undefined ? undefined : keyTarget(key, place);
  return [...grant("kinesis", [action], arn), ...grant("kinesis", [action], target?.resource ?? any)];
}
