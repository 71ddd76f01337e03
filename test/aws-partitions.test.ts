import { expect, test } from "vitest";
import { SNSClient } from "@aws-sdk/client-sns";

import { configOf, partitionOf, partitionOfRegion } from "@switchyard/aws-kit";

const config = configOf(new SNSClient({ region: "eu-west-1" }));

test.each([
  ["eu-west-1", "aws", "aws"],
  ["cn-north-1", "aws-cn", "aws-cn"],
  ["us-gov-west-1", "aws-us-gov", "aws"],
  ["eusc-de-east-1", "aws-eusc", "aws-eusc"],
  ["us-iso-east-1", "aws-iso", "aws-iso"],
  ["us-isob-east-1", "aws-iso-b", "aws-iso-b"],
  ["eu-isoe-west-1", "aws-iso-e", "aws-iso-e"],
  ["us-isof-south-1", "aws-iso-f", "aws-iso-f"],
])("%s: its partition and its hosts, as the SDK's endpoint rules have them", (region, partition, ofHosts) => {
  expect(partitionOfRegion(region)).toBe(partition);
  for (const UseFIPS of [false, true]) {
    for (const UseDualStack of [false, true]) {
      const { hostname } = config.endpointProvider!({ Region: region, UseFIPS, UseDualStack }).url;
      const suffix = hostname.slice(hostname.indexOf(region) + region.length + 1);
      expect(partitionOf(suffix), hostname).toBe(ofHosts);
    }
  }
});

test("a suffix of anybody else is of no partition", () => {
  for (const suffix of ["", "example.com", "amazonaws.com.example", "constructor", "__proto__"])
    expect(partitionOf(suffix)).toBeUndefined();
});
