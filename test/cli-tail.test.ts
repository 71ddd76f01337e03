/** `switchyard tail` as a process: what it shows, what it takes, and what it leaves behind when it is killed. */
import { ListQueuesCommand, TagQueueCommand } from "@aws-sdk/client-sqs";
import { ListSubscriptionsCommand } from "@aws-sdk/client-sns";
import { apply, connect, plan } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { cliPlaces } from "./support/cli-places.ts";
import { command, noTerminal, Running, SHOP } from "./support/command.ts";
import { type DynamoDb, startDynamoDb } from "./support/dynamodb-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { clicks, news } from "./support/shop/channels.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
}, 60_000);
afterAll(() => aws?.close());

interface Place {
  readonly name: string;
  readonly profile: string;
  readonly channel: "news" | "clicks";
  readonly skip: boolean;
  start(): Promise<{ readonly env: Record<string, string>; close?(): Promise<unknown> }>;
}

const { skip: skipped, start: rabbit } = cliPlaces.find(({ name }) => name === "rabbit")!;

const PLACES: readonly Place[] = [
  { name: "a topic of RabbitMQ", profile: "rabbit", channel: "news", skip: skipped, start: rabbit },
  { name: "a stream of RabbitMQ", profile: "rabbit-stream", channel: "clicks", skip: skipped, start: rabbit },
  {
    name: "a topic of SNS",
    profile: "sqs",
    channel: "news",
    skip: false,
    start: async () => ({ env: { ...aws.env, AWS_ENDPOINT: aws.endpoint! } }),
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
const of = { news, clicks };

describe.each(PLACES.filter(({ skip }) => !skip))("of $name", ({ profile, channel, start }) => {
  let place: Awaited<ReturnType<Place["start"]>>;
  let env: Record<string, string>;
  let messaging: any;
  let all: any;
  const pubsub = channel === "news";
  const type = pubsub ? "told" : "clicked";
  const dataOf = (text: string) => (pubsub ? { text } : { page: text });
  const publish = (text: string, id: string) => messaging.publish(of[channel], type, dataOf(text), { id });
  beforeAll(async () => {
    place = await start();
    env = { ...place.env, SHOP_PREFIX: `${prefix}${profile}` };
    all = { channels: [of[channel]], service: "shop", config: SHOP, profile, env, observe: () => {} };
    await apply(await plan(all));
    messaging = await connect(all);
  }, 120_000);
  afterAll(async () => {
    await messaging?.stop({ deadline: 0 });
    await place?.close?.();
  }, 60_000);

  test.skipIf(noTerminal)(
    "shows what passes as JSON without its data; with --body as text on a terminal, which obeys none of it; takes and leaves nothing",
    async () => {
      const plain = Running.start(["tail", channel, "--json", "--max", "2", "--profile", profile], env);
      const whole = Running.onTerminal(`tail ${channel} --body --profile ${profile}`, env);
      await Promise.all([plain.said(/watching/), whole.said(/watching/)]);
      await publish("hello", "m-1");
      await publish("\u001b]0;owned\u0007 \u202e", "m-2");
      expect(await plain.ended).toBe(0);
      const shown = lines(plain.out).sort((a, b) => (a.id < b.id ? -1 : 1));
      const place = { partition: expect.any(String), position: expect.any(String), key: expect.any(String) };
      for (const [at, one] of shown.entries())
        expect(one).toEqual({
          ...{ version: 1, verb: "tail", id: `m-${at + 1}`, type, source: "shop", bytes: expect.any(Number) },
          ...{ publishedAt: expect.any(String), ...(pubsub ? {} : place) },
        });
      // The page is the ordering key of a click.
      if (pubsub) expect(plain.out).not.toContain("hello");
      expect(plain.err).not.toContain("bodies");
      await whole.said(/m-1[^]*hello[^]*m-2[^]*owned|m-2[^]*owned[^]*m-1[^]*hello/);
      expect(whole.out).toMatch(new RegExp(`"verb":"tail bodies"[^\\n]*"channel":"${channel}"[^]*m-1`));
      expect(whole.out).toMatch(new RegExp(`Z  ${type}  m-2  shop  \\d+ B`));
      expect(whole.out).toContain(JSON.stringify(dataOf("hello")));
      expect(whole.out).not.toContain("\u001b]0;");
      expect(whole.out).not.toContain("\u202e");
      whole.child.stdin!.write("\u0003");
      expect(await whole.ended).toBe(0);
      const { changes } = await plan(all);
      expect(Object.values(changes).flat()).toEqual([]);
      if (pubsub) {
        const [{ ready }] = await messaging.depth(news, "web");
        expect(ready).toBe(2);
      }
    },
    60_000,
  );

  test.skipIf(pubsub || noTerminal)(
    "a stream's past is shown with --since",
    async () => {
      const past = await command(
        ["tail", channel, "--since", "1h", "--max", "2", "--json", "--body", "--profile", profile],
        env,
      );
      expect(new Map(lines(past.stdout).map((one) => [one.id, one.data]))).toEqual(
        new Map([
          ["m-1", dataOf("hello")],
          ["m-2", dataOf("\u001b]0;owned\u0007 \u202e")],
        ]),
      );
    },
    60_000,
  );

  test.runIf(profile === "rabbit")("a queue is refused, and the past of pub/sub", async () => {
    const queue = await command("tail orders --profile rabbit", env);
    expect(queue).toMatchObject({ code: 1, output: expect.stringContaining("tail-unsupported") });
    const past = await command("tail news --since 1h --profile rabbit", env);
    expect(past).toMatchObject({ code: 1, output: expect.stringContaining("keeps nothing") });
  });

  test.runIf(profile === "rabbit")(
    "one that is killed leaves no queue of RabbitMQ: it ends with its connection",
    async () => {
      const { ctl } = await sharedRabbit();
      const tails = async () =>
        (await ctl("list_queues", "name", "-q"))
          .split("\n")
          .filter((name) => name.startsWith(`${prefix}rabbit_news_tail_`));
      const running = Running.start("tail news --profile rabbit", env);
      await running.said(/watching/);
      expect((await tails()).length).toBe(1);
      running.child.kill("SIGKILL");
      await running.ended;
      await expect.poll(tails, { timeout: 20_000 }).toEqual([]);
    },
    60_000,
  );

  test.runIf(profile === "sqs")(
    "one that is killed leaves a queue of SQS that doctor finds, and sweeps once it has expired",
    async () => {
      const typed = (line: string) => command(`${line} --profile sqs`, env);
      // The doctor also looks at the other channel of the profile.
      expect((await typed("apply --yes")).code).toBe(0);
      const queues = async () =>
        (await aws.client.send(new ListQueuesCommand({ QueueNamePrefix: `${prefix}sqs_news_tail_` }))).QueueUrls ?? [];
      const subscriptions = async () => {
        const { Subscriptions = [] } = await aws.sns.send(new ListSubscriptionsCommand({}));
        return Subscriptions.filter(({ Endpoint }) => Endpoint?.includes(`${prefix}sqs_news`));
      };
      const running = Running.start("tail news --profile sqs", env);
      await running.said(/watching/);
      // While it may run, it disturbs nobody.
      const early = await typed("doctor --sweep --yes");
      expect(early.code, early.output).toBe(0);
      expect(early.output).toMatch(/ok +tails: [^\n]*_tail_[^\n]*watches until/);
      expect((await queues()).length).toBe(1);
      running.child.kill("SIGKILL");
      expect(await running.ended).toBe(null);
      const [url] = await queues();
      await aws.client.send(
        new TagQueueCommand({ QueueUrl: url!, Tags: { "switchyard:expires": "2026-01-01T00:00:00Z" } }),
      );
      const found = await typed("doctor --json");
      expect(found.code).toBe(3);
      expect(JSON.parse(found.stdout).findings.filter(({ check }: any) => check === "tails")).toEqual([
        {
          ...{ check: "tails", status: "failure" },
          text: expect.stringMatching(/_tail_[^\n]*switchyard doctor --sweep --yes/),
        },
      ]);
      const swept = await typed("doctor --sweep --yes");
      expect(swept.code, swept.output).toBe(0);
      expect(swept.output).toMatch(/"verb":"doctor sweep"/);
      expect(await queues()).toEqual([]);
      expect((await subscriptions()).length).toBe(1);
    },
    60_000,
  );
});
