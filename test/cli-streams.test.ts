/** What is done to a stream of Kinesis by processes: `leases`, `replay` and the dead letters of a group, beside a service that reads it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, consumer } from "@switchyard/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAws, type Aws } from "./support/aws-emulator.ts";
import { command, noTerminal, Running, SHOP } from "./support/command.ts";
import { type DynamoDb, startDynamoDb } from "./support/dynamodb-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { clicks } from "./support/shop/channels.ts";

let kinesis: Kinesis;
let dynamodb: DynamoDb;
let aws: Aws;
let env: Record<string, string>;
let messaging: any;
const pages: string[] = [];
const typed = (...words: string[]) => command([...words, "--profile", "kinesis"], env);

beforeAll(async () => {
  [kinesis, dynamodb, aws] = await Promise.all([startKinesis(), startDynamoDb(), startAws()]);
  env = {
    ...(kinesis.env as Record<string, string>),
    KINESIS_ENDPOINT: kinesis.endpoint!,
    DYNAMODB_ENDPOINT: dynamodb.endpoint,
    SHOP_PREFIX: `streams${process.pid}`,
  };
  const made = await typed("apply", "--yes");
  if (made.code !== 0) throw new Error(made.output);
  const all = { channels: [clicks], service: "shop", config: SHOP, profile: "kinesis", env, observe: () => {} };
  messaging = await connect(all as never);
  messaging.consume(consumer(clicks, "sessions", { clicked: ({ page }) => void pages.push(page) }));
  await messaging.start();
}, 120_000);
afterAll(async () => {
  await messaging?.stop({ deadline: 0 });
  await Promise.all([kinesis?.close(), dynamodb?.close(), aws?.close()]);
}, 60_000);

/** The numbers and names that differ each time. */
const steady = (text: string): string =>
  text
    .replaceAll(/shardId-0+(\d)/g, "shard-$1")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "WORKER")
    .replaceAll(/ +/g, " ")
    .trim();

test("leases: who reads each partition and how far behind it is, as a table and as JSON", async () => {
  await expect
    .poll(async () => steady((await typed("leases", "clicks")).stdout), { timeout: 30_000, interval: 500 })
    .toMatch(
      /^group partition holder ready held oldest\nsessions shard-0 WORKER 0 - 0s\nsessions shard-1 WORKER 0 - 0s$/,
    );
  const { code, stdout } = await typed("leases", "clicks", "sessions", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    verb: "leases",
    leases: [0, 1].map((n) => ({
      ...{ group: "sessions", lease: `shardId-00000000000${n}`, holder: expect.any(String) },
      ...{ ready: 0, oldestMs: expect.any(Number) },
    })),
  });
}, 60_000);

