import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { DriverEvent } from "@switchyard/core/driver";
import { type VirtualRuntime, virtualRuntime } from "@switchyard/core/testing";
import { memoryLeases } from "@switchyard/leases";
import { afterEach, expect, test, vi } from "vitest";
import type { KinesisRecord, ShardInfo } from "./sdk.ts";
import { connect } from "./connection.ts";
import type { KinesisOptions } from "./options.ts";
import { type Called, destination, fakeSdk, never, record, sdkError } from "./fixtures/fakes.ts";

afterEach(() => void vi.unstubAllEnvs());

/** A stream whose shards and records the test changes as it goes. */
class FakeStream {
  readonly shards: ShardInfo[] = [];
  readonly records = new Map<string, KinesisRecord[]>();

  grow(id: string, ...records: KinesisRecord[]): void {
    this.shards.push({ ShardId: id, SequenceNumberRange: { StartingSequenceNumber: "0" } });
    this.records.set(id, records);
  }

  /** What a split, a merge, UpdateShardCount and an on-demand stream's growth all come to. */
  reshard(parents: readonly [string, string?], ...children: readonly (readonly [string, ...KinesisRecord[]])[]): void {
    for (const parent of parents) {
      const at = this.shards.findIndex(({ ShardId }) => ShardId === parent);
      if (at < 0) continue;
      const range = { StartingSequenceNumber: "0", EndingSequenceNumber: "99" };
      this.shards[at] = { ...this.shards[at], SequenceNumberRange: range };
    }
    for (const [id, ...records] of children) {
      this.grow(id, ...records);
      const [ParentShardId, AdjacentParentShardId] = parents;
      const of = { ParentShardId, ...(AdjacentParentShardId === undefined ? {} : { AdjacentParentShardId }) };
      this.shards[this.shards.length - 1] = { ...this.shards.at(-1), ...of } as ShardInfo;
    }
  }

  readonly answer = ({ action, input }: Called): unknown => {
    switch (action) {
      case "DescribeStreamSummary":
        return { StreamDescriptionSummary: { StreamName: "test_clicks", StreamARN: "arn:s", StreamStatus: "ACTIVE" } };
      case "ListShards":
        return { Shards: this.shards };
      case "GetShardIterator":
        return { ShardIterator: this.iterator(input) };
      case "GetRecords":
        return this.read(input.ShardIterator);
      default:
        throw sdkError("AccessDeniedException", action);
    }
  };

  private iterator({ ShardId, ShardIteratorType: type, StartingSequenceNumber: sequence }: Called["input"]): string {
    const records = this.records.get(ShardId) ?? [];
    if (type === "TRIM_HORIZON" || type === "AT_TIMESTAMP") return `${ShardId}/0`;
    const at = records.findIndex(({ SequenceNumber }) => SequenceNumber === sequence);
    if (at < 0) throw sdkError("InvalidArgumentException", `StartingSequenceNumber ${sequence} is invalid`);
    return `${ShardId}/${type === "AT_SEQUENCE_NUMBER" ? at : at + 1}`;
  }

  private read(iterator: string): unknown {
    const [id = "", at = "0"] = iterator.split("/");
    const Records = (this.records.get(id) ?? []).slice(Number(at));
    const closed = this.shards.some(
      ({ ShardId, SequenceNumberRange: range }) => ShardId === id && range?.EndingSequenceNumber !== undefined,
    );
    const children = this.shards.filter((each) => each.ParentShardId === id || each.AdjacentParentShardId === id);
    const ChildShards = children.map((each) => ({
      ShardId: each.ShardId,
      ParentShards: [each.ParentShardId, each.AdjacentParentShardId].filter((one) => one !== undefined),
    }));
    if (closed) return { Records, MillisBehindLatest: 0, ChildShards };
    return { Records, MillisBehindLatest: 0, NextShardIterator: `${id}/${Number(at) + Records.length}` };
  }
}

