/**
 * Everything that verbs print, in both forms, kept in `test/golden/cli`: a change of the output is a change of those files. To write them anew:
 * `npm exec -- vitest run test/cli-golden.test.ts -u`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliPlace, cliPlaces } from "./support/cli-places.ts";
import { transcript } from "./support/transcript.ts";
import { root } from "./support/workspace.ts";

const wordsOf = (line: string | readonly string[]) => (typeof line === "string" ? line.split(" ") : line);

const fileOf = (name: string) => join(root, "test/golden/cli", `${name}.txt`);

async function printed(lines: readonly (string | readonly string[])[], setting = {}): Promise<string> {
  const texts: string[] = [];
  // One after the other: what one makes the next one sees.
  for (const line of lines) texts.push(await transcript(wordsOf(line), setting));
  return texts.join("\n");
}

describe("without a broker", () => {
  test.each([
    ["help", ["--help", "explain --help", "publish --help"]],
    [
      "explain",
      ["explain", "explain --json --profile sqs", "explain --diff sqs", "explain --json --profile rabbit --diff sqs"],
    ],
    ["diagram", ["diagram", "diagram --json --profile rabbit"]],
    [
      "asyncapi",
      [
        "asyncapi --profile rabbit",
        "asyncapi --spec 3.0.0 --api-version 2.1.0 --profile sqs",
        "asyncapi --profile rabbit-stream",
      ],
    ],
    [
      "policy",
      [
        "policy consumer --profile sqs --account 123456789012",
        "policy --json --profile rabbit",
        "policy --profile sqs",
      ],
    ],
    ["emit-cloudformation", ["emit cloudformation --profile sqs", "emit cloudformation --profile kinesis"]],
    ["emit-terraform", ["emit terraform --profile sqs", "emit terraform --profile kinesis"]],
    ["emit-rabbitmq-definitions", ["emit rabbitmq-definitions --profile rabbit --vhost shop"]],
    [
      "emit-scaling",
      [
        "emit keda orders billing --profile rabbit --handler 2s --latency 1m --max 50",
        "emit hpa clicks sessions --handler 1s --latency 1m --max 50 --parallel 4",
        "emit ecs orders billing --profile sqs --handler 2s --latency 1m --max 50 --cluster main",
        "emit lambda orders billing --profile sqs --handler 2s --latency 1m --max 50",
      ],
    ],
  ])("%s", async (name, lines) => {
    await expect(await printed(lines)).toMatchFileSnapshot(fileOf(name));
  });

  test("nothing that is for other tools or other people has a credential", async () => {
    const env = {
      AMQP_URL: "amqps://bob:hunter2@rabbit.example/orders",
      ...{ AWS_ACCESS_KEY_ID: "AKIAHUNTER2", AWS_SECRET_ACCESS_KEY: "hunter2", AWS_SESSION_TOKEN: "hunter2" },
    };
    const lines = [
      ...["explain --json", "diagram", "asyncapi", "policy", "emit rabbitmq-definitions"],
      "emit keda orders billing --handler 2s --latency 1m --max 50",
    ].map((line) => `${line} --profile rabbit`);
    const text = await printed(
      [
        ...lines,
        "emit cloudformation --profile sqs",
        "emit terraform --profile sqs",
        "emit terraform --profile kinesis",
      ],
      { env },
    );
    expect(text.length).toBeGreaterThan(10_000);
    expect(text).not.toMatch(/hunter2|AKIA|\bbob\b|"(?:users|permissions|password|password_hash)"/i);
    expect(text).not.toContain("exit code");
  });

  test("asyncapi --breaking", async () => {
    const folder = mkdtempSync(join(tmpdir(), "switchyard-golden-"));
    try {
      const file = join(folder, "old.json");
      const [, ...lines] = (await transcript(["asyncapi"])).split("\n");
      const old = JSON.parse(lines.join("\n"));
      const { payload } = old.components.messages["orders.order.placed"];
      delete payload.properties.cents.minimum;
      payload.properties.note = { type: "string" };
      old.components.messages["orders.order.lost"] = { payload: {} };
      old.channels.orders.messages["order.lost"] = { $ref: "#/components/messages/orders.order.lost" };
      writeFileSync(file, JSON.stringify(old));
      const steady = [[folder, "."]];
      const line = ["asyncapi", "--breaking", file];
      const text = await printed([line, [...line, "--json"]], { steady });
      await expect(text).toMatchFileSnapshot(fileOf("asyncapi-breaking"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe.each(cliPlaces.filter(({ skip }) => !skip))("on $name", ({ name, start }) => {
  let place: Awaited<ReturnType<CliPlace["start"]>>;
  beforeAll(async () => {
    place = await start();
  }, 180_000);
  afterAll(() => place?.close(), 60_000);

  test("plan, apply, publish and lag", async () => {
    const prefix = `golden${process.pid}`;
    const env = { ...place.env, SHOP_PREFIX: prefix };
    const on = (line: string) => [...line.split(" "), "--profile", name];
    const order = ["publish", "orders", "order.placed", '{"order":"1","cents":5}'];
    const steady = [
      [prefix, "shop"],
      [/127\.0\.0\.1:\d+/g, "127.0.0.1:5672"],
      // The cluster has the name of its first node.
      [/switchyard\d+@[\w.-]+/g, "rabbit@host"],
      [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "00000000-0000-4000-8000-000000000000"],
    ];
    const text = await printed(
      [
        ...["plan", "plan --json", "apply", "apply --json", "apply --yes", "plan", "plan --json", "apply --json"].map(
          on,
        ),
        [...order, "--id", "o-1", "--profile", name],
        [...order, "--id", "o-2", "--profile", name, "--json"],
        ["publish", "orders", "order.placed", '{"order":"1"}', "--profile", name],
        ...["lag", "lag --json", "leases orders"].map(on),
      ],
      { env, steady },
    );
    await expect(text).toMatchFileSnapshot(fileOf(`deploy-${name}`));
  });
});
