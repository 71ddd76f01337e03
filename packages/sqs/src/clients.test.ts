import { expect, test } from "vitest";
import { openClients } from "./clients.ts";

/** Keeps what each client is made with. */
function fakeSdk() {
  const made: Record<string, any>[] = [];
  const destroyed: unknown[] = [];
  class SQSClient {
    readonly config = {};
    constructor(config: Record<string, unknown>) {
      made.push(config);
    }
    destroy(): void {
      destroyed.push(this);
    }
    send = async (command: { input: unknown }): Promise<unknown> => command.input;
  }
  class ReceiveMessageCommand {
    readonly input: unknown;
    constructor(input: unknown) {
      this.input = input;
    }
  }
  return { sdk: { SQSClient, ReceiveMessageCommand }, made, destroyed };
}

test("our clients never resend, never follow a queue's URL, give up what hangs, and keep polls apart", async () => {
  const { sdk, made, destroyed } = fakeSdk();
  const clients = await openClients({ region: "eu-west-1", profile: "dev" }, sdk);
  expect(made).toHaveLength(2);
  for (const config of made) {
    expect(config).toMatchObject({
      region: "eu-west-1",
      profile: "dev",
      maxAttempts: 1,
      useQueueUrlAsEndpoint: false,
      md5: false,
    });
    expect(config).not.toHaveProperty("endpoint");
    expect(config["requestHandler"]).toMatchObject({
      throwOnRequestTimeout: true,
      connectionTimeout: 5_000,
      httpsAgent: { keepAlive: true },
    });
  }
  const [calls, polls] = made;
  expect(polls!["requestHandler"].requestTimeout).toBeGreaterThan(20_000);
  expect(calls!["requestHandler"].requestTimeout).toBe(15_000);
  expect(calls!["requestHandler"].httpsAgent.maxSockets).toBe(Number.POSITIVE_INFINITY);
  clients.close();
  expect(destroyed).toHaveLength(2);
});

test("a command the installed SDK lacks is named", async () => {
  const { sdk } = fakeSdk();
  const { call } = await openClients({}, sdk);
  expect(() => call("PurgeQueue", { QueueUrl: "x" })).toThrow("PurgeQueueCommand");
});
