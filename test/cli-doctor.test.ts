/** `switchyard doctor` as a process on real brokers: what it prints, as text and as JSON, and that it ends with 3 when something must be changed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { command } from "./support/command.ts";
import { type DynamoDb, startDynamoDb } from "./support/dynamodb-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { skipped } from "./support/rabbit.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";

const prefix = `doctor${process.pid}`;
const findings = (stdout: string): readonly any[] => JSON.parse(stdout).findings;

describe.skipIf(skipped)("on RabbitMQ", () => {
  test("a healthy service, as text; a user without rights ends with 3", async () => {
    const { url, ctl } = await sharedRabbit();
    const env = { AMQP_URL: url, SHOP_PREFIX: prefix };
    expect((await command("apply --yes --profile rabbit", env)).code).toBe(0);
    const healthy = await command("doctor --handler 30s --profile rabbit", env);
    expect(healthy.stdout).toBe(
      `ok       configuration: 2 channels, profile rabbit
ok       hold: news/web: the hold of 1m outlasts a handler of 30s
ok       hold: orders/billing: the hold of 1m outlasts a handler of 30s
ok       topology: the brokers have what is needed
ok       rights: news/web can be asked for its backlog
ok       dead letters: news/web has 0 dead letters
ok       rights: orders/billing can be asked for its backlog
ok       dead letters: orders/billing has 0 dead letters
`,
    );
    expect(healthy.code).toBe(0);
    const slow = await command("doctor --handler 90s --profile rabbit", env);
    expect(slow.code).toBe(3);
    expect(slow.stdout).toContain("failure  hold: orders/billing: a handler of 90s outlasts the hold of 1m, which");

    await ctl("add_user", prefix, "none");
    await ctl(
      "set_permissions",
      "-p",
      decodeURIComponent(new URL(url).pathname.slice(1)) || "/",
      prefix,
      "^$",
      "^$",
      "^$",
    );
    const at = new URL(url);
    at.username = prefix;
    at.password = "none";
    const denied = await command("doctor --json --profile rabbit", { ...env, AMQP_URL: String(at) });
    await ctl("delete_user", prefix);
    expect(denied.code, denied.output).toBe(3);
    expect(JSON.parse(denied.stdout)).toMatchObject({ version: 1, verb: "doctor", healthy: false });
    expect(findings(denied.stdout)).toContainEqual({
      ...{ check: "topology", status: "failure" },
      text: expect.stringMatching(/^access-refused: [^]*check the user's configure, write and read permissions/),
    });
    expect(denied.output).not.toContain(":none@");
  }, 60_000);
});

describe("on SQS and Kinesis", () => {
  let aws: Aws;
  let kinesis: Kinesis;
  let dynamodb: DynamoDb;
  beforeAll(async () => {
    [aws, kinesis, dynamodb] = await Promise.all([startAws(), startKinesis(), startDynamoDb()]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([aws?.close(), kinesis?.close(), dynamodb?.close()]);
  }, 60_000);

  test("SQS, as JSON: dead letters that may be gone before anybody sees them end with 3", async () => {
    const env = { ...aws.env, AWS_ENDPOINT: aws.endpoint!, SHOP_PREFIX: prefix };
    expect((await command("apply --yes --profile sqs", env)).code).toBe(0);
    const healthy = await command("doctor --json --profile sqs", env);
    expect(healthy.code, healthy.output).toBe(0);
    const kept = "keeps letters for 14d,";
    expect(JSON.parse(healthy.stdout)).toEqual({
      ...{ version: 1, verb: "doctor", healthy: true },
      findings: [
        { check: "configuration", status: "ok", text: "2 channels, profile sqs" },
        { check: "retention", status: "ok", text: expect.stringContaining(kept) },
        { check: "retention", status: "ok", text: expect.stringContaining(kept) },
        { check: "topology", status: "ok", text: "the brokers have what is needed" },
        { check: "rights", status: "ok", text: "news/web can be asked for its backlog" },
        { check: "dead letters", status: "ok", text: "news/web has 0 dead letters" },
        { check: "rights", status: "ok", text: "orders/billing can be asked for its backlog" },
        { check: "dead letters", status: "ok", text: "orders/billing has 0 dead letters" },
      ],
    });
    const long = { ...env, SWITCHYARD__CHANNELS__ORDERS__RETENTION: "14d" };
    const short = await command("doctor --json --profile sqs", long);
    expect(short.code).toBe(3);
    expect(findings(short.stdout)).toContainEqual({
      ...{ check: "retention", status: "failure" },
      text: expect.stringMatching(/keeps dead letters for 14d, and [^]* for 14d: [^]*keep the dead letters longer/),
    });
  }, 60_000);

  test("Kinesis, as text", async () => {
    const env = {
      ...(kinesis.env as Record<string, string>),
      KINESIS_ENDPOINT: kinesis.endpoint!,
      DYNAMODB_ENDPOINT: dynamodb.endpoint,
      SHOP_PREFIX: prefix,
    };
    const missing = await command("doctor --profile kinesis", env);
    expect(missing.code).toBe(3);
    expect(missing.stdout).toMatch(/failure {2}topology: kinesis: [^\n]*make it with: switchyard apply\n/);
    expect((await command("apply --yes --profile kinesis", env)).code).toBe(0);
    const healthy = await command("doctor --profile kinesis", env);
    expect(healthy.stdout).toBe(
      `ok       configuration: 1 channels, profile kinesis
ok       topology: the brokers have what is needed
ok       rights: clicks/sessions can be asked for its backlog
`,
    );
    expect(healthy.code).toBe(0);
  }, 60_000);
});
