/** The brokers of chaos runs: RabbitMQ on a node of its own, AWS on emulators, PostgreSQL; and the wire from a process to each. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Aws, startAws } from "../aws-emulator.ts";
import { type Entry, startFaultProxy } from "../fault-proxy.ts";
import { type Kinesis, startKinesis } from "../kinesis-emulator.ts";
import { kinesisHarness } from "../kinesis-harness.ts";
import { type Rabbit, startNode } from "../rabbit.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { type Postgres, startPostgres } from "../../../packages/leases/src/fixtures/postgres.ts";
import { makeLeases } from "./books.ts";
import type { Transport } from "./transports.ts";

/** How the broker answers, where it can be made to. `fail-entries`: every other entry of a batch. */
export type Answers = "lose-replies" | "throttle" | "server-errors" | "fail-entries";

/** From one process to its broker. */
export interface Wire extends Pick<TcpProxy, "cut" | "blackHole" | "delay"> {
  readonly url: string;
  /** How many connections are open. */
  open(): number;
  /** From now on. Undefined: as it is. */
  answer(how: Answers | undefined): void;
  close(): Promise<void>;
}

export interface Broker {
  /** What it is, for people. */
  readonly what: string;
  /** Past all wires. */
  readonly url: string;
  readonly kinesisUrl?: string;
  /** What a process needs beside its own environment. */
  readonly env: Readonly<Record<string, string>>;
  wire(): Promise<Wire>;
  stop?(): Promise<void>;
  start?(): Promise<void>;
  /** Splits or merges shards of a stream; alternates. */
  reshard?(base: string): Promise<void>;
  /** Connections that it still has, as far as it tells. */
  connections(): Promise<number>;
}

/** Started when they are first needed, and shared by the runs of this process. */
export class Brokers {
  readonly #started = new Map<string, Promise<{ close(): Promise<void> }>>();

  #once<T extends { close(): Promise<void> }>(name: string, start: () => Promise<T>): Promise<T> {
    const started = this.#started.get(name) ?? start();
    this.#started.set(name, started);
    return started as Promise<T>;
  }

  postgres(): Promise<Postgres> {
    return this.#once("postgres", async () => {
      const postgres = await startPostgres();
      await makeLeases(postgres.pool);
      return { ...postgres, close: () => postgres.stop() };
    });
  }

  /** `rabbit`: a node that is there, which is neither restarted nor stopped. */
  async of(transport: Transport, rabbit?: Rabbit): Promise<Broker> {
    if (transport === "rabbit") return rabbitBroker(rabbit ?? (await this.#once("rabbit", startNode)));
    const aws = await this.#once("aws", startAws);
    return awsBroker(aws, transport === "kinesis" ? await this.#once("kinesis", startKinesis) : undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#started.values()].map(async (one) => (await one).close()));
  }
}

function rabbitBroker(rabbit: Rabbit): Broker {
  const port = Number(new URL(rabbit.url).port);
  return {
    what: rabbit.what,
    url: rabbit.url,
    env: {},
    wire: async () => {
      const proxy = await startTcpProxy(port);
      return {
        ...methods(proxy),
        url: `amqp://guest:guest@127.0.0.1:${proxy.port}`,
        answer: (how) => proxy.loseReplies(how === "lose-replies"),
        close: () => proxy.close(),
      };
    },
    stop: async () => void (await rabbit.ctl("stop_app")),
    start: async () => void (await rabbit.ctl("start_app")),
    connections: async () => {
      if (!rabbit.own) return 0;
      const list = await rabbit.ctl("list_connections", "-q", "pid");
      return list.split("\n").filter((line) => line.startsWith("<")).length;
    },
  };
}

/** `kinesis`: the stream is there, and SQS has its dead letters. */
function awsBroker(aws: Aws, kinesis: Kinesis | undefined): Broker {
  const wires = new Set<Wire>();
  /** By stream: how often it was done. */
  const reshards = new Map<string, number>();
  return {
    what: kinesis === undefined ? aws.what : `${kinesis.what}, ${aws.what}`,
    url: aws.endpoint!,
    ...(kinesis === undefined ? {} : { kinesisUrl: kinesis.endpoint! }),
    env: { ...aws.env, ...kinesis?.env },
    wire: async () => {
      const http = await startFaultProxy(aws.endpoint!, kinesis?.endpoint);
      const proxy = await startTcpProxy(Number(new URL(http.endpoint).port));
      const wire: Wire = {
        ...methods(proxy),
        url: `http://127.0.0.1:${proxy.port}`,
        answer: (how) => {
          http.heal();
          if (how === "lose-replies") http.fault(/./, { kind: "lose-reply" });
          if (how === "throttle") http.fault(/./, { kind: "throttle" });
          if (how === "server-errors") http.fault(/./, { kind: "error" });
          if (how === "fail-entries")
            http.fault(/Batch$|^PutRecords$/, { kind: "fail-entries", ...REFUSED, match: everyOther() });
        },
        close: async () => {
          wires.delete(wire);
          await proxy.close();
          await http.close();
        },
      };
      wires.add(wire);
      return wire;
    },
    ...(kinesis === undefined
      ? {}
      : {
          reshard: async (base: string) => {
            const { native } = kinesisHarness({ kinesis, sqs: aws }, false);
            const count = reshards.get(base) ?? 0;
            reshards.set(base, count + 1);
            const change = count % 2 === 0 ? native!.split! : native!.merge!;
            // The emulator is busy, too: it hangs up now and then.
            for (let tries = 1; ; tries++) {
              try {
                return await change({ base } as never);
              } catch (error) {
                if (tries === 10) throw error;
                await sleep(500);
              }
            }
          },
        }),
    connections: async () => [...wires].reduce((sum, wire) => sum + wire.open(), 0),
  };
}

/** SQS, SNS and Kinesis say this of an entry when something of their own fails. */
const REFUSED = { code: "InternalFailure", senderFault: false } as const;

function everyOther(): (entry: Entry) => boolean {
  let count = 0;
  return () => count++ % 2 === 0;
}

const methods = (proxy: TcpProxy): Omit<Wire, "url" | "answer" | "close"> => ({
  cut: () => proxy.cut(),
  blackHole: (on) => proxy.blackHole(on),
  delay: (ms) => proxy.delay(ms),
  open: () => proxy.open,
});
