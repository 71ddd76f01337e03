/** SQS's own move of dead letters, against a server on the loopback that speaks its protocol: the emulator has no move tasks. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  channel,
  type ConfigInput,
  connect,
  type Messaging,
  type RedriveProgress,
  type Runtime,
  systemRuntime,
} from "@switchyard/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { MoveTasks } from "./support/move-tasks.ts";

const jobs = channel("jobs", { messages: { job: z.object({ n: z.number() }) } });
const ACCOUNT = "000000000000";
const arn = (name: string) => `arn:aws:sqs:eu-west-1:${ACCOUNT}:${name}`;
const DEAD = arn("test_jobs_main_dead");
const MAIN = arn("test_jobs_main");

interface Called {
  readonly action: string;
  readonly input: any;
}

/** What the service does with one call: an answer, or something in place of one. */
type Trouble = (response: ServerResponse) => void;
const cut: Trouble = (response) => response.destroy();
const refusal =
  (status: number, type: string, message: string): Trouble =>
  (response) =>
    response
      .writeHead(status, { "content-type": "application/x-amz-json-1.0" })
      .end(JSON.stringify({ __type: type, message }));

/** Queues and move tasks. */
class Service extends MoveTasks {
  readonly calls: Called[] = [];
  /** What happens to a start: before it takes effect, or after. */
  readonly before: Trouble[] = [];
  readonly after: Trouble[] = [];
  readonly lists: Trouble[] = [];
  /** How many lists do not show the newest task. */
  hidden = 0;

  called(action: string): Called[] {
    return this.calls.filter((call) => call.action === action);
  }

  respond(action: string, input: any, host: string, response: ServerResponse): void {
    this.calls.push({ action, input });
    const starts = action === "StartMessageMoveTask";
    const lists = action === "ListMessageMoveTasks";
    const trouble = starts ? this.before.shift() : lists ? this.lists.shift() : undefined;
    if (trouble !== undefined) return trouble(response);
    const answer = this.#queue(action, input, host) ?? this.answer(action, input);
    const lost = starts ? this.after.shift() : undefined;
    if (lost !== undefined) return lost(response);
    if (lists && this.hidden > 0) {
      this.hidden--;
      (answer as { Results: unknown[] }).Results.shift();
    }
    response.setHeader("content-type", "application/x-amz-json-1.0").end(JSON.stringify(answer));
  }

  #queue(action: string, input: any, host: string): unknown {
    if (action === "GetQueueUrl") return { QueueUrl: `http://${host}/${ACCOUNT}/${input.QueueName}` };
    if (action === "GetQueueAttributes") return { Attributes: { QueueArn: arn(input.QueueUrl.split("/").at(-1)) } };
    return undefined;
  }
}

/** Waits of a second take five milliseconds. */
const hasty: Runtime = { ...systemRuntime, sleep: (ms, signal) => systemRuntime.sleep(ms / 200, signal) };

let service: Service;
const open: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  service = new Service();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  vi.unstubAllEnvs();
});

async function connected(
  events: unknown[] = [],
  more: Omit<ConfigInput, "prefix"> = { channels: { jobs: { model: "queue", on: "sqs", groups: { main: {} } } } },
  of: typeof jobs = jobs,
): Promise<Messaging<typeof jobs>> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const action = String(request.headers["x-amz-target"]).split(".").at(-1)!;
      service.respond(action, JSON.parse(body), String(request.headers.host), response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const messaging = await connect({
    channels: [of],
    service: "shop",
    runtime: hasty,
    observe: (event) => events.push(event),
    config: {
      prefix: "test",
      ...more,
      connections: { sqs: { use: "sqs", region: "eu-west-1", endpoint }, ...more.connections },
    },
  });
  open.push(() => messaging.stop({ deadline: 0 }));
  return messaging;
}

