/**
 * Two settings that cannot both hold. Each pair is refused with the place to change and both values: a setting that silently
 * wins over another is found in production. What a transport limits by itself, its `nativeProblems` says.
 */
import type { GroupInput, RetryInput } from "../../api/config-input.ts";
import { formatDuration, parseDuration } from "../../api/duration.ts";
import { retentionProblem } from "../../plan/backoff.ts";
import type { RetryRule } from "../../plan/plan.ts";
import type { Section } from "../layers/section.ts";
import { later } from "./resolve-context.ts";
import type { Resolving } from "./locate.ts";
import type { NamedPolicy } from "./policies.ts";

/** A number and its key; `where`: the place it was said, or undefined for a default. */
interface Said {
  readonly key: string;
  readonly text: string;
  readonly where: string | undefined;
}

const value = ({ key, text, where }: Said): string => `${key} is ${text}${where === undefined ? " (the default)" : ""}`;

/** `these` must be at most `those`; reported where the later of the two was said. */
function refuse(resolving: Resolving, these: Said, those: Said, why: string): void {
  const where = these.where === undefined ? those.where! : those.where === undefined ? these.where : undefined;
  const place = where ?? later(these.where!, those.where!);
  resolving.context.problems.add(place, `${value(these)} and ${value(those)}: ${why}`);
}

/** Of one group: how much it holds at once, and where its dead letters go. */
export function checkGroup(resolving: Resolving, group: string, input: GroupInput, named: NamedPolicy): void {
  const { section, shape, input: channel } = resolving;
  const at = (...keys: readonly string[]) => section.where("groups", group, ...keys);
  const count = (keys: readonly string[], number: number | undefined): Said | undefined =>
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
  if (messageBytes !== undefined && maxInFlightBytes !== undefined && maxInFlightBytes < messageBytes) {
    const why = `the channel needs messages of ${messageBytes} bytes (messageBytes in its code)`;
    resolving.context.problems.add(
      at("maxInFlightBytes"),
      `maxInFlightBytes is ${maxInFlightBytes}, and ${why}: one alone is more; raise maxInFlightBytes`,
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
  const what =
    channel === undefined
      ? policy.exhausted === "block" || policy.exhausted === "skip"
        ? `deadLetter: ${policy.exhausted}`
        : undefined
      : `deadLetter: { channel: ${channel} }`;
  if (what === undefined) return;
  const why = `the policy says ${what}, so nothing would ever come to this queue`;
  context.problems.add(later(where, section.where("deadLetter")), `${why}; leave out deadLetterAddress, or change it`);
}

/** Of a channel: how much its publishers may have under way. */
export function checkPublish({ context, section, shape, input }: Resolving): void {
  const { messageBytes } = shape.needs;
  const { maxPendingBytes } = input.publish ?? {};
  if (messageBytes === undefined || maxPendingBytes === undefined || maxPendingBytes >= messageBytes) return;
  const why = `the channel needs messages of ${messageBytes} bytes (messageBytes in its code)`;
  context.problems.add(
    section.where("publish", "maxPendingBytes"),
    `maxPendingBytes is ${maxPendingBytes}, and ${why}: one alone is more; raise maxPendingBytes`,
  );
}

/** Of a policy: every rule's first wait fits under its longest. */
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

/** `inputs`: the rule, then what it starts from. */
function checkRule(
  resolving: Resolving,
  section: Section,
  path: readonly string[],
  inputs: readonly RetryInput[],
  { attempts, firstMs, maxMs }: RetryRule,
): void {
  if (attempts < 2 || firstMs <= maxMs) return;
  const said = (key: "first" | "max", ms: number): Said => {
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
