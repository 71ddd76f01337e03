import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { Shards } from "./shards.ts";
import { type Called, fakeCall, never, record } from "./fixtures/fakes.ts";

function bench(answers: object[]) {
  const runtime = virtualRuntime();
  const answer = ({ action }: Called): unknown =>
    action === "GetShardIterator" ? { ShardIterator: "token" } : (answers.shift() ?? {});
  const { call } = fakeCall(answer);
  const stream = { ref: { StreamName: "test_clicks" }, name: "test_clicks" };
  return { runtime, shards: new Shards(stream as never, call, runtime, async () => {}) };
}

test("the record at a position is found behind empty answers", async () => {
  const silence = Array.from({ length: 5 }, () => ({ Records: [], NextShardIterator: "next", MillisBehindLatest: 9 }));
  const at = bench([...silence, { Records: [record(7, "seven")], MillisBehindLatest: 0 }]);
  const [time] = await Promise.all([at.shards.timeOf("shardId-000000000000:7", never), at.runtime.advance("2s")]);
  expect(time).toBe(record(7, "seven").ApproximateArrivalTimestamp!.getTime());
});

test("one that is not there is refused once nothing is behind", async () => {
  const at = bench([{ Records: [], NextShardIterator: "next", MillisBehindLatest: 0 }]);
  await expect(at.shards.timeOf("shardId-000000000000:7", never)).rejects.toMatchObject({ code: "position-invalid" });
});
