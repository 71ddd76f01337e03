/** The three calls to KMS that a grant needs, over any version of `@aws-sdk/client-kms`. */
import { checkedEndpoint, clientSettings, commandOf, configOf, handlerSettings, type Sdk } from "@switchyard/aws-kit";
import { loadPeer, MessagingError } from "@switchyard/core/driver-kit";
import type { SnsOptions } from "../options.ts";

const NAME: string = "@aws-sdk/client-kms";
const CALL_TIMEOUT_MS = 15_000;

/** The SDK of KMS is optional. Without it, plans only show what a key's policy needs. */
export function loadKmsSdk(): Promise<Sdk> {
  return loadPeer(NAME, "@switchyard/sns", () => import(NAME));
}

export interface KmsKey {
  readonly arn: string;
  readonly managedByAws: boolean;
}

export interface Kms {
  /** `key`: an id, an ARN or an alias. */
  describe(key: string, signal: AbortSignal): Promise<KmsKey>;
  policy(arn: string, signal: AbortSignal): Promise<string>;
  setPolicy(arn: string, policy: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export async function openKms(options: SnsOptions, sdk: Sdk): Promise<Kms> {
  const client = options.kmsClient ?? create(options, sdk);
  await checkedEndpoint(configOf(client), options.allowInsecure === true, "https://kms.eu-west-1.amazonaws.com");
  const call = async (action: string, input: Record<string, unknown>, abortSignal: AbortSignal): Promise<any> => {
    return client.send(commandOf(sdk, NAME, action, input), { abortSignal });
  };
  // The only name a key's policy can have.
  const PolicyName = "default";
  return {
    describe: async (KeyId, signal) => {
      const { KeyMetadata = {} } = await call("DescribeKey", { KeyId }, signal);
      return { arn: String(KeyMetadata.Arn ?? KeyId), managedByAws: KeyMetadata.KeyManager === "AWS" };
    },
    policy: async (KeyId, signal) => String((await call("GetKeyPolicy", { KeyId, PolicyName }, signal)).Policy ?? ""),
    setPolicy: async (KeyId, Policy, signal) => {
      await call("PutKeyPolicy", { KeyId, PolicyName, Policy }, signal);
    },
    close: () => {
      if (options.kmsClient === undefined) client.destroy?.();
    },
  };
}

function create({ client, snsClient, snsEndpoint, endpoint, ...options }: SnsOptions, sdk: Sdk) {
  if (client !== undefined || snsClient !== undefined)
    throw new MessagingError("missing-client", "also give kmsClient: new KMSClient(), as the other clients are given", {
      kind: "config",
    });
  // One endpoint for all services is an emulator of AWS. Separate endpoints of SQS and SNS say nothing about KMS.
  const at = snsEndpoint === undefined && endpoint !== undefined ? { endpoint } : {};
  return new sdk["KMSClient"]!(clientSettings({ ...options, ...at }, handlerSettings(CALL_TIMEOUT_MS))) as NonNullable<
    SnsOptions["kmsClient"]
  >;
}
