/** The crash-point checker: one message, one handler, and a process that dies after each of its effects. */
import { isDeepStrictEqual } from "node:util";
import { type AnyChannel, type Consumer, MessagingError, type PayloadOf, type TypeOf } from "@switchyard/core";
import { TWICE } from "./advice.ts";
import { type Choice, SITE } from "./choices.ts";
import type { Effects } from "./effects.ts";
import { type Guard, guarded } from "./guard.ts";
import { MemoryOutbox, outboxesOf } from "./outbox.ts";
import { type AnyScenario, Prepared } from "./prepared.ts";
import { type Ran, run } from "./run.ts";
import type { PolicyInput, Scenario, ServiceTools } from "./scenario.ts";
import { called, quoted } from "./story.ts";

/** What the made consumer gets beside its effects. */
export type HandlerTools = Pick<ServiceTools<any, object>, "messaging" | "clock">;

/** The options of `checkHandler()`. */
export interface CheckHandlerOptions<W extends object = object> {
  /**
   * Makes the outside world anew for each run, as fakes that keep their state in memory: `() => ({ bank: { charge }, db: { save } })`. Each
   * function in it is an effect, named by its path. Default: none; functions that were made by `effect()` are seen too.
   */
  readonly effects?: () => W;
  /**
   * What must be the same at the end, whatever happened on the way. Default: all that is not a function in what `effects` returned and,
   * where that has no such thing, which effects were done how often.
   */
  readonly state?: (world: W) => unknown;
  /** Effects that only read, where there is no state: how often they are done does not matter. */
  readonly reads?: readonly string[];
  /** Other channels that the handler publishes to. */
  readonly channels?: readonly AnyChannel[];
  /** The policy of the group. Default: the library's defaults. */
  readonly policy?: PolicyInput;
  /** What a failure does. `throw`, the default: the promise rejects. `return`: it is in the report. */
  readonly onFailure?: "throw" | "return";
}

/** One way in which the handler ends in another state. */
export interface HandlerFinding {
  /** What happened: `the process dies after bank.charge and before db.save`. */
  readonly step: string;
  /** What is different at the end. */
  readonly difference: string;
  /** The whole story. */
  readonly text: string;
}

/** What `checkHandler()` did. */
export interface HandlerReport {
  /** The effects of the handler in the calm course, in order. */
  readonly effects: readonly string[];
  readonly runs: number;
  readonly findings: readonly HandlerFinding[];
  /** Places that read the system's clock or randomness, each with what to do. */
  readonly notices: readonly string[];
}

type Made<C extends AnyChannel, W extends object> =
  | Consumer<C>
  | ((effects: Effects<W>, tools: HandlerTools) => Consumer<C>);

/** A run with one thing done to it on purpose. */
interface Trial {
  readonly step: string;
  readonly choices: readonly Choice[];
}

/**
 * Runs one message through a consumer, then again with the process dying after each effect of its handler, with each effect's answer
 * lost, with the message delivered twice, and with two deliveries at the same time. It rejects, and says which step, if one of them ends in
 * another state than the calm course does.
 *
 * `consumer` is a consumer, or a function that makes it from its effects: it is then made anew for each process, as it would be.
 *
 * @throws MessagingError (rejects) `check-handler-failed` with the findings; `check-handler-calm` if the calm course does not handle the
 * message; `explore-real-wait` if the handler waits for a real timer or real I/O.
 */
export async function checkHandler<C extends AnyChannel, const K extends TypeOf<C>, W extends object = object>(
  consumer: Made<C, W>,
  type: K,
  data: PayloadOf<C, K>,
  options: CheckHandlerOptions<W> = {},
): Promise<HandlerReport> {
  const { channel, group } = sample(consumer as Made<AnyChannel, W>, options);
  const scenario = scenarioOf(consumer as Made<AnyChannel, W>, channel, type, data, options);
  const report = await guarded((guard) => tried(scenario, group, options, guard));
  if (report.findings.length > 0 && options.onFailure !== "return")
    throw new MessagingError("check-handler-failed", told(report.findings), { kind: "config" });
  return report;
}

/** The calm course, and each trial against it. */
async function tried<W extends object>(
  scenario: AnyScenario,
  group: string,
  options: CheckHandlerOptions<W>,
  guard: Guard,
): Promise<HandlerReport> {
  const prepared = new Prepared(scenario);
  const calm = await run(prepared, { seed: 1, choices: [] }, guard);
  if (calm.wrong !== undefined || calm.facts.handled(group) === 0) {
    const why = calm.wrong?.text ?? "no handler ended well";
    const lines = calm.story.lines().map((line) => `  ${line}`);
    const text = `the handler does not handle the message without any fault: ${why}\n\n${lines.join("\n")}`;
    throw new MessagingError("check-handler-calm", text, { kind: "config" });
  }
  const effects = calm.performed.filter(({ message }) => message === 1).map(({ name }) => name);
  const expected = stateOf(calm, group, options);
  const findings: HandlerFinding[] = [];
  let runs = 1;
  for (const { step, choices } of [...trials(effects), ...trialsOfRelays(calm)]) {
    const ran = await run(prepared, { seed: 1, choices }, guard);
    runs++;
    const difference = ran.wrong?.text ?? differs(expected, stateOf(ran, group, options));
    if (difference === undefined || ran.choices.record.length === 0) continue;
    const lines = ran.story.lines().map((line) => `  ${line}`);
    findings.push({ step, difference, text: `If ${step}: ${difference}.\n\n${lines.join("\n")}` });
  }
  return { effects, runs, findings, notices: [...guard.notices.values()] };
}

