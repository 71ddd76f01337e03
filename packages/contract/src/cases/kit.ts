import assert from "node:assert/strict";
import type { Capabilities, Fault, Runtime, Sent, WireMessage } from "@switchyard/core/driver";
import { sleepOver } from "@switchyard/core/driver-kit";
import type { App, SuiteChannel } from "../app.ts";
import type { CaseContext } from "../case.ts";
import type { Harness } from "../harness.ts";
import type { Taken } from "../seam.ts";

export { assert };

type Need = (caps: Capabilities, harness: Harness) => string | undefined;

/** A case needs all of these. The first that is not met explains the skip. */
export const all =
  (...needs: readonly Need[]): Need =>
  (caps, harness) => {
    for (const need of needs) {
      const because = need(caps, harness);
      if (because !== undefined) return because;
    }
    return undefined;
  };

export const isLog = (caps: Capabilities): boolean => caps.settleResult === "checkpoint";
export const log: Need = (caps) => (isLog(caps) ? undefined : `settleResult: ${caps.settleResult} (not a log)`);
export const notLog: Need = (caps) =>
  isLog(caps) ? "settleResult: checkpoint (a log settles by position)" : undefined;
export const ordered: Need = (caps, harness) =>
  harness.ordered && caps.ordering !== "none"
    ? undefined
    : `ordering: ${caps.ordering} (these channels have no ordering key)`;
export const keyed: Need = (caps, harness) =>
  harness.ordered && caps.ordering === "key"
    ? undefined
    : `ordering: ${harness.ordered ? caps.ordering : "none"} (keys do not proceed independently)`;
/** A process of one's own fetches the messages, can be stopped and be ended: where they are pushed, all of that belongs to who pushes. */
export const pulls: Need = (caps) =>
  caps.delivery === "pushed" ? "delivery: pushed (no process of one's own fetches)" : undefined;
/** A group can read through several leases at once. */
export const leases: Need = (caps) =>
  caps.groupMembership === "leases" ? undefined : `groupMembership: ${caps.groupMembership} (a group has one lease)`;
export const manyGroups: Need = (_caps, harness) =>
  harness.model === "queue" ? "model: queue (one group)" : undefined;
export const ownDeadline: Need = (caps) =>
  caps.holdExtend && !isLog(caps) ? undefined : "holdExtend: false (a hold lasts as long as its lease)";
export const deadLetters: Need = (caps) =>
  caps.poisonSkip.includes("deadLetter") || caps.poisonSkip.includes("park")
    ? undefined
    : `poisonSkip: ${caps.poisonSkip.join(", ")}`;
/** A dead letter can be sent back to one group. On a log, core writes a record that names the group. */
export const redrives: Need = all(deadLetters, (caps) =>
  caps.redrive === "group" || isLog(caps) ? undefined : `redrive: ${caps.redrive}`,
);
export const replays =
  (from: Capabilities["replay"][number]): Need =>
  (caps) =>
    caps.replay.includes(from) ? undefined : `replay: ${caps.replay.join(", ") || "none"}`;
/** The broker can delay a message that is returned. */
export const brokerRetry: Need = all(notLog, (caps) => (caps.retryDelayMs > 0 ? undefined : "retryDelayMs: 0"));
export const delays: Need = (caps) => (caps.delayedPublishMs > 0 ? undefined : "delayedPublishMs: 0");
export const noDelays: Need = (caps) =>
  caps.delayedPublishMs === 0 ? undefined : `delayedPublishMs: ${caps.delayedPublishMs}`;
export const harnessCan =
  (what: keyof NonNullable<Harness["native"]>): Need =>
  (_caps, harness) =>
    harness.native?.[what] === undefined ? `the harness cannot ${what}` : undefined;
export const competing: Need = (caps) =>
  caps.groupMembership === "competing" ? undefined : `groupMembership: ${caps.groupMembership}`;

let serial = 0;

/** A message to send with the driver itself. It has what the harness's destinations require, such as a key. */
export function wire(t: CaseContext, n: number, over: Partial<WireMessage> = {}): WireMessage {
  serial++;
  return {
    body: JSON.stringify({ n }),
    headers: {},
    dedup: `${t.prefix}-${serial}:0`,
    ...(t.harness.ordered ? { key: `k${n}` } : {}),
    ...over,
  };
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

export const textOf = (body: string | Uint8Array): string =>
  typeof body === "string" ? body : new TextDecoder().decode(body);
export const numberOf = ({ delivery }: Taken): number => JSON.parse(textOf(delivery.message.body)).n as number;
export const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
export const accepted = (sent: Sent): boolean => "id" in sent;

export const signal = (): AbortSignal => new AbortController().signal;

/** Returns the error with which the promise rejects. Fails if it resolves. */
export async function rejected(promise: Promise<unknown>, what: string): Promise<any> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return assert.fail(`${what}: resolved with ${JSON.stringify(value)}`);
}

/** Fails if the promise does not settle within `ms`: for calls that must not hang. */
export async function within<R>(t: CaseContext, ms: number, promise: Promise<R>, what: string): Promise<R> {
  const done = new AbortController();
  const late = t.runtime.sleep(ms, done.signal).then(() => {
    if (!done.signal.aborted) throw new Error(`${what}: still waiting after ${ms} ms`);
  });
  late.catch(() => {});
  try {
    return (await Promise.race([promise, late])) as R;
  } finally {
    done.abort();
  }
}

/** A runtime, and which of its timers and sleeps wait and keep the process alive, by their milliseconds. */
export function countedTimers(inner: Runtime): { readonly runtime: Runtime; left(): readonly number[] } {
  const waiting = new Map<object, number>();
  const timer: Runtime["timer"] = (ms, fn) => {
    const entry = {};
    waiting.set(entry, ms);
    const handle = inner.timer(ms, () => {
      waiting.delete(entry);
      fn();
    });
    return {
      unref: () => {
        waiting.delete(entry);
        handle.unref?.();
      },
      [Symbol.dispose]: () => {
        waiting.delete(entry);
        handle[Symbol.dispose]();
      },
    };
  };
  const runtime: Runtime = Object.assign(Object.create(inner) as Runtime, { timer, sleep: sleepOver(timer) });
  return { runtime, left: () => [...waiting.values()] };
}

/** Waits until the count reaches `wanted`, and fails if it is more. */
export async function exactly(
  t: CaseContext,
  count: () => number,
  wanted: number,
  what: string,
  withinMs?: number,
): Promise<void> {
  await t.until(() => count() >= wanted, what, withinMs);
  assert.equal(count(), wanted, what);
}

/** Publishes until a publish is accepted. After a fault the send queue may still be backing off. */
export async function published(
  t: CaseContext,
  app: App,
  to: SuiteChannel,
  data: unknown,
  options?: Record<string, unknown>,
): Promise<string> {
  let id: string | undefined;
  const attempt = () =>
    app.publish(to, data, options).then(
      (done) => {
        id = done.id;
      },
      () => {},
    );
  await t.until(async () => (await attempt(), id !== undefined), "a publish after the fault", 30_000);
  return id!;
}

/** The tolerance where one clock counts whole milliseconds and the other fractions. */
const CLOCK_MS = 2;

export function notBefore(at: number, earliest: number, what: string): void {
  assert.ok(at >= earliest - CLOCK_MS, `${what}: ${Math.round(earliest - at)} ms early`);
}

/** An error that the suite raises in place of the broker, and classifies itself. */
export class Refusal extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.code);
    this.fault = fault;
  }
}

export const classifyRefusal = (cause: unknown): Fault | undefined =>
  cause instanceof Refusal ? cause.fault : undefined;
