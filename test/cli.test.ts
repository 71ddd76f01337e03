/** The command line on real brokers: what an operator types, and what comes back. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExitCode, main } from "@switchyard/cli";
import { Parser } from "@asyncapi/parser";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CliPlace, cliPlaces } from "./support/cli-places.ts";
import { run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

const SHOP = join(root, "test/support/shop");

interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

let env: Record<string, string> = {};
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** In this process, so that the packages' source is what runs. */
async function cli(
  line: string | readonly string[],
  more: { stdin?: string; signal?: AbortSignal; tty?: boolean; said?: (text: string) => void } = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const { stdin = "", signal = new AbortController().signal, tty = false } = more;
  const code = await main(typeof line === "string" ? line.split(" ") : line, {
    ...{ env, cwd: SHOP, signal },
    stdin: (async function* () {
      yield stdin;
    })(),
    stdout: { isTTY: tty, write: (text) => (out += text) },
    stderr: {
      isTTY: tty,
      write(text) {
        err += text;
        more.said?.(text);
      },
    },
  });
  return { code, out, err };
}

const document = ({ out }: Ran) => JSON.parse(out);
const records = ({ out }: Ran) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("without a broker", () => {
  beforeEach(() => {
    env = {};
  });

  test("help: every verb has one, with an example, and says nothing on stderr", async () => {
    const { out, code } = await cli("--help");
    expect(code).toBe(0);
    const verbs = [...out.matchAll(/^ {2}(\w+(?: \w+)?) {2,}/gm)].map(([, name]) => name!);
    expect(verbs).toEqual(expect.arrayContaining(["explain", "dead redrive", "asyncapi"]));
    for (const verb of verbs) {
      const help = await cli(`${verb} --help`);
      expect(help).toMatchObject({
        code: 0,
        err: "",
        out: expect.stringMatching(/usage: [^]*example:\n {2}switchyard /),
      });
    }
  });

  test.each([
    ["", 2, "usage: "],
    ["explan", 2, 'no verb "explan"'],
    ["dead", 2, "dead takes one of: count, list"],
    ["dead redirve orders billing", 2, 'no verb "dead redirve"'],
    ["explain --color", 2, "Unknown option '--color'"],
    ["explain one", 2, "usage: switchyard explain"],
    ["lag mail", 2, 'no channel "mail" here; known: orders'],
    ["dead list orders shipping", 2, '"orders" has no group "shipping"; known: billing'],
    ["dead purge orders billing", 2, "one of --where, --id and --all"],
    ["dead redrive orders billing --rate fast", 2, "such as 50/s"],
    ["dead redrive orders billing --stop-at much", 2, "such as 5%"],
    ["dead redrive orders billing --wait 1s", 2, "give --canary"],
    ["dead redrive orders billing --ramp 10m", 2, "give --rate"],
    ["replay clicks sessions --from yesterday", 2, "a time with its zone"],
    ["replay orders billing --from earliest", 2, '"orders" is a queue, which keeps no positions to move'],
    ["replay clicks sessions --from earliest", 0, "an inbox (@switchyard/inbox), it skips what it has handled"],
    ["--version", 0, "0."],
    ["dead import orders billing --from nowhere.jsonl", 1, "ENOENT: no such file"],
    ["plan", 3, '"local" is memory: a broker inside this command, gone at its end'],
    ["explain --profile prodd", 1, 'no profile "prodd"; profiles: rabbit, sqs'],
    ["explain --channels nowhere.ts", 2, "does not exist"],
    ["publish orders order.placed {", 2, "not valid JSON"],
    ["publish orders", 2, "CHANNEL TYPE DATA"],
    ["asyncapi --spec 2.0.0", 2, "3.0.0 or 3.1.0"],
    ["asyncapi --breaking package.json", 2, "not written by"],
    ["policy boss", 2, 'no role "boss"'],
  ])("%s: code %i, and says what to write", async (line, code, said) => {
    const ran = await cli(line === "" ? [] : line);
    expect(ran.code).toBe(code);
    expect(ran.out + ran.err).toContain(said);
  });

  test("explain as text and as JSON; --diff says what another profile has", async () => {
    const text = await cli("explain");
    expect(text).toMatchObject({ code: 0, err: "" });
    expect(text.out).toContain("shop, profile none (switchyard.config.yaml)");
    expect(text.out).toContain("orders  queue on local (memory, standard): shop_orders_billing");
    expect(document(await cli("explain --json --profile sqs"))).toMatchObject({
      version: 1,
      verb: "explain",
      explanation: { profile: "sqs", channels: { orders: { transport: "sqs", groups: { billing: {} } } } },
    });
    const differs = await cli("explain --diff sqs");
    expect(differs.code).toBe(3);
    expect(differs.out).toContain("channels.orders.transport: memory -> sqs");
    expect(await cli("explain --profile sqs --diff sqs")).toEqual({ code: 0, out: "", err: "" });
  });

  test("asyncapi: a document that its own older self compares with, and that says what breaks", async () => {
    const made = await cli("asyncapi --api-version 2.1.0");
    expect(made).toMatchObject({ code: 0, err: "" });
    const written = document(made);
    expect(written).toMatchObject({
      asyncapi: "3.1.0",
      info: { title: "shop", version: "2.1.0" },
      operations: { "publish.orders": { action: "send" }, "consume.orders.billing": { action: "receive" } },
      components: { messages: { "orders.order.placed": { payload: { required: ["order", "cents"] } } } },
    });
    const file = join(folder, "old.json");
    writeFileSync(file, made.out);
    expect(await cli(["asyncapi", "--breaking", file])).toMatchObject({ code: 0, out: "", err: "nothing breaks\n" });
    delete written.components.messages["orders.order.placed"].payload.properties.cents.minimum;
    writeFileSync(file, JSON.stringify(written));
    const breaks = await cli(["asyncapi", "--breaking", file]);
    expect(breaks.code).toBe(3);
    expect(breaks.out).toContain("orders/order.placed.cents: minimum was");
  });

  test.each(["none", "rabbit", "sqs"])(
    "asyncapi with profile %s and both versions is valid for AsyncAPI's own parser",
    async (profile) => {
      const parser = new Parser();
      for (const spec of ["3.0.0", "3.1.0"]) {
        const made = await cli(`asyncapi --spec ${spec}${profile === "none" ? "" : ` --profile ${profile}`}`);
        const found = await parser.validate(made.out);
        // It advises the latest version.
        expect(found.filter(({ code }) => code !== "asyncapi-latest-version")).toEqual([]);
      }
    },
  );

  test("emit keda, hpa, ecs and lambda: the numbers of the configuration, with what caps them", async () => {
    const keda = await cli(
      "emit keda orders billing --profile rabbit --handler 2s --latency 1m --max 50 --name encoder",
    );
    expect(keda).toMatchObject({ code: 0, err: "" });
    expect(document(keda)).toMatchObject({
      kind: "ScaledObject",
      metadata: { name: "encoder" },
      spec: { maxReplicaCount: 50, triggers: [{ type: "rabbitmq", metadata: { queueName: "shop_orders_billing" } }] },
    });
    const hpa = await cli("emit hpa clicks sessions --handler 1s --latency 1m --max 50 --parallel 4");
    expect(document(hpa)).toMatchObject({ kind: "HorizontalPodAutoscaler", spec: { maxReplicas: 4 } });
    expect(hpa.err).toContain("4 partitions or keys keep 4 replicas busy");
    const numbers = "--handler 2s --latency 1m --max 50";
    const queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/shop_orders_billing";
    const sqs = await cli(`emit keda orders billing --profile sqs ${numbers} --queue ${queue}`);
    expect(document(sqs)).toMatchObject({
      spec: { triggers: [{ type: "aws-sqs-queue", metadata: { queueURL: queue, awsRegion: "eu-west-1" } }] },
    });
    const ecs = await cli(`emit ecs orders billing --profile sqs ${numbers} --cluster main --name biller`);
    expect(document(ecs)).toMatchObject({
      target: { ResourceId: "service/main/biller", MaxCapacity: 50 },
      policy: { PolicyType: "TargetTrackingScaling" },
    });
    const lambda = await cli(`emit lambda orders billing --profile sqs ${numbers}`);
    expect(document(lambda)).toEqual({ ScalingConfig: { MaximumConcurrency: 50 } });
    for (const [line, text] of [
      [`emit ecs orders billing --profile sqs ${numbers}`, "--cluster NAME"],
      [
        `emit ecs orders billing --profile rabbit ${numbers} --cluster main`,
        "CloudWatch counts the queues of SQS only",
      ],
      [`emit keda orders billing --profile sqs ${numbers} --queue jobs`, "--queue takes the URL"],
      [`emit hpa orders billing --profile sqs ${numbers} --flavour otlp`, "--flavour takes js or collector"],
    ] as const)
      expect((await cli(line)).err).toContain(text);
    expect(await cli("emit keda orders billing")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--latency TIME"),
    });
    expect(await cli("emit helm")).toMatchObject({ code: 2, err: expect.stringContaining("keda") });
  });

  test("diagram and policy", async () => {
    expect((await cli("diagram")).out).toContain('c0g0(["billing"])');
    const policy = await cli("policy consumer --profile sqs --account 123456789012");
    expect(policy.code).toBe(0);
    expect(document(policy)).toMatchObject({ verb: "policy", role: "consumer", aws: { Version: "2012-10-17" } });
  });

  test("as a process: data on stdout, talk on stderr, and the exit code", async () => {
    const bin = join(root, "packages/cli/dist/bin.js");
    const done = await run(process.execPath, [bin, "explain", "--json"], { cwd: SHOP });
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ verb: "explain" });
    const refused = await run(process.execPath, [bin, "lag", "mail"], { cwd: SHOP });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.output).toContain('no channel "mail"');
  });
});

