/**
 * SQS and SNS for tests: the emulator in this process on a port of its own, or whatever the standard environment names
 * (`AWS_ENDPOINT_URL`, or `SWITCHYARD_AWS=real` for the account the credentials belong to).
 */
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { needCredentials, outsideAws, type Place } from "./aws-place.ts";
import { MoveTasks } from "./move-tasks.ts";
import { correctSns, type Inside } from "./sns-emulator.ts";

export interface Aws {
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
  /** The options of a connection to it, for `sqs`, `sns` and `aws`. */
  readonly connection: { readonly region: string; readonly endpoint?: string };
  /** A plain client of the SDK, for what a test does past our own code. Closed with the rest. */
  readonly client: SQSClient;
  readonly sns: SNSClient;
  /** Every message of a queue of the emulator by state, without receiving any. Undefined: no such queue, or not the emulator. */
  inspect(queue: string): { readonly ready: number; readonly delayed: number; readonly held: number } | undefined;
  /** S3 of the emulator. Absent: not the emulator. */
  readonly s3?: EmulatedS3;
  /** Makes a subscription wait for its confirmation, as one of another account's queue does. Absent: not the emulator. */
  pend?(subscription: string): void;
  close(): Promise<void>;
}

/** The code of an error that is answered to a request line (`PUT /bucket/key`). Undefined: the request is carried out, once this resolves. */
export type S3Answer = (line: string) => string | undefined | Promise<string | undefined>;

export interface EmulatedS3 {
  /** Buckets and objects. */
  readonly store: Stores["s3Store"];
  answer(by: S3Answer): void;
}

/** Credentials for the emulator are put into `process.env` while it runs, unless there are some. */
export async function startAws(): Promise<Aws> {
  const given = outsideAws("sqs");
  const region = process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  if (given !== undefined) return outside(given, region);

  const { inside, ...stores } = await correctedStores();
  // `startFauxqs` would listen on every interface.
  const app = buildApp({ logger: false, defaultRegion: region, stores });
  app.addHook("preHandler", correctSns(inside));
  // fauxqs 2.4.1 has no move tasks.
  const moves = new MoveTasks();
  app.addHook("preHandler", async ({ headers, body }, reply) => {
    const action = String(headers["x-amz-target"]).split(".").at(-1)!;
    if (!action.includes("MessageMoveTask")) return undefined;
    const input: unknown = typeof body === "string" || Buffer.isBuffer(body) ? JSON.parse(String(body)) : body;
    return reply.send(moves.answer(action, input));
  });
  // Its limit is 11 MiB. S3 takes far larger objects.
  const whole = (_request: unknown, body: Buffer, done: (error: null, body: Buffer) => void): void => done(null, body);
  for (const type of ["application/json", "application/octet-stream", "application/jose"])
    app.addContentTypeParser(type, { parseAs: "buffer", bodyLimit: 80 * 2 ** 20 }, whole);
  let answerS3: S3Answer = () => undefined;
  app.addHook("onRequest", async ({ method, url }, reply) => {
    const code = await answerS3(`${method} ${url}`);
    if (code === undefined) return undefined;
    const status = code === "AccessDenied" ? 403 : code === "NoSuchKey" ? 404 : 503;
    return reply.code(status).type("application/xml").send(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
  });
  const endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
  const credentials = { AWS_ACCESS_KEY_ID: "emulator", AWS_SECRET_ACCESS_KEY: "emulator" };
  const restore = borrowEnvironment(credentials);
  const client = new SQSClient({ region, endpoint, maxAttempts: 1 });
  const sns = new SNSClient({ region, endpoint, maxAttempts: 1 });
  return {
    endpoint,
    region,
    emulator: true,
    real: false,
    what: "fauxqs in this process",
    env: { ...credentials, AWS_REGION: region, AWS_ENDPOINT_URL: endpoint },
    connection: { region, endpoint },
    client,
    sns,
    inspect: (queue) => {
      const messages = stores.sqsStore.inspectQueue(queue)?.messages;
      return (
        messages && { ready: messages.ready.length, delayed: messages.delayed.length, held: messages.inflight.length }
      );
    },
    s3: {
      store: stores.s3Store,
      answer: (by) => {
        answerS3 = by;
      },
    },
    pend: (subscription) => {
      stores.snsStore.getSubscription(subscription)!.confirmed = false;
    },
    close: async () => {
      client.destroy();
      sns.destroy();
      restore();
      stores.sqsStore.shutdown();
      await app.close();
    },
  };
}

async function outside(place: Place, region: string): Promise<Aws> {
  const { endpoint, real, what } = place;
  const settings = { region, ...(endpoint === undefined ? {} : { endpoint }), maxAttempts: 1 };
  const client = new SQSClient(settings);
  const sns = new SNSClient(settings);
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
    sns,
    inspect: () => undefined,
    close: async () => {
      client.destroy();
      sns.destroy();
    },
  };
}

function borrowEnvironment(values: Readonly<Record<string, string>>): () => void {
  const added = Object.keys(values).filter((key) => process.env[key] === undefined);
  for (const key of added) process.env[key] = values[key]!;
  return () => {
    for (const key of added) delete process.env[key];
  };
}

type Stores = Required<NonNullable<NonNullable<Parameters<typeof buildApp>[0]>["stores"]>>;

/** Corrections to fauxqs 2.4.1, where it refuses what SQS takes; where it takes what SQS refuses, the cases say so themselves. */
async function correctedStores(): Promise<Stores & { readonly inside: Inside }> {
  const inside = (path: string): Promise<Record<string, any>> =>
    import(import.meta.resolve("fauxqs").replace(/app\.js$/, path));
  const [types, sqs, sns, s3, filter, xml] = await Promise.all([
    inside("sqs/sqsTypes.js"),
    inside("sqs/sqsStore.js"),
    inside("sns/snsStore.js"),
    inside("s3/s3Store.js"),
    inside("sns/filter.js"),
    inside("common/xml.js"),
  ]);
  // Characters above U+FFFF: it looks at halves of surrogate pairs.
  types["INVALID_MESSAGE_BODY_CHAR"].test = (body: string) =>
    /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(body);
  // High-throughput FIFO can be set on a queue that is there.
  for (const name of ["DeduplicationScope", "FifoThroughputLimit"]) types["SETTABLE_ATTRIBUTES"].add(name);
  const stores = { sqsStore: new sqs["SqsStore"](), snsStore: new sns["SnsStore"](), s3Store: new s3["S3Store"]() };
  return {
    ...stores,
    inside: {
      sns: stores.snsStore,
      sqs: stores.sqsStore,
      createMessage: sqs["SqsStore"].createMessage,
      matchesFilterPolicy: filter["matchesFilterPolicy"],
      success: xml["snsSuccessResponse"],
      failure: xml["snsErrorResponse"],
    },
  };
}
