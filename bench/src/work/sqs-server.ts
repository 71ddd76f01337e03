import { CreateQueueCommand, SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import type { WorkOptions } from "../measured.ts";

/** The null server, and what the bench asks of it beside SQS's protocol. */
export class NullSqs {
  readonly url: string;

  constructor(options: WorkOptions) {
    this.url = options.servers["null-sqs"] as string;
  }

  queue(name: string): string {
    return `${this.url}/000000000000/${name}`;
  }

  async give(queue: string, count: number): Promise<void> {
    await fetch(`${this.url}/give?queue=${queue}&count=${count}`);
  }

  async clear(queue: string): Promise<void> {
    await fetch(`${this.url}/clear?queue=${queue}`);
  }

  /** Requests since the last call, by action. */
  async counts(): Promise<Record<string, number>> {
    return (await (await fetch(`${this.url}/counts`)).json()) as Record<string, number>;
  }
}

/** The SDK's client without its checksums, which only cost: each peer is given this one. */
export function client(endpoint: string): SQSClient {
  return new SQSClient({
    endpoint,
    region: "us-east-1",
    md5: false,
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: 200 } },
  } as SQSClientConfig);
}

export async function createQueue(endpoint: string, name: string): Promise<string> {
  const sqs = client(endpoint);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  sqs.destroy();
  return QueueUrl as string;
}

export const total = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, each) => sum + each, 0);
