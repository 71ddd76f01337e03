import { type Duration, type Explanation, MessagingError } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";

/** What is scaled, and what it is to reach. */
export interface ScaleInput {
  readonly channel: string;
  readonly group: string;
  /** The Deployment, or the service of ECS. */
  readonly name: string;
  /** How long a handler takes for one message, on average: `messaging.process.duration` has it. */
  readonly handler: Duration;
  /** How old a message may become in a backlog before it is handled. */
  readonly latency: Duration;
  /** The most replicas that your budget and what the handlers call can bear. */
  readonly max: number;
  /** Default 1, at most `max`. With 0, KEDA starts the first. */
  readonly min?: number;
  /** How many partitions or ordering keys are worked on at once. Default: what the configuration says. Needed where order needs one consumer each. */
  readonly parallel?: number;
}

/** A group with its numbers worked out. */
export interface Scale {
  readonly input: ScaleInput;
  readonly transport: string;
  /** The queue or stream at the broker. */
  readonly address: string;
  /** `fifo`, `ordered` or `standard`. */
  readonly form: string;
  readonly model: string;
  /** Handlers that run at once in one replica. */
  readonly concurrency: number;
  /** How many waiting messages one replica works off within the latency. */
  readonly perReplica: number;
  readonly latencySeconds: number;
  readonly min: number;
  /** `max`, or fewer where more would idle. */
  readonly max: number;
  /** Why `max` is fewer, in a sentence. */
  readonly capped?: string;
}

function bad(name: string, text: string): MessagingError {
  return new MessagingError("bad-option", `scaleOf({ ${name} }): ${text}`, { kind: "config" });
}

const whole = (name: string, value: unknown, least: number): number => {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw bad(name, `pass a whole number from ${least}`);
  return value as number;
};

const seconds = (name: string, value: Duration): number => {
  const ms = parseDuration(value);
  if (ms === undefined || ms <= 0) throw bad(name, 'pass a duration, such as "200ms"');
  return ms / 1_000;
};

/**
 * Works out the numbers for a group: from its concurrency, what one replica does within the latency; and the cap, since beyond the number of
 * partitions or keys a replica has nothing to do.
 *
 * @throws MessagingError `bad-option` if the channel, the group or a number is wrong.
 */
export function scaleOf({ channels }: Explanation, input: ScaleInput): Scale {
  const channel = Object.hasOwn(channels, input.channel) ? channels[input.channel] : undefined;
  if (channel === undefined) throw bad("channel", `there is no channel "${input.channel}"`);
  const group = Object.hasOwn(channel.groups, input.group) ? channel.groups[input.group] : undefined;
  if (group === undefined) throw bad("group", `"${input.channel}" has no group "${input.group}"`);
  const latencySeconds = seconds("latency", input.latency);
  const handlerSeconds = seconds("handler", input.handler);
  const asked = whole("max", input.max, 1);
  const min = whole("min", input.min ?? 1, 0);
  if (min > asked) throw bad("min", `pass at most max, which is ${asked}`);
  const ordered = channel.form !== "standard" || channel.model === "stream";
  const parallel = input.parallel ?? channel.partitions;
  if (ordered && parallel === undefined)
    throw bad("parallel", "say how many partitions or ordering keys are worked on at once: more replicas would idle");
  // On a log a partition is one reader's. With keys, a replica works on as many as it has handlers.
  const each = channel.model === "stream" ? 1 : group.concurrency;
  const cap = ordered ? Math.max(1, Math.ceil(whole("parallel", parallel, 1) / each)) : asked;
  const max = Math.max(Math.min(asked, cap), Math.max(min, 1));
  // A partition is read in order: its messages are handled one after another.
  const handlers = channel.model === "stream" && ordered ? 1 : group.concurrency;
  return {
    input,
    transport: channel.transport,
    address: group.address,
    form: channel.form,
    model: channel.model,
    concurrency: group.concurrency,
    perReplica: Math.max(1, Math.floor((latencySeconds / handlerSeconds) * handlers)),
    latencySeconds,
    min,
    max,
    ...(cap < asked && { capped: `${parallel} partitions or keys keep ${cap} replicas busy; more would idle` }),
  };
}
