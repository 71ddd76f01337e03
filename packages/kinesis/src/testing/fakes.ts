import type { Sdk } from "@switchyard/aws-kit";
import { createHash } from "node:crypto";
import type { Destination } from "@switchyard/core/driver";
import type { Actions, Call, KinesisClientLike, KinesisRecord } from "../sdk.ts";

type Action = keyof Actions;
export interface Called {
  readonly action: Action;
  readonly input: any;
}

/** Answers calls with a script and keeps them. */
export function fakeCall(answer: (called: Called) => unknown): { readonly call: Call; readonly calls: Called[] } {
  const calls: Called[] = [];
  const call = async (action: Action, input: unknown): Promise<any> => {
    const called = { action, input };
    calls.push(called);
    return answer(called);
  };
  return { call: call as Call, calls };
}

/** The SDK and a client of it that answer with a script: for what opens its clients itself. */
export function fakeSdk(answer: (called: Called) => unknown): {
  readonly sdk: Sdk;
  readonly client: KinesisClientLike;
  readonly calls: Called[];
} {
  const { call, calls } = fakeCall(answer);
  const command = (name: string) =>
    class {
      readonly called: Called;
      constructor(input: unknown) {
        this.called = { action: name.replace(/Command$/, "") as Action, input };
      }
    };
  const sdk = new Proxy({}, { get: (_, name) => command(String(name)) }) as Sdk;
  const client = { send: ({ called }: { called: Called }) => call(called.action, called.input) };
  return { sdk, client: client as unknown as KinesisClientLike, calls };
}

export const sdkError = (name: string, message = name): Error => Object.assign(new Error(message), { name });

export const destination = (more: Partial<Destination> = {}): Destination => ({
  channel: "clicks",
  base: "test_clicks",
  name: "test_clicks_sessions",
  model: "stream",
  ordered: true,
  group: "sessions",
  native: {},
  ...more,
});

export const never: AbortSignal = new AbortController().signal;

export const record = (sequence: number, body: string | Uint8Array, key = "k"): KinesisRecord => ({
  SequenceNumber: String(sequence),
  Data: typeof body === "string" ? Buffer.from(body) : body,
  PartitionKey: key,
  ApproximateArrivalTimestamp: new Date(1_000_000 + sequence),
});

/** As the Kinesis Producer Library packs them. */
export function aggregate(...records: readonly (readonly [key: string, data: string])[]): Buffer {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
  const body = Buffer.concat([
    ...records.map(([key]) => field(1, Buffer.from(key))),
    ...records.map(([, data], index) =>
      field(3, Buffer.concat([varint(8), varint(index), field(3, Buffer.from(data))])),
    ),
  ]);
  return sealed(body);
}

/** Magic, protobuf, MD5. */
export const sealed = (body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from("f3899ac2", "hex"), body, createHash("md5").update(body).digest()]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) + 128);
  }
}