function told(findings: readonly HandlerFinding[]): string {
  const [first, ...others] = findings as [HandlerFinding, ...HandlerFinding[]];
  const more = others.map(({ step, difference }) => `  - if ${step}: ${difference}`);
  return [first.text, ...(more.length === 0 ? [] : [`Also:\n${more.join("\n")}`]), TWICE].join("\n\n");
}

/** Everything that is done to the message, each in a run of its own. */
function trials(effects: readonly string[]): Trial[] {
  const after = (at: number): string => effects[at + 1] ?? "the acknowledgement";
  return [
    ...effects.map((name, at) => ({
      step: `the process dies after ${name} and before ${after(at)}`,
      choices: [[SITE.after, 1, at, 1] as const],
    })),
    ...effects.map((name, at) => ({
      step: `${name} is done and its answer is lost`,
      choices: [[SITE.after, 1, at, 2] as const],
    })),
    { step: "the acknowledgement is lost and the message comes again", choices: [[SITE.ack, 1, 0, 2]] },
    { step: "the message is delivered twice at the same time", choices: [[SITE.send, 1, 0, 4]] },
    ...effects.map((name, at) => ({
      step: `the process stands still after ${name} and before ${after(at)}, and loses its hold`,
      choices: [[SITE.after, 1, at, 3] as const],
    })),
  ];
}

/** A relay that dies between its publish and its delete publishes again. */
function trialsOfRelays({ performed, world }: Ran): Trial[] {
  return outboxesOf(world).flatMap(([name]) =>
    performed
      .filter((done) => done.name === `${name}.delete`)
      .map(({ message }) => ({
        step: `the relay dies between the publish of #${message} and ${name}.delete`,
        choices: [[SITE.before, message, 1, 1] as const],
      })),
  );
}

function scenarioOf<W extends object>(
  consumer: Made<AnyChannel, W>,
  channel: AnyChannel,
  type: string,
  data: unknown,
  options: CheckHandlerOptions<W>,
): AnyScenario {
  const world = options.effects ?? (() => ({}) as W);
  const make = (effects: Effects<W>, tools: HandlerTools): Consumer =>
    typeof consumer === "function" ? consumer(effects, tools) : consumer;
  return {
    channels: [...new Set([channel, ...(options.channels ?? [])])],
    processes: 2,
    ...(options.policy === undefined ? {} : { policy: options.policy }),
    world,
    services: { process: ({ world: effects, messaging, clock }) => make(effects as Effects<W>, { messaging, clock }) },
    play: ({ publish }) => publish(channel, type, data as never),
  } satisfies Scenario<readonly AnyChannel[], W> as unknown as AnyScenario;
}

/** The consumer itself, made once to learn its channel and group. Its effects are not called by being made. */
function sample<W extends object>(consumer: Made<AnyChannel, W>, options: CheckHandlerOptions<W>): Consumer {
  if (typeof consumer !== "function") return consumer;
  const world = (options.effects ?? (() => ({}) as W))();
  return consumer(world as unknown as Effects<W>, {} as HandlerTools);
}

/** The end of a run, as it is compared. */
function stateOf<W extends object>(
  { world, facts, performed }: Ran,
  group: string,
  options: CheckHandlerOptions<W>,
): Record<string, unknown> {
  const own = options.state === undefined ? dataOf(world) : options.state(world as W);
  const empty = options.state === undefined && Object.keys(own as object).length === 0;
  const dead = facts.dead(group);
  const published = new Map(
    facts.accepted.slice(1).map(({ channel, type, data, id }) => [id, `${channel}.${type} ${quoted(data, 200)}`]),
  );
  return {
    ...(empty ? { done: countsOf(performed, options.reads ?? []) } : { state: structuredClone(own) }),
    ...(published.size === 0 ? {} : { published: [...published.values()].sort() }),
    ...(dead.length === 0 ? {} : { "the dead letters": dead.map(({ type }) => type) }),
  };
}

function countsOf(performed: Ran["performed"], reads: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name, args } of performed) {
    if (reads.includes(name) || name.startsWith("publish ")) continue;
    const call = called(name, args);
    counts[call] = (counts[call] ?? 0) + 1;
  }
  return counts;
}

/** What is not a function, and can be copied. */
function dataOf(world: object, depth = 0): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(world)) {
    if (typeof value === "function" || value instanceof MemoryOutbox) continue;
    const plain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    const part = plain && depth < 2 ? dataOf(value as object, depth + 1) : value;
    if (!plain || Object.keys(part as object).length > 0) found[key] = part;
  }
  return found;
}

/** The first difference, in words. */
function differs(expected: unknown, actual: unknown, path = ""): string | undefined {
  if (isDeepStrictEqual(expected, actual)) return undefined;
  const isPlain = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (isPlain(expected) && isPlain(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const inner = differs(expected[key], actual[key], path === "" || path === "state" ? key : `${path}.${key}`);
      if (inner !== undefined) return inner;
    }
  }
  if (path.startsWith("done."))
    return `${path.slice(5)} is done ${quoted(actual ?? 0)} times instead of ${quoted(expected ?? 0)}`;
  return `${path === "" ? "the state" : path} is ${quoted(actual, 120)} instead of ${quoted(expected, 120)}`;
}
