/** What the command line does differently for people at a terminal. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { command, noTerminal, Running } from "./support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "switchyard-cli-"));
let aws: Aws;
let env: Record<string, string>;
beforeAll(async () => {
  aws = await startAws();
  env = { ...aws.env, AWS_ENDPOINT: aws.endpoint!, SHOP_PREFIX: `terminal${process.pid}` };
  const made = await command("apply --yes --profile sqs", env);
  expect(made.code, made.output).toBe(0);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await aws?.close();
});

test.skipIf(noTerminal)("publish of a file shows how far it is, in one line that is gone at the end", async () => {
  const file = join(folder, "orders.jsonl");
  const lines = [1, 2, 3].map((n) => JSON.stringify({ order: String(n), cents: n }));
  writeFileSync(file, lines.join("\n"));
  const running = Running.onTerminal(`publish orders order.placed --file ${file} --profile sqs`, env);
  expect(await running.ended, running.out).toBe(0);
  expect(running.out).toContain("\r\u001b[Kpublishing  [######--------------]  1 of 3");
  expect(running.out).toMatch(/\r\u001b\[Kpublishing {2}\[#{20}\] {2}3 of 3 {2}[\d.,]+\/s\r\u001b\[K3 of 3 published/);
});

test.skipIf(noTerminal)("apply shows how many of the changes are made", async () => {
  const running = Running.onTerminal("apply --yes --profile sqs", { ...env, SHOP_PREFIX: `bar${process.pid}` });
  expect(await running.ended, running.out).toBe(0);
  expect(running.out).toContain("\r\u001b[Kapplying  [--------------------]  0 of 6");
  expect(running.out).toMatch(
    /\r\u001b\[Kapplying {2}\[#{20}\] {2}6 of 6[^\n]*\r\u001b\[K {2}aws answers[^]*6 made, 0 left/,
  );
});

test.skipIf(noTerminal)("on a terminal the table of lag stays in place, until Ctrl-C ends it", async () => {
  const running = Running.onTerminal("lag news --every 100ms --profile sqs", env);
  await running.said(/(?:\u001b\[H\u001b\[J[^\u001b]+){3}/);
  running.child.stdin!.write("\u0003");
  expect(await running.ended).toBe(0);
  const drawn = running.out.split("\u001b[H\u001b[J");
  expect(drawn[1]).toMatch(/^channel +group +ready +a second[^]*\nnews +web +0/);
});

test("plan and lag as processes: data on stdout alone, and the exit code", async () => {
  const planned = await command("plan --json --profile sqs", env);
  expect(planned).toMatchObject({ code: 0, stdout: '{\n  "version": 1,\n  "verb": "plan",\n  "changes": {}\n}\n' });
  const differs = await command("plan --profile sqs", { ...env, SHOP_PREFIX: "other" });
  expect(differs).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/^create +aws: topic other_news: new topic/),
  });
  const lag = await command("lag news --profile sqs", env);
  expect(lag).toMatchObject({ code: 0, stdout: expect.stringMatching(/^channel +group +ready[^]*\nnews +web +0/) });
  expect(lag.output).toBe(lag.stdout);
});

test("Ctrl-C ends a publish of a file after the message under way, and says how to go on", async () => {
  const file = join(folder, "more.jsonl");
  writeFileSync(file, [1, 2, 3].map((n) => JSON.stringify({ order: String(n), cents: n })).join("\n"));
  const line = `publish orders order.placed --file ${file} --profile sqs`;
  const running = Running.start(`${line} --rate 1/h`, env);
  await running.said(/^\S{36}\n/);
  running.child.kill("SIGINT");
  expect(await running.ended).toBe(3);
  expect(running.err).toBe("1 of 3 published\nto go on, add --skip 1\n");
  const rest = await command(`${line} --skip 1`, env);
  expect(rest).toMatchObject({ code: 0, output: expect.stringMatching(/\n2 of 2 published\n$/) });
});

test("a command that a broker keeps from ending is cut off ten seconds after it was told to", async () => {
  const line = ["publish", "orders", "order.placed", '{"order":"1","cents":1}', "--profile", "rabbit"];
  const running = Running.start(line, { AMQP_URL: "amqp://127.0.0.1:1" });
  await running.said(/^warning: connection rabbit down$/m);
  const told = performance.now();
  running.child.kill("SIGTERM");
  expect(await running.ended).toBe(130);
  expect(performance.now() - told).toBeLessThan(15_000);
  expect(running.err).toMatch(/\nit has not ended within 10s, and is cut off; look before you run it again\n$/);
}, 60_000);
