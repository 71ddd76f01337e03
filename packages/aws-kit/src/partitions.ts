/**
 * The partitions of AWS by the suffixes of their hosts, plain and dual stack: `partitions.json` of the SDK's endpoint rules (2026).
 * FIPS endpoints have the same suffixes.
 */
const SUFFIXES: Readonly<Record<string, string>> = {
  "amazonaws.com": "aws",
  "api.aws": "aws",
  "amazonaws.com.cn": "aws-cn",
  "api.amazonwebservices.com.cn": "aws-cn",
  "amazonaws.eu": "aws-eusc",
  "api.amazonwebservices.eu": "aws-eusc",
  "c2s.ic.gov": "aws-iso",
  "api.aws.ic.gov": "aws-iso",
  "sc2s.sgov.gov": "aws-iso-b",
  "api.aws.scloud": "aws-iso-b",
  "cloud.adc-e.uk": "aws-iso-e",
  "api.cloud-aws.adc-e.uk": "aws-iso-e",
  "csp.hci.ic.gov": "aws-iso-f",
  "api.aws.hci.ic.gov": "aws-iso-f",
};

/** The partition whose hosts end in this suffix. GovCloud counts as `aws`, whose suffixes it shares. Undefined: not a host of AWS. */
export function partitionOf(suffix: string): string | undefined {
  return Object.hasOwn(SUFFIXES, suffix) ? SUFFIXES[suffix] : undefined;
}

/** By the first letters of a region's name. All other regions belong to the partition `aws`. */
const PREFIXES: readonly (readonly [prefix: string, partition: string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["eusc-", "aws-eusc"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"],
];

/** The partition's name in ARNs. */
export function partitionOfRegion(region: string): string {
  return PREFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
}
