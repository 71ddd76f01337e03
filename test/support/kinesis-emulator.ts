/**
 * Kinesis for tests: kinesis-local in a thread of this process behind a port of its own, or whatever the standard environment
 * names (`AWS_ENDPOINT_URL_KINESIS`, `AWS_ENDPOINT_URL`, or `SWITCHYARD_AWS=real`).
 *
 * In front of it stands a small server, because the emulator breaks HTTP/2 from Node's client, which SubscribeToShard needs:
 * it takes HTTP/1.1 and HTTP/2 without TLS on one port, and hands both on as HTTP/1.1.
 */
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { once } from "node:events";
import { request, createServer as createHttp1, type IncomingHttpHeaders } from "node:http";
import {
  createServer as createHttp2,
  type IncomingHttpHeaders as IncomingHttp2Headers,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { needCredentials, outsideAws, type Place } from "./aws-place.ts";

export interface Kinesis {
  /** Undefined: the region's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** Made here, with the emulator's known faults. False: given by the environment. */
  readonly emulator: boolean;
  /** AWS itself, with its scale and its waits; false for every emulator. */
  readonly real: boolean;
  /** What it is, for people. */
  readonly what: string;
  /** What a child process needs beside its own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The options of a connection to it. */
  readonly connection: { readonly region: string; readonly endpoint?: string };
  /** A plain client of the SDK, for what a test does past our own code. */
  readonly client: KinesisClient;
  close(): Promise<void>;
}

export async function startKinesis(): Promise<Kinesis> {
  const given = outsideAws("kinesis");
  const region = process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  if (given !== undefined) return outside(given, region);

  const worker = await startWorker(region);
  const front = await startFront(worker.port);
  const endpoint = `http://127.0.0.1:${front.port}`;
  const credentials = { AWS_ACCESS_KEY_ID: "emulator", AWS_SECRET_ACCESS_KEY: "emulator" };
  const restore = borrowEnvironment(credentials);
  const client = plainClient(region, endpoint);
  return {
    endpoint,
    region,
    emulator: true,
    real: false,
    what: "kinesis-local in this process",
    env: { ...credentials, AWS_REGION: region, AWS_ENDPOINT_URL_KINESIS: endpoint },
    connection: { region, endpoint },
    client,
    close: async () => {
      client.destroy();
      restore();
      await front.close();
      await worker.close();
    },
  };
}

/** HTTP/1.1, which AWS and every emulator take; the SDK's own choice for Kinesis is HTTP/2 alone. */
function plainClient(region: string, endpoint: string | undefined): KinesisClient {
  const requestHandler = new NodeHttpHandler();
  return new KinesisClient({ region, ...(endpoint === undefined ? {} : { endpoint }), maxAttempts: 3, requestHandler });
}

async function outside(place: Place, region: string): Promise<Kinesis> {
  const { endpoint, real, what } = place;
  const client = plainClient(region, endpoint);
  await needCredentials(client, place);
  return {
    endpoint,
    region,
    emulator: false,
    real,
    what,
    env: {},
    connection: { region, ...(endpoint === undefined ? {} : { endpoint }) },
    client,
    close: async () => client.destroy(),
  };
}

/** The emulator in a thread, told to be quick; it would listen on every interface, so its `listen` is rewritten first. */
async function startWorker(region: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const main = fileURLToPath(import.meta.resolve("kinesis-local"));
  const quick = Object.fromEntries(
    [
      "CREATE_STREAM",
      "DELETE_STREAM",
      "REGISTER_STREAM_CONSUMER",
      "START_STREAM_ENCRYPTION",
      "STOP_STREAM_ENCRYPTION",
      "DEREGISTER_STREAM_CONSUMER",
      "MERGE_SHARDS",
      "SPLIT_SHARD",
      "UPDATE_SHARD_COUNT",
      "UPDATE_STREAM_MODE",
    ].map((what) => [`${what}_DURATION`, "50ms"]),
  );
  const worker = new Worker(
    `
    const { parentPort, workerData } = require("node:worker_threads");
    const net = require("node:net");
    const listen = net.Server.prototype.listen;
    net.Server.prototype.listen = function (first, ...rest) {
      const wanted = typeof first === "object" && first !== null ? first.port : Number(first);
      const callback = rest.find((each) => typeof each === "function");
      if (callback) this.once("listening", callback);
      this.once("listening", () => parentPort.postMessage({ wanted, port: this.address().port }));
      return listen.call(this, { host: "127.0.0.1", port: 0 });
    };
    require(workerData);
    `,
    {
      eval: true,
      workerData: main,
      stdout: true,
      stderr: true,
      env: {
        ...process.env,
        ...quick,
        KINESIS_MOCK_CERT_PATH: join(dirname(main), "server.json"),
        KINESIS_MOCK_TLS_PORT: "4567",
        KINESIS_MOCK_PLAIN_PORT: "4568",
        SHARD_LIMIT: "10000",
        ON_DEMAND_STREAM_COUNT_LIMIT: "10000",
        LOG_LEVEL: "ERROR",
        LOAD_DATA_IF_EXISTS: "false",
        AWS_REGION: region,
      },
    },
  );
  let said = "";
  for (const stream of [worker.stdout, worker.stderr])
    stream.on("data", (chunk) => (said = (said + chunk).slice(-4_000)));
  const port = await new Promise<number>((resolve, reject) => {
    worker.on("message", ({ wanted, port }: { wanted: number; port: number }) => {
      if (wanted === 4568) resolve(port);
    });
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`kinesis-local ended with ${code}: ${said}`)));
  });
  worker.on("error", () => {});
  return {
    port,
    close: async () => {
      await worker.terminate();
    },
  };
}

