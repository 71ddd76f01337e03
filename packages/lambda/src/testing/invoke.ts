import { formatDuration, MessagingError, parseDuration } from "@switchyard/core/driver-kit";
import { systemRuntime } from "@switchyard/core";
import type { Verdict } from "@switchyard/core/push";
import type { Answer } from "../answer.ts";
import type { LambdaContext } from "../event.ts";
import { type Connected, connections, type LambdaHandler, results } from "../handler.ts";
import type { Batch } from "./batch.ts";
import { queueRecord, streamRecord } from "./records.ts";
import { onTheWire } from "./wire.ts";

type Duration = string | number;

/** The options of {@link invoke}. */
export interface InvokeOptions {
  /** The time of the invocation. Default: the group's `native.lambda.timeout`, else 30s. */
  readonly timeout?: Duration;
}

/** What an invocation came to. */
export interface Invocation {
  /** One for each message, in order. Empty if the function failed before it began any. */
  readonly verdicts: readonly Verdict[];
  /** What the function answered. Absent if it failed. */
  readonly answer?: Answer;
  /** What the function failed with. */
  readonly error?: unknown;
  /** The event, as Lambda would give it. */
  readonly event: { readonly Records: readonly object[] };
}

const TIMEOUT_MS = 30_000;
const ACCOUNT = "123456789012";
const REGION = "eu-west-1";
const SHARD = "shardId-000000000000";

/**
 * Invokes a handler made by `lambda()` once, in this process, with an event made of typed messages.
 *
 * With channels on a connection of `memory` nothing leaves the process: dead letters and what handlers publish are on the memory broker.
 * With other connections the handler calls the broker as on Lambda.
 *
 * @throws MessagingError `not-a-handler`, `unknown-source`; what `publish()` throws for a message that is not valid.
 */
export async function invoke(handler: LambdaHandler, batch: Batch, options: InvokeOptions = {}): Promise<Invocation> {
  const connect = connections.get(handler);
  if (connect === undefined)
    throw new MessagingError("not-a-handler", "invoke() takes a handler that lambda() made", { kind: "config" });
  const source = find(await connect(), batch);
  const event = { Records: await recordsOf(batch, source) };
  const timeoutMs =
    options.timeout === undefined ? (source.settings.timeoutMs ?? TIMEOUT_MS) : parseDuration(options.timeout);
  if (timeoutMs === undefined)
    throw new MessagingError("bad-option", `invoke({ timeout }): a duration such as ${formatDuration(TIMEOUT_MS)}`, {
      kind: "config",
    });
  const context = contextOf(timeoutMs);
  try {
    const answer = await handler(event, context);
    return { verdicts: results.get(context)?.verdicts ?? [], answer, event };
  } catch (error) {
    return { verdicts: results.get(context)?.verdicts ?? [], error, event };
  }
}

function find({ sources }: Connected, { channel, options }: Batch): Connected["sources"][number] {
  const { name } = channel as unknown as { readonly name: string };
  const its = sources.filter(({ group: { context } }) => context.channel.channel === name);
  const found = its.filter(
    ({ group: { context } }) => options.group === undefined || context.plan.group === options.group,
  );
  if (found.length === 1) return found[0]!;
  const groups = its.map(({ group: { context } }) => context.plan.group).join(", ");
  const text =
    found.length === 0
      ? `no consumer of this function reads "${name}"`
      : `this function has several groups of "${name}" (${groups}); name one: { group }`;
  throw new MessagingError("unknown-source", text, { kind: "config" });
}

async function recordsOf(batch: Batch, { group }: Connected["sources"][number]): Promise<readonly object[]> {
  const messages = await onTheWire(batch);
  const at = systemRuntime.now();
  const arn = arnOf(batch, group);
  const { shard = SHARD } = batch.options;
  return messages.map((message, index) => {
    const { receives = 1 } = batch.items[index]?.[2] ?? {};
    const options = { arn, at, receives };
    // Kinesis: sequence numbers of a shard rise.
    if (batch.from === "stream") return streamRecord(`${at}${String(index).padStart(6, "0")}`, shard, message, options);
    const { id } = JSON.parse(message.headers["ce"] ?? "{}") as { id?: string };
    return queueRecord(id ?? systemRuntime.uuid(), message, group.context.plan.from.ordered, options, systemRuntime);
  });
}

function arnOf({ from }: Batch, { address, options }: Connected["sources"][number]["group"]): string {
  if (address.startsWith("arn:")) return address;
  const url = /^https?:\/\/sqs\.([a-z0-9-]+)\.[^/]+\/(\d{12})\/(.+)$/.exec(address);
  if (url !== null) return `arn:aws:sqs:${url[1]}:${url[2]}:${url[3]}`;
  const region = (options as { readonly region?: string }).region ?? REGION;
  return from === "queue"
    ? `arn:aws:sqs:${region}:${ACCOUNT}:${address}`
    : `arn:aws:kinesis:${region}:${ACCOUNT}:stream/${address}`;
}

function contextOf(timeoutMs: number): LambdaContext {
  const endAt = systemRuntime.monotonic() + timeoutMs;
  return {
    awsRequestId: systemRuntime.uuid(),
    getRemainingTimeInMillis: () => Math.max(endAt - systemRuntime.monotonic(), 0),
  };
}