test("moves all letters to the group that failed them, with progress and two entries of who asked", async () => {
  const events: any[] = [];
  const messaging = await connected(events);
  expect(messaging.explain().channels["jobs"]!.groups["main"]!.nativeRedrive).toBe(true);
  const run = messaging.deadLetters(jobs, "main", { by: "ann" }).redrive({ native: true, rate: { max: 50 } });
  const steps: RedriveProgress[] = [];
  for await (const step of run) steps.push(step);
  expect(await run).toEqual({ matched: 10, moved: 10, died: 0, left: 0, failed: 0, refused: 0 });
  expect(steps.at(-1)).toMatchObject({ phase: "done", moved: 10 });
  expect(steps.some(({ phase, moved }) => phase === "moving" && moved < 10)).toBe(true);
  expect(service.called("StartMessageMoveTask")).toEqual([
    {
      action: "StartMessageMoveTask",
      input: { SourceArn: DEAD, DestinationArn: MAIN, MaxNumberOfMessagesPerSecond: 50 },
    },
  ]);
  const entries = events.filter(({ type }) => type === "operation");
  expect(entries).toMatchObject([
    { action: "native-redrive", phase: "begin", by: "ann", asked: { native: true, rate: { max: 50 } } },
    { action: "native-redrive", phase: "end", by: "ann", done: { moved: 10 } },
  ]);
});

test("an answer that is lost starts no second task: the list tells of the first", async () => {
  service.after.push(cut);
  const messaging = await connected();
  expect(await messaging.deadLetters(jobs, "main").redrive({ native: true })).toMatchObject({ moved: 10 });
  expect(service.called("StartMessageMoveTask").length).toBe(1);
});

test("an answer that is lost while the list still lags starts no second task either", async () => {
  service.after.push(cut);
  service.hidden = 3;
  const messaging = await connected();
  expect(await messaging.deadLetters(jobs, "main").redrive({ native: true })).toMatchObject({ moved: 10 });
  expect(service.called("StartMessageMoveTask").length).toBe(1);
});

test("a call of which nobody knows whether it came is told as ambiguous, and not made again", async () => {
  service.before.push(cut);
  const messaging = await connected();
  await expect(messaging.deadLetters(jobs, "main").redrive({ native: true }).result).rejects.toMatchObject({
    kind: "ambiguous",
  });
  expect(service.called("StartMessageMoveTask").length).toBe(1);
});

test("a call that certainly did nothing is made again, after a look at the list", async () => {
  service.before.push(refusal(400, "RequestThrottled", "slow down"), refusal(400, "RequestThrottled", "slow down"));
  const messaging = await connected();
  expect(await messaging.deadLetters(jobs, "main").redrive({ native: true })).toMatchObject({ moved: 10 });
  const order = service.calls
    .map(({ action }) => action)
    .filter((action) => action.endsWith("Task") || action.endsWith("Tasks"));
  expect(order.slice(0, 6)).toEqual([
    ...["ListMessageMoveTasks", "StartMessageMoveTask", "ListMessageMoveTasks"],
    ...["StartMessageMoveTask", "ListMessageMoveTasks", "StartMessageMoveTask"],
  ]);
});

test("lists that fail for a while are read again", async () => {
  service.lists.push(refusal(503, "ServiceUnavailable", "no"), cut);
  const messaging = await connected();
  expect(await messaging.deadLetters(jobs, "main").redrive({ native: true })).toMatchObject({ moved: 10 });
});

test("a task that runs already is followed, one to another queue is left alone", async () => {
  const messaging = await connected();
  service.begin(MAIN, DEAD);
  expect(await messaging.deadLetters(jobs, "main").redrive({ native: true })).toMatchObject({ moved: 10 });
  expect(service.called("StartMessageMoveTask")).toEqual([]);
  service.begin(arn("elsewhere"), DEAD);
  await expect(messaging.deadLetters(jobs, "main").redrive({ native: true }).result).rejects.toMatchObject({
    code: "move-in-progress",
  });
  expect(service.called("StartMessageMoveTask")).toEqual([]);
});

test("the caller's signal cancels the task, and what was moved stays moved", async () => {
  service.total = 1_000_000;
  const messaging = await connected();
  const stop = new AbortController();
  const run = messaging.deadLetters(jobs, "main").redrive({ native: true, signal: stop.signal });
  for await (const { moved } of run) if (moved > 0) stop.abort();
  const done = await run;
  expect(done).toMatchObject({ stopped: "signal", resume: { native: true } });
  expect(done.moved).toBeGreaterThan(0);
  expect(done.left).toBe(1_000_000 - done.moved);
  expect(service.called("CancelMessageMoveTask")).toEqual([
    { action: "CancelMessageMoveTask", input: { TaskHandle: `${DEAD}/0` } },
  ]);
});

