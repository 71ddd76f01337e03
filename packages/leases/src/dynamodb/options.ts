/** `DynamoDBClient` of `@aws-sdk/client-dynamodb` fits. */
export interface DynamoDbClientLike {
  send(command: any, options?: { abortSignal?: AbortSignal }): Promise<any>;
  destroy?(): void;
}

/** The module `@aws-sdk/client-dynamodb`: `DynamoDBClient` and one class for each command. */
export type DynamoDbSdk = Readonly<Record<string, new (input: any) => any>>;

export interface DynamoDbConnection {
  /** Default: one made from `region` and `endpoint` with one attempt a call; the engine makes the calls again. Yours is not destroyed. */
  readonly client?: DynamoDbClientLike;
  readonly region?: string;
  readonly endpoint?: string;
  /** The module, where a bundler must see it. Default: `await import("@aws-sdk/client-dynamodb")`. */
  readonly sdk?: DynamoDbSdk;
}

export interface DynamoDbOptions extends DynamoDbConnection {
  /** The table's name or ARN. */
  readonly table: string;
  /**
   * How long a table of KCL with owners in it is watched for a running application before it is taken over, once, in
   * milliseconds. Default 30 seconds; make it three times the KCL application's failover time if that was raised.
   */
  readonly watchMs?: number;
}
