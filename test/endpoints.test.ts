/** The recipes of the endpoints' guide, run as they stand, and the probes of a service whose broker is gone. */
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { channel, connect, consumer } from "@switchyard/core";
import { endpoints } from "@switchyard/core/endpoints";
import { adapter as memory } from "@switchyard/memory";
import { otel } from "@switchyard/otel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { blocksOf } from "../scripts/document-blocks.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";
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

test.skipIf(skipped)(
  "with the broker gone: /livez 200, /readyz 503, and back, unless SWITCHYARD_SKIP says rabbit",
  async () => {
    const { url } = await sharedRabbit();
    const proxy = await startTcpProxy(Number(new URL(url).port));
    const through = new URL(url);
    through.port = String(proxy.port);
    const stage = `endpoints${process.pid}`;
    await using messaging = await open({
      adapters: undefined,
      config: {
        prefix: stage,
        connections: { it: { use: "amqp", url: through.href, provision: "auto" } },
        channels: { jobs: { model: "queue", on: "it", groups: { work: {} } } },
      },
    });
    const handle = endpoints(messaging);
    const statuses = () =>
      Promise.all(
        ["/livez", "/readyz"].map(async (path) => (await handle(new Request(`http://localhost${path}`))).status),
      );
    messaging.consume(consumer(jobs, "work", { job: () => {} }));
    expect(await statuses()).toEqual([200, 503]);
    await messaging.start();
    expect(await statuses()).toEqual([200, 200]);
    proxy.refuse(true);
    proxy.cut();
    await expect.poll(statuses, { timeout: 20_000 }).toEqual([200, 503]);
    proxy.refuse(false);
    await expect.poll(statuses, { timeout: 40_000 }).toEqual([200, 200]);
    await messaging.stop();
    expect(await statuses()).toEqual([200, 503]);
    await proxy.close();
  },
  90_000,
);
