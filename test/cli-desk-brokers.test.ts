/**
 * Hard cases of a redrive as processes on real brokers: letters of two groups in one place, what a terminal would obey, a canary that fails, a
 * stored body that is gone.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply, connect, consumer, plan } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claims, graves, invoices, photos, refunds } from "./support/desk/channels.ts";
import { type CliPlace, cliPlaces } from "./support/cli-places.ts";
import { BIN } from "./support/command.ts";
import { type Ran, run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

const DESK = join(root, "test/support/desk");
const GROUPS = [
  [photos, "album"],
  [claims, "clerk"],
  [refunds, "clerk"],
  [invoices, "bank"],
] as const;

describe.each(cliPlaces.filter(({ skip }) => !skip))("on $name", ({ name, start }) => {
  const profile = `all-${name}`;
  const failed: string[] = [];
  const handled: string[] = [];
  let sick: Error | undefined;
  let place: Awaited<ReturnType<CliPlace["start"]>>;
  let folder: string;
  let env: Record<string, string>;
  let messaging: any;

  const typed = (line: string): Promise<Ran> =>
    run(process.execPath, [BIN, ...line.split(" "), "--profile", profile], { cwd: DESK, env });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "switchyard-desk-"));
    place = await start();
    env = { ...place.env, DESK_FOLDER: folder, DESK_PREFIX: `desk${process.pid}${name}` };
    const channels = [photos, claims, refunds, invoices, graves];
    const all = { channels, service: "desk", config: DESK, profile, env, observe: () => {} };
    await apply(await plan(all as never));
    messaging = await connect(all as never);
    for (const [of, group] of GROUPS)
      messaging.consume(
        consumer(of as never, group, {
          "*": ({ text }: { text: string }) => {
            if (sick !== undefined) {
              failed.push(`${of.name} ${text[0]!}`);
              throw sick;
            }
            handled.push(`${of.name} ${text[0]!}`);
          },
        } as never),
      );
    await messaging.start();
  }, 180_000);
  afterAll(async () => {
    await messaging?.stop({ deadline: 0 });
    await place?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Publishes messages, all of which die. */
  async function dead(of: { readonly name: string }, type: string, texts: readonly string[], why = new Error("no")) {
    sick = why;
    const [, group] = GROUPS.find(([each]) => each.name === of.name)!;
    const letters = messaging.deadLetters(of, group);
    const { ready: before = 0 } = await letters.count();
    for (const [n, text] of texts.entries()) await messaging.publish(of, type, { text }, { id: `${of.name}-${n}` });
    const all = { timeout: 30_000, interval: 20 };
    await expect.poll(async () => (await letters.count()).ready, all).toBe(before + texts.length);
    sick = undefined;
  }

  test("of two groups that share a dead-letter channel each sends its own; what a stranger wrote is not obeyed", async () => {
    handled.length = 0;
    // What a terminal would obey goes through the broker, and is not obeyed.
    const osc = "\u001b]0;owned\u0007\u009b31m\u202e";
    await dead(claims, "made", ["a", "b", "c"], Object.assign(new Error(`so ${osc}`), { name: `Bad${osc}` }));
    const grouped = await typed("dead group claims clerk --by class");
    expect(grouped.stdout, grouped.output).toMatch(
      /^count  class[^\n]*\n +3  Bad\\u[^\n]*owned[^\n]*so [^\n]*owned[^\n]*\n$/,
    );
    // oxlint-disable-next-line no-control-regex -- finding them is the purpose
    expect(grouped.output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    await dead(refunds, "made", ["d", "e"]);
    const sent = await typed("dead redrive claims clerk --yes");
    expect(sent.code, sent.output).toBe(0);
    expect(sent.stdout).toMatch(/^3 moved, 0 died again, 0 failed, [^\n]*, 2 left\n$/);
    await expect.poll(() => handled.toSorted(), { timeout: 30_000 }).toEqual(["claims a", "claims b", "claims c"]);
    const purged = await typed("dead purge refunds clerk --where code=attempts-exhausted --yes");
    expect(purged.stdout, purged.output).toBe("2 deleted\n");
  }, 120_000);

  test("a canary that fails is back at once while others are retried, and no more is sent", async () => {
    handled.length = 0;
    await dead(invoices, "sent", ["a", "b", "c", "d"], Object.assign(new Error("no"), { name: "Refused" }));
    failed.length = 0;
    sick = new Error("the bank is down");
    for (const text of ["e", "f"]) await messaging.publish(invoices, "sent", { text });
    await expect.poll(() => failed.length, { timeout: 30_000 }).toBe(2);
    const sent = await typed("dead redrive invoices bank --canary 2 --wait 30s --yes");
    expect(sent.code, sent.output).toBe(1);
    expect(sent.stdout).toMatch(
      /^canary 0\/2 settled \([^\n]*not back within 30s\), 2 returned, 0 unknown\n2 moved, 2 died again, [^]*ended early: /,
    );
    // Two of the canary, once each: the limit of one attempt is theirs alone.
    expect(failed).toHaveLength(4);
    await expect
      .poll(async () => (await messaging.deadLetters(invoices, "bank").count()).ready, { timeout: 30_000 })
      .toBe(4);
    expect(handled).toEqual([]);
    sick = undefined;
  }, 120_000);

  test("a letter whose stored body is gone stays and is named; the others are sent", async () => {
    handled.length = 0;
    const long = ["a", "b", "c"].map((text) => text.repeat(3_000));
    await dead(photos, "taken", long);
    const gone = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((path) => path.includes("photos-1"))!;
    rmSync(join(folder, gone));
    const sent = await typed("dead redrive photos album --yes");
    expect(sent.code, sent.output).toBe(1);
    expect(sent.stdout).toMatch(/^2 moved, 0 died again, 1 failed, [^]*claim-missing: [^]*photos-1/);
    await expect.poll(() => handled.toSorted(), { timeout: 30_000 }).toEqual(["photos a", "photos c"]);
    await expect
      .poll(async () => (await messaging.deadLetters(photos, "album").count()).ready, { timeout: 30_000 })
      .toBe(1);
  }, 120_000);
});
