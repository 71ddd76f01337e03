/** The brokers of the demo: what is there is taken, else an emulator or a node of our own is started, else it is said what is missing. */
import { startAws } from "../test/support/aws-emulator.ts";
import { startDynamoDb } from "../test/support/dynamodb-emulator.ts";
import { startKinesis } from "../test/support/kinesis-emulator.ts";
import { type Rabbit, skipped, startRabbit } from "../test/support/rabbit.ts";

export interface Started extends AsyncDisposable {
  /** What it is, for people. */
  readonly what: string;
  /** Set while the application runs. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Unavailable {
  /** What would have to be installed. */
  readonly missing: string;
}

const nothing = async () => {};
const given = new Set(Object.keys(process.env)); // before an emulator lends credentials of its own

export const startMemory = async (): Promise<Started> => ({
  what: "a broker inside this process",
  env: {},
  [Symbol.asyncDispose]: nothing,
});

let rabbit: Promise<Rabbit> | undefined;

/** That of `AMQP_URL`, or a private node, installed first where that can be done; one for the whole demo. */
export async function startRabbitMq(): Promise<Started | Unavailable> {
  if (skipped) return { missing: "SWITCHYARD_SKIP says so" };
  try {
    rabbit ??= startRabbit();
    const { what, url } = await rabbit;
    return { what, env: { AMQP_URL: url }, [Symbol.asyncDispose]: nothing };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

export async function stopRabbitMq(): Promise<void> {
  await (await rabbit?.catch(() => undefined))?.close();
}

/** SQS and SNS: what the standard environment points at; an emulator in this process where it points at nothing. */
export async function startQueues(): Promise<Started> {
  const credentials = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"].some((name) =>
    given.has(name),
  );
  if (credentials) process.env["SWITCHYARD_AWS"] ??= "real";
  const aws = await startAws();
  const real = aws.endpoint === undefined;
  const what = aws.emulator
    ? `the SQS emulator fauxqs in this process, at ${aws.endpoint}`
    : `SQS ${real ? "of the account in the environment" : `at ${aws.endpoint}, from the environment`}, region ${aws.region}`;
  return { what, env: aws.env, [Symbol.asyncDispose]: () => aws.close() };
}

/** Emulators of the three services a stream on AWS needs. */
export async function startStreams(): Promise<Started> {
  const [sqs, kinesis, dynamodb] = await Promise.all([startAws(), startKinesis(), startDynamoDb()]);
  const { AWS_ENDPOINT_URL: queues = "", ...rest } = sqs.env;
  return {
    what: "the emulators kinesis-local, dynalite and fauxqs in this process",
    env: { ...rest, ...kinesis.env, ...dynamodb.env, AWS_ENDPOINT_URL_SQS: queues, POLL: "20ms" },
    [Symbol.asyncDispose]: async () => void (await Promise.all([sqs.close(), kinesis.close(), dynamodb.close()])),
  };
}

export async function withEnvironment<T>(added: Readonly<Record<string, string>>, run: () => Promise<T>): Promise<T> {
  const before = Object.fromEntries(Object.keys(added).map((name) => [name, process.env[name]]));
  Object.assign(process.env, added);
  try {
    return await run();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
export const notRun = (name: string, { missing }: Unavailable): string =>
  `${name}: NOT RUN, it cannot be started here: ${missing}`;
