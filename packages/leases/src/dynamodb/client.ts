import { MessagingError } from "@switchyard/core/driver-kit";
import { areRefused } from "./faults.ts";
import type { DynamoDbClientLike, DynamoDbConnection, DynamoDbSdk } from "./options.ts";
import type { Item } from "./rows.ts";

/** The parts of DynamoDB's replies that are read. */
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

interface Opened {
  readonly sdk: DynamoDbSdk;
  readonly client: DynamoDbClientLike;
}

/** The client is opened on the first call. */
export function clientOf(connection: DynamoDbConnection): Client {
  let opening: Promise<Opened> | undefined;
  const open = async (): Promise<Opened> => {
    const sdk = connection.sdk ?? (await load());
    return { sdk, client: connection.client ?? create(connection, sdk) };
  };
  /** Replaces our own client whose credentials were refused. Undefined if there are no other credentials, or the client is the user's. */
  const renew = async (refused: Opened): Promise<Opened | undefined> => {
    if (connection.client !== undefined) return undefined;
    const current = await opening;
    if (current !== undefined && current.client !== refused.client) return current;
    // The new client takes over the request handler and its open connections, so the refused client needs no closing.
    const { requestHandler } = (refused.client as { config?: { requestHandler?: unknown } }).config ?? {};
    const client = create(connection, refused.sdk, { requestHandler, ignoreCache: true });
    const found = await credentialsOf(client);
    if (found === undefined || found === (await credentialsOf(refused.client))) return undefined;
    const next = { sdk: refused.sdk, client };
    opening = Promise.resolve(next);
    return next;
  };
  return {
    call: async (action, input, signal) => {
      opening ??= open();
      const opened = await opening;
      try {
        return await send(opened, action, input, signal);
      } catch (cause) {
        const other = areRefused(cause) ? await renew(opened) : undefined;
        if (other === undefined) throw cause;
        return send(other, action, input, signal);
      }
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

async function send({ sdk, client }: Opened, action: string, input: object, abortSignal: AbortSignal): Promise<Answer> {
  const Command = sdk[`${action}Command`];
  if (Command === undefined) throw new TypeError(`@aws-sdk/client-dynamodb has no ${action}Command`);
  return (await client.send(new Command(input), { abortSignal })) as Answer;
}

interface Credentials {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
}

/** A text that is equal for equal credentials. */
async function credentialsOf(client: DynamoDbClientLike): Promise<string | undefined> {
  const { config } = client as { config?: { credentials?: () => Promise<object> } };
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = ((await config?.credentials?.()) ?? {}) as Credentials;
    if (accessKeyId === undefined) return undefined;
    return JSON.stringify([accessKeyId, secretAccessKey, sessionToken]);
  } catch {
    return undefined;
  }
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

/** `more`: settings of the SDK that override ours. */
function create(
  { region, endpoint }: DynamoDbConnection,
  sdk: DynamoDbSdk,
  more: Readonly<Record<string, unknown>> = {},
): DynamoDbClientLike {
  return new sdk["DynamoDBClient"]!({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // The engine retries by itself, within the time that a lease has left.
    maxAttempts: 1,
    // Without throwOnRequestTimeout the SDK only warns, and a request that is never answered hangs.
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      throwOnRequestTimeout: true,
      httpsAgent: { minVersion: "TLSv1.2" },
    },
    ...more,
  }) as unknown as DynamoDbClientLike;
}
