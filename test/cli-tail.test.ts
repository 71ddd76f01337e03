/** `switchyard tail` as a process: what it shows, what it takes, and what it leaves behind when it is killed. */
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { ListSubscriptionsCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { command, noTerminal, Running } from "./support/command.ts";
import { type DynamoDb, startDynamoDb } from "./support/dynamodb-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { type Rabbit, skipped, startRabbit } from "./support/rabbit.ts";

interface Place {
  readonly name: string;
  readonly profile: string;
  readonly channel: "news" | "clicks";
  readonly skip: boolean;
  start(): Promise<{ readonly env: Record<string, string>; close(): Promise<unknown> }>;
}

const rabbit = async () => {
  const place: Rabbit = await startRabbit();
  return { env: { AMQP_URL: place.url }, close: () => place.close() };
};

const PLACES: readonly Place[] = [
  { name: "a topic of RabbitMQ", profile: "rabbit", channel: "news", skip: skipped, start: rabbit },
  { name: "a stream of RabbitMQ", profile: "rabbit-stream", channel: "clicks", skip: skipped, start: rabbit },
  {
    name: "a topic of SNS",
    profile: "sqs",
    channel: "news",
    skip: false,
    start: async () => {
      const aws = await startAws();
      return { env: { ...aws.env, AWS_ENDPOINT: aws.endpoint! }, close: () => aws.close() };
    },
  },
  {
    name: "a stream of Kinesis",
    profile: "kinesis",
    channel: "clicks",
    skip: false,
    start: async () => {
      const [kinesis, dynamodb]: [Kinesis, DynamoDb] = await Promise.all([startKinesis(), startDynamoDb()]);
      const env = { ...kinesis.env, KINESIS_ENDPOINT: kinesis.endpoint!, DYNAMODB_ENDPOINT: dynamodb.endpoint };
      return { env: env as Record<string, string>, close: () => Promise.all([kinesis.close(), dynamodb.close()]) };
    },
  },
];

const prefix = `tail${process.pid}`;
const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.each(PLACES.filter(({ skip }) => !skip))("of $name", ({ profile, channel, start }) => {
  let place: Awaited<ReturnType<Place["start"]>>;
  let env: Record<string, string>;
  const type = channel === "news" ? "told" : "clicked";
  const data = (text: string) => JSON.stringify(channel === "news" ? { text } : { page: text });
  const typed = (...words: string[]) => command([...words, "--profile", profile], env);
  const publish = async (text: string, id: string) => {
    const done = await typed("publish", channel, type, data(text), "--id", id);
    expect(done.code, done.output).toBe(0);
  };
  beforeAll(async () => {
    place = await start();
    env = { ...place.env, SHOP_PREFIX: `${prefix}${profile}` };
    const made = await typed("apply", "--yes");
    expect(made.code, made.output).toBe(0);
  }, 180_000);
  afterAll(() => place?.close(), 60_000);

  test("shows what passes as lines, its data only with --body, which is audited; takes nothing", async () => {
    const plain = Running.start(["tail", channel, "--json", "--max", "1", "--profile", profile], env);
    const whole = Running.start(["tail", channel, "--json", "--max", "1", "--body", "--profile", profile], env);
    await Promise.all([plain.said(/watching/), whole.said(/watching/)]);
    await publish("hello", "m-1");
    expect([await plain.ended, await whole.ended]).toEqual([0, 0]);
    const [shown] = lines(plain.out);
    expect(shown).toMatchObject({ version: 1, verb: "tail", id: "m-1", type, source: "shop" });
    expect(shown).not.toHaveProperty("data");
    // The page is the ordering key of a click.
    if (channel === "news") expect(plain.out).not.toContain("hello");
    expect(lines(whole.out)[0]).toMatchObject({ id: "m-1", data: JSON.parse(data("hello")) });
    expect(whole.err).toMatch(new RegExp(`"verb":"tail bodies"[^\\n]*"channel":"${channel}"`));
    expect(plain.err).not.toContain("bodies");
    if (channel === "news") {
      const lag = JSON.parse((await typed("lag", channel, "--json")).stdout);
      expect(lag.groups).toEqual([expect.objectContaining({ group: "web", ready: 1 })]);
    }
  }, 60_000);

  test.skipIf(noTerminal)(
    "on a terminal: what a stranger wrote is not obeyed; Ctrl-C ends it, and nothing is left",
    async () => {
      const running = Running.onTerminal(`tail ${channel} --body --profile ${profile}`, env);
      await running.said(/watching/);
      await publish("\u001b]0;owned\u0007 \u202e", "m-2");
      await running.said(/m-2[^]*owned/);
      expect(running.out).toMatch(new RegExp(`Z  ${type}  m-2  shop  \\d+ B`));
      expect(running.out).not.toContain("\u001b]0;");
      expect(running.out).not.toContain("\u202e");
      running.child.stdin!.write("\u0003");
      expect(await running.ended).toBe(0);
      const again = await typed("plan");
      expect(again.code, again.output).toBe(0);
    },
    60_000,
  );

  test("a stream's past is shown with --since; pub/sub has none", async () => {
    const past = await typed("tail", channel, "--since", "1h", "--max", "2", "--json");
    if (channel === "news") expect(past).toMatchObject({ code: 1, output: expect.stringContaining("keeps nothing") });
    else expect(lines(past.stdout).map(({ id }) => id)).toEqual(expect.arrayContaining(["m-1", "m-2"]));
  }, 60_000);
});

describe.skipIf(skipped)("a killed tail of RabbitMQ", () => {
  let place: Rabbit;
  beforeAll(async () => {
    place = await startRabbit();
  }, 180_000);
  afterAll(() => place?.close(), 60_000);

  test("leaves no queue: it ends with its connection", async () => {
    const env = { AMQP_URL: place.url, SHOP_PREFIX: `${prefix}kill` };
    expect((await command("apply --yes --profile rabbit", env)).code).toBe(0);
    const running = Running.start("tail news --profile rabbit", env);
    await running.said(/watching/);
    const queues = async () => (await place.ctl("list_queues", "name", "-q")).split("\n");
    expect((await queues()).filter((name) => name.includes("_tail_")).length).toBe(1);
    running.child.kill("SIGKILL");
    await running.ended;
    await expect.poll(async () => (await queues()).join(), { timeout: 20_000 }).not.toContain("_tail_");
    expect((await command("doctor --profile rabbit", env)).code).toBe(0);
  }, 90_000);
});

describe("a killed tail of SNS", () => {
  let place: Aws;
  beforeAll(async () => {
    place = await startAws();
  }, 60_000);
  afterAll(() => place?.close());

  test("leaves a queue that doctor finds, and sweeps once it has expired", async () => {
    const env = { ...place.env, AWS_ENDPOINT: place.endpoint!, SHOP_PREFIX: `${prefix}kill` };
    const typed = (line: string) => command(`${line} --profile sqs`, env);
    const queues = async () => {
      const { QueueUrls = [] } = await place.client.send(
        new ListQueuesCommand({ QueueNamePrefix: `${prefix}kill_news_tail_` }),
      );
      return QueueUrls;
    };
    const subscriptions = async () => {
      const { Subscriptions = [] } = await place.sns.send(new ListSubscriptionsCommand({}));
      return Subscriptions.filter(({ Endpoint }) => Endpoint?.includes(`${prefix}kill_news`));
    };
    expect((await typed("apply --yes")).code).toBe(0);
    const running = Running.start("tail news --for 5s --profile sqs", env);
    await running.said(/watching/);
    expect((await queues()).length).toBe(1);
    // While it runs, it disturbs nobody: neither a plan nor the doctor.
    const [planned, early] = await Promise.all([typed("plan"), typed("doctor --sweep --yes")]);
    expect(planned.code, planned.output).toBe(0);
    expect(early.code, early.output).toBe(0);
    expect(early.output).toMatch(/ok +tails: [^\n]*_tail_[^\n]*watches until/);
    expect((await queues()).length).toBe(1);
    running.child.kill("SIGKILL");
    expect(await running.ended).toBe(null);
    await expect
      .poll(async () => (await typed("doctor")).output, { timeout: 30_000 })
      .toMatch(/failure +tails: [^\n]*_tail_[^\n]*switchyard doctor --sweep --yes/);
    const found = await typed("doctor --json");
    expect(found.code).toBe(3);
    expect((await queues()).length).toBe(1);
    const swept = await typed("doctor --sweep --yes");
    expect(swept.code, swept.output).toBe(0);
    expect(swept.output).toMatch(/"verb":"doctor sweep"/);
    expect(await queues()).toEqual([]);
    expect((await subscriptions()).length).toBe(1);
    expect((await typed("doctor")).code).toBe(0);
  }, 120_000);
});
