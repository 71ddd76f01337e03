/** The part of a DynamoDB client that is used. A `DynamoDBClient` of `@aws-sdk/client-dynamodb` has it. */
export interface DynamoDbClientLike {
  send(command: any, options?: { abortSignal?: AbortSignal }): Promise<any>;
  destroy?(): void;
}

/** The module `@aws-sdk/client-dynamodb`: `DynamoDBClient` and one class for each command. */
export type DynamoDbSdk = Readonly<Record<string, new (input: any) => any>>;

/** How DynamoDB is reached: a client, or the settings to create one. */
export interface DynamoDbConnection {
  /**
   * Default: a client created from `region` and `endpoint`. It makes one attempt per call, because the engine retries. A client that you
   * pass is not destroyed.
   */
  readonly client?: DynamoDbClientLike;
  readonly region?: string;
  readonly endpoint?: string;
  /** The SDK's module, for bundlers that must see the import. Default: `await import("@aws-sdk/client-dynamodb")`. */
  readonly sdk?: DynamoDbSdk;
}

/** The options of the DynamoDB store. */
export interface DynamoDbOptions extends DynamoDbConnection {
  /** The table's name or ARN. */
  readonly table: string;
  /**
   * Milliseconds for which a KCL table with owners is watched for a running application, once, before it is taken over. Default 30,000.
   * If the KCL application's failover time was raised, set this to three times that time.
   */
  readonly watchMs?: number;
}
