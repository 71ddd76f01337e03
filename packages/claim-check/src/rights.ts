/** The rights that the calls to S3 need. */
import { partitionOfRegion } from "@switchyard/aws-kit";
import { grant } from "@switchyard/aws-kit/rights";
import type { IamRight, Needed, Place } from "@switchyard/core/driver";
import type { ClaimCall, ClaimRights } from "@switchyard/core/pipeline";
import { readsOf } from "./open.ts";
import type { ClaimCheckOptions } from "./options.ts";
import { folderOf } from "./places.ts";

export function rightsOf(options: ClaimCheckOptions): ClaimRights {
  if (options.store !== "s3") return { needed: () => ({ rights: [] }) };
  const { bucket, prefix } = options;
  return {
    needed: (call, channels, place) => {
      const arn = `arn:${partitionOf(options, place)}:s3:::`;
      const folders = channels.map((channel) => folderOf(prefix, channel));
      const read = [
        ...folders.flatMap((folder) => readFolder(arn, bucket, folder)),
        ...readsOf(options).flatMap((each) =>
          readFolder(arn, each.bucket, each.prefix === "" ? "" : `${each.prefix}/`),
        ),
      ];
      return { rights: rights(call, arn, folders, read), warnings: [KEY] };
    },
  };

  function rights(
    call: ClaimCall,
    arn: string,
    folders: readonly string[],
    read: readonly IamRight[],
  ): Needed["rights"] {
    const put = folders.flatMap((folder) => grant("s3", ["PutObject"], `${arn}${bucket}/${folder}*`));
    const look = grant("s3", ["GetLifecycleConfiguration"], `${arn}${bucket}`);
    switch (call) {
      case "write":
        return put;
      case "read":
        return read;
      // Copying an object onto itself reads and writes it.
      case "renew":
        return [...read, ...put];
      case "plan":
        return [...look, ...list(arn, bucket, `${prefix}/`)];
      case "apply":
        return [...look, ...grant("s3", ["PutLifecycleConfiguration"], `${arn}${bucket}`)];
    }
  }
}

const KEY =
  "claimCheck: whether the bucket is encrypted with a KMS key of yours is not known here; if so, allow kms:GenerateDataKey to publishers and kms:Decrypt to consumers by hand";

const readFolder = (arn: string, bucket: string, folder: string): readonly IamRight[] => [
  ...grant("s3", ["GetObject"], `${arn}${bucket}/${folder}*`),
  // To tell a missing object from a forbidden one.
  ...list(arn, bucket, folder),
];

const list = (arn: string, bucket: string, folder: string): readonly IamRight[] =>
  grant(
    "s3",
    ["ListBucket"],
    `${arn}${bucket}`,
    folder === "" ? undefined : { StringLike: { "s3:prefix": [`${folder}*`] } },
  );

const partitionOf = ({ region }: ClaimCheckOptions, place: Place): string =>
  place.partition ?? partitionOfRegion(region ?? place.region ?? "");