test("replay: says what it would do, does it with --yes, and the running service reads again", async () => {
  for (const page of ["/a", "/b"]) {
    const sent = await typed("publish", "clicks", "clicked", JSON.stringify({ page }));
    expect(sent.code, sent.output).toBe(0);
  }
  await expect.poll(() => [...pages].sort(), { timeout: 30_000 }).toEqual(["/a", "/b"]);
  const dry = await typed("replay", "clicks", "sessions", "--from", "earliest");
  expect(dry).toMatchObject({ code: 0, stdout: "", output: expect.stringContaining("dry run: nothing is done") });
  const done = await typed("replay", "clicks", "sessions", "--from", "earliest", "--yes", "--json");
  expect(done.code, done.output).toBe(0);
  expect(JSON.parse(done.stdout)).toEqual({
    ...{ version: 1, verb: "replay", channel: "clicks", group: "sessions", from: "earliest", done: true },
  });
  expect(done.output).toMatch(/"verb":"replay"[^\n]*"phase":"begin"/);
  await expect.poll(() => [...pages].sort(), { timeout: 60_000 }).toEqual(["/a", "/a", "/b", "/b"]);
  if (noTerminal) return;
  const shown = Running.onTerminal("replay clicks sessions --from latest --yes --profile kinesis", env);
  expect(await shown.ended, shown.out).toBe(0);
  expect(shown.out).toMatch(/\r\u001b\[Kmoving {2}\[#{20}\] {2}2 of 2[^\n]*\r\u001b\[K/);
}, 120_000);

test("a group's dead letters: every verb, from a stream of Kinesis to letters on SQS and back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "switchyard-streams-"));
  const its = { ...env, AWS_ENDPOINT: aws.endpoint!, SHOP_PREFIX: `graves${process.pid}` };
  const on = async (line: string, ...more: readonly string[]) => {
    const done = await command([...line.split(" "), ...more, "--profile", "aws-stream"], its);
    expect(done.code, done.output).toBe(0);
    return done;
  };
  const json = async (line: string, ...more: readonly string[]) =>
    JSON.parse((await on(line, ...more, "--json")).stdout);
  await on("apply --yes");
  const all = { channels: [clicks], service: "shop", config: SHOP, profile: "aws-stream", env: its, observe: () => {} };
  const service: any = await connect(all as never);
  try {
    const handled: string[] = [];
    let sick = true;
    service.consume(
      consumer(clicks, "sessions", {
        clicked: ({ page }, { id }) => {
          if (sick) throw Object.assign(new Error("no session"), { name: page < "/3" ? "Early" : "Late" });
          handled.push(id);
        },
      }),
    );
    await service.start();
    const items = [0, 1, 2, 3, 4, 5].map((n) => ({ type: "clicked", data: { page: `/${n}` }, id: `k${n}` }));
    await service.publishMany(clicks, items);
    const letters = service.deadLetters(clicks, "sessions");
    await expect.poll(async () => (await letters.count()).ready, { timeout: 30_000, interval: 50 }).toBe(6);
    sick = false;
    expect((await on(`dead list clicks sessions --where class=Early`)).stdout.match(/^k\d /gm)).toHaveLength(3);
    expect((await on(`dead show clicks sessions k4 --body`)).stdout).toMatch(
      /^id: k4\n[^]*\nkey: \/4\n[^]*data: \{"page":"\/4"\}\n$/,
    );
    const { groups } = await json(`dead group clicks sessions --by class`);
    expect(groups.map(({ of, count }: any) => [of.errorClass, count])).toEqual([
      ["Early", 3],
      ["Late", 3],
    ]);
    const file = join(folder, "letters.jsonl");
    const out = ["--to", file, "--where", "class=Late", "--remove", "--yes"];
    expect((await on(`dead export clicks sessions`, ...out)).stdout).toBe("3 written, 3 deleted\n");
    for (const verb of ["dead purge clicks sessions --all", "replay clicks sessions --from earliest"]) {
      const refused = await command(`${verb} --yes --profile other-account`, its);
      expect(refused, refused.output).toMatchObject({ code: 1, stdout: "" });
      expect(refused.output).toMatch(/\nwrong-account: [^\n]*000000000000, and the configuration names 123456789012/);
      expect(refused.output).not.toContain('"phase":"begin"');
    }
    const one = await json(`dead edit clicks sessions k1`, "--file", pageFile(folder, "/1"), "--yes");
    expect(one).toMatchObject({ causationId: "k1", removed: true });
    const sent = await on(`dead redrive clicks sessions`, "--yes");
    expect(sent.stdout).toMatch(/^2 moved, 0 died again, 0 failed/);
    // The letters are taken on SQS, and go to the group on Kinesis.
    const addresses = ["clicks", "clicks_sessions_dead"].map((name) => `${its.SHOP_PREFIX}_${name}`).join(", ");
    expect(sent.output).toContain(`\n  aws answers from account 000000000000, us-east-1: ${addresses}\n`);
    await expect.poll(() => new Set(handled), { timeout: 30_000 }).toEqual(new Set(["k0", "k2", one.id]));
    expect((await on(`dead import clicks sessions --from ${file} --yes`)).stdout).toBe("3 imported, 0 failed\n");
    const some = await on(`dead purge clicks sessions`, "--id", "k3", "--id", "k5", "--yes");
    expect(some.stdout).toBe("2 deleted\n");
    expect(await letters.count()).toMatchObject({ ready: 1, hidden: 0 });
  } finally {
    await service.stop({ deadline: 0 });
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

function pageFile(folder: string, page: string): string {
  const file = join(folder, "page.json");
  writeFileSync(file, JSON.stringify({ page }));
  return file;
}
