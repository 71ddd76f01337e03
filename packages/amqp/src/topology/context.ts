import type { Destination, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Link } from "../client/link.ts";
import { classify } from "../errors.ts";
import { locate } from "../names.ts";
import { nativeProblems } from "../native.ts";
import type { ResolvedOptions } from "../options.ts";
import type { AmqpChannel } from "../sdk.ts";
import { type Desired, desire } from "./desired.ts";

/** Runs on a channel of its own, because a refusal closes it. */
export type Probe = <T>(work: (channel: AmqpChannel) => Promise<T>) => Promise<T>;

/** How often one call is tried. About four seconds have passed before the last try. */
const MOST_TRIES = 6;
const FIRST_TRY_MS = 50;
const never = new AbortController().signal;

/** How many probes run at once. Each needs a channel. */
const AT_ONCE = 8;

export function proberOn(link: Link, runtime: Runtime, signal: AbortSignal | undefined): Probe {
  return async <T>(work: (channel: AmqpChannel) => Promise<T>) => {
    for (let tries = 1; ; tries++) {
      try {
        return await link.withChannel(signal, (channel) => channel.rpc(work, signal));
      } catch (error) {
        // A broker that restarts or has an error of its own recovers soon, and each of these calls may be made twice.
        const passes = classify(error, "topology").kind === "retryable";
        if (!passes || tries >= MOST_TRIES || signal?.aborted === true) throw error;
        await runtime.sleep(FIRST_TRY_MS * 2 ** tries * (0.5 + runtime.random() / 2), signal ?? never);
      }
    }
  };
}

/** What the destinations need. Throws `invalid-config` if a name or a native setting is not valid. */
export function desiredFor(
  destinations: readonly Destination[],
  options: ResolvedOptions,
  brokerRetry: boolean,
  hashed?: ReadonlySet<string>,
): Desired {
  const problems = destinations.flatMap((of) => {
    const { problem } = locate(of, options);
    return [...(problem === undefined ? [] : [problem]), ...nativeProblems(of)].map((message) => ({
      path: of.name,
      message,
    }));
  });
  if (problems.length === 0) return desire(destinations, options, brokerRetry, hashed);
  throw new MessagingError("invalid-config", problems.map(({ path, message }) => `${path}: ${message}`).join("\n"), {
    kind: "config",
    problems,
  });
}

export async function mapLimited<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(all.length);
  let next = 0;
  const worker = async () => {
    while (next < all.length) {
      const at = next++;
      results[at] = await work(all[at]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, worker));
  return results;
}
