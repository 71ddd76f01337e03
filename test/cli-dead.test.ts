/**
 * The dead-letter verbs as processes on real brokers: the incident of the documentation by the commands on its page, and what each verb prints,
 * as text and as JSON.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply, connect, consumer, plan } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type CliPlace, cliPlaces } from "./support/cli-places.ts";
import { BIN, SHOP } from "./support/command.ts";
import { stepsOf } from "./support/page.ts";
import { type Ran, run } from "./support/run.ts";
import { orders } from "./support/shop/channels.ts";

/** What differs each time. */
const steady = (text: string): string =>
  text
    .replaceAll(/\b\d+s( {2,})/g, "4s$1")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "UUID")
    .replaceAll(/ {2,}/g, "  ")
    .trim();

describe.each(cliPlaces.filter(({ skip }) => !skip))("an incident on $name", ({ name: profile, start }) => {
  let place: Awaited<ReturnType<CliPlace["start"]>>;
  let env: Record<string, string>;
  let folder: string;
  const handled: string[] = [];
  let messaging: any;

  /** In an operator's own folder. */
  const typed = (words: readonly string[]): Promise<Ran> =>
    run(
      process.execPath,
      [BIN, ...words, "--config", join(SHOP, "switchyard.config.yaml"), "--channels", join(SHOP, "channels.ts")],
      { cwd: folder, env },
    );
  const said = async (line: string | readonly string[]): Promise<string> => {
    const done = await typed(typeof line === "string" ? line.split(" ") : line);
    expect(done.code, done.output).toBe(0);
    return done.stdout;
  };
  const document = async (line: string | readonly string[]) =>
    JSON.parse(await said([...(typeof line === "string" ? line.split(" ") : line), "--json"]));
  const audited = (): readonly any[] =>
    readFileSync(join(folder, "incident.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "switchyard-incident-"));
    place = await start();
    env = { ...place.env, SHOP_PREFIX: `dead${process.pid}${profile}`, SWITCHYARD_PROFILE: profile };
    const all = { channels: [orders], service: "shop", config: SHOP, profile, env, observe: () => {} };
    await apply(await plan(all as never));
    messaging = await connect(all as never);
    // A bad deploy: every message fails, by two causes.
    let broken = true;
    let died = 0;
    messaging.consume(
      consumer(orders, "billing", {
        "order.placed": ({ order }, { id }) => {
          if (!broken) return void handled.push(id);
          died++;
          if (Number(order) % 4 === 0) throw new TypeError("cents.toFixed is not a function");
          throw Object.assign(new Error("the bank is down"), { name: "BankDown" });
        },
      }),
    );
    await messaging.start();
    const items = Array.from({ length: 40 }, (_, n) => ({
      type: "order.placed" as const,
      data: { order: String(n), cents: n },
      id: `o${n}`,
    }));
    await messaging.publishMany(orders, items);
    const letters = messaging.deadLetters(orders, "billing");
    await vi.waitUntil(async () => died >= 40 && (await letters.count()).ready >= 40, {
      timeout: 60_000,
      interval: 50,
    });
    broken = false;
    writeFileSync(join(folder, "order.json"), '{"order":"4","cents":9}');
  }, 180_000);
  afterAll(async () => {
    await messaging?.stop({ deadline: 0 });
    await place?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  // The verbs are the same on both, and a process takes its time: what a broker cannot change is looked at on one.
  test.runIf(profile === "sqs")(
    "before: what there is, as JSON",
    async () => {
      expect(await document("dead count orders billing")).toEqual({
        ...{ version: 1, verb: "dead count", ready: 40, hidden: 0, exact: false },
      });
      const groups = await document("dead group orders billing --by class,code");
      expect(groups).toEqual({
        ...{ version: 1, verb: "dead group", seen: 40, matched: 40, hidden: 40, complete: true },
        receives: expect.any(Number),
        groups: [
          ["BankDown", 30],
          ["TypeError", 10],
        ].map(([errorClass, count]) => ({
          of: { code: "attempts-exhausted", errorClass },
          count,
          example: {
            id: expect.stringMatching(/^o\d+$/),
            reason: expect.stringContaining(`failed 1 time: ${errorClass!}`),
          },
          ...{ firstAt: expect.any(String), lastAt: expect.any(String) },
        })),
      });
      expect(await document("dead show orders billing o5")).toEqual({
        ...{ version: 1, verb: "dead show", id: "o5", type: "order.placed", code: "attempts-exhausted" },
        ...{ attempts: 1, redrives: 0, errorClass: "BankDown", reason: "failed 1 time: BankDown: the bank is down" },
        ...{ firstAt: expect.any(String), lastAt: expect.any(String) },
      });
      const dry = JSON.parse(await said("dead redrive orders billing --where class=BankDown --json"));
      expect(dry).toEqual({
        ...{ version: 1, verb: "dead redrive", phase: "ended", dryRun: true, hiddenMs: expect.any(Number) },
        ...{ matched: 30, moved: 0, died: 0, left: 10, failed: 0, refused: 0, seen: 40, ready: 40 },
      });
      expect(await document("dead purge orders billing --where class=TypeError")).toEqual({
        ...{ version: 1, verb: "dead purge", matched: 10, deleted: 0, hidden: 40, complete: true, dryRun: true },
      });
    },
    120_000,
  );

  test.runIf(profile === "sqs" && process.platform !== "win32")(
    "before: a pipe that is closed early ends a look as Ctrl-C does, and an act that nobody could trace is not done",
    async () => {
      const piped = (line: string, pipe: string) => {
        const where = `--config ${SHOP}/switchyard.config.yaml --channels ${SHOP}/channels.ts`;
        return run("/bin/sh", ["-c", `${process.execPath} ${BIN} ${line} ${where} ${pipe}`], { cwd: folder, env });
      };
      const letters = messaging.deadLetters(orders, "billing");
      const first = await piped("dead list orders billing --json", "| head -1");
      expect(JSON.parse(first.stdout), first.output).toMatchObject({ verb: "dead list" });
      expect(await letters.count()).toMatchObject({ ready: 40, hidden: 0 });
      const purge = `dead purge orders billing --all --yes --profile ${profile}`;
      const untraced = await piped(purge, "2>&1 >/dev/null | head -1");
      expect(untraced.stdout).toBe(`dead purge: profile ${profile}, prefix ${env["SHOP_PREFIX"]}\n`);
      expect(await letters.count()).toMatchObject({ ready: 40, hidden: 0 });
    },
    60_000,
  );

  test("by the commands on the page, which print what it says", async () => {
    const steps = stepsOf("docs/guides/command-line.md", "An incident");
    expect(steps.map(({ words: [, verb] }) => verb)).toEqual([
      "group",
      "redrive",
      "redrive",
      "export",
      "edit",
      "purge",
    ]);
    // A test has no two minutes, and this service is not called prod.
    const ours: Record<string, string> = { "2m": "1s", "10m": "1s", "50/s": "1000/s", prod: profile };
    for (const { words, prints } of steps) {
      const done = await typed(words.map((word) => ours[word] ?? word));
      expect(done.code, done.output).toBe(0);
      const printed = steady(done.stdout).replaceAll(/\bo\d+\b/g, "oN");
      const expected = steady(prints.join("\n"))
        .replaceAll(/\bo\d+\b/g, "oN")
        .replaceAll("2m", "1s");
      // A canary that is watched for a second may take two.
      expect(printed.replace(/settled \(\d+s/, "settled (1s"), words.join(" ")).toBe(expected);
    }
    await vi.waitUntil(() => handled.length >= 31, { timeout: 30_000, interval: 20 });
    expect(new Set(handled).size).toBe(31);
    expect(handled).not.toContain("o4");
    for (const name of ["incident.jsonl", "letters.jsonl"])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(audited().map(({ verb, phase }) => `${verb} ${phase}`)).toEqual(
      ["redrive", "export", "edit", "purge"].flatMap((verb) => [`dead ${verb} begin`, `dead ${verb} end`]),
    );
    for (const line of audited())
      expect(line).toMatchObject({ version: 1, profile, service: "shop", channel: "orders", group: "billing" });
    const place =
      profile === "sqs"
        ? { connection: "aws", account: "000000000000", region: "us-east-1" }
        : { connection: "rabbit", host: expect.stringMatching(/^127/), virtualHost: "/", cluster: expect.any(String) };
    // An export that leaves the letters is a look.
    for (const { verb, places } of audited()) expect(places).toEqual(verb === "dead export" ? undefined : [place]);
    expect(audited()[1]).toMatchObject({ done: { moved: 30, canary: { sent: 3, settled: 3 } } });
  }, 120_000);

  test.runIf(profile === "rabbit")(
    "after: the file comes back, and each verb says so, as text and as JSON",
    async () => {
      const from = ["--from", "letters.jsonl", "--profile", profile];
      expect(await said(["dead", "import", "orders", "billing", ...from])).toBe("10 lines are right\n");
      expect(await document(["dead", "import", "orders", "billing", ...from, "--yes"])).toEqual({
        ...{ version: 1, verb: "dead import", imported: 10, failed: 0, line: 10, dryRun: false },
      });
      expect(await said("dead count orders billing")).toBe("10 ready, 0 hidden, about\n");
      const listed = await typed("dead list orders billing --where class=TypeError --sample 100".split(" "));
      const rows = steady(listed.stdout).split("\n");
      expect(rows[0]).toBe("id  type  key  code  attempts  redrives  age  reason");
      expect(rows.length).toBe(11);
      expect(rows.find((row) => row.startsWith("o8 "))).toBe(
        "o8  order.placed  -  attempts-exhausted  1  0  4s  failed 1 time: TypeError: cents.toFixed is not a function",
      );
      expect(listed.output).toMatch(/10 of 10 match; 10 were hidden at once, at most 30s; \d+ receives\n/);
      expect(steady(await said("dead show orders billing o8 --body"))).toBe(
        [
          ...["id: o8", "type: order.placed", "reason: failed 1 time: TypeError: cents.toFixed is not a function"],
          ...["code: attempts-exhausted", "attempts: 1", "errorClass: TypeError", "redrives: 0", "firstAt: TIME"],
          ...["lastAt: TIME", "headers: {}", 'data: {"order":"8","cents":8}'],
        ].join("\n"),
      );
      const edit = [
        "dead",
        "edit",
        "orders",
        "billing",
        "o8",
        "--data",
        '{"order":"8","cents":1}',
        "--profile",
        profile,
      ];
      expect(await said(edit)).toBe("o8 (order.placed) would be sent with changes\n");
      const wrong = await typed([...edit.slice(0, 6), '{"order":"8"}', "--profile", profile, "--yes"]);
      expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining("invalid-message") });
      expect(await document([...edit, "--yes"])).toEqual({
        ...{ version: 1, verb: "dead edit", id: expect.any(String), causationId: "o8", removed: true },
      });
      const few = ["dead", "redrive", "orders", "billing", "--max", "4", "--yes", "--json", "--profile", profile];
      const redriven = await typed(few);
      expect(redriven.code, redriven.output).toBe(3);
      expect(redriven.output).toMatch(/to go on: switchyard dead redrive orders billing --max 4 [^\n]*--before /);
      expect(JSON.parse(redriven.stdout.trim().split("\n").at(-1)!)).toMatchObject({
        ...{ version: 1, verb: "dead redrive", phase: "ended", dryRun: false, moved: 4, stopped: "max" },
        resume: { before: expect.any(Number) },
      });
      const to = ["--to", "rest.jsonl", "--remove", "--yes", "--profile", profile];
      expect(await document(["dead", "export", "orders", "billing", ...to])).toMatchObject({
        ...{ version: 1, verb: "dead export", written: 5, removed: 5, known: 0, complete: true },
      });
      expect(await document(["dead", "purge", "orders", "billing", "--all", "--yes", "--profile", profile])).toEqual({
        ...{ version: 1, verb: "dead purge", complete: true, dryRun: false },
      });
    },
    180_000,
  );
});
