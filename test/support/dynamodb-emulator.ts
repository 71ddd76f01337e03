/** DynamoDB for tests and the demo: dynalite in this process, on the loopback interface. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
// @ts-expect-error: it has no types
import dynalite from "dynalite";

export interface DynamoDb {
  readonly endpoint: string;
  /** What a child process needs beside its own environment. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startDynamoDb(): Promise<DynamoDb> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    env: { AWS_ENDPOINT_URL_DYNAMODB: endpoint },
    close: async () => {
      server.closeAllConnections?.();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
