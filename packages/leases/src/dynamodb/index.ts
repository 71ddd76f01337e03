export { dynamodbAttempts } from "./attempts.ts";
export { dynamodbLeases } from "./store.ts";
export type { DynamoDbClientLike, DynamoDbConnection, DynamoDbOptions, DynamoDbSdk } from "./options.ts";