/** "PRI * HTTP/2.0": how a client says that it will speak HTTP/2. */
const PREFACE = "PRI";

async function startFront(target: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const hop = (
    headers: IncomingHttpHeaders,
    method: string,
    path: string,
    body: NodeJS.ReadableStream,
    answer: (status: number, headers: IncomingHttpHeaders, body: NodeJS.ReadableStream) => void,
    fail: () => void,
  ): { destroy(): void } => {
    const forward = request(
      {
        host: "127.0.0.1",
        port: target,
        method,
        path,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.test(name))),
      },
      (response) => answer(response.statusCode ?? 502, response.headers, response),
    );
    forward.on("error", fail);
    body.pipe(forward);
    return forward;
  };
  const http1 = createHttp1((from, to) => {
    const forward = hop(
      from.headers,
      from.method ?? "POST",
      from.url ?? "/",
      from,
      (status, headers, body) => {
        to.writeHead(status, headers);
        body.pipe(to);
      },
      () => to.destroy(),
    );
    to.on("close", () => forward.destroy());
  });
  const http2 = createHttp2();
  // A subscription of the same consumer and shard, five seconds old, gives way to the next: so does AWS, the emulator does not.
  const subscribed = new Map<string, { readonly since: number; readonly stream: ServerHttp2Stream }>();
  http2.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    void forward2(stream, headers);
  });
  async function forward2(stream: ServerHttp2Stream, headers: IncomingHttp2Headers): Promise<void> {
    const target = String(headers["x-amz-target"] ?? "");
    let body: NodeJS.ReadableStream = stream;
    if (target.endsWith(".SubscribeToShard")) {
      const bytes = Buffer.concat(await stream.toArray().catch(() => []));
      const { ConsumerARN, ShardId } = JSON.parse(bytes.toString() || "{}") as Record<string, string>;
      const key = `${ConsumerARN} ${ShardId}`;
      const earlier = subscribed.get(key);
      const young = earlier !== undefined && !earlier.stream.closed && performance.now() - earlier.since < 5_000;
      if (!young) {
        if (earlier !== undefined) await ended(earlier.stream);
        subscribed.set(key, { since: performance.now(), stream });
      }
      body = Readable.from([bytes]);
    }
    const forward = hop(
      headers as IncomingHttpHeaders,
      headers[":method"] ?? "POST",
      headers[":path"] ?? "/",
      body,
      (status, answered, body) => {
        if (stream.destroyed) return;
        const kept = Object.entries(answered).filter(([name]) => !HOP.test(name));
        stream.respond({ ":status": status, ...Object.fromEntries(kept) });
        body.pipe(stream);
        body.on("error", () => stream.destroy());
      },
      () => stream.destroy(),
    );
    stream.on("close", () => forward.destroy());
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    socket.once("readable", () => {
      const first: Buffer | null = socket.read();
      if (first === null) return void socket.destroy();
      socket.unshift(first);
      const speaks2 = first.subarray(0, PREFACE.length).toString("latin1") === PREFACE;
      (speaks2 ? http2 : http1).emit("connection", socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function ended(stream: ServerHttp2Stream): Promise<void> {
  if (stream.closed) return;
  stream.close();
  await once(stream, "close");
  // The emulator has to hear of it.
  await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Of one connection, or of HTTP/2 itself. */
const HOP = /^(?::|connection$|keep-alive$|transfer-encoding$|upgrade$|http2-settings$|host$)/;

function borrowEnvironment(values: Readonly<Record<string, string>>): () => void {
  const added = Object.keys(values).filter((key) => process.env[key] === undefined);
  for (const key of added) process.env[key] = values[key]!;
  return () => {
    for (const key of added) delete process.env[key];
  };
}
