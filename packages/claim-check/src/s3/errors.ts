/** The fault table: what an error of S3, the SDK or the network means. */
import { classifierOf, type FaultTable, namesOf } from "@switchyard/aws-kit";
import type { Fault } from "@switchyard/core/driver";
import { causesOf, fromFault, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";

const table: FaultTable = {
  NoSuchBucket: [
    "config",
    "claim-bucket-missing",
    "there is no such bucket: create it, or check claimCheck.bucket; Switchyard creates no buckets",
  ],
  PermanentRedirect: ["config", "wrong-endpoint", "the bucket is in another region: set claimCheck.region"],
  AuthorizationHeaderMalformed: ["config", "wrong-endpoint", "the bucket is in another region: set claimCheck.region"],
  IllegalLocationConstraintException: [
    "config",
    "wrong-endpoint",
    "the bucket is in another region: set claimCheck.region",
  ],
  EntityTooLarge: ["permanent", "too-large"],
  // What arrived is not what was sent. S3 stored nothing.
  BadDigest: ["retryable", "service-failed"],
  XAmzContentChecksumMismatch: ["retryable", "service-failed"],
  XAmzContentSHAMismatch: ["retryable", "service-failed"],
  IncompleteBody: ["retryable", "service-failed"],
  OperationAborted: ["retryable", "service-failed", "another change of the bucket is under way"],
};

/**
 * Never ambiguous: repeating a call changes nothing. So a failed put counts as not accepted, as one that was never sent. That is the
 * meaning of the phase `receive`.
 */
const classify = (cause: unknown): Fault => classifier(cause, "receive");
const classifier = classifierOf({ resource: "bucket", table });

/** `doing`: what failed, for the text. */
export function errorOf(cause: unknown, doing: string): MessagingError {
  return isMessagingError(cause) ? cause : fromFault(classify(cause), doing, cause, {});
}

export { classifier as classify };

/** Whether the error, or one of its causes, has this name at S3. */
export function isNamed(cause: unknown, ...names: readonly string[]): boolean {
  for (const error of causesOf(cause)) if (namesOf(error).some((name) => names.includes(name))) return true;
  return false;
}

/** 403 for the role or the object, not for its credentials. */
export const isDenied = (cause: unknown): boolean => classify(cause).code === "access-denied";
