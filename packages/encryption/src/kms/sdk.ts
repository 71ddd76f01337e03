/** The part of `@aws-sdk/client-kms` that is used, as structural types: any client that fits can be passed. */
import { type ClientLike, commandOf, type Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";

type EncryptionContext = Readonly<Record<string, string>>;

/** Input and output of each action. */
export interface Actions {
  GenerateDataKey: [
    { readonly KeyId: string; readonly KeySpec: "AES_256"; readonly EncryptionContext: EncryptionContext },
    {
      readonly Plaintext?: Uint8Array | undefined;
      readonly CiphertextBlob?: Uint8Array | undefined;
      readonly KeyId?: string | undefined;
    },
  ];
  Decrypt: [
    {
      readonly KeyId: string;
      readonly CiphertextBlob: Uint8Array;
      readonly EncryptionContext: EncryptionContext;
      readonly EncryptionAlgorithm: "SYMMETRIC_DEFAULT";
    },
    { readonly Plaintext?: Uint8Array | undefined; readonly KeyId?: string | undefined },
  ];
}

/** One call to KMS. Rejects with the SDK's own error. */
export type Call = <A extends keyof Actions>(
  action: A,
  input: Actions[A][0],
  signal?: AbortSignal,
) => Promise<Actions[A][1]>;

const NAME: string = "@aws-sdk/client-kms";

export function caller(sdk: Sdk, client: ClientLike): Call {
  return (action, input, signal) => {
    const command = commandOf(sdk, NAME, action, input);
    return client.send(command, signal === undefined ? {} : { abortSignal: signal });
  };
}

/** Loads the SDK, which users of `use: kms` install themselves. */
export const loadSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-kms", "@switchyard/encryption", () => import("@aws-sdk/client-kms"));
