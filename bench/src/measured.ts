/** What one round of one contender gave. Names are metrics: `rate` (messages/s), `cpu` (ms per 1,000 messages), `requests` (per 1,000)... */
export type Sample = Readonly<Record<string, number>>;

/** A contender at work in a process of its own. */
export interface Session {
  round(): Promise<Sample>;
  close(): Promise<void>;
}

export interface WorkOptions {
  readonly quick: boolean;
  /** Where the servers listen, by name. */
  readonly servers: Readonly<Record<string, string>>;
  /** Why there is none, by name. */
  readonly missing?: Readonly<Record<string, string>>;
}

export type Work = (options: WorkOptions) => Promise<Session>;

/** Messages a second, and CPU time of this process for a thousand of them. */
export async function timed(messages: number, run: () => Promise<unknown>): Promise<Sample> {
  const cpu = process.cpuUsage();
  const from = performance.now();
  await run();
  const seconds = (performance.now() - from) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { rate: messages / seconds, cpu: (user + system) / messages };
}

/** Runs for a while and counts: for work whose pace is its handlers'. */
export async function counted(ms: number, count: () => number): Promise<Sample> {
  const before = count();
  const cpu = process.cpuUsage();
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const seconds = (performance.now() - from) / 1_000;
  const messages = count() - before;
  const { user, system } = process.cpuUsage(cpu);
  return { rate: messages / seconds, cpu: (user + system) / Math.max(messages, 1) };
}

/** Resolves once `reached` is called `count` times; for one round after another. */
export class Countdown {
  #left = 0;
  #resolve: () => void = () => {};

  until(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  readonly reached = (): void => {
    if (--this.#left === 0) this.#resolve();
  };
}
