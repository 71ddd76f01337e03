/** What a service and `play` are given: a clock in the scenario's time, and messaging whose publishes are effects. */
import { type AnyChannel, type Messaging, MessagingError } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { currentFrame } from "./context.ts";
import type { Ledger } from "./ledger.ts";
import type { Clock } from "./scenario.ts";
import type { RunState } from "./state.ts";
import { quoted, thrownBy } from "./story.ts";
import type { Worker } from "./worker.ts";

export function clockOf(worker: Worker): Clock {
  return {
    now: () => new Date(worker.runtime.now()),
    sleep: async (time, signal) => {
      const ms = parseDuration(time);
      if (ms === undefined)
        throw new MessagingError("bad-option", `clock.sleep(${quoted(time)}): not a duration, such as 5s or 200`, {
          kind: "config",
        });
      const frame = currentFrame();
      const background = frame === undefined || frame.ended;
      if (background) worker.sleeping++;
      else worker.busy++;
      await worker.runtime.sleep(ms, signal);
      if (worker.shut) await worker.gate();
      if (background) worker.sleeping--;
      else worker.busy--;
    },
  };
}

interface Outgoing {
  readonly type: string;
  readonly data: unknown;
  readonly id: string;
}

/** `real` is there once the process is connected. */
export function messagingOf(state: RunState, worker: Worker, real: () => Messaging | undefined): Messaging {
  const connected = (): any => {
    const found = real();
    if (found !== undefined) return found;
    throw new MessagingError("explore-start", "messaging is used before the service has started", { kind: "config" });
  };
  const identified = <O extends { readonly id?: string }>(options: O) => ({
    ...options,
    id: options.id ?? worker.nextId(),
  });
  const publish = (channel: AnyChannel, type: string, data: unknown, options?: { id?: string }) => {
    const message = { type, data, id: options?.id ?? worker.nextId() };
    const act = () =>
      published(state, worker, channel, [message], () =>
        worker.withId(message.id, () => connected().publish(channel, type, data, options)),
      );
    const frame = currentFrame();
    return frame === undefined ? act() : frame.perform(`publish ${channel.name}.${type}`, [data], act);
  };
  const publishMany = (
    channel: AnyChannel,
    given: readonly { type: string; data: unknown; id?: string }[],
    rest?: unknown,
  ) => {
    const items = given.map(identified);
    const act = () => published(state, worker, channel, items, () => connected().publishMany(channel, items, rest));
    const what = `publish ${items.length} messages to ${channel.name}`;
    return currentFrame()?.perform(what, [undefined], act) ?? act();
  };
  return new Proxy({} as Messaging, {
    get: (_target, key) => {
      if (key === "publish") return publish;
      if (key === "publishMany") return publishMany;
      return counted(worker, connected(), key);
    },
  });
}

/** A member of what a process uses. While a call of it is under way the process is busy, so that the run does not end meanwhile. */
function counted(worker: Worker, of: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(of, key, of);
  if (typeof value !== "function") return value;
  return (...given: unknown[]): unknown => {
    const result: unknown = Reflect.apply(value, of, given);
    // A box of dead letters, whose calls are counted too.
    if (key === "deadLetters") return new Proxy(result as object, { get: (box, name) => counted(worker, box, name) });
    const work = workOf(result);
    if (work === undefined) return result;
    worker.busy++;
    const ended = () => {
      if (!worker.dead) worker.busy--;
    };
    work.then(ended, ended);
    return result;
  };
}

/** What a call waits for: its answer, or the end of a redrive, an export and the like, which are runs that have a `result`. */
function workOf(answer: unknown): Promise<unknown> | undefined {
  if (answer instanceof Promise) return answer;
  const result = typeof answer === "object" && answer !== null && "result" in answer ? answer.result : undefined;
  return result instanceof Promise ? result : undefined;
}

/** True if a message was not accepted for certain. */
const isRefusal = (error: unknown): boolean => error instanceof MessagingError && error.kind !== "ambiguous";

/** Publishes, gives the messages their names in the story, and enters them in the ledger. Not `async`: it costs a promise less. */
function published<T>(
  state: RunState,
  worker: Worker,
  channel: AnyChannel,
  messages: readonly Outgoing[],
  send: () => Promise<T>,
): Promise<T> {
  begins(state, worker, channel, messages);
  worker.busy++;
  const ends = (answer: T): T => {
    answered(state.ledger, messages, answer);
    worker.busy--;
    return answer;
  };
  let sending: Promise<T>;
  try {
    sending = send();
  } catch (error) {
    sending = Promise.reject(error as Error);
  }
  return sending.then(
    (answer) => (worker.shut ? worker.gate().then(() => ends(answer)) : ends(answer)),
    (error: unknown) => {
      rejects(state, worker, messages, error);
      if (!worker.dead) worker.busy--;
      throw error;
    },
  );
}

function begins({ story, ledger }: RunState, worker: Worker, channel: AnyChannel, messages: readonly Outgoing[]): void {
  for (const { type, data, id } of messages) {
    const number = story.number(id, channel.name, type);
    ledger.asked(worker.name, channel, { channel: channel.name, type, data, id }, number);
    if (story.recorded) story.tell(() => `${worker.name} publishes ${story.name(number)} ${quoted(data)}`, number);
  }
}

function answered(ledger: Ledger, messages: readonly Outgoing[], answer: unknown): void {
  for (let at = 0; at < messages.length; at++) {
    const { id } = messages[at]!;
    const of = Array.isArray(answer) ? (answer[at] as { ok: boolean; error?: unknown }) : undefined;
    if (of === undefined || of.ok) ledger.accepted(id);
    else if (isRefusal(of.error)) ledger.refused(id);
  }
}

function rejects({ story, ledger }: RunState, worker: Worker, messages: readonly Outgoing[], error: unknown): void {
  for (const { id } of messages) {
    const number = story.number(id);
    if (isRefusal(error)) ledger.refused(id);
    story.tell(() => `${worker.name}: the publish of ${story.name(number)} rejects: ${thrownBy(error)}`, number);
  }
}
