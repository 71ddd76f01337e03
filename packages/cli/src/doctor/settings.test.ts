import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channel, explain, resources } from "@switchyard/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { examine } from "./examine.ts";
import { holds, retentions } from "./settings.ts";
import { tracing } from "./tracing.ts";

const orders = channel("orders", { messages: { placed: z.object({ n: z.int() }) } });

/** `cwd`: where the adapters are found. */
const optionsOf = (connection: object, group: object, more: object = {}, env = {}) => ({
  channels: [orders] as any,
  config: {
    prefix: "shop",
    connections: { on: connection },
    channels: { orders: { model: "queue", on: "on", groups: { billing: group }, ...more } },
  },
  env,
  cwd: import.meta.dirname,
});
const sqs = { use: "sqs", region: "eu-west-1" };
const rabbit = { use: "amqp", url: "amqp://127.0.0.1:1" };

test("hold: a handler that outlasts what the broker cannot extend is a failure, with the number to set", async () => {
  const of = async (connection: object, group: object, handlerMs?: number) =>
    holds(await explain(optionsOf(connection, group)), handlerMs);
  expect(await of(sqs, {}, 300_000)).toEqual([
    { check: "hold", status: "ok", text: expect.stringContaining("is extended while a handler of 5m runs") },
  ]);
  const held = await explain(optionsOf(rabbit, {}));
  const fixed = {
    ...held.channels["orders"]!,
    capabilities: { ...held.channels["orders"]!.capabilities, holdExtend: false },
  };
  const explained = { ...held, channels: { orders: fixed } };
  expect(holds(explained, 90_000)).toEqual([
    {
      check: "hold",
      status: "failure",
      text: expect.stringMatching(
        /a handler of 90s outlasts the hold of 1m, [^]*set `hold` of the group to more than 90s/,
      ),
    },
  ]);
  expect(holds(explained, 30_000)).toMatchObject([{ status: "ok" }]);
  expect(await of(sqs, {})).toEqual([]);
});

test("lambda: a group whose function is not told of is warned of; a hold too short for it is refused", async () => {
  const explained = await explain(optionsOf(sqs, { runsOn: "lambda", hold: "6m" }));
  expect(holds(explained, undefined)).toEqual([
    { check: "lambda", status: "warning", text: expect.stringContaining("set groups.billing.native.lambda: {") },
  ]);
  const lambda = { function: "billing", timeout: "60s" };
  const told = optionsOf(sqs, { runsOn: "lambda", hold: "6m", native: { lambda } });
  expect(holds(await explain(told), undefined)).toMatchObject([{ check: "lambda", status: "ok" }]);
  const short = optionsOf(sqs, { runsOn: "lambda", hold: "1m", native: { lambda } });
  const found = await examine({
    options: short,
    explain: () => explain(short),
    connected: () => Promise.reject(new Error("not reached")),
  });
  expect(found).toMatchObject([
    { check: "configuration", status: "failure", text: expect.stringMatching(/hold: [^]*6m/) },
  ]);
});

test("retention: dead letters that are kept no longer than their source are a failure", async () => {
  const listed = await resources(optionsOf(sqs, {}, { retention: "4d" }));
  expect(retentions(listed)).toMatchObject([{ check: "retention", status: "ok" }]);
  const [dead] = listed.connections["on"]!.resources.filter(({ name }) => name.endsWith("_dead"));
  const short = { ...dead!, properties: { ...dead!.properties, MessageRetentionPeriod: 345_600 } };
  const all = listed.connections["on"]!.resources.map((each) => (each === dead ? short : each));
  const on = { ...listed.connections["on"]!, resources: all };
  expect(retentions({ ...listed, connections: { on } })).toEqual([
    {
      check: "retention",
      status: "failure",
      text: expect.stringMatching(/keeps dead letters for 4d, and [^]* for 4d: [^]*keep the dead letters longer/),
    },
  ]);
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "switchyard-doctor-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function install(name: string, at = root): string {
  const folder = join(at, "node_modules", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name }));
  return folder;
}

const depends = (...names: string[]) =>
  writeFileSync(
    join(root, "package.json"),
    JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, "*"])) }),
  );

test("tracing: instrumentation of the clients alone shows nothing of ours; two copies of the API reach no SDK", () => {
  depends("express");
  expect(tracing(root)).toEqual([]);
  depends("@opentelemetry/instrumentation-amqplib");
  expect(tracing(root)).toMatchObject([{ status: "warning", text: expect.stringContaining("otel()") }]);
  depends("@opentelemetry/instrumentation-amqplib", "@switchyard/otel");
  install("@opentelemetry/api");
  const ours = install("@switchyard/otel");
  expect(tracing(root)).toMatchObject([{ status: "ok" }]);
  install("@opentelemetry/api", ours);
  expect(tracing(root)).toMatchObject([
    { status: "ok" },
    { status: "failure", text: expect.stringContaining("npm dedupe") },
  ]);
});
