import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Delivery, Lease, WireMessage } from "@switchyard/core/driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { never, queueOf, type Sqs, startSqs } from "./support/sqs-queues.ts";

let sqs: Sqs;
beforeAll(async () => {
  sqs = await startSqs();
});
afterAll(() => sqs.close());

async function receive(lease: Lease, count: number): Promise<Delivery[]> {
  const got: Delivery[] = [];
  while (got.length < count) got.push(...(await lease.receive(Math.min(10, count - got.length), 5_000, never))!);
  return got;
}
const ack = ({ receipt }: Delivery) => ({ receipt, action: "ack" as const });
const plain = (body: string, more: Partial<WireMessage> = {}): WireMessage => ({ body, headers: {}, ...more });
const urlOf = async (name: string): Promise<string> => {
  const { GetQueueUrlCommand } = await import("@aws-sdk/client-sqs");
  return (await sqs.aws.client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl!;
};

describe("a standard queue", () => {
  test("carries text, headers and type as they are, whatever characters SQS takes", async () => {
    const of = await sqs.provide(queueOf());
    const sender = await sqs.connection.sender(of, never);
    const message = plain("a\t\r\n\u007f\u0085 é 漢 \uFFFD 😀", {
      type: "order.placed",
      headers: { ce: '{"id":"😀"}', traceparent: "00-1-2-01" },
    });
    const [sent] = await sender.send([message], never);
    const { lease } = await sqs.lease(of);
    const [delivery] = await receive(lease, 1);
    expect(delivery!.message).toEqual(message);
    expect(delivery!.id).toBe((sent as { id: string }).id);
    expect(delivery!.attempt).toBe(1);
    expect(Math.abs(delivery!.enqueuedAt! - Date.now())).toBeLessThan(60_000);
    expect(await lease.settle([ack(delivery!)], never)).toEqual([undefined]);
    expect(await sqs.connection.depth!(of, never)).toEqual([{ ready: 0, delayed: 0, held: 0 }]);
  });

  test("takes a message of exactly its own limit and refuses one byte more, as the driver counts", async () => {
    const of = await sqs.provide(queueOf({ native: { maxMessageBytes: 1_024 } }));
    const sender = await sqs.connection.sender(of, never);
    expect(sender.capabilities.maxMessageBytes).toBe(1_024);
    const message = (bytes: number) => plain("é".repeat(10) + "x".repeat(bytes), { type: "t", headers: { ce: "漢" } });
    const room = 1_024 - sender.size(message(0));
    expect(sender.size(message(room))).toBe(1_024);
    const results = await sender.send([message(room), message(room + 1)], never);
    expect(results[0]).toHaveProperty("id");
    const { cause } = results[1] as { cause: unknown };
    expect(sqs.connection.classify(cause, "send")).toMatchObject({ kind: "permanent", code: "too-large" });
  });

  test("shows a message again after a retry's delay, at once after a release, each time one attempt more", async () => {
    const of = await sqs.provide(queueOf());
    await (await sqs.connection.sender(of, never)).send([plain("a")], never);
    const { lease } = await sqs.lease(of);
    const [first] = await receive(lease, 1);
    const asked = performance.now();
    await lease.settle([{ receipt: first!.receipt, action: "retry", delayMs: 900, attempt: 1 }], never);
    const [second] = await receive(lease, 1);
    expect(performance.now() - asked).toBeGreaterThanOrEqual(900);
    expect(second!.attempt).toBe(2);
    await lease.settle([{ receipt: second!.receipt, action: "release" }], never);
    const [third] = await receive(lease, 1);
    expect(third!.attempt).toBe(3);
  });

  test("delays a message by at least what was asked", async () => {
    const of = await sqs.provide(queueOf());
    const sent = performance.now();
    await (await sqs.connection.sender(of, never)).send([plain("a", { delayMs: 700 })], never);
    const { lease } = await sqs.lease(of);
    await receive(lease, 1);
    expect(performance.now() - sent).toBeGreaterThanOrEqual(700);
  });

  test("gives a message again when its hold ends, unless the hold was extended; a late extension is a lost hold", async () => {
    const of = await sqs.provide(queueOf());
    await (await sqs.connection.sender(of, never)).send([plain("short"), plain("long")], never);
    const { lease } = await sqs.lease(of, 1_000);
    const held = await receive(lease, 2);
    const long = held.find(({ message }) => message.body === "long")!;
    expect(await lease.extend!([long.receipt], 30_000, never)).toEqual([undefined]);
    const [again] = await receive(lease, 1);
    expect(again!.message.body).toBe("short");
    const short = held.find(({ message }) => message.body === "short")!;
    const [late] = await lease.extend!([short.receipt], 30_000, never);
    expect(sqs.connection.classify(late!.cause, "extend")).toMatchObject({ kind: "lost" });
  });

  test("gives messages of other producers with their attributes", async () => {
    const of = await sqs.provide(queueOf());
    const QueueUrl = await urlOf(of.name);
    const MessageAttributes = {
      Tenant: { DataType: "String", StringValue: "acme" },
      Blob: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255]) },
    };
    await sqs.aws.client.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"Records":[]}', MessageAttributes }));
    const { lease } = await sqs.lease(of);
    const [delivery] = await receive(lease, 1);
    expect(delivery!.message).toEqual({ body: '{"Records":[]}', headers: { tenant: "acme", blob: "AP8=" } });
    expect(delivery!.raw).toMatchObject({ MessageAttributes: { Tenant: { StringValue: "acme" } } });
  });

  test("can be read by others: the body is the data", async () => {
    const of = await sqs.provide(queueOf());
    await (await sqs.connection.sender(of, never)).send([plain('{"a":1}', { type: "t" })], never);
    const command = new ReceiveMessageCommand({ QueueUrl: await urlOf(of.name), MessageAttributeNames: ["All"] });
    const { Messages } = await sqs.aws.client.send(command);
    expect(Messages![0]).toMatchObject({
      Body: '{"a":1}',
      MessageAttributes: { type: { DataType: "String", StringValue: "t" } },
    });
  });

  test("is emptied by a purge, held messages included", async () => {
    const of = await sqs.provide(queueOf());
    await (await sqs.connection.sender(of, never)).send([plain("a"), plain("b")], never);
    const { lease } = await sqs.lease(of);
    await receive(lease, 1);
    expect(await sqs.connection.depth!(of, never)).toEqual([{ ready: 1, delayed: 0, held: 1 }]);
    await sqs.connection.purge!(of, never);
    expect(await sqs.connection.depth!(of, never)).toEqual([{ ready: 0, delayed: 0, held: 0 }]);
  });

  test("sends go through while ten polls wait", async () => {
    const of = await sqs.provide(queueOf());
    const waiting = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const { lease, receiver } = await sqs.lease(queueOfEmpty);
        return { receiver, poll: lease.receive(1, 20_000, never).catch((error: unknown) => error) };
      }),
    );
    const sender = await sqs.connection.sender(of, never);
    const batches = Array.from({ length: 20 }, (_, index) => sender.send([plain(String(index))], never));
    expect((await Promise.all(batches)).flat()).toHaveLength(20);
    for (const { receiver, poll } of waiting) {
      await receiver.close();
      expect(await poll).toMatchObject({ name: "AbortError" });
    }
  });
  let queueOfEmpty: Awaited<ReturnType<Sqs["provide"]>>;
  beforeAll(async () => {
    queueOfEmpty = await sqs.provide(queueOf());
  });
});

