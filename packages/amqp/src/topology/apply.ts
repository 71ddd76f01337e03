import type { AmqpChannel } from "../sdk.ts";
import { mapLimited, type Probe } from "./context.ts";
import { remove } from "./destroy.ts";
import type { Binding, DesiredExchange, DesiredQueue, Mark } from "./resources.ts";

/** What a plan keeps for `apply`. */
export interface Planned {
  readonly create: readonly (DesiredQueue | DesiredExchange)[];
  /** What differs and can only be deleted and created again. */
  readonly replace: readonly (DesiredQueue | DesiredExchange)[];
  readonly bindings: readonly Binding[];
  readonly stale: readonly Mark[];
  /** The marks, which are made last. */
  readonly marks: readonly Mark[];
  /** Partitions that only a destructive apply makes, and those it deletes. */
  readonly withheld: readonly string[];
  readonly surplus: readonly string[];
}

/** Creates what the plan found missing. What cannot be changed is deleted and created again, but only if `destructive` is true. */
export async function applyPlan(planned: Planned, probe: Probe, destructive: boolean): Promise<void> {
  const { create, replace, surplus, marks, stale, ...state } = planned;
  const withheld = new Set(destructive ? [] : state.withheld);
  if (destructive) {
    await mapLimited(replace, (of) => probe((channel) => remove(channel, of)));
    await mapLimited(surplus, (name) => probe((channel) => channel.deleteQueue(name)));
  }
  const made = (destructive ? [...create, ...replace] : create).filter(({ name }) => !withheld.has(name));
  const bindings = state.bindings.filter(({ to }) => !withheld.has(to));
  await mapLimited(
    made.filter(({ kind }) => kind === "exchange"),
    (of) => probe((channel) => declare(channel, of)),
  );
  await mapLimited(
    made.filter(({ kind }) => kind === "queue"),
    (of) => probe((channel) => declare(channel, of)),
  );
  if (bindings.length > 0) await probe((channel) => bind(channel, bindings));
  // The mark goes first, because it will no longer be true.
  for (const mark of stale) {
    await probe((channel) => remove(channel, mark));
    await probe((channel) => unbind(channel, mark.bindings));
  }
  const whole = marks.filter((mark) => mark.bindings.every(({ to }) => !withheld.has(to)));
  await mapLimited(whole, (mark) => probe((channel) => declare(channel, mark)));
}

async function declare(channel: AmqpChannel, of: DesiredQueue | DesiredExchange): Promise<unknown> {
  return of.kind === "queue"
    ? channel.assertQueue(of.name, { durable: true, arguments: of.arguments })
    : channel.assertExchange(of.name, of.type, { durable: true, arguments: of.arguments });
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
