import { MessagingError } from "@switchyard/core/driver-kit";
import type { DynamoDbClientLike, DynamoDbConnection, DynamoDbSdk } from "./options.ts";
import type { Item } from "./rows.ts";

/** What of the answers is read. */
export interface Answer {
  readonly Item?: Item;
  readonly Items?: readonly Item[];
  readonly Attributes?: Item;
  readonly LastEvaluatedKey?: Item;
  readonly Table?: {
    readonly TableStatus?: string;
    readonly KeySchema?: readonly { readonly AttributeName?: string; readonly KeyType?: string }[];
    readonly BillingModeSummary?: { readonly BillingMode?: string };
  };
}

export type Call = (action: string, input: object, signal: AbortSignal) => Promise<Answer>;

export interface Client {
  readonly call: Call;
  close(): void;
}

/** Opens on the first call. */
export function clientOf(connection: DynamoDbConnection): Client {
  let opening: Promise<{ sdk: DynamoDbSdk; client: DynamoDbClientLike }> | undefined;
  const open = async () => {
    const sdk = connection.sdk ?? (await load());
    return { sdk, client: connection.client ?? create(connection, sdk) };
  };
  return {
    call: async (action, input, signal) => {
      opening ??= open();
      const { sdk, client } = await opening;
      const Command = sdk[`${action}Command`];
      if (Command === undefined) throw new TypeError(`@aws-sdk/client-dynamodb has no ${action}Command`);
      return (await client.send(new Command(input), { abortSignal: signal })) as Answer;
    },
    close: () => {
      if (connection.client === undefined)
        void opening?.then(
          ({ client }) => client.destroy?.(),
          () => {},
        );
    },
  };
}

async function load(): Promise<DynamoDbSdk> {
  try {
    return (await import("@aws-sdk/client-dynamodb")) as unknown as DynamoDbSdk;
  } catch (cause) {
    throw new MessagingError("missing-peer", "DynamoDB leases need the package @aws-sdk/client-dynamodb: install it", {
      kind: "config",
      cause,
    });
  }
}

function create({ region, endpoint }: DynamoDbConnection, sdk: DynamoDbSdk): DynamoDbClientLike {
  return new sdk["DynamoDBClient"]!({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // The engine calls again, within the time a lease has left.
    maxAttempts: 1,
    // Without throwOnRequestTimeout the SDK only warns, and a request into a black hole hangs.
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  }) as unknown as DynamoDbClientLike;
}