test("a task that fails says why, in the service's words", async () => {
  service.fails = "CouldNotDetermineMessageSource\u001b[31m";
  const messaging = await connected();
  const done = await messaging.deadLetters(jobs, "main").redrive({ native: true });
  expect(done).toMatchObject({ stopped: "error", moved: 4, left: 6, errors: [{ code: "move-failed" }] });
  expect(done.errors![0]!.message).toContain("CouldNotDetermineMessageSource");
  expect(done.errors![0]!.message).not.toContain("\u001b");
});

test.each([
  ["filter", { filter: { type: "job" } }],
  ["ids", { ids: ["1"] }],
  ["max", { max: 1 }],
  ["canary", { canary: { count: 1, wait: "1s" } }],
  ["stopAt", { stopAt: 0.5 }],
  ["dryRun", { dryRun: true }],
  ["ramp", { ramp: "1m" }],
  ["maxRedrives", { maxRedrives: 1 }],
  ["before", { before: 1 }],
  ["hide", { hide: "1m" }],
  ["rate", { rate: { max: 501 } }],
  ["rate", { rate: { max: 1, per: "1m" } }],
] as const)("%s does not go with it, and nothing is called", async (name, options) => {
  const messaging = await connected();
  await expect(messaging.deadLetters(jobs, "main").redrive({ native: true, ...options }).result).rejects.toMatchObject({
    code: "bad-redrive",
    message: expect.stringContaining(name),
  });
  expect(service.calls).toEqual([]);
});

const keyed = channel("jobs", {
  messages: { job: z.object({ n: z.number() }) },
  orderingKey: ({ data }) => String(data.n),
});
const main = (group: object = {}, on = "sqs") => ({ jobs: { model: "queue", on, groups: { main: group } } }) as const;

test.each([
  ["a FIFO queue", keyed, { channels: main() }, "deduplication may swallow letters"],
  [
    "a channel whose bodies are stored elsewhere",
    jobs,
    { channels: { jobs: { ...main().jobs, claimCheck: { store: "memory" } } } },
    "cannot prolong the life of bodies",
  ],
  [
    "a dead-letter destination that other groups may share",
    jobs,
    {
      policies: { shared: { deadLetter: { channel: "graves" } } },
      channels: { ...main({ policy: "shared" }), graves: { model: "queue", on: "sqs", groups: { undertaker: {} } } },
    },
    "those of other groups, which would be moved, too",
  ],
  [
    "dead letters on another connection",
    jobs,
    {
      connections: { other: { use: "sqs", region: "eu-west-1", endpoint: "http://127.0.0.1:1" } },
      policies: { away: { deadLetter: { channel: "graves" } } },
      channels: { ...main({ policy: "away" }), graves: { model: "queue", on: "other", groups: { undertaker: {} } } },
    },
    "those of other groups, which would be moved, too",
  ],
  [
    "a transport that cannot",
    jobs,
    { connections: { mem: { use: "memory" } }, channels: main({}, "mem") },
    "SQS standard queues can",
  ],
  [
    "a stream",
    jobs,
    {
      connections: { mem: { use: "memory" } },
      channels: { jobs: { model: "stream", on: "mem", groups: { main: {} } } },
    },
    "reads a stream",
  ],
] as const)("%s is refused with what to do instead, and nothing is called", async (_name, of, config, why) => {
  const messaging = await connected([], config as ConfigInput, of as unknown as typeof jobs);
  expect(messaging.explain().channels["jobs"]!.groups["main"]!.nativeRedrive).toBe(false);
  const refused = { code: "native-unsupported", kind: "config", channel: "jobs", group: "main" };
  const error: unknown = await messaging
    .deadLetters(jobs, "main")
    .redrive({ native: true })
    .result.catch((e: unknown) => e);
  expect(error).toMatchObject(refused);
  expect((error as Error).message).toContain(why);
  expect((error as Error).message).toContain("leave native out, and redrive() sends them itself");
  expect(service.calls).toEqual([]);
});
