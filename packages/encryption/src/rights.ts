/** The rights that the calls to KMS need. */
import { awsPlace, grant, keyTarget } from "@switchyard/aws-kit/rights";
import type { Condition, IamRight, Place } from "@switchyard/core/driver";
import type { KeysRights } from "@switchyard/core/pipeline";
import type { KeysOptions, KmsOptions } from "./options.ts";

export async function rightsOf(options: KeysOptions): Promise<KeysRights> {
  if (options.use !== "kms") return { needed: () => ({ rights: [] }) };
  const { write, read } = options;
  const targetOf = await targets(options);
  const on = (action: string, key: string, condition: Condition, place: Place): readonly IamRight[] => {
    const target = targetOf(key, place);
    // A key that AWS manages serves its service alone, whatever a policy says.
    return target === undefined ? [] : grant("kms", [action], target.resource, { ...target.condition, ...condition });
  };
  return {
    needed(call, { context, contexts }, place) {
      const inContexts = (of: readonly string[]) => ({ StringEquals: { "kms:EncryptionContext:channel": [...of] } });
      switch (call) {
        case "write":
          return { rights: on("GenerateDataKey", write, inContexts([context]), place) };
        // A text is of no type, a message always of one.
        case "seal": {
          const ofTexts = { ...inContexts([context]), Null: { "kms:EncryptionContext:type": ["true"] } };
          return { rights: on("GenerateDataKey", write, ofTexts, place) };
        }
        case "read":
          return { rights: read.flatMap((key) => on("Decrypt", key, inContexts(contexts), place)) };
      }
    },
  };
}

type Target = ReturnType<typeof keyTarget>;

/** An ARN says where the key is. An alias without one is in the account and the region that are used. */
async function targets({ region, client }: KmsOptions): Promise<(key: string, place: Place) => Target> {
  const placeOf = await awsPlace({ region, client });
  return (key, place) => {
    const [, partition, , of = "", account = ""] = key.startsWith("arn:") ? key.split(":") : [];
    const home = partition === undefined ? placeOf(place) : { partition, region: of, account };
    return keyTarget(key, home);
  };
}
