/** The part of the AWS SDK this package uses, as structural types: any client that fits can be passed, tests can pass a fake. */
import { type ClientLike, commandOf, type Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";

/** Every call names the account that must own the bucket. S3 refuses with 403 if it is another one. */
interface OnBucket {
  readonly Bucket: string;
  readonly ExpectedBucketOwner: string | undefined;
}
interface OnObject extends OnBucket {
  readonly Key: string;
}

/** The body of an answer. In Node it is a stream. */
export interface Body extends AsyncIterable<Uint8Array> {
  destroy?(error?: Error): unknown;
}

/** A rule of a lifecycle configuration. What is not named here stays as S3 gave it. */
export interface LifecycleRule {
  readonly ID?: string | undefined;
  readonly Status?: string | undefined;
  /** The old place of the prefix, without a filter. */
  readonly Prefix?: string | undefined;
  readonly Filter?: RuleFilter | undefined;
  readonly Expiration?:
    | {
        readonly Days?: number | undefined;
        readonly Date?: Date | undefined;
        readonly ExpiredObjectDeleteMarker?: boolean | undefined;
      }
    | undefined;
  readonly Transitions?:
    | readonly {
        readonly Days?: number | undefined;
        readonly Date?: Date | undefined;
        readonly StorageClass?: string | undefined;
      }[]
    | undefined;
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays?: number | undefined } | undefined;
}

export interface RuleFilter {
  readonly Prefix?: string | undefined;
  readonly Tag?: unknown;
  readonly ObjectSizeGreaterThan?: number | undefined;
  readonly ObjectSizeLessThan?: number | undefined;
  readonly And?:
    | {
        readonly Prefix?: string | undefined;
        readonly Tags?: readonly unknown[] | undefined;
        readonly ObjectSizeGreaterThan?: number | undefined;
        readonly ObjectSizeLessThan?: number | undefined;
      }
    | undefined;
}

/** Input and output of each action. */
export interface Actions {
  PutObject: [
    OnObject & { readonly Body: Uint8Array; readonly ContentType: string; readonly ChecksumSHA256: string },
    unknown,
  ];
  GetObject: [
    OnObject & { readonly Range?: string },
    {
      readonly Body?: Body | undefined;
      readonly ContentLength?: number | undefined;
      readonly ContentRange?: string | undefined;
    },
  ];
  CopyObject: [
    OnObject & {
      readonly CopySource: string;
      readonly ExpectedSourceBucketOwner: string | undefined;
      readonly MetadataDirective: "REPLACE";
      readonly ContentType: string;
      readonly ChecksumAlgorithm: "SHA256";
    },
    unknown,
  ];
  ListObjectsV2: [
    OnBucket & { readonly Prefix: string; readonly MaxKeys: number },
    { readonly Contents?: readonly { readonly Key?: string | undefined }[] | undefined },
  ];
  GetBucketLifecycleConfiguration: [
    OnBucket,
    {
      readonly Rules?: readonly LifecycleRule[] | undefined;
      readonly TransitionDefaultMinimumObjectSize?: string | undefined;
    },
  ];
  PutBucketLifecycleConfiguration: [
    OnBucket & {
      readonly LifecycleConfiguration: { readonly Rules: readonly LifecycleRule[] };
      readonly TransitionDefaultMinimumObjectSize?: string;
    },
    unknown,
  ];
}

/** One call to S3. Rejects with the SDK's own error. */
export type Call = <A extends keyof Actions>(
  action: A,
  input: Actions[A][0],
  signal?: AbortSignal,
) => Promise<Actions[A][1]>;

export function caller(sdk: Sdk, client: ClientLike): Call {
  return (action, input, signal) => {
    const command = commandOf(sdk, "@aws-sdk/client-s3", action, input);
    return client.send(command, signal === undefined ? {} : { abortSignal: signal });
  };
}

/** Loads the SDK, which users of the store `s3` install themselves. */
export const loadSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-s3", "@switchyard/claim-check", () => import("@aws-sdk/client-s3"));
