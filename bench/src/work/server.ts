import type { Sample, Session } from "../measured.ts";
import { timed } from "../measured.ts";

/** A null server, and what the bench asks of it beside its own protocol. */
export class NullServer {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async give(queue: string, count: number): Promise<void> {
    await fetch(`${this.#url}/give?queue=${queue}&count=${count}`);
  }

  /** Requests since the last call, by action. */
  async counts(): Promise<Record<string, number>> {
    return (await (await fetch(`${this.#url}/counts`)).json()) as Record<string, number>;
  }
}

/** For a thousand messages. */
export const perThousand = (requests: number, messages: number): Sample => ({
  requests: (requests / messages) * 1_000,
});

/** Rounds of `count` messages sent. Without a null server, requests are not counted. */
export function sends(
  count: number,
  run: (count: number) => Promise<unknown>,
  close: () => unknown,
  server?: NullServer,
): Session {
  return {
    round: async () => {
      await server?.counts();
      const sample = await timed(count, () => run(count));
      if (server === undefined) return sample;
      const all = Object.values(await server.counts()).reduce((sum, each) => sum + each, 0);
      return { ...sample, ...perThousand(all, count) };
    },
    close: async () => void (await close()),
  };
}

/** `run` at most `limit` times at once. */
export async function atOnce(limit: number, count: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, loop));
}

/** What a program must look at that sends in batches: an answer without an error may hold some. */
export function allDone({ Failed = [] }: { readonly Failed?: readonly unknown[] | undefined }): void {
  if (Failed.length > 0) throw new Error(`${Failed.length} of a batch failed`);
}
