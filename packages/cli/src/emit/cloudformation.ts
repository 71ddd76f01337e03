/** AWS resources as a CloudFormation template. */
import type { Resource } from "@switchyard/core/driver";
import { byArn, mapTexts, namer, partsOf } from "./place.ts";

/** A CloudFormation template. */
export interface CloudFormationTemplate {
  readonly AWSTemplateFormatVersion: "2010-09-09";
  readonly Description: string;
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly DeletionPolicy?: "Retain";
        readonly UpdateReplacePolicy?: "Retain";
        readonly Properties: unknown;
      }
    >
  >;
}

const PSEUDO = { partition: "${AWS::Partition}", region: "${AWS::Region}", account: "${AWS::AccountId}" } as const;

/** What holds messages or positions. Without it a mistake in a stack deletes them. */
const KEPT = new Set(["AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Kinesis::Stream", "AWS::DynamoDB::Table"]);

/** Returns a template that makes these resources. Those that hold messages or positions outlive the stack (`DeletionPolicy: Retain`). */
export function cloudFormation(resources: readonly Resource[], description: string): CloudFormationTemplate {
  const aws = resources.filter(({ type }) => type.startsWith("AWS::"));
  const known = byArn(aws);
  const idOf = namer();
  const text = (given: string): unknown => {
    const parts = partsOf(given, known);
    const [first] = parts;
    // The name of a subscription's topic is its ARN, as is what Ref of a topic gives.
    if (first !== undefined && "resource" in first)
      return first.resource.type === "AWS::SNS::Topic"
        ? { Ref: idOf(first.resource) }
        : { "Fn::GetAtt": [idOf(first.resource), "Arn"] };
    if (parts.every((part) => "text" in part)) return given;
    const sub = parts.map((part) => ("place" in part ? PSEUDO[part.place] : "text" in part ? part.text : "")).join("");
    return { "Fn::Sub": sub };
  };
  const Resources = Object.fromEntries(
    aws.map((resource) => [
      idOf(resource),
      {
        Type: resource.type,
        ...(KEPT.has(resource.type) ? ({ DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" } as const) : {}),
        Properties: propertiesOf(resource, text, known, idOf),
      },
    ]),
  );
  return { AWSTemplateFormatVersion: "2010-09-09", Description: description, Resources };
}

/** A policy names queues by URL, which is what Ref of a queue gives. */
function propertiesOf(
  { type, properties }: Resource,
  text: (given: string) => unknown,
  known: ReadonlyMap<string, Resource>,
  idOf: (resource: Resource) => string,
): unknown {
  const all = mapTexts(properties, text) as Record<string, unknown>;
  // As Terraform has it: neither the console nor a script deletes it by mistake.
  if (type === "AWS::DynamoDB::Table") return { ...all, DeletionProtectionEnabled: true };
  if (type !== "AWS::SQS::QueuePolicy") return all;
  const Queues = (properties["Queues"] as readonly string[]).map((arn) => ({ Ref: idOf(known.get(arn)!) }));
  return { ...all, Queues };
}
