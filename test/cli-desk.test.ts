/** What an operator meets among dead letters: secrets, what a stranger wrote, bodies that are gone, letters of others. On the memory broker. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { type ExitCode, main } from "@switchyard/cli";
import { apply, connect, consumer, plan } from "@switchyard/core";
import { forgetBroker } from "@switchyard/memory/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { claims, graves, invoices, parcels, photos, refunds, secrets } from "./support/desk/channels.ts";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { root } from "./support/workspace.ts";

const DESK = join(root, "test/support/desk");

let folder: string;
let env: Record<string, string>;
let messaging: any;
/** What fails. An error stands for what its handler throws. */
let sick: Error | undefined;
const handled: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-desk-"));
  env = { DESK_FOLDER: join(folder, "claims") };
  sick = undefined;
  handled.length = 0;
  const channels = [parcels, secrets, photos, claims, refunds, invoices, graves];
  messaging = await connect({ channels, service: "desk", config: DESK, env, observe: () => {} } as never);
  const handle = (name: string) => (data: { text?: string; n?: number }) => {
    if (sick !== undefined) throw sick;
    handled.push(`${name}:${String(data.text?.slice(0, 20) ?? data.n)}`);
  };
  for (const [of, group] of [
    [secrets, "safe"],
    [photos, "album"],
    [claims, "clerk"],
    [refunds, "clerk"],
    [invoices, "bank"],
  ] as const)
    messaging.consume(consumer(of as never, group, { "*": handle(of.name) } as never));
  await messaging.start();
});
afterEach(async () => {
  await messaging.stop({ deadline: 0 });
  forgetBroker("desk");
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

async function cli(line: string | readonly string[], { tty = false, more = {} } = {}): Promise<Ran> {
  let out = "";
  let err = "";
  const signal = new AbortController().signal;
  const code = await main(typeof line === "string" ? line.split(" ") : line, {
    ...{ env: { ...env, ...more }, cwd: DESK, signal },
    stdin: (async function* (): AsyncGenerator<string> {})(),
    stdout: { isTTY: tty, write: (text) => (out += text) },
    stderr: { isTTY: true, write: (text) => (err += text) },
  });
  return { code, out, err };
}

const document = ({ out }: Ran) => JSON.parse(out);
const last = ({ out }: Ran) => JSON.parse(out.trim().split("\n").at(-1)!);

/** Publishes messages that die of this error. */
async function dead(
  of: { readonly name: string },
  group: string,
  type: string,
  texts: readonly string[],
  why = new Error("no"),
) {
  sick = why;
  for (const [n, text] of texts.entries()) await messaging.publish(of, type, { text }, { id: `${of.name}-${n}` });
  const letters = messaging.deadLetters(of, group);
  await vi.waitUntil(async () => (await letters.count()).ready >= texts.length, { interval: 5, timeout: 10_000 });
  sick = undefined;
}

test("what a stranger wrote into an error, an id or a header is not obeyed by a terminal, wherever it is shown", async () => {
  const osc = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u2066\r\n";
  await dead(claims, "clerk", "made", ["a"], Object.assign(new Error(`so ${osc} it`), { name: `Bad${osc}` }));
  await dead(refunds, "clerk", "made", [osc]);
  const lines = [
    "dead list claims clerk",
    "dead show claims clerk claims-0 --body",
    "dead show refunds clerk refunds-0 --body",
    "dead group claims clerk --by class,code",
    "dead redrive claims clerk",
    `dead show claims clerk no${osc}`.replaceAll("\r\n", ""),
    "plan",
    "doctor",
  ];
  for (const line of lines) {
    const { out, err } = await cli(line, { tty: true });
    // Ours alone: colours and a progress line.
    const all = (out + err).replaceAll(/\u001b\[\d*m|\r\u001b\[K/g, "");
    // oxlint-disable-next-line no-control-regex -- finding them is the purpose
    expect(all, line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  }
  const shown = await cli("dead show claims clerk claims-0");
  // The reason was escaped by the consumer already, the class is by the command.
  expect(shown.out).toContain("so \\u001b]0;owned\\u0007\\u001b[2J");
  expect(shown.out).toContain("errorClass: Bad\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{9b}31m\\u{202e}\\u{2066}\\u{d}\\u{a}");
  // JSON is escaped by its own rules.
  expect(document(await cli("dead show refunds clerk refunds-0 --body --json")).data).toEqual({ text: osc });
});

test("bodies are shown only with --body, which is audited first, and decrypted only with the key", async () => {
  await dead(secrets, "safe", "written", ["the combination is 12"], new Error("drop of the combination"));
  const plain = await cli("dead show secrets safe secrets-0 --json");
  expect(document(plain)).not.toHaveProperty("data");
  expect(document(plain)).not.toHaveProperty("headers");
  expect(plain.err).not.toContain("audit");
  const body = await cli("dead show secrets safe secrets-0 --body --json");
  expect(document(body).data).toEqual({ text: "the combination is 12" });
  expect(body.err).toMatch(/"verb":"dead bodies"[^\n]*"id":"secrets-0"/);
  const other = { more: { DESK_KEY: Buffer.alloc(32, 7).toString("base64") } };
  const closed = await cli("dead show secrets safe secrets-0 --body", other);
  expect(closed.code).toBe(0);
  expect(closed.out + closed.err).not.toContain("combination");
  // Nobody looks unseen: without the audit, nothing is shown.
  const nowhere = await cli(["dead", "list", "secrets", "safe", "--body", "--audit", join(folder, "no/such")]);
  expect(nowhere).toMatchObject({ code: 1, out: "", err: expect.stringContaining("the audit file cannot be written") });
  const file = join(folder, "letters.jsonl");
  expect(await cli(["dead", "export", "secrets", "safe", "--to", file])).toMatchObject({ code: 0 });
  expect(readFileSync(file, "utf8")).not.toContain("combination");
});

test("whatever moves, copies, changes or deletes letters is refused, and nothing is done, if its audit line cannot be written first", async () => {
  await dead(claims, "clerk", "made", ["c0", "c1"]);
  const [file, other] = [join(folder, "letters.jsonl"), join(folder, "other.jsonl")];
  expect(await cli(["dead", "export", "claims", "clerk", "--to", file])).toMatchObject({ code: 0 });
  const nowhere = ["--yes", "--audit", join(folder, "no/such")];
  const acts: readonly (readonly string[])[] = [
    ["redrive", "claims", "clerk"],
    ["redrive", "claims", "clerk", "--canary", "1"],
    ["edit", "claims", "clerk", "claims-0", "--data", '{"text":"x"}'],
    ["purge", "claims", "clerk", "--where", "code=attempts-exhausted"],
    ["purge", "claims", "clerk", "--all"],
    ["export", "claims", "clerk", "--to", other, "--remove"],
    ["import", "claims", "clerk", "--from", file],
  ];
  for (const act of acts) {
    const done = await cli(["dead", ...act, ...nowhere]);
    expect(done, act.join(" ")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("audit-failed") });
    expect(document(await cli("dead count claims clerk --json")), act.join(" ")).toMatchObject({ ready: 2 });
  }
  expect(handled).toEqual([]);
  expect(readdirSync(folder)).not.toContain("other.jsonl");
});

test("of two groups that share a dead-letter channel each sees, sends and deletes its own, and says what is of others", async () => {
  await dead(claims, "clerk", "made", ["c0", "c1", "c2"]);
  await dead(refunds, "clerk", "made", ["r0", "r1"]);
  const dry = await cli("dead redrive claims clerk");
  expect(dry).toMatchObject({
    code: 0,
    out: "3 of 5 match and would be sent; 0 refused (redriven too often)\n2 left: of another channel or group, or without our fields; --id names those\n",
  });
  expect(dry.err).toMatch(/\r\u001b\[Klooking {2}\d[^]*looking hid 5 from other readers, for less than 1s/);
  expect(last(await cli("dead redrive claims clerk --json"))).toMatchObject({
    ...{
      version: 1,
      verb: "dead redrive",
      phase: "ended",
      dryRun: true,
      seen: 5,
      ready: 5,
      matched: 3,
      left: 2,
      others: 2,
    },
  });
  const sample = await cli("dead redrive claims clerk --sample 2");
  expect(sample.out).toMatch(
    /\d of 2 match[^]*5 are there; by this sample about \d match \(--sample N looks at more\)/,
  );
  const none = await cli(["dead", "redrive", "claims", "clerk", "--yes", "--audit", join(folder, "no/such")]);
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining("audit-failed") });
  expect(handled).toEqual([]);
  const audit = join(folder, "audit.jsonl");
  const sent = await cli(["dead", "redrive", "claims", "clerk", "--yes", "--audit", audit]);
  expect(sent).toMatchObject({ code: 0, out: expect.stringContaining("3 moved, 0 died again") });
  await vi.waitUntil(() => handled.length === 3, { interval: 5 });
  expect(handled.sort()).toEqual(["claims:c0", "claims:c1", "claims:c2"]);
  expect(statSync(audit).mode & 0o777).toBe(0o600);
  const purged = await cli("dead purge refunds clerk --where code=attempts-exhausted --yes --json");
  expect(purged).toMatchObject({ code: 0, err: expect.stringMatching(/\r\u001b\[Kdeleting {2}\d/) });
  expect((await messaging.depth(graves, "digger"))[0]).toMatchObject({ ready: 0 });
});

test("a letter whose stored body has expired stays and is named; the others are sent, and nothing is lost", async () => {
  await dead(
    photos,
    "album",
    "taken",
    ["a", "b", "c"].map((text) => text.repeat(3_000)),
  );
  const gone = readdirSync(env["DESK_FOLDER"]!, { recursive: true, encoding: "utf8" }).find((name) =>
    name.includes("photos-1"),
  )!;
  rmSync(join(env["DESK_FOLDER"]!, gone));
  const sent = await cli("dead redrive photos album --yes");
  expect(sent.code).toBe(1);
  expect(sent.out).toMatch(/2 moved, 0 died again, 1 failed, [^]*claim-missing: [^]*photos-1/);
  await vi.waitUntil(() => handled.length === 2, { interval: 5 });
  expect(document(await cli("dead count photos album --json"))).toMatchObject({ ready: 1 });
  const listed = await cli("dead list photos album");
  expect(listed.out).toMatch(/photos-1/);
  // Exported with its pointer, it cannot come back without its body.
  const file = join(folder, "letters.jsonl");
  const left = ["dead", "export", "photos", "album", "--to", file, "--remove", "--yes"];
  expect(await cli(left)).toMatchObject({ code: 0, out: "1 written, 1 deleted\n" });
  const back = await cli(["dead", "import", "photos", "album", "--from", file, "--yes"]);
  expect(back).toMatchObject({ code: 1, out: expect.stringMatching(/^0 imported, 1 failed\nclaim-missing: /) });
});

test("an import refuses what is not of its group or was changed, by the line, and takes nothing of the file", async () => {
  await dead(claims, "clerk", "made", ["c0", "c1"]);
  const file = join(folder, "letters.jsonl");
  const out = await cli(["dead", "export", "claims", "clerk", "--to", file, "--remove", "--yes"]);
  expect(out).toMatchObject({ code: 0, out: "2 written, 2 deleted\n" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await cli(["dead", "export", "claims", "clerk", "--to", file]);
  expect(again).toMatchObject({
    code: 2,
    err: expect.stringMatching(/letters\.jsonl exists; give another path, or add --resume/),
  });
  const foreign = await cli(["dead", "import", "refunds", "clerk", "--from", file, "--yes"]);
  expect(foreign).toMatchObject({ code: 1, err: expect.stringMatching(/bad-import: line 1: [^]*"claims"/) });
  const changed = join(folder, "changed.jsonl");
  writeFileSync(changed, readFileSync(file, "utf8").replace("c1", "c9"));
  const refused = await cli(["dead", "import", "claims", "clerk", "--from", changed, "--yes"]);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("bad-import: line 2: ") });
  expect(document(await cli("dead count claims clerk --json"))).toMatchObject({ ready: 0 });
  const dry = await cli(["dead", "import", "claims", "clerk", "--from", file]);
  expect(dry).toMatchObject({ code: 0, out: "2 lines are right\n" });
  const back = await cli(["dead", "import", "claims", "clerk", "--from", file, "--yes"]);
  expect(back).toMatchObject({ code: 0, out: "2 imported, 0 failed\n" });
  expect(document(await cli("dead count claims clerk --json"))).toMatchObject({ ready: 2 });
});

test("a canary that fails is back at once while others are retried; no more is sent, and the exit code is 1", async () => {
  await dead(invoices, "bank", "sent", ["a", "b", "c", "d"], Object.assign(new Error("no"), { name: "Refused" }));
  sick = new Error("the bank is down");
  for (const text of ["e", "f"]) await messaging.publish(invoices, "sent", { text });
  const waiting = async () => (await messaging.depth(invoices, "bank"))[0].delayed;
  await vi.waitUntil(async () => (await waiting()) === 2, { interval: 5 });
  const sent = await cli("dead redrive invoices bank --canary 2 --wait 20s --stop-at 90% --yes");
  expect(sent.code).toBe(1);
  // Whether the others were seen while it waited is chance.
  expect(sent.out.replace(/[02] seen and left$/m, "N seen and left")).toBe(
    [
      "canary 0/2 settled (less than 1s; not back within 20s), 2 returned, 0 unknown",
      "2 moved, 2 died again, 0 failed, 0 refused (redriven too often), N seen and left",
      "ended early: too many died again (--stop-at, or the canary)",
      "",
    ].join("\n"),
  );
  expect(sent.err).toMatch(
    /to go on: switchyard dead redrive invoices bank --canary 2 --wait 20s --stop-at 90% --yes --before /,
  );
  expect(await waiting()).toBe(2);
  expect(document(await cli("dead count invoices bank --json"))).toEqual({
    ...{ version: 1, verb: "dead count", ready: 4, hidden: 0, exact: true },
  });
  expect(handled).toEqual([]);
});

test("on SQS FIFO a filter that wants every third letter of a key sees the first of those that SQS moved, and says so; --whole-key moves all of it, in order", async () => {
  const aws = await startAws();
  const on = { more: { ...aws.env, AWS_ENDPOINT: aws.endpoint! } };
  const all = { channels: [parcels], service: "desk", config: DESK, profile: "sqs", env: on.more, observe: () => {} };
  vi.spyOn(console, "warn").mockReturnValue();
  await apply(await plan(all as never));
  const post: any = await connect(all as never);
  try {
    const COUNT = 9;
    for (let n = 0; n < COUNT; n++)
      await post.publish(parcels, n % 3 === 0 ? "weighed" : "packed", { box: "b-1", n }, { id: `p${n}` });
    for (const n of [100, 101]) await post.publish(parcels, "packed", { box: "b-2", n }, { id: `p${n}` });
    await movedBySqs(aws, "desk_parcels_post.fifo", COUNT + 2);
    const listed = await cli("dead list parcels post --profile sqs", on);
    expect(listed.out.split("\n").length).toBeLessThan(COUNT);
    const said = "of 2 keys perhaps only the first letters were seen: SQS moved them here itself";
    expect(listed.err).toContain(said);
    const dry = await cli("dead redrive parcels post --where type=weighed --profile sqs", on);
    // SQS shows the first ten of a key at most, the emulator one.
    expect(dry.out).toMatch(/^\d of \d+ match and would be sent; /);
    expect(dry.out).toContain("to take one whole: --where key=KEY --whole-key\n");
    expect(dry.out).toContain(said);
    const got: number[] = [];
    post.consume(consumer(parcels, "post", { "*": ({ n }: { n: number }) => void got.push(n) } as never));
    await post.start();
    const whole = "dead redrive parcels post --where type=weighed --whole-key --profile sqs --yes";
    const moved = await cli(whole, on);
    expect(moved.out).toMatch(/^9 moved, 0 died again[^]*ended early: the broker gave no more/);
    expect(moved.out).toContain("of 1 key perhaps only");
    await vi.waitUntil(() => got.length >= COUNT, { timeout: 20_000, interval: 20 });
    expect([...new Set(got)]).toEqual(Array.from({ length: COUNT }, (_, n) => n));
    // Nothing that the filter wants was seen of the other key, which may be named.
    const named = await cli("dead redrive parcels post --where key=b-2 --whole-key --profile sqs --yes", on);
    expect(named).toMatchObject({ code: 0, out: expect.stringMatching(/^2 moved/) });
    await vi.waitUntil(() => got.includes(101), { timeout: 20_000, interval: 20 });
    expect(document(await cli("dead count parcels post --profile sqs --json", on))).toMatchObject({
      ready: 0,
      hidden: 0,
    });
  } finally {
    await post.stop({ deadline: 0 });
    await aws.close();
  }
}, 60_000);

/** Moves messages to the dead letters as SQS does when they were received too often: each as it is, in its message group. */
async function movedBySqs({ client }: Aws, queue: string, count: number): Promise<void> {
  const urlOf = async (QueueName: string) => (await client.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl!;
  const [from, to] = [await urlOf(queue), await urlOf(queue.replace(".fifo", "_dead.fifo"))];
  for (let moved = 0; moved < count; ) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        ...{ QueueUrl: from, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 },
        ...{ MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] },
      }),
    );
    for (const { Body, MessageAttributes, Attributes = {}, ReceiptHandle } of Messages) {
      const { MessageGroupId, MessageDeduplicationId } = Attributes;
      const same = { MessageBody: Body!, MessageAttributes, MessageGroupId, MessageDeduplicationId };
      await client.send(new SendMessageCommand({ QueueUrl: to, ...same }));
      await client.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: ReceiptHandle! }));
      moved++;
    }
  }
}
