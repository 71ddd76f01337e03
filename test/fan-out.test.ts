/** The same application on every profile, for one group and for three, and switched by one line. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMessagingError, type MessagingError } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { app, holds, type Report } from "../examples/order-fanout/src/app.ts";
import { startAws } from "./support/aws-emulator.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

const folder = fileURLToPath(new URL("../examples/order-fanout/", import.meta.url));
const read = (file: string) => readFile(join(folder, "config", file), "utf8");
const ORDERS = 30;
const PUBLISHED = 36;

const runs = new Map<string, Report>();
async function run(config: string, profile?: string): Promise<Report> {
  const report = await app({ config, profile, orders: ORDERS });
  expect(holds(report)).toBe(true);
  for (const { received } of Object.values(report.groups)) expect(received).toBe(PUBLISHED);
  runs.set(`${config} ${profile}`, report);
  return report;
}

let aws: Awaited<ReturnType<typeof startAws>>;
let claims: string;
beforeAll(async () => {
  claims = await mkdtemp(join(tmpdir(), "claims-"));
  vi.stubEnv("CLAIMS", claims);
  aws = await startAws();
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  vi.stubEnv("STAGE", `t${process.pid}`);
  if (!skipped) vi.stubEnv("AMQP_URL", (await sharedRabbit()).url);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  await rm(claims, { recursive: true });
});

describe("one group", () => {
  test.each([
    ["memory", "pubsub on local"],
    ["queue", "queue on aws"],
    ["pubsub", "pubsub on aws"],
    ["secret", "pubsub on aws"],
  ])(
    "on profile %s",
    async (profile, broker) => {
      const report = await run("one-group.yaml", profile);
      expect(report.broker).toBe(broker);
      expect(Object.keys(report.groups)).toEqual(["billing"]);
    },
    60_000,
  );

  test.skipIf(skipped)("on profile rabbit, unless SWITCHYARD_SKIP says rabbit", async () => {
    expect((await run("one-group.yaml", "rabbit")).broker).toBe("pubsub on rabbit");
  });
});

describe("three groups", () => {
  const THREE = ["billing", "shipping", "analytics"];
  const groups = async (profile: string) => Object.keys((await run("three-groups.yaml", profile)).groups);

  test.each(["memory", "pubsub", "secret"])(
    "each get every order in order on profile %s",
    async (profile) => {
      expect(await groups(profile)).toEqual(THREE);
    },
    60_000,
  );

  test.skipIf(skipped)("and on profile rabbit, unless SWITCHYARD_SKIP says rabbit", async () => {
    expect(await groups("rabbit")).toEqual(THREE);
  });

  test("are refused on a queue at start, with the channel, the groups and the models that would do", async () => {
    const error = await app({ config: "three-groups.yaml", profile: "queue" }).catch((cause: unknown) => cause);
    expect(isMessagingError(error, "invalid-config")).toBe(true);
    const [problem, ...others] = (error as MessagingError).problems;
    expect(others).toEqual([]);
    expect(problem).toEqual({
      path: "profiles.queue.channels.orders.model",
      message:
        'a queue has exactly one group, and "orders" lists billing, shipping, analytics; keep one, or use a model that gives every group each message. ' +
        'Supported by: a pubsub on "aws", a stream on "aws", a pubsub on "local", a stream on "local", a pubsub on "rabbit", a stream on "rabbit", a pubsub on "memory", a stream on "memory"',
    });
  });
});

test("on profile secret every order is stored, and none can be read there", async () => {
  const files = (await readdir(claims, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files).toHaveLength(2 * PUBLISHED);
  for (const { parentPath, name } of files) {
    const stored = await readFile(join(parentPath, name), "utf8");
    expect(stored.split(".")).toHaveLength(5);
    expect(stored).not.toMatch(/customerId|orderId/);
  }
});

test("what a service does is the same wherever the orders came from", () => {
  const lines = (key: string) => runs.get(key)!.groups["billing"]!.lines;
  const [first, ...others] = [...runs.keys()];
  expect(others).toHaveLength(skipped ? 6 : 8);
  for (const other of others) expect(sorted(lines(other))).toEqual(sorted(lines(first!)));
});
const sorted = (lines: object) => Object.fromEntries(Object.entries(lines).sort(([a], [b]) => a.localeCompare(b)));

test("the files differ in the line of the groups, and nothing else", async () => {
  const [one, three] = [(await read("one-group.yaml")).split("\n"), (await read("three-groups.yaml")).split("\n")];
  expect(three).toHaveLength(one.length);
  const different = one.flatMap((line, n) => (line === three[n] ? [] : [line.trim()]));
  expect(different).toEqual(["groups: { billing: {} }"]);
});

test("changing the channel's model line is the whole switch: no profile, no code, no other line", async () => {
  const place = await mkdtemp(join(folder, ".switch-"));
  try {
    const file = join(place, "switchyard.config.yaml");
    const text = await read("one-group.yaml");
    const changed = text.replace(/^ {4}model: pubsub\b/m, "    model: queue");
    expect(text.split("\n").filter((line, n) => line !== changed.split("\n")[n])).toHaveLength(1);
    const brokers: string[] = [];
    for (const [stage, content] of [
      ["before", text],
      ["after", changed],
    ] as const) {
      vi.stubEnv("STAGE", `${stage}${process.pid}`);
      await writeFile(file, content);
      const report = await app({ config: file, orders: ORDERS });
      expect(holds(report)).toBe(true);
      brokers.push(report.broker);
    }
    expect(brokers).toEqual(["pubsub on aws", "queue on aws"]);
  } finally {
    await rm(place, { recursive: true });
  }
}, 60_000);
