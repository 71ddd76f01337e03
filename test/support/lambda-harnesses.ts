/** Lambda as the contract suite sees it: functions in this process behind mappings of SQS, of SNS's queues and of Kinesis. */
import type { Harness } from "@switchyard/contract";
import type { Aws } from "./aws-emulator.ts";
import { sqsHarness } from "./contract-harnesses.ts";
import { kinesisHarness, type Services } from "./kinesis-harness.ts";
import { connectLambda } from "./lambda/lambda-app.ts";
import type { Invoke } from "./lambda/function.ts";
import { QueueMapping } from "./lambda/queue-mapping.ts";
import { StreamMapping } from "./lambda/stream-mapping.ts";
import { snsHarness } from "./sns-harnesses.ts";

function onQueues(harness: Harness, aws: Aws, name: string): Harness {
  return {
    ...harness,
    name,
    // What the emulator does otherwise is not seen behind a mapping.
    exemptions: [],
    // The functions, the mappings and the emulator of sixteen cases share this process.
    limits: { ...harness.limits, caseMs: 180_000 },
    runsOn: "lambda",
    connect: connectLambda((queue, invoke) => {
      const mapping = new QueueMapping({ client: aws.client, queue, invoke, report: true, maximumConcurrency: 3 });
      return { start: () => mapping.start(), stop: () => mapping.end() };
    }),
  };
}

export const lambdaOnSqs = (aws: Aws, ordered: boolean): Harness =>
  onQueues(sqsHarness(aws, ordered), aws, `Lambda on SQS ${ordered ? "FIFO" : "standard"}`);

export const lambdaOnSns = (aws: Aws): Harness => onQueues(snsHarness(aws, false), aws, "Lambda on SNS");

export function lambdaOnKinesis(services: Services): Harness {
  const { client } = services.kinesis;
  const groups = new Map<string, Members>();
  return {
    ...kinesisHarness(services, false),
    name: "Lambda on Kinesis",
    runsOn: "lambda",
    connect: connectLambda((stream, invoke, group) => {
      const id = `${stream} ${group}`;
      const members = groups.get(id) ?? new Members(client, stream);
      groups.set(id, members);
      return { start: () => members.join(invoke), stop: () => members.leave(invoke) };
    }),
  };
}

/** A group has one mapping, whatever sandboxes there are. It goes on where it was when the last of them has left and another comes. */
class Members {
  readonly #client: Services["kinesis"]["client"];
  readonly #stream: string;
  readonly #checkpoints = new Map<string, string>();
  readonly #invokes: Invoke[] = [];
  #mapping: StreamMapping | undefined;
  #turn = 0;

  constructor(client: Services["kinesis"]["client"], stream: string) {
    this.#client = client;
    this.#stream = stream;
  }

  async join(invoke: Invoke): Promise<void> {
    this.#invokes.push(invoke);
    if (this.#mapping !== undefined) return;
    this.#mapping = new StreamMapping({
      client: this.#client,
      stream: this.#stream,
      invoke: (event) => this.#invokes[this.#turn++ % this.#invokes.length]!(event),
      report: true,
      checkpoints: this.#checkpoints,
    });
    await this.#mapping.start();
  }

  async leave(invoke: Invoke): Promise<void> {
    const mapping = this.#mapping;
    if (this.#invokes.length > 1 || mapping === undefined)
      return void this.#invokes.splice(this.#invokes.indexOf(invoke), 1);
    this.#mapping = undefined;
    await mapping.stop();
    this.#invokes.length = 0;
  }
}