describe("a FIFO queue", () => {
  test("keeps the order of a key: none of its messages while one is held", async () => {
    const of = await sqs.provide(queueOf({ ordered: true }));
    const sender = await sqs.connection.sender(of, never);
    for (const body of ["1", "2"]) await sender.send([plain(body, { key: "customer 9", dedup: `${body}:0` })], never);
    const { lease } = await sqs.lease(of);
    const [first] = await receive(lease, 1);
    expect(first!.message.body).toBe("1");
    expect(await lease.receive(10, 0, never)).toEqual([]);
    await lease.settle([ack(first!)], never);
    const [second] = await receive(lease, 1);
    expect(second!.message.body).toBe("2");
    expect(second!.message.key).toBe(first!.message.key);
  });

  test("swallows a second send of the same id and hop, and takes the next hop", async () => {
    const of = await sqs.provide(queueOf({ ordered: true }));
    const sender = await sqs.connection.sender(of, never);
    const send = (body: string, dedup: string) => sender.send([plain(body, { key: "k", dedup })], never);
    const [first] = await send("a", "id:0");
    const [again] = await send("a", "id:0");
    expect(again).toEqual(first);
    await send("b", "id:1");
    expect(await sqs.connection.depth!(of, never)).toMatchObject([{ ready: 2 }]);
  });

  test("refuses a delay before any call", async () => {
    const of = await sqs.provide(queueOf({ ordered: true }));
    const results = await (await sqs.connection.sender(of, never)).send(
      [plain("a", { key: "k", delayMs: 1_000 })],
      never,
    );
    expect(results).toMatchObject([{ cause: { code: "delay-unsupported", kind: "permanent" } }]);
  });
});

test("a queue that is not there is a fault of configuration, on opening and not later", async () => {
  for (const opening of [sqs.connection.sender(queueOf(), never), sqs.lease(queueOf())]) {
    const cause = await opening.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(sqs.connection.classify(cause, "open")).toMatchObject({ kind: "config", code: "queue-not-found" });
  }
});