async function join(
  stream: FakeStream,
  runtime: VirtualRuntime,
  leases: KinesisOptions["leases"],
  asked = stream.answer,
) {
  const events: DriverEvent[] = [];
  const { sdk, client, calls } = fakeSdk(asked);
  const options = { client, leases, poll: { every: 200, idle: 1_000 } } as unknown as KinesisOptions;
  const connection = await connect(options, sdk, runtime, (event) => events.push(event));
  const open = () => connection.receiver!(destination(), { start: "earliest" } as never, never);
  return { connection, events, calls, open };
}

test("missing rights on the lease table alone: the error names the table and the rights", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "x");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "x");
  const server = createServer((_, reply) => {
    reply.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
    reply.end(JSON.stringify({ __type: "com.amazon.coral.service#AccessDeniedException", message: "not authorized" }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const { port } = server.address() as AddressInfo;
    const stream = new FakeStream();
    stream.grow("shardId-0");
    const { connection, open, calls } = await join(stream, virtualRuntime(), {
      store: "dynamodb",
      region: "eu-west-1",
      endpoint: `http://127.0.0.1:${port}`,
    });
    const refused = await open().then(
      () => undefined,
      (cause: unknown) => cause,
    );
    const { kind, code, hint } = connection.classify(refused, "open");
    expect({ kind, code }).toEqual({ kind: "auth", code: "lease-table-forbidden" });
    for (const named of ["test_clicks_sessions", "dynamodb:GetItem", "UpdateItem", "Scan"])
      expect(hint).toContain(named);
    expect(calls.map(({ action }) => action)).not.toContain("GetRecords");
    await connection.close();
  } finally {
    server.close();
  }
});

test("a checkpoint beyond the tip is refused by name, and stays as it is", async () => {
  const stream = new FakeStream();
  stream.grow("shardId-0", record(1, "one"));
  const runtime = virtualRuntime();
  const store = memoryLeases();
  await store.insert([{ key: "shardId-0", parents: [], checkpoint: { sequence: "900" } }], never);
  const { open, connection } = await join(stream, runtime, { store: "custom", create: () => store });
  const receiver = await open();
  for await (const lease of receiver.leases(never)) {
    const refused = await lease.receive(10, 0, never).catch((cause: unknown) => cause);
    expect(refused).toMatchObject({
      code: "position-invalid",
      message: expect.stringMatching(/shardId-0 of "test_clicks" has no position 900.*replay\(\)/),
    });
    expect(connection.classify(refused, "receive").kind).toBe("config");
    break;
  }
  expect((await store.get("shardId-0", never))?.checkpoint).toEqual({ sequence: "900" });
  await receiver.close();
});

test("a checkpoint under the fencing token of a former tenure is refused, and the heir's stays", async () => {
  const stream = new FakeStream();
  stream.grow("shardId-0", record(1, "one"));
  const runtime = virtualRuntime();
  const store = memoryLeases();
  const { open, connection } = await join(stream, runtime, { store: "custom", create: () => store });
  const receiver = await open();
  for await (const lease of receiver.leases(never)) {
    const token = lease.fencingToken!;
    const [got] = (await lease.receive(10, 0, never)) ?? [];
    const heir = { bump: true, owner: "heir", token: token + 1, checkpoint: { sequence: "0" } } as const;
    expect(await store.update("shardId-0", { token }, heir, never)).toMatchObject({ applied: true });
    const [outcome] = await lease.settle([{ action: "ack", receipt: got!.receipt }] as never, never);
    expect(connection.classify((outcome as { cause: unknown }).cause, "settle").kind).toBe("lost");
    expect(lease.lost!.aborted).toBe(true);
    break;
  }
  expect(await store.get("shardId-0", never)).toMatchObject({ owner: "heir", checkpoint: { sequence: "0" } });
  await receiver.close();
});

test("a shard past retention with records unread is told, and reading goes on in the shard after it", async () => {
  const stream = new FakeStream();
  stream.grow("shardId-0", record(1, "gone"));
  stream.reshard(["shardId-0"], ["shardId-1", record(60, "kept")]);
  stream.shards.shift();
  const runtime = virtualRuntime();
  const store = memoryLeases();
  await store.insert([{ key: "shardId-0", parents: [], checkpoint: { sequence: "1" } }], never);
  const gone = ({ action, input }: Called): unknown => {
    if (input.ShardId === "shardId-0") throw sdkError("ResourceNotFoundException");
    return stream.answer({ action, input });
  };
  const { open, events } = await join(stream, runtime, { store: "custom", create: () => store }, gone);
  const receiver = await open();
  for await (const lease of receiver.leases(never)) {
    const batch = await lease.receive(10, 0, never);
    if (lease.id === "shardId-1") {
      expect(batch?.map(({ raw }) => (raw as KinesisRecord).SequenceNumber)).toEqual(["60"]);
      break;
    }
    expect(batch).toBeNull();
    await lease.release("drained", never);
    void runtime.advance("5s");
  }
  expect(events).toMatchObject([{ type: "position-lost", id: "shardId-0", cause: { code: "position-trimmed" } }]);
  await receiver.close();
});

test.each([
  ["UpdateShardCount from one to two", ["shardId-0"], ["shardId-1", "shardId-2"]],
  [
    "on-demand growth again, of what it made",
    ["shardId-0", "shardId-2"],
    ["shardId-1", "shardId-2", "shardId-3", "shardId-4"],
  ],
] as const)("%s: every record comes, and none before its parent's last", async (_, split, made) => {
  const stream = new FakeStream();
  const runtime = virtualRuntime();
  stream.grow("shardId-0", record(1, "0:a"));
  const { open, events } = await join(stream, runtime, { store: "custom", create: () => memory });
  const memory = memoryLeases();
  const receiver = await open();
  const got: string[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    const all: Promise<void>[] = [];
    for await (const lease of receiver.leases(stop.signal))
      all.push(
        (async () => {
          for (;;) {
            const batch = await lease.receive(10, 1_000, stop.signal);
            if (batch === null || stop.signal.aborted) break;
            for (const { raw, receipt } of batch) {
              got.push(Buffer.from((raw as KinesisRecord).Data ?? "").toString());
              await lease.settle([{ action: "ack", receipt }] as never, never);
            }
          }
          await lease.release(stop.signal.aborted ? "stopping" : "drained", never);
        })(),
      );
    await Promise.all(all);
  })();
  await runtime.advance("5s");
  expect(got).toEqual(["0:a"]);
  for (const [index, parent] of split.entries()) {
    stream.records.get(parent)!.push(record(50, `${parent.slice(8)}:last`));
    const [one, two] = made.slice(index * 2);
    stream.reshard([parent], [one!, record(100, `${one!.slice(8)}:a`)], [two!, record(100, `${two!.slice(8)}:a`)]);
  }
  await runtime.advance("60s");
  const sent = [...stream.records.values()].flat().map(({ Data }) => Buffer.from(Data ?? "").toString());
  expect([...got].sort()).toEqual([...sent].sort());
  for (const [index, parent] of split.entries())
    for (const child of made.slice(index * 2, index * 2 + 2))
      expect(got.indexOf(`${parent.slice(8)}:last`)).toBeLessThan(got.indexOf(`${child.slice(8)}:a`));
  expect(events.filter(({ type }) => type === "position-lost")).toEqual([]);
  stop.abort();
  await runtime.advance("5s");
  await reading;
  await receiver.close();
});

test("the server of a connection is its client's", async () => {
  const { sdk, client } = fakeSdk(() => ({}));
  const config = { endpoint: async () => ({ protocol: "http:", hostname: "127.0.0.1", port: 4567 }) };
  const options = { client: Object.assign(client, { config }) as KinesisOptions["client"] };
  const connection = await connect(options as KinesisOptions, sdk, virtualRuntime(), () => {});
  connection.server!(destination());
  await vi.waitFor(() => {
    expect(connection.server!(destination())).toEqual({ address: "127.0.0.1", port: 4567 });
  });
});
