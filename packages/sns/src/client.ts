import {
  checkedEndpoint,
  clientSettings,
  configOf,
  handlerSettings,
  ownClient,
  withErrorContext,
  refuseRetries,
  type Sdk,
} from "@switchyard/aws-kit";
import { MessagingError } from "@switchyard/core/driver-kit";
import { type Call, caller, type SnsClientLike } from "./sdk.ts";
import type { SnsOptions } from "./options.ts";

const CALL_TIMEOUT_MS = 15_000;

export interface SnsClient {
  readonly call: Call;
  /** The client behind `call`. */
  readonly client: SnsClientLike;
  region(): Promise<string | undefined>;
  /** The account of the credentials. Many credentials do not name one. */
  account(): Promise<string | undefined>;
  close(): void;
}

export async function openClient(options: SnsOptions, sdk: Sdk): Promise<SnsClient> {
  const client = options.snsClient ?? (await create(options, sdk));
  if (options.snsClient !== undefined) await refuseRetries(client, "snsClient", "SNSClient");
  const config = configOf(client);
  await checkedEndpoint(config, options.allowInsecure === true, "https://sns.eu-west-1.amazonaws.com");
  return {
    call: withErrorContext(caller(sdk, client), config, topicWords),
    client,
    region: async () => await config.region?.(),
    account: async () => options.accountId ?? (await config.credentials?.())?.accountId,
    close: () => {
      if (options.snsClient === undefined) client.destroy?.();
    },
  };
}

async function create({ client, snsEndpoint, endpoint, ...options }: SnsOptions, sdk: Sdk): Promise<SnsClientLike> {
  if (client !== undefined)
    throw new MessagingError(
      "missing-client",
      "client is an SQSClient; also give snsClient: new SNSClient({ maxAttempts: 1 }), for the topics",
      { kind: "config" },
    );
  const at = snsEndpoint ?? endpoint;
  const codecs = options.fast === false ? undefined : (await import("./fast/bodies.ts")).bodyCodecs;
  return ownClient(
    sdk,
    "SNSClient",
    clientSettings({ ...options, endpoint: at }, handlerSettings(CALL_TIMEOUT_MS)),
    codecs,
  );
}

/** What a call is about, for errors: `topic "orders"`. */
function topicWords(input: { readonly TopicArn?: string; readonly Name?: string; readonly SubscriptionArn?: string }) {
  const arn = input.TopicArn ?? input.SubscriptionArn?.slice(0, input.SubscriptionArn.lastIndexOf(":"));
  const name = input.Name ?? arn?.slice(arn.lastIndexOf(":") + 1);
  return name === undefined ? undefined : `topic "${name}"`;
}

/** A client that is made when it is first needed. After a failure the next use tries again. */
export function lazyClient<T extends { close(): void }>(
  open: () => Promise<T>,
): { get(): Promise<T>; close(): Promise<void> } {
  let opening: Promise<T> | undefined;
  return {
    get: () => {
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}
