import type { Messaging } from "@switchyard/core";
import { fileURLToPath } from "node:url";
import type { uploads } from "./channels.ts";
import { encoder } from "./encoder.ts";
import type { Ledger } from "./ledger.ts";
import { Threads } from "./threads.ts";
import type { EncodeJob } from "./transcode.ts";

export const CONFIG = fileURLToPath(new URL("../switchyard.config.yaml", import.meta.url));

export interface FleetOptions {
  connect(): Promise<Messaging<typeof uploads>>;
  /** Where the encoders put what they make. */
  readonly folder: string;
  readonly ledger: Ledger;
  /** The encoder that is handed the so-many-th upload dies over it, as by a segmentation fault. */
  readonly crashAt?: number | undefined;
}

interface Member {
  readonly messaging: Messaging<typeof uploads>;
  readonly threads: Threads;
}

/** Encoders that join and leave. Each is what one service process would be: its own connection, its own thread to encode on. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #members: Member[] = [];
  #most = 0;
  #handed = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#members.length;
  }

  /** The most there ever were. */
  get most(): number {
    return this.#most;
  }

  async join(): Promise<void> {
    const { connect, folder, ledger, crashAt } = this.#options;
    const messaging = await connect();
    const threads = new Threads(1);
    this.#members.push({ messaging, threads });
    this.#most = Math.max(this.#most, this.size);
    const encode = (job: EncodeJob) => {
      const encoded = threads.encode(folder, job);
      if (++this.#handed === crashAt) threads.crash();
      return encoded;
    };
    messaging.consume(encoder({ encode, ledger }));
    await messaging.start();
  }

  /** The last to come stops as a deployment would stop it: running videos are finished, fetched ones handed back. */
  async leave(): Promise<void> {
    await Promise.all(this.#members.splice(-1).map(stop));
  }

  async disband(): Promise<void> {
    await Promise.all(this.#members.splice(0).map(stop));
  }
}

async function stop({ messaging, threads }: Member): Promise<void> {
  await messaging.stop();
  await threads.close();
}
