/** Streams, their consumers and the groups' lease tables, as deployment tools know them. */
import { tagsOf } from "@switchyard/aws-kit";
import { HERE, type Resource, type Resources } from "@switchyard/core/driver";
import { LEASE_TABLE } from "@switchyard/leases/dynamodb/topology";
import { DEFAULT_LEASES } from "../lease-options.ts";
import { leaseTable } from "../lease-store.ts";
import type { KinesisOptions } from "../options.ts";
import { type DesiredStream, desiredStreams, streams } from "./desired.ts";

const arnOf = ({ name, ref }: DesiredStream): string =>
  "StreamARN" in ref ? ref.StreamARN : `arn:${HERE.partition}:kinesis:${HERE.region}:${HERE.account}:stream/${name}`;

export const streamResources = (options: KinesisOptions): Resources => ({
  list(destinations) {
    const desired = desiredStreams(destinations, options);
    const leases = options.leases ?? DEFAULT_LEASES;
    const groups = streams(destinations).filter(({ group }) => group !== undefined);
    const tables =
      leases.store === "dynamodb" ? [...new Set(groups.map((of) => leaseTable(of, leases)))].map(table) : [];
    const notes =
      leases.store === "postgres"
        ? ["the lease table in PostgreSQL is made by leaseSchema of @switchyard/leases/postgres"]
        : [];
    return {
      resources: [...desired.flatMap((stream) => [...streamOf(stream), ...consumersOf(stream)]), ...tables],
      notes,
    };
  },
});

function streamOf(stream: DesiredStream): readonly Resource[] {
  if (stream.external) return [];
  const { mode, shards, retentionHours, kmsKey, maxRecordKiB, tags } = stream.settings;
  const properties = {
    Name: stream.name,
    StreamModeDetails: { StreamMode: mode },
    ...(shards === undefined ? {} : { ShardCount: shards }),
    RetentionPeriodHours: retentionHours,
    ...(maxRecordKiB === 1_024 ? {} : { MaxRecordSizeInKiB: maxRecordKiB }),
    ...(kmsKey === undefined ? {} : { StreamEncryption: { EncryptionType: "KMS", KeyId: kmsKey } }),
    ...tagsOf(tags),
  };
  return [{ type: "AWS::Kinesis::Stream", name: stream.name, arn: arnOf(stream), properties }];
}

const consumersOf = (stream: DesiredStream): readonly Resource[] =>
  stream.consumers.map((ConsumerName) => ({
    type: "AWS::Kinesis::StreamConsumer",
    name: ConsumerName,
    properties: { StreamARN: arnOf(stream), ConsumerName },
  }));

const table = (TableName: string): Resource => ({
  type: "AWS::DynamoDB::Table",
  name: TableName,
  properties: { TableName, ...LEASE_TABLE },
});
