/**
 * Refuses pairs of settings that contradict each other, with both values and the place to change. If one setting silently won, the
 * mistake would be found only in production. Limits of a transport are reported by its `nativeProblems`.
 */
import type { GroupInput, RetryInput } from "../../api/config-input.ts";
import { parseByteSize } from "../../api/byte-size.ts";
import { formatDuration, parseDuration } from "../../api/duration.ts";
import { retentionProblem } from "../../plan/backoff.ts";
import type { RetryRule } from "../../plan/plan.ts";
import type { Section } from "../layers/section.ts";
import { later } from "./resolve-context.ts";
import type { Resolving } from "./locate.ts";
import type { NamedPolicy } from "./policies.ts";

/** A setting and its value. `where` is the place that sets it, or undefined for a default. */
interface Setting {
  readonly key: string;
  readonly text: string;
  readonly where: string | undefined;
}

const value = ({ key, text, where }: Setting): string =>
  `${key} is ${text}${where === undefined ? " (the default)" : ""}`;

/** Reports that two settings contradict each other, at the place of the one that was set later. */
function refuse(resolving: Resolving, first: Setting, second: Setting, why: string): void {
  const where = first.where === undefined ? second.where! : second.where === undefined ? first.where : undefined;
  const place = where ?? later(first.where!, second.where!);
  resolving.context.problems.add(place, `${value(first)} and ${value(second)}: ${why}`);
}

/** Checks a group: how many messages it holds at once, and where its dead letters go. */
export function checkGroup(resolving: Resolving, group: string, input: GroupInput, named: NamedPolicy): void {
  const { section, shape, input: channel } = resolving;
  const at = (...keys: readonly string[]) => section.where("groups", group, ...keys);
  const count = (keys: readonly string[], number: number | undefined): Setting | undefined =>
    number === undefined ? undefined : { key: keys.join("."), text: String(number), where: at(...keys) };
  const { concurrency, maxInFlight, maxInFlightBytes, batch = {} } = input;
  const inFlight = count(["maxInFlight"], maxInFlight);
  const size = count(["batch", "size"], batch.size);
  if (concurrency !== undefined && maxInFlight !== undefined && concurrency > maxInFlight) {
    const why = "that many handlers could never run at once; raise maxInFlight, or lower concurrency";
    refuse(resolving, inFlight!, count(["concurrency"], concurrency)!, why);
  }
  if (batch.size !== undefined && maxInFlight !== undefined && batch.size > maxInFlight)
    refuse(resolving, inFlight!, size!, "a batch could never be full; raise maxInFlight, or lower batch.size");
  if (batch.size !== undefined && batch.perKey !== undefined && batch.perKey > batch.size) {
    const perKey = count(["batch", "perKey"], batch.perKey)!;
    refuse(resolving, perKey, size!, "a batch never holds more than its size; lower batch.perKey, or leave it out");
  }
  const { messageBytes } = shape.needs;
  if (messageBytes !== undefined && maxInFlightBytes !== undefined && parseByteSize(maxInFlightBytes)! < messageBytes) {
    const why = `the channel needs messages of ${messageBytes} bytes (messageBytes in its code)`;
    resolving.context.problems.add(
      at("maxInFlightBytes"),
      `maxInFlightBytes is ${maxInFlightBytes}, but ${why}; raise maxInFlightBytes`,
    );
  }
  checkDeadLetterAddress(resolving, at("deadLetterAddress"), input, named);
  const retentionMs = parseDuration(channel.retention);
  if (retentionMs !== undefined) {
    const problem = retentionProblem(named.policy, retentionMs);
    const where = later(section.where("retention"), named.section.where("retry"));
    if (problem !== undefined) resolving.context.problems.add(where, problem);
  }
}

function checkDeadLetterAddress(
  { context }: Resolving,
  where: string,
  { deadLetterAddress }: GroupInput,
  { policy, channel, section }: NamedPolicy,
): void {
  if (deadLetterAddress === undefined) return;
  const setting =
    channel === undefined
      ? policy.exhausted === "block" || policy.exhausted === "skip"
        ? `deadLetter: ${policy.exhausted}`
        : undefined
      : `deadLetter: { channel: ${channel} }`;
  if (setting === undefined) return;
  const why = `the policy says ${setting}, so no message would ever reach this queue`;
  context.problems.add(
    later(where, section.where("deadLetter")),
    `${why}; leave out deadLetterAddress, or change the policy`,
  );
}

/** Checks a channel: how many bytes its publishers may have waiting. */
export function checkPublish({ context, section, shape, input }: Resolving): void {
  const { messageBytes } = shape.needs;
  const { maxPendingBytes } = input.publish ?? {};
  if (messageBytes === undefined || maxPendingBytes === undefined || parseByteSize(maxPendingBytes)! >= messageBytes)
    return;
  const why = `the channel needs messages of ${messageBytes} bytes (messageBytes in its code)`;
  context.problems.add(
    section.where("publish", "maxPendingBytes"),
    `maxPendingBytes is ${maxPendingBytes}, but ${why}; raise maxPendingBytes`,
  );
}

/** Checks a policy: the first wait of each rule must not be longer than its longest. */
export function checkWaits(resolving: Resolving, { policy, section }: NamedPolicy): void {
  const retry = (section.value as { readonly retry?: RetryInput }).retry ?? {};
  checkRule(resolving, section, ["retry"], [retry], policy.retry);
  for (const [name, own] of Object.entries(policy.errors)) {
    const inputs = (section.value as { retry?: { errors?: Record<string, RetryInput | string> } }).retry?.errors;
    const input = inputs?.[name];
    if (typeof own !== "object" || typeof input !== "object") continue;
    if (own.firstMs === undefined && own.maxMs === undefined) continue;
    checkRule(resolving, section, ["retry", "errors", name], [input, retry], { ...policy.retry, ...own });
  }
}

/** `inputs`: the rule as written, then the rule that it inherits from. */
function checkRule(
  resolving: Resolving,
  section: Section,
  path: readonly string[],
  inputs: readonly RetryInput[],
  { attempts, firstMs, maxMs }: RetryRule,
): void {
  if (attempts < 2 || firstMs <= maxMs) return;
  const said = (key: "first" | "max", ms: number): Setting => {
    const found = inputs.findIndex((input) => input[key] !== undefined);
    const at = found === 0 ? [...path, key] : ["retry", key];
    return {
      key,
      text: String(formatDuration(ms)),
      where: found < 0 ? undefined : section.where(...at),
    };
  };
  const why = "the first wait would be cut to max; raise max, or lower first";
  refuse(resolving, said("first", firstMs), said("max", maxMs), why);
}
