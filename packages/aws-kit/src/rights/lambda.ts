import type { Destination, IamRight } from "@switchyard/core/driver";
import { lambdaSettings } from "../lambda.ts";
import { type AwsPlace, grant } from "./place.ts";

/** The rights with which `plan()` compares the event source mapping of a group. None if the group names no function. */
export function mappingRights(of: Destination, { partition, region, account }: AwsPlace): readonly IamRight[] {
  const { function: name } = lambdaSettings(of);
  if (of.runsOn !== "lambda" || name === undefined) return [];
  const arn = name.startsWith("arn:") ? name : `arn:${partition}:lambda:${region}:${account}:function:${name}`;
  // AWS has no resource for the list.
  return [...grant("lambda", ["GetFunctionConfiguration"], arn), ...grant("lambda", ["ListEventSourceMappings"], "*")];
}
