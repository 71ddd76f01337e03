/**
 * SQS that does nothing but answer, in SQS's own JSON protocol: what is sent is counted and forgotten; what is received are
 * copies of the last message sent to that queue, as many as were asked for. A process of its own. FIFO queues (`.fifo`) keep
 * their promise: a group is not delivered while one of it is held.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const GROUPS = 100;

interface Entry {
  readonly Id?: string;
  readonly MessageBody: string;
  readonly MessageAttributes?: Record<string, unknown>;
}

class NullQueue {
  last: Entry = { MessageBody: '{"id":0,"text":""}' };
  ready = 0;
  /** FIFO: of each group, how many are ready and how many held. */
  readonly groups: { ready: number; held: number }[] | undefined;
  #turn = 0;
  #waiting: { wake: () => void }[] = [];

  constructor(fifo: boolean) {
    this.groups = fifo ? Array.from({ length: GROUPS }, () => ({ ready: 0, held: 0 })) : undefined;
  }

  give(count: number): void {
    if (this.groups === undefined) this.ready += count;
    else for (const group of this.groups) group.ready += Math.ceil(count / GROUPS);
    this.wake();
  }

  clear(): void {
    this.ready = 0;
    for (const group of this.groups ?? []) Object.assign(group, { ready: 0, held: 0 });
  }

  wake(): void {
    for (const { wake } of this.#waiting.splice(0)) wake();
  }

  /** The group of each message taken. */
  take(max: number): number[] {
    if (this.groups === undefined) {
      const count = Math.min(max, this.ready);
      this.ready -= count;
      return new Array<number>(count).fill(0);
    }
    const taken: number[] = [];
    for (let tried = 0; tried < GROUPS && taken.length < max; tried++) {
      const at = this.#turn++ % GROUPS;
      const group = this.groups[at] as { ready: number; held: number };
      if (group.held > 0) continue;
      // SQS prefers as many of one group as it can; two leave room for others.
      for (let n = 0; n < 2 && group.ready > 0 && taken.length < max; n++) {
        group.ready--;
        group.held++;
        taken.push(at);
      }
    }
    return taken;
  }

  settled(receipt: string): void {
    const group = this.groups?.[Number(receipt.split("-")[1])];
    if (group === undefined || group.held === 0) return;
    if (--group.held === 0) this.wake();
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting.push({
        wake: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  }
}

const queues = new Map<string, NullQueue>();
let counts: Record<string, number> = {};
let seq = 0;

function queueOf(url: string): NullQueue {
  const name = url.slice(url.lastIndexOf("/") + 1);
  let queue = queues.get(name);
  if (queue === undefined) queues.set(name, (queue = new NullQueue(name.endsWith(".fifo"))));
  return queue;
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

async function answer(action: string, input: any, gone: () => boolean): Promise<object> {
  const queue = queueOf(String(input.QueueUrl ?? input.QueueName));
  switch (action) {
    case "SendMessage":
      queue.last = input as Entry;
      return { MessageId: `m-${++seq}`, MD5OfMessageBody: md5(input.MessageBody as string) };
    case "SendMessageBatch": {
      const entries = input.Entries as Entry[];
      queue.last = entries[0] as Entry;
      return { Successful: entries.map(({ Id }) => ({ Id, MessageId: `m-${++seq}` })), Failed: [] };
    }
    case "ReceiveMessage":
      return receive(queue, Number(input.MaxNumberOfMessages ?? 1), Number(input.WaitTimeSeconds ?? 0), gone);
    case "DeleteMessage":
      queue.settled(input.ReceiptHandle as string);
      return {};
    case "DeleteMessageBatch":
    case "ChangeMessageVisibilityBatch": {
      const entries = input.Entries as { Id: string; ReceiptHandle: string }[];
      if (action === "DeleteMessageBatch") for (const { ReceiptHandle } of entries) queue.settled(ReceiptHandle);
      return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
    }
    case "GetQueueUrl":
      return { QueueUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/${input.QueueName}` };
    case "GetQueueAttributes":
      return { Attributes: attributesOf(String(input.QueueUrl)) };
    default:
      return {};
  }
}

function attributesOf(url: string): Record<string, string> {
  const name = url.slice(url.lastIndexOf("/") + 1);
  return {
    QueueArn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    MaximumMessageSize: "1048576",
    MessageRetentionPeriod: "345600",
    VisibilityTimeout: "60",
    DelaySeconds: "0",
    ...(name.endsWith(".fifo")
      ? { FifoQueue: "true", DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" }
      : {}),
  };
}

/** One that waits and is given up takes nothing. */
async function receive(queue: NullQueue, max: number, waitSeconds: number, gone: () => boolean): Promise<object> {
  let groups = queue.take(max);
  const until = Date.now() + waitSeconds * 1_000;
  for (let left = until - Date.now(); groups.length === 0 && left > 0; left = until - Date.now()) {
    await queue.wait(left);
    if (gone()) return {};
    groups = queue.take(max);
  }
  const { MessageBody: Body, MessageAttributes } = queue.last;
  const fifo = queue.groups !== undefined;
  return {
    Messages: groups.map((group) => {
      const id = ++seq;
      const Attributes: Record<string, string> = { ApproximateReceiveCount: "1", SentTimestamp: String(Date.now()) };
      if (fifo) Attributes["MessageGroupId"] = `g${group}`;
      return { MessageId: `m-${id}`, ReceiptHandle: `r${id}-${group}`, Body, MessageAttributes, Attributes };
    }),
  };
}

/** Everything but SQS's own protocol: what the bench asks of it. */
function control(url: URL): object {
  const queue = url.searchParams.get("queue");
  if (url.pathname === "/give" && queue !== null) queueOf(queue).give(Number(url.searchParams.get("count")));
  if (url.pathname === "/clear" && queue !== null) queueOf(queue).clear();
  if (url.pathname !== "/counts") return {};
  const since = counts;
  counts = {};
  return since;
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  let body: object;
  if (request.method === "GET") body = control(new URL(request.url ?? "/", "http://null"));
  else {
    const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    counts[action] = (counts[action] ?? 0) + 1;
    body = await answer(action, JSON.parse(Buffer.concat(chunks).toString()), () => response.closed);
  }
  response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
  response.end(JSON.stringify(body));
}

const server = createServer((request, response) => void respond(request, response).catch(() => response.destroy()));
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on("disconnect", () => process.exit(0));
