/** What tails left at the brokers. */
import { type AnyChannel, type Explanation, isMessagingError, type LeftTail } from "@switchyard/core";
import { failure, type Finding } from "./finding.ts";

/** Looks for what tails left; only looks if `dryRun`. */
export type Sweep = (channel: AnyChannel, options: { readonly dryRun: boolean }) => Promise<readonly LeftTail[]>;

export async function tails(
  sweep: Sweep,
  { channels: explained }: Explanation,
  channels: readonly AnyChannel[],
  remove: boolean,
  now: number,
): Promise<readonly Finding[]> {
  const watched = channels.filter(({ name }) => explained[name]?.model === "pubsub");
  const found = await Promise.all(
    watched.map(async (channel): Promise<readonly Finding[]> => {
      try {
        return (await sweep(channel, { dryRun: !remove })).map((left) => findingOf(channel.name, left, now));
      } catch (error) {
        // What the broker lacks has its own finding.
        if (isMessagingError(error) && error.code.endsWith("-not-found")) return [];
        return [failure("tails", error)];
      }
    }),
  );
  return found.flat();
}

function findingOf(channel: string, { name, expiresAt, removed }: LeftTail, now: number): Finding {
  if (removed)
    return { check: "tails", status: "ok", text: `${channel}: ${name} was left by a killed tail and is removed` };
  if (expiresAt !== undefined && expiresAt.getTime() > now)
    return { check: "tails", status: "ok", text: `${channel}: ${name} watches until ${expiresAt.toISOString()}` };
  const text = `${channel}: ${name} was left by a tail that was killed, and gets a copy of every message; remove it with: switchyard doctor --sweep --yes`;
  return { check: "tails", status: "failure", text };
}
