import { describe, expect, test } from "vitest";
import { endpointProblem, sameService } from "./endpoint.ts";

describe("endpoints", () => {
  test.each([
    ["https://sqs.eu-west-1.amazonaws.com", false, undefined],
    ["http://127.0.0.1:4566", false, undefined],
    ["http://localhost:4566", false, undefined],
    ["http://sqs.us-east-1.localhost:4566", false, undefined],
    ["http://[::1]:4566", false, undefined],
    ["http://queues.internal:4566", true, undefined],
    ["http://queues.internal:4566", false, "not encrypted"],
    ["http://127.0.0.1.evil.example", false, "not encrypted"],
    ["http://localhost.evil.example", false, "not encrypted"],
    ["ftp://127.0.0.1", false, "must be https:"],
    ["https://user:secret@h", false, "must not hold"],
    ["queues", false, "is not a URL"],
    ["localhost:4566", false, "has no scheme; write http://localhost:4566"],
    ["127.0.0.1:4566/", false, "has no scheme; write http://127.0.0.1:4566"],
    ["[::1]:4566", false, "has no scheme; write http://[::1]:4566"],
    ["sqs.eu-west-1.amazonaws.com", false, "has no scheme; write https://sqs.eu-west-1.amazonaws.com"],
    ["emulator:4566", false, "has no scheme; write https://emulator:4566"],
  ])("%s, insecure allowed %s: %s", (endpoint, allowed, problem) => {
    if (problem === undefined) expect(endpointProblem(endpoint, allowed)).toBeUndefined();
    else expect(endpointProblem(endpoint, allowed)).toContain(problem);
    expect(endpointProblem(endpoint, allowed) ?? "").not.toContain("secret");
  });

  test.each([
    ["https://sqs.eu-west-1.amazonaws.com", "https://sqs.eu-west-1.amazonaws.com", true],
    ["https://eu-west-1.queue.amazonaws.com", "https://sqs.eu-west-1.amazonaws.com", true],
    ["https://queue.amazonaws.com", "https://sqs.us-east-1.amazonaws.com", true],
    ["https://sqs.eu-west-1.amazonaws.com", "https://vpce-1-a.sqs.eu-west-1.vpce.amazonaws.com", true],
    ["https://sqs.eu-west-1.api.aws", "https://sqs-fips.eu-west-1.amazonaws.com", true],
    ["http://sqs.us-east-1.localhost:4566", "http://127.0.0.1:39999", true],
    ["https://sqs.eusc-de-east-1.amazonaws.eu", "https://sqs.eusc-de-east-1.api.amazonwebservices.eu", true],
    ["https://sqs.us-iso-east-1.c2s.ic.gov", "https://vpce-1.sqs.us-iso-east-1.vpce.c2s.ic.gov", true],
    ["https://sqs.us-isob-east-1.sc2s.sgov.gov", "https://sqs-fips.us-isob-east-1.api.aws.scloud", true],
    ["https://sqs.eu-isoe-west-1.cloud.adc-e.uk", "https://sqs.eu-isoe-west-1.api.cloud-aws.adc-e.uk", true],
    ["https://sqs.us-isof-south-1.csp.hci.ic.gov", "https://sqs.us-isof-south-1.api.aws.hci.ic.gov", true],
    ["https://sqs.eusc-de-east-1.amazonaws.eu", "https://sqs.eusc-de-east-1.amazonaws.com", false],
    ["https://sqs.eu-west-1.evil.example", "https://sqs-fips.eu-west-1.evil.example", false],
    ["https://sqs.eu-west-1.amazonaws.com", "https://sqs.us-east-1.amazonaws.com", false],
    ["https://sqs.cn-north-1.amazonaws.com", "https://sqs.cn-north-1.amazonaws.com.cn", false],
    ["https://evil.example", "https://sqs.eu-west-1.amazonaws.com", false],
    ["https://sqs.eu-west-1.amazonaws.com.evil.example", "https://sqs.eu-west-1.amazonaws.com", false],
    ["http://sqs.eu-west-1.amazonaws.com", "https://sqs.eu-west-1.amazonaws.com", false],
    ["http://localhost:4566", "https://sqs.eu-west-1.amazonaws.com", false],
    ["https://h:1", "https://h:2", false],
  ])("a queue at %s with the endpoint %s: %s", (queue, endpoint, same) => {
    expect(sameService(new URL(queue), new URL(endpoint))).toBe(same);
  });
});
