/** What came from the environment is in no error, no explanation and no event, wherever in the configuration it stood. */
import { channel, type ConfigInput, connect, consumer, isMessagingError, type MessagingEvent } from "@switchyard/core";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { type } from "arktype";

const SECRET = "s3cr3tmarker";
const jobs = channel("jobs", { messages: { job: type({ n: "number" }) } });
const env = {
  SECRET,
  URL_WITH: `https://sqs.eu-west-1.amazonaws.com/123456789012/${SECRET}`,
  LOGIN: `http://user:${SECRET}@127.0.0.1:1`,
  AWS_REGION: "eu-west-1",
};

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  return () => vi.unstubAllEnvs();
});

/** But for `use`: which package to install must be said. */
const connections: readonly (readonly [string, Record<string, unknown>])[] = [
  ["memory", { use: "memory", broker: "${SECRET}" }],
  ["memory", { use: "memory", profile: "${SECRET}" }],
  ["memory", { use: "memory", retention: "${SECRET}" }],
  ["memory", { use: "memory", duplicates: "${SECRET}" }],
  ["memory", { use: "memory", maxMessageBytes: "${SECRET}" }],
  ["memory", { use: "memory", unheard: "${SECRET}" }],
  ["memory", { use: "memory", provision: "${SECRET}" }],
  ["memory", { use: "memory", provision: "off", broker: "off-${SECRET}" }],
  ["aws", { use: "sqs", endpoint: "https://${SECRET}.invalid" }],
  ["aws", { use: "sqs", endpoint: "http://127.0.0.1:1", region: "${SECRET}" }],
  ["aws", { use: "sqs", endpoint: "${LOGIN}" }],
  ["aws", { use: "sqs", endpoint: "${SECRET}" }],
  ["aws", { use: "sqs", accountId: "${SECRET}" }],
  ["aws", { use: "sqs", client: "${SECRET}" }],
  ["aws", { use: "aws", endpoint: "http://127.0.0.1:1", region: "${SECRET}" }],
  ["aws", { use: "aws", endpoint: "https://${SECRET}.example", password: SECRET }],
  ["aws", { use: "sqs", endpoint: "http://127.0.0.1:1", secretAccessKey: SECRET }],
];
const channels: readonly Record<string, unknown>[] = [
  {},
  { address: "${SECRET}" },
  { address: "${URL_WITH}" },
  { model: "${SECRET}" },
  { policy: "${SECRET}" },
  { retention: "${SECRET}" },
  { form: "${SECRET}" },
  { native: { unheard: "${SECRET}" } },
  { groups: { one: { deadLetterAddress: "${SECRET}" } } },
  { groups: { one: { address: "${URL_WITH}" } } },
  { groups: { one: { hold: "${SECRET}" } } },
  { groups: { one: { start: { at: "${SECRET}" } } } },
  { publish: { timeout: "${SECRET}" } },
];

/** Everything a person might read in it, but for the raw error, which is the driver's. */
function readable(error: unknown): string {
  if (!isMessagingError(error)) return String(error);
  const { cause: _, ...own } = error as unknown as Record<string, unknown>;
  return `${error.message} ${error.stack} ${JSON.stringify(own)}`;
}

async function everythingSaid(config: ConfigInput): Promise<string> {
  const said: string[] = [];
  const hear = (error: unknown) => void said.push(readable(error));
  const observe = ({ error, ...event }: MessagingEvent & { readonly error?: unknown }) => {
    said.push(JSON.stringify(event));
    if (error !== undefined) hear(error);
  };
  try {
    const messaging = await connect({ channels: [jobs], service: "test", config, env, observe });
    said.push(JSON.stringify(messaging.explain()));
    messaging.consume(consumer(jobs, "one", { job: () => {} }));
    // Nobody answers at these addresses: a start is given up, not waited for.
    const started = messaging.start().catch(hear);
    const published = messaging.publish(jobs, "job", { n: 1 }, { signal: AbortSignal.timeout(20) }).catch(hear);
    await published;
    await Promise.race([started, new Promise((resolve) => void setTimeout(resolve, 50))]);
    said.push(JSON.stringify(messaging.health()));
    const stopped = messaging.stop({ deadline: 0 });
    await Promise.all([started, stopped.catch(hear)]);
  } catch (error) {
    hear(error);
  }
  return said.join("\n");
}

describe.each(connections)("on %s %j", (on, connection) => {
  test.each(channels)("with %j", async (more) => {
    const config = {
      prefix: "test",
      connections: { [on]: connection },
      channels: { jobs: { model: "queue", on, groups: { one: {} }, ...more } },
    } as unknown as ConfigInput;
    const said = await everythingSaid(config);
    expect(said).not.toBe("");
    expect(said).not.toContain(SECRET);
  });
});

test("the prefix and the environment's own overrides are no exception", async () => {
  const config = {
    prefix: "${SECRET}",
    connections: {},
    channels: { jobs: { model: "queue", on: "memory" } },
  } as const;
  expect(await everythingSaid(config as ConfigInput)).not.toContain(SECRET);
});
