/** The recipes of the endpoints' guide, run as they stand, and the probes of a service whose SQS is gone. RabbitMQ: amqp-restart. */
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { channel, connect } from "@switchyard/core";
import { endpoints } from "@switchyard/core/endpoints";
import { adapter as memory } from "@switchyard/memory";
import { otel } from "@switchyard/otel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { blocksOf } from "../scripts/document-blocks.ts";
import { startAws } from "./support/aws-emulator.ts";
import { lived, probed, probes } from "./support/probes.ts";
import { startTcpProxy } from "./support/tcp-proxy.ts";

const folder = join(import.meta.dirname, ".tmp", `endpoints-${process.pid}`);
const guide = readFileSync(new URL("../docs/guides/endpoints.md", import.meta.url), "utf8");
beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of blocksOf(guide)) if (name !== undefined) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const recipe = (name: string): Promise<any> => import(join(folder, name));

const jobs = channel("jobs", { messages: { job: z.object({ n: z.number() }) } });
const open = (more: object = {}) =>
  connect({
    channels: [jobs],
    service: "shop",
    adapters: [memory],
    observe: () => {},
    config: { channels: { jobs: { model: "queue", on: "memory", groups: { work: {} } } } },
    ...more,
  });

test("on Node's http", async () => {
  await using messaging = await open();
  const server = (await recipe("node-http.ts")).serve(messaging).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    expect.objectContaining({ status: "green", problems: [] }),
  ]);
  server.close();
});

test("on Fastify, which stops messaging as it closes", async () => {
  const messaging = await open();
  const app = (await recipe("fastify.ts")).app(messaging);
  const asked = async (url: string) => (await app.inject({ url })).statusCode;
  expect([await asked("/livez"), await asked("/readyz"), await asked("/metrics")]).toEqual([200, 200, 404]);
  expect((await app.inject({ url: "/readyz" })).json()).toMatchObject({ status: "green", connections: {} });
  await app.close();
  expect(messaging.health().state).toBe("stopped");
});

test("on Hono", async () => {
  await using messaging = await open();
  const app = (await recipe("hono.ts")).app(messaging);
  const answer = await app.request("/internal/livez");
  expect([answer.status, await answer.json()]).toMatchObject([200, { live: true }]);
  expect((await app.request("/internal/other")).status).toBe(404);
});

test("/metrics with OpenTelemetry's exporter", async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  await using messaging = await open({ telemetry: otel({ meterProvider, tracerProvider: false }) });
  await messaging.publish(jobs, "job", { n: 1 });
  const answer = await endpoints(messaging, { metrics: exporter })(new Request("http://localhost/metrics"));
  expect(await answer.text()).toMatch(
    /^messaging_client_sent_messages_total\{.*messaging_destination_template="jobs".*\} 1/m,
  );
});

test("with SQS unreachable: /livez 200, /readyz 503, and back; the same with the emulator stopped", async ({
  skip,
}) => {
  const aws = await startAws();
  skip(!aws.emulator, "AWS itself cannot be stopped");
  const proxy = await startTcpProxy(Number(new URL(aws.connection.endpoint!).port));
  try {
    await using messaging = await probed({
      use: "sqs",
      ...aws.connection,
      endpoint: `http://127.0.0.1:${proxy.port}`,
    });
    const cut = () => {
      proxy.refuse(true);
      proxy.cut();
    };
    await lived(messaging, cut, () => proxy.refuse(false));
    await aws.close();
    proxy.cut();
    await expect.poll(() => probes(messaging), { timeout: 20_000 }).toEqual([200, 503]);
    await messaging.stop();
    expect(await probes(messaging)).toEqual([200, 503]);
  } finally {
    await proxy.close();
  }
}, 90_000);
