/** What the adapters for AWS share to say which rights their calls need. Loaded by `policies()` only. */
export { type AwsPlace, awsPlace, grant, regional } from "./place.ts";
export { mappingRights } from "./lambda.ts";
export { keyPolicy, keyRights, keyTarget, kmsGrant } from "./kms.ts";
