import type { LeaseStore } from "../store.ts";
import type { DynamoDbOptions } from "./options.ts";

export type { DynamoDbClientLike, DynamoDbOptions, DynamoDbSdk } from "./options.ts";

/**
 * One group's leases in one DynamoDB table of their own, in KCL's columns: a stopped KCL application's table is taken over as
 * it is. Loads the peer `@aws-sdk/client-dynamodb`. The table is made by `leaseTables` of `@switchyard/leases/dynamodb/topology`.
 */
export function dynamodbLeases(_options: DynamoDbOptions): LeaseStore {
  throw new Error("being written");
}
