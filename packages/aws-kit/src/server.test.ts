import { expect, test } from "vitest";
import type { ClientLike } from "./clients.ts";
import { serverOf } from "./server.ts";

const clientOf = (config: object): ClientLike => ({ config }) as unknown as ClientLike;
const told = async (config: object) => {
  const server = serverOf(() => clientOf(config));
  expect(server()).toBeUndefined();
  await new Promise(setImmediate);
  return server();
};

test.each([
  [
    "the region's",
    {
      region: async () => "eu-west-1",
      endpointProvider: ({ Region }: { Region: string }) => ({ url: new URL(`https://sqs.${Region}.amazonaws.com`) }),
    },
    { address: "sqs.eu-west-1.amazonaws.com", port: 443 },
  ],
  [
    "a configured one, without user and path",
    { serviceConfiguredEndpoint: async () => "http://user:secret@localhost:4566/path" },
    { address: "localhost", port: 4566 },
  ],
  ["of version 6", { endpoint: async () => ({ protocol: "http:", hostname: "[::1]" }) }, { address: "::1", port: 80 }],
  ["of a client that does not say", {}, undefined],
  [
    "that cannot be found",
    {
      region: async () => {
        throw new Error("no region");
      },
      endpointProvider: () => ({ url: new URL("https://x") }),
    },
    undefined,
  ],
])("a server: %s", async (_name, config, server) => {
  await expect(told(config)).resolves.toEqual(server);
});

test("the client is asked once, and not before", async () => {
  let asked = 0;
  const server = serverOf(async () => (asked++, clientOf({})));
  expect(asked).toBe(0);
  server();
  server();
  await new Promise(setImmediate);
  server();
  expect(asked).toBe(1);
});
