import * as crypto from "node:crypto";
import type { DriverEvent } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test, vi } from "vitest";
import { deaggregate } from "./aggregation.ts";
import { announcedMd5 } from "./md5.ts";
import { connect } from "./connection.ts";
import { aggregate, type Called, destination, fakeSdk, never } from "./fixtures/fakes.ts";

// What an OpenSSL in FIPS mode does.
vi.mock("node:crypto", async (original) => {
  const real = await original<typeof crypto>();
  const createHash = (name: string) => {
    if (name === "md5") throw Object.assign(new Error("error:0308010C:digital envelope routines::unsupported"));
    return real.createHash(name);
  };
  return { ...real, default: { ...real, createHash }, createHash };
});

/** As {@link aggregate}, whose digest this machine cannot make. */
const PACKED = Buffer.from(
  "f3899ac20a01610a01621a0708001a036f6e651a0708011a0374776f00000000000000000000000000000000",
  "hex",
);

test("without MD5 an aggregated record is taken apart unverified, and what is none comes as it is", () => {
  expect(() => aggregate(["a", "one"])).toThrow("unsupported");
  expect(deaggregate(PACKED)?.map(({ key, data }) => [key, Buffer.from(data).toString()])).toEqual([
    ["a", "one"],
    ["b", "two"],
  ]);
  expect(deaggregate(PACKED.subarray(0, PACKED.length - 1))).toBeUndefined();
});

test("without MD5 a publisher goes on after a shard was throttled, and says once what it cannot tell", async () => {
  let full = true;
  const answer = ({ action, input }: Called): unknown => {
    if (action === "DescribeStreamSummary")
      return { StreamDescriptionSummary: { StreamName: "test_clicks", StreamARN: "arn:s", StreamStatus: "ACTIVE" } };
    if (action === "ListShards")
      return { Shards: [{ ShardId: "shardId-0", HashKeyRange: { StartingHashKey: "0", EndingHashKey: "9" } }] };
    const refused = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "Rate exceeded" };
    return { Records: input.Records.map(() => (full ? refused : { SequenceNumber: "7", ShardId: "shardId-0" })) };
  };
  const { sdk, client } = fakeSdk(answer);
  const events: DriverEvent[] = [];
  const connection = await connect({ client } as never, sdk, virtualRuntime(), (event) => void events.push(event));
  const sender = await connection.sender(destination(), never);
  const send = () => sender.send([{ body: "{}", headers: {}, key: "a" }], never);
  const [refused] = await send();
  expect(connection.classify(refused!.cause, "send")).toMatchObject({ kind: "throttled", partial: true });
  full = false;
  expect(await send()).toMatchObject([{ id: "7", position: "shardId-0:7" }]);
  expect(await send()).toMatchObject([{ id: "7" }]);
  const warnings = events.filter(({ type }) => type === "warning");
  expect(warnings).toMatchObject([{ cause: { code: "md5-missing", message: expect.stringContaining("FIPS") } }]);
  await sender.close();
  await connection.close();
});

test("each connection says it once", () => {
  let told = 0;
  const md5 = announcedMd5(() => told++);
  expect([md5("a"), md5("b")]).toEqual([undefined, undefined]);
  expect(told).toBe(1);
});
