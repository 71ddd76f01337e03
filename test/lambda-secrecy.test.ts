/** What a channel requires of its messages is required of a function, too: encryption at rest, encryption, the claim check. */
import { GetQueueUrlCommand, SendMessageCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { adapter as aws } from "@switchyard/aws";
import { extension as claimCheck } from "@switchyard/claim-check";
import { channel, connect, consumer, type MessagingEvent, systemRuntime } from "@switchyard/core";
import { extension as encryption } from "@switchyard/encryption";
import { lambda, type LambdaHandler } from "@switchyard/lambda";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startAws } from "./support/aws-emulator.ts";
import { inProcess } from "./support/lambda/function.ts";
import { QueueMapping } from "./support/lambda/queue-mapping.ts";

const place = await startAws();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-lambda-"));
});
afterAll(async () => {
  await place.close();
  await rm(folder, { recursive: true, force: true });
});

const jobs = channel("jobs", { messages: { job: z.object({ card: z.string() }) }, foreign: "job" });
const EXTENSIONS = [encryption, claimCheck];
const KEYS = { shop: { use: "local", keys: { one: Buffer.alloc(32, 1).toString("base64") }, write: "one" } };

let prefixes = 0;
function shop(settings: object, more: object = {}) {
  const prefix = `secret-${systemRuntime.now().toString(36)}-${++prefixes}`;
  const config: any = {
    prefix,
    connections: { aws: { use: aws, ...place.connection, provision: "auto" } },
    channels: {
      jobs: {
        model: "queue",
        on: "aws",
        ...settings,
        groups: { work: { hold: "3s", runsOn: "lambda", native: { lambda: { answer: "report" } } } },
      },
    },
    policies: { default: { retry: { attempts: 1 } } },
    ...more,
  };
  const events: MessagingEvent[] = [];
  const seen: string[] = [];
  const bodies: string[] = [];
  const handlerWith = (extensions: readonly unknown[] = EXTENSIONS) => {
    const handler: LambdaHandler = lambda({
      channels: [jobs],
      service: "test",
      consumers: [consumer(jobs, "work", { job: ({ card }) => void seen.push(card) })],
      config,
      extensions,
      observe: (event: MessagingEvent) => void events.push(event),
    } as never);
    const spied: LambdaHandler = async (event, context) => {
      bodies.push(JSON.stringify(event));
      return handler(event, context);
    };
    return inProcess(spied, 10_000);
  };
  const queue = `${prefix}_jobs_work`;
  const publisher = () =>
    connect({ channels: [jobs], service: "test", config, extensions: EXTENSIONS, observe: () => {} } as never) as any;
  const url = async () => (await place.client.send(new GetQueueUrlCommand({ QueueName: queue }))).QueueUrl;
  const left = () => {
    const { ready = 0, delayed = 0, held = 0 } = place.inspect(queue) ?? {};
    return ready + delayed + held;
  };
  const handled = async (invoke = handlerWith()) => {
    const mapping = new QueueMapping({ client: place.client, queue, invoke, report: true, maximumConcurrency: 1 });
    await mapping.start();
    const end = systemRuntime.monotonic() + 20_000;
    while (left() > 0) {
      if (systemRuntime.monotonic() > end) throw new Error("the queue is not empty");
      await systemRuntime.sleep(20);
    }
    await mapping.stop();
  };
  return { config, events, seen, bodies, handlerWith, queue, publisher, url, handled, left };
}

test("atRest: required refuses every event of a queue that is not encrypted, and acknowledges nothing", async () => {
  const at = shop({ atRest: "required" });
  const messaging = await at.publisher();
  await messaging.publish(jobs, "job", { card: "4711" });
  await at.handled();
  expect(at.seen).toEqual(["4711"]);
  await place.client.send(
    new SetQueueAttributesCommand({ QueueUrl: await at.url(), Attributes: { SqsManagedSseEnabled: "false" } }),
  );
  await place.client.send(new SendMessageCommand({ QueueUrl: await at.url(), MessageBody: '{"card":"0815"}' }));
  at.config.connections.aws.provision = "off";
  const invoke = at.handlerWith();
  const ended = Promise.withResolvers<any>();
  const mapping = new QueueMapping({
    client: place.client,
    queue: at.queue,
    invoke: async (event) => {
      const how = await invoke(event);
      ended.resolve(how);
      return how;
    },
    report: true,
    maximumConcurrency: 1,
  });
  await mapping.start();
  expect(await ended.promise).toMatchObject({ kind: "failed", error: { code: "not-encrypted-at-rest" } });
  await mapping.stop();
  expect(at.seen).toEqual(["4711"]);
  expect(at.left()).toBe(1);
  await messaging.stop();
});

test("an encrypted channel: the event is ciphertext, the handler gets its text, and plain text is set aside", async () => {
  const at = shop({ encrypt: { keys: "shop" } }, { keys: KEYS });
  const messaging = await at.publisher();
  await messaging.publish(jobs, "job", { card: "4711" });
  await at.handled();
  expect(at.seen).toEqual(["4711"]);
  expect(at.bodies.join()).not.toContain("4711");
  await place.client.send(new SendMessageCommand({ QueueUrl: await at.url(), MessageBody: '{"card":"0815"}' }));
  await at.handled();
  expect(at.seen).toEqual(["4711"]);
  expect(await messaging.deadLetters(jobs, "work").peek()).toMatchObject([{ code: "not-encrypted" }]);
  await messaging.stop();
});

test("a claim check: the event is a pointer, and the handler gets what it points at", async () => {
  const at = shop({ claimCheck: { store: "folder", folder, above: 1 } });
  const messaging = await at.publisher();
  await messaging.publish(jobs, "job", { card: "4711" });
  expect((await readdir(folder, { recursive: true })).length).toBeGreaterThan(0);
  await at.handled();
  expect(at.seen).toEqual(["4711"]);
  expect(at.bodies.join()).not.toContain("4711");
  await messaging.stop();
});