describe.each(cliPlaces.filter(({ skip }) => !skip))("on $name", ({ name, start }) => {
  let place: Awaited<ReturnType<CliPlace["start"]>>;
  let given: Record<string, string>;
  beforeAll(async () => {
    place = await start();
    given = { ...place.env, SHOP_PREFIX: `cli${process.pid}${Date.now() % 10_000}` };
  }, 180_000);
  afterAll(() => place?.close(), 60_000);
  beforeEach(() => {
    env = given;
  });
  const on = (line: string) => cli(`${line} --profile ${name}`);

  test("deploys: plan, a dry run, no profile, apply, and nothing left", async () => {
    expect(await on("dead count orders billing")).toMatchObject({
      code: 1,
      err: expect.stringContaining("queue-not-found"),
    });
    expect(await on("lag orders")).toMatchObject({
      ...{ code: 1, out: expect.stringMatching(/orders +billing +queue-not-found/) },
      err: expect.stringMatching(/^queue-not-found: [^\n]*\n$/),
    });
    const doctor = await on("doctor");
    expect(doctor).toMatchObject({ code: 3, out: expect.stringMatching(/failure {2}topology: [^]*switchyard apply/) });
    const before = await on("plan --json");
    expect(before.code).toBe(3);
    expect(Object.values(document(before).changes).flat()).toContainEqual(
      expect.objectContaining({ action: "create" }),
    );
    const dry = await on("apply");
    expect(dry.code).toBe(3);
    expect(dry.err).toContain("dry run");
    env = { ...given, SWITCHYARD_PROFILE: name };
    expect(await cli("apply --yes")).toMatchObject({ code: 2, err: expect.stringContaining("needs --profile") });
    env = given;
    expect((await on("plan")).code).toBe(3);
    const made = await on("apply --yes");
    expect(made).toMatchObject({ code: 0 });
    expect(made.err).toMatch(/"verb":"apply"[^\n]*"changes":\["create /);
    const again = await on("apply --yes");
    const answers =
      name === "rabbit"
        ? /\n {2}rabbit answers from 127\.0\.0\.1:\d+, virtual host \/, cluster \S+: /
        : /\n {2}aws answers from account 0{12}, us-east-1: \S+_orders_billing, \S+_news\n/;
    expect(again.err).toMatch(answers);
    expect((await on("plan")).code).toBe(0);
    expect((await on("doctor")).code).toBe(0);
  });

  test("apply that is ended in the middle says how far it came, and the same command goes on", async () => {
    env = { ...given, SHOP_PREFIX: `${given["SHOP_PREFIX"]}b` };
    const over = new AbortController();
    const said = (text: string) => void (text.includes('"phase":"begin"') && over.abort());
    const line = `apply --yes --profile ${name}`;
    const ended = await cli(line, { tty: true, signal: over.signal, said });
    expect(ended).toMatchObject({
      code: 3,
      err: expect.stringMatching(
        /"phase":"end"[^]*\nended; about \d+ of \d+ made; to go on, run the same command again\n$/,
      ),
    });
    const rest = await cli(line, { tty: true });
    expect(rest, rest.err).toMatchObject({ code: 0, err: expect.stringMatching(/ 0 left\n$/) });
    // Once it is there, the broker says where.
    if (name === "sqs")
      expect(rest.err).toMatch(/because these are not there[^]*begin[^]*aws answers from account 0{12}/);
    expect((await on("plan")).code).toBe(0);
  });

  test("publishes what fits the schema: one, a file, and lines of stdin up to the first bad one", async () => {
    const one = await cli([
      "publish",
      "orders",
      "order.placed",
      '{"order":"1","cents":5}',
      "--id",
      "a",
      "--profile",
      name,
      "--json",
    ]);
    expect(one.code).toBe(0);
    expect(records(one)).toEqual([expect.objectContaining({ version: 1, verb: "publish", id: "a" })]);
    const lines = [
      { type: "order.placed", data: { order: "2", cents: 1 }, id: "b" },
      { type: "order.placed", data: { order: "3", cents: -1 } },
      { type: "order.placed", data: { order: "4", cents: 1 } },
    ];
    const stdin = lines.map((line) => JSON.stringify(line)).join("\n");
    const some = await cli(["publish", "orders", "--file", "-", "--profile", name], { stdin });
    expect(some).toMatchObject({ code: 1, out: "b\n" });
    expect(some.err).toMatch(/line 2: invalid-message: [^]*1 published before it/);
    const lag = await on("lag orders --json");
    expect(document(lag).groups).toEqual([expect.objectContaining({ channel: "orders", group: "billing", ready: 2 })]);
    expect((await on("lag")).out).toMatch(/^channel +group +ready[^]*orders +billing +2/);
  });
});
