import { CreateStreamCommand, DescribeStreamSummaryCommand, KinesisClient } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { kinesis } from "@switchyard/kinesis";
import type { WorkOptions } from "../measured.ts";
import { NullServer } from "./server.ts";

/** Where the streams are: the null server, or the emulator. */
export interface Kinesis {
  readonly url: string;
  /** Undefined: the emulator, which counts nothing. */
  readonly server: NullServer | undefined;
  /** Of the streams of ours: on the emulator each contender, of whatever row, has its own. */
  readonly prefix: string;
  /** Makes a stream of four shards where there must be one. */
  stream(name: string): Promise<string>;
}

export type Where = (options: WorkOptions) => Kinesis;

export const onNull: Where = ({ servers }) => {
  const url = servers["null-kinesis"] as string;
  return { url, server: new NullServer(url), prefix: "bench", stream: async (name) => name };
};

export const onEmulator: Where = ({ servers }) => {
  const url = servers["emulator-kinesis"] as string;
  return {
    url,
    server: undefined,
    prefix: `bench-${process.pid}`,
    stream: async (name) => {
      const own = client(url);
      await own.send(new CreateStreamCommand({ StreamName: name, ShardCount: 4 }));
      const command = new DescribeStreamSummaryCommand({ StreamName: name });
      while ((await own.send(command)).StreamDescriptionSummary?.StreamStatus !== "ACTIVE")
        await new Promise((resolve) => setTimeout(resolve, 50));
      own.destroy();
      return name;
    },
  };
};

/** The SDK's client over HTTP/1.1 with connections kept: its own handler for HTTP/2 makes a connection for each call. */
export function client(endpoint: string): KinesisClient {
  return new KinesisClient({
    endpoint,
    region: "us-east-1",
    requestHandler: new NodeHttpHandler({ httpAgent: { keepAlive: true, maxSockets: 200 } }),
  });
}

/** Reads as often as it likes, as the raw loop does: on AWS a shard's quota would be what is measured. */
export const connection = (endpoint: string) =>
  kinesis({ region: "us-east-1", endpoint, leases: { store: "memory" }, poll: { every: 0, idle: 5 } });
