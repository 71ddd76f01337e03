import type { ApplyOptions } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { AmqpChannel } from "../sdk.ts";
import { mapLimited, type Probe } from "./context.ts";
import { remove } from "./destroy.ts";
import { anyUsed } from "./partitions.ts";
import type { Binding, DesiredExchange, DesiredQueue, Mark } from "./resources.ts";

/** What a plan keeps for `apply`. */
export interface Planned {
  readonly create: readonly (DesiredQueue | DesiredExchange)[];
  /** What differs and can only be deleted and created again. */
  readonly replace: readonly (DesiredQueue | DesiredExchange)[];
  /** Entrances that are deleted and created again, because they lead elsewhere. */
  readonly renew: readonly (DesiredQueue | DesiredExchange)[];
  /** Queues that must not be in use, because their keys get other partitions. */
  readonly unused: readonly string[];
  /** Exchanges that nothing leads to any more. */
  readonly retire: readonly DesiredExchange[];
  readonly bindings: readonly Binding[];
  readonly stale: readonly Mark[];
  /** The marks, which are made last. */
  readonly marks: readonly Mark[];
  /** Partitions that are deleted. */
  readonly surplus: readonly string[];
  /** What a destructive apply does instead, if that is more. */
  readonly destructively?: Planned;
}

/**
 * Creates what the plan found missing. What cannot be changed is deleted and created again, but only if `destructive` is true.
 *
 * The order matters, because publishers may be at work. An exchange gets its bindings before anything leads to it, so no bucket is ever
 * without its partition. A topic is bound to what is new before what is old is deleted: a message may then come twice, and none is lost.
 */
export async function applyPlan(
  planned: Planned,
  probe: Probe,
  { destructive = false, applied }: ApplyOptions = {},
): Promise<void> {
  const { create, replace, renew, unused, retire, bindings, surplus, marks, stale } =
    (destructive ? planned.destructively : undefined) ?? planned;
  if (destructive)
    await mapLimited(
      replace.filter((of) => !isEntrance(of)),
      (of) => probe((channel) => remove(channel, of)),
    );
  const made = destructive ? [...create, ...replace] : create;
  const all = (work: readonly (DesiredQueue | DesiredExchange)[]) =>
    mapLimited(work, async (of) => {
      await probe((channel) => declare(channel, of));
      applied?.(of.name);
    });
  await all(made.filter((of) => of.kind === "exchange" && !isEntrance(of)));
  await all(made.filter(({ kind }) => kind === "queue"));
  await bindAll(
    bindings.filter(({ kind }) => kind === "queue"),
    probe,
  );
  // From here on keys change their partitions.
  if (!destructive) await refuseUsed(unused, probe);
  await bindAll(
    bindings.filter(({ kind }) => kind === "exchange"),
    probe,
  );
  await mapLimited(retire, (of) => probe((channel) => remove(channel, of)));
  for (const of of [...(destructive ? replace.filter(isEntrance) : []), ...renew])
    await probe(async (channel) => {
      await remove(channel, of);
      await declare(channel, of);
    });
  await all(create.filter(isEntrance));
  // The mark goes first, because it will no longer be true.
  for (const mark of stale) {
    await probe((channel) => remove(channel, mark));
    await probe((channel) => unbind(channel, mark.bindings));
  }
  await mapLimited(surplus, (name) => probe((channel) => channel.deleteQueue(name)));
  await all(marks);
}

const isEntrance = (of: DesiredQueue | DesiredExchange): boolean => of.kind === "exchange" && of.entrance === true;

async function refuseUsed(unused: readonly string[], probe: Probe): Promise<void> {
  if (unused.length === 0 || !(await anyUsed(unused, probe))) return;
  const text = `one of ${unused.join(", ")} is used since the plan was made, and its keys would lose their order; stop the publishers, let the consumers empty the partitions, stop them, and plan and apply again`;
  throw new MessagingError("partitions-in-use", text, { kind: "config" });
}

async function declare(channel: AmqpChannel, of: DesiredQueue | DesiredExchange): Promise<unknown> {
  return of.kind === "queue"
    ? channel.assertQueue(of.name, { durable: true, arguments: of.arguments })
    : channel.assertExchange(of.name, of.type, { durable: true, arguments: of.arguments });
}

/** The bindings of one call to `probe`. All are made again if it fails, which changes nothing. */
const TOGETHER = 64;

/** An ordered queue has hundreds of bindings, so they are made on several channels. */
async function bindAll(bindings: readonly Binding[], probe: Probe): Promise<void> {
  const parts: (readonly Binding[])[] = [];
  for (let at = 0; at < bindings.length; at += TOGETHER) parts.push(bindings.slice(at, at + TOGETHER));
  await mapLimited(parts, (part) => probe((channel) => bind(channel, part)));
}

async function bind(channel: AmqpChannel, bindings: readonly Binding[]): Promise<void> {
  for (const { kind, from, to, key } of bindings) {
    if (kind === "queue") await channel.bindQueue(to, from, key);
    else await channel.bindExchange(to, from, key);
  }
}

/** Removes a binding. It is not an error if there is none. */
async function unbind(channel: AmqpChannel, bindings: readonly Binding[]): Promise<void> {
  for (const { kind, from, to, key } of bindings) {
    if (kind === "queue") await channel.unbindQueue(to, from, key);
    else await channel.unbindExchange(to, from, key);
  }
}
