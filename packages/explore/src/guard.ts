/** Watches for what a run cannot control: real timers, real I/O, and the system's clock and randomness. */
import { MessagingError } from "@switchyard/core";
import { turn } from "./clock.ts";
import { currentFrame } from "./context.ts";
import { EffectFailed } from "./worker.ts";

/** Resources of the event loop that mean I/O or a timer is under way. */
const OUTSIDE =
  /^(?:Timeout|Immediate|.*Req(?:Callback|Promise|Wrap)?|TCP.*|Pipe.*|TLS.*|.*ConnectWrap|Zlib|ProcessWrap|HTTP.*|UDP.*|DNS.*)$/;

const realWait = (what: string, at: string): MessagingError =>
  withStacks(
    () =>
      new MessagingError(
        "explore-real-wait",
        `${at} ${what}: a run takes no real time and reaches nothing outside. Give the handler what it waits for as an argument: ` +
          "clock.sleep() of the scenario's tools for a wait, and a function of the scenario's world for a service, a database or a file",
        { kind: "config" },
      ),
  );

/** How many places of a stack are read to find the caller. */
const STACK = 30;

/** Does the work, with stacks in the errors it makes, whatever limit there is. */
function withStacks<T>(work: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = Math.max(before, STACK);
  try {
    return work();
  } finally {
    Error.stackTraceLimit = before;
  }
}

/** Where the caller is, from the stack: `billing.ts:12`. */
const place = (): string => withStacks(caller);

function caller(): string {
  const lines = (new Error("for its stack").stack ?? "").split("\n").slice(1);
  const caller = lines.find((line) => !line.includes(OWN) && !line.includes("<anonymous>"));
  return /([^/\\(]+:\d+):\d+\)?$/.exec(caller ?? "")?.[1] ?? "the handler";
}
const OWN = new URL(import.meta.url).pathname.split("/").slice(-3).join("/");

let last: Promise<unknown> = Promise.resolve();

/** Does the work under a guard. One after another: a guard stands in for globals of the process, which two cannot share. */
export function guarded<T>(work: (guard: Guard) => Promise<T>): Promise<T> {
  const done = last.then(async () => {
    using guard = new Guard();
    try {
      return await work(guard);
    } finally {
      // What nobody handled of the last runs is noticed while the guard listens.
      await turn();
    }
  });
  last = done.catch(() => {});
  return done;
}

/** While it is on, code in a handler that reads the system's clock gets the run's time, and is named. Code elsewhere notices nothing. */
export class Guard implements Disposable {
  /** One sentence for each place that bypasses the runtime. */
  readonly notices = new Map<string, string>();
  /** Set when a handler did what no run can do. */
  refused: MessagingError | undefined;
  readonly #undo: (() => void)[] = [];
  readonly #baseline: Map<string, number>;

  constructor() {
    this.#baseline = counted();
    this.#clock();
    this.#random();
    for (const name of ["setTimeout", "setInterval", "setImmediate"] as const) this.#refuse(name, `calls ${name}()`);
    this.#refuse("fetch", "calls fetch()");
    this.#unhandled();
  }

  /** The handler waits for nothing that the run knows. Says whether something real is under way. */
  outside(where: string): MessagingError | undefined {
    const now = counted();
    const more = [...now].filter(([name, count]) => OUTSIDE.test(name) && count > (this.#baseline.get(name) ?? 0));
    if (more.length === 0) return undefined;
    const names = more.map(([name]) => name);
    const what = names.includes("Timeout")
      ? "waits for a real timer"
      : names.some((name) => name.startsWith("FS"))
        ? "waits for a real file"
        : "waits for real I/O";
    return realWait(`${what} (${names.join(", ")})`, where);
  }

  /** Does the work, with errors that have no stacks: a run that nobody will read makes many, and each would cost more than a message. */
  async withoutStacks<T>(work: () => Promise<T>): Promise<T> {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return await work();
    } finally {
      Error.stackTraceLimit = before;
    }
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.reverse()) undo();
  }

  #notice(what: string, instead: string): void {
    const at = place();
    this.notices.set(
      `${at} ${what}`,
      `${at} reads ${what}: it is given ${instead} while exploring, and the machine's otherwise. Take ${what.startsWith("M") || what.startsWith("c") ? "it" : "the time"} from an argument, as from clock.now()`,
    );
  }

  #replace(target: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, name);
    if (before?.configurable === false && before.writable !== true) return;
    Object.defineProperty(target, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: before?.enumerable ?? false,
    });
    this.#undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, before);
    });
  }

  #refuse(name: "setTimeout" | "setInterval" | "setImmediate" | "fetch", what: string): void {
    const real = globalThis[name] as ((...given: unknown[]) => unknown) | undefined;
    if (real === undefined) return;
    const guarded = (...given: unknown[]): unknown => {
      if (currentFrame() === undefined) return real.apply(globalThis, given);
      this.refused ??= realWait(what, place());
      throw this.refused;
    };
    this.#replace(globalThis, name, Object.assign(guarded, real));
  }

  /** An effect that failed and that nobody awaits ends its process, as in Node. Other rejections are for whoever listened before. */
  #unhandled(): void {
    const others = process.listeners("unhandledRejection");
    const listen = (reason: unknown, promise: Promise<unknown>) => {
      if (reason instanceof EffectFailed) return reason.unhandled();
      if (others.length === 0) throw reason;
      for (const other of others) other(reason, promise);
    };
    for (const other of others) process.removeListener("unhandledRejection", other);
    process.on("unhandledRejection", listen);
    this.#undo.push(() => {
      process.removeListener("unhandledRejection", listen);
      for (const other of others) process.on("unhandledRejection", other);
    });
  }

  #clock(): void {
    const RealDate = globalThis.Date;
    const read = (what: string): number | undefined => {
      const frame = currentFrame();
      if (frame === undefined) return undefined;
      this.#notice(what, "the run's time");
      return frame.now();
    };
    const now = (): number => read("Date.now()") ?? RealDate.now();
    // A function and no proxy: a run makes a date for each message.
    const guarded = function (this: unknown, ...given: unknown[]): unknown {
      if (new.target === guarded && given.length === 1) return new RealDate(given[0] as number);
      const at = given.length === 0 ? read("new Date()") : undefined;
      const made: unknown[] = at === undefined ? given : [at];
      if (new.target === undefined) return Reflect.construct(RealDate, made as []).toString();
      return Reflect.construct(RealDate, made as [], new.target === guarded ? RealDate : new.target);
    } as unknown as DateConstructor;
    // With all that a date has, so that `instanceof` holds for those made before.
    Object.defineProperties(guarded, {
      ...Object.getOwnPropertyDescriptors(RealDate),
      now: { value: now, writable: true, configurable: true },
    });
    this.#replace(globalThis, "Date", guarded);
  }

  #random(): void {
    const real = Math.random;
    this.#replace(Math, "random", () => {
      const frame = currentFrame();
      if (frame === undefined) return real();
      this.#notice("Math.random()", "the run's randomness");
      return frame.random();
    });
    const uuid = crypto.randomUUID.bind(crypto);
    this.#replace(crypto, "randomUUID", () => {
      const frame = currentFrame();
      if (frame === undefined) return uuid();
      this.#notice("crypto.randomUUID()", "the run's ids");
      return frame.uuid();
    });
  }
}

function counted(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
