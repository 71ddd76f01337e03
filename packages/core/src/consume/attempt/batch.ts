import {
  ACK,
  type Attempt,
  attemptOf,
  beforeHandler,
  forgotten,
  isPromise,
  throughMiddleware,
  verdictFor,
} from "./run.ts";
import type { MiddlewareShape } from "../../api/shapes.ts";
import { Release, Skip } from "../../api/verdicts.ts";
import type { Condemned } from "../lease/held-message.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import type { Concluder } from "./conclude.ts";
import { readAgain } from "./postpone.ts";
import { screen, type Screened } from "./screen.ts";
import { inTraceOf } from "../../wire/trace.ts";
import { endOf, handledBy, handledEvent, wantsHandler, traceOf } from "./single.ts";
import { View } from "./view.ts";

interface BatchItem {
  readonly message: HeldMessage;
  readonly view: View;
  /** The handler was given it. */
  begun?: boolean;
}

/**
 * Runs one attempt of several deliveries at once. Deliveries that the handler does not fail are acknowledged; if it throws, all have
 * failed.
 *
 * Deliveries of one ordering key are adjacent and in order. When one fails or needs no handler, the later ones of its key are taken
 * back, so that they do not overtake it. `done` receives the number of deliveries that were not taken back.
 */
export async function attemptBatch(
  context: GroupContext,
  concluder: Concluder,
  batch: readonly HeldMessage[],
  done: (ended: number) => void,
): Promise<void> {
  for (const message of batch) message.lease.begin(message);
  const looked = await Promise.all(batch.map((message) => lookAt(context, message, batch)));
  const items: BatchItem[] = [];
  let ended = 0;
  for (const [from, to] of runsOfKeys(batch)) {
    // A message whose hold was lost meanwhile comes again.
    const views = count(from, to, (i) => looked[i] instanceof View && batch[i]?.state !== "lost");
    // A delivery that needs no handler is settled only as the first of its key.
    takeBack(batch.slice(from + Math.max(views, 1), to));
    for (let i = from; i < from + views; i++) items.push({ message: batch[i] as HeldMessage, view: looked[i] as View });
    if (views > 0) continue;
    if (batch[from]?.state === "lost") {
      takeBack(batch.slice(from, from + 1));
      continue;
    }
    settleUnhandled(context, concluder, batch[from] as HeldMessage, looked[from]);
    ended++;
  }
  if (items.length > 0) ended += await handleItems(context, concluder, items);
  done(ended);
}

/** Returns how many deliveries have ended, that is, were not taken back. */
async function handleItems(context: GroupContext, concluder: Concluder, items: readonly BatchItem[]): Promise<number> {
  const began = context.observed ? context.runtime.monotonic() : 0;
  const { probe } = context;
  const handling = probe?.handling(
    items.map(({ view }) => handledBy(view)),
    true,
  );
  if (handling !== undefined) for (const { message } of items) message.handling = handling;
  // In the trace of the batch, if telemetry makes one. Otherwise each message passes middleware in its own.
  const run = () => runBatch(handling === undefined ? context : { consumer: context.consumer }, items);
  const results = await context.scope.runInAsyncScope(() =>
    handling === undefined ? run() : probe!.run(handling, run),
  );
  if (handling !== undefined) probe!.handled(handling, results.map(endOf));
  const durationMs = context.observed ? context.runtime.monotonic() - began : 0;
  const batch = items.map(({ message }) => message);
  let ended = 0;
  for (const [from, to] of runsOfKeys(batch)) {
    const end = Math.min(from + count(from, to, (i) => isDone(results[i] as Attempt)) + 1, to);
    // Taken back before the earlier ones leave, so that the next of the key is ready in time.
    takeBack(batch.slice(end, to));
    for (let i = from; i < end; i++) {
      const { message, view } = items[i] as BatchItem;
      const attempt = results[i] as Attempt;
      if (context.observed && attempt.verdict === "ack")
        context.emit(handledEvent(message, view, durationMs, items.length));
      concluder.conclude(message, attempt);
    }
    ended += end - from;
  }
  return ended;
}

const isDone = ({ verdict }: Attempt): boolean => verdict === "ack" || verdict === "skip";

/** Counts the indices from `from` on that satisfy `is`, up to the first that does not. */
function count(from: number, to: number, is: (index: number) => boolean): number {
  let at = from;
  while (at < to && is(at)) at++;
  return at - from;
}

/** Yields the range of each key's adjacent deliveries. Without order, each delivery is a range of its own. */
function* runsOfKeys(batch: readonly HeldMessage[]): Generator<readonly [from: number, to: number]> {
  for (let from = 0, to = 1; from < batch.length; from = to, to++) {
    while (to < batch.length && follows(batch[to] as HeldMessage, batch[from] as HeldMessage)) to++;
    yield [from, to];
  }
}

const follows = (message: HeldMessage, first: HeldMessage): boolean =>
  message.lane !== undefined && message.lane === first.lane && message.lease === first.lease;

/** Puts deliveries back behind the failed one of their key. Their attempts do not count. */
function takeBack(all: readonly HeldMessage[]): void {
  for (const message of all) message.lease.end(message);
  for (const message of all) {
    const { lease, state } = message;
    if (state === "lost") lease.leave(message);
    // No handler starts any more, so it goes back to the broker.
    else if (state === "ready" && lease.ending) lease.release(message, "stop");
  }
}

/** Screens a delivery. Undefined if it is condemned already and only its dead-letter copy is to be tried again. */
async function lookAt(context: GroupContext, message: HeldMessage, together: object): Promise<Screened | undefined> {
  if (message.condemned !== undefined) return undefined;
  const screened = await screen(context, message, together);
  if (screened instanceof View && message.body !== undefined) readAgain(context, message);
  return screened;
}

function settleUnhandled(
  context: GroupContext,
  concluder: Concluder,
  message: HeldMessage,
  screened: Screened | undefined,
): void {
  if (screened !== undefined) return void wantsHandler(context, concluder, message, screened);
  const again = message.condemned as Condemned;
  message.condemned = undefined;
  concluder.condemn(message, again);
}

/** Runs the middleware and the batch handler. Returns one attempt per item, in order. */
export async function runBatch(
  context: Pick<GroupContext, "consumer"> & Partial<Pick<GroupContext, "traced">>,
  items: readonly BatchItem[],
): Promise<Attempt[]> {
  const attempts = await through(context, context.consumer.options.use ?? [], items);
  return attempts.map((attempt, i) => (items[i]?.begun === true ? attempt : beforeHandler(attempt)));
}

/** Runs middleware from the outside in: once around the batch where it can, otherwise around each item. */
async function through(
  context: Pick<GroupContext, "consumer"> & Partial<Pick<GroupContext, "traced">>,
  all: readonly MiddlewareShape[],
  items: readonly BatchItem[],
): Promise<Attempt[]> {
  if (all.length === 0) return handle(context, items);
  const [first] = all;
  if (first?.runBatch !== undefined)
    return around(first.runBatch, items, (inner) => through(context, all.slice(1), inner));
  const border = all.findIndex(({ runBatch }) => runBatch !== undefined);
  const use = border < 0 ? all : all.slice(0, border);
  // Each item passes the middleware separately. Items that pass it all are handled together.
  const inside: Inside[] = [];
  /** Those that their middleware failed. */
  const failed = new Set<BatchItem>();
  let outstanding = items.length;
  let allIn!: () => void;
  const gathered = new Promise<void>((resolve) => {
    allIn = resolve;
  });
  const arrived = () => {
    if (--outstanding === 0) allIn();
  };
  const each = items.map(async (item) => {
    let entered = false;
    const inner = () =>
      new Promise<void>((resolve, reject) => {
        entered = true;
        inside.push({ item, end: (attempt) => (attempt.verdict === "ack" ? resolve() : reject(attempt.error)) });
        arrived();
      });
    const run = () => attemptOf(throughMiddleware(use, item.view, inner));
    const attempt = await (context.traced === true ? inTraceOf(traceOf(item.view), run) : run());
    if (entered) return attempt;
    if (!isDone(attempt)) failed.add(item);
    arrived();
    return attempt;
  });
  await gathered;
  const passed = inOrder(items, inside, failed);
  const attempts =
    passed.length === 0
      ? []
      : await through(
          context,
          all.slice(use.length),
          passed.map(({ item }) => item),
        );
  passed.forEach(({ end }, i) => end(attempts[i] as Attempt));
  return Promise.all(each);
}

interface Inside {
  readonly item: BatchItem;
  readonly end: (attempt: Attempt) => void;
}

/** In the batch's order. What is behind a failed message of its key is taken back: the handler must not see it first. */
function inOrder(
  items: readonly BatchItem[],
  inside: readonly Inside[],
  failed: ReadonlySet<BatchItem>,
): readonly Inside[] {
  const entered = new Map(inside.map((one) => [one.item, one]));
  const passed: Inside[] = [];
  for (const [from, to] of runsOfKeys(items.map(({ message }) => message))) {
    let back = false;
    for (const item of items.slice(from, to)) {
      const one = entered.get(item);
      if (one === undefined) back ||= failed.has(item);
      else if (back) one.end(takenBack());
      else passed.push(one);
    }
  }
  return passed;
}

/** The end of a delivery behind a failed one of its key. Middleware must not take it for handled. */
const takenBack = (): Attempt => ({ verdict: "release", error: new Release() });

/** Runs one middleware around a whole batch. Items that it neither passes on nor fails are skipped. If it throws, all have failed. */
async function around(
  run: NonNullable<MiddlewareShape["runBatch"]>,
  items: readonly BatchItem[],
  inner: (items: readonly BatchItem[]) => Promise<Attempt[]>,
): Promise<Attempt[]> {
  const ended = new Map<object, Attempt>();
  const failed = new Map<object, Attempt>();
  let called = false;
  const next = async (subset: readonly object[], add?: object): Promise<ReadonlySet<unknown>> => {
    if (called) throw new Error("a middleware called next() twice; an attempt runs its handler once");
    called = true;
    const given = new Set(subset);
    const passed = items.filter(({ view }) => given.has(view));
    if (add !== undefined) for (const { view } of passed) Object.assign(view, add);
    const attempts = passed.length === 0 ? [] : await inner(passed);
    passed.forEach(({ view }, i) => ended.set(view, attempts[i] as Attempt));
    return new Set(passed.map(({ view }) => view).filter((view) => !isDone(ended.get(view) as Attempt)));
  };
  try {
    await run(
      items.map(({ view }) => view),
      next,
      (delivery, error) => void failed.set(delivery, verdictFor(error)),
    );
    if (!called) throw forgotten("a middleware of the batch");
  } catch (error) {
    const attempt = verdictFor(error);
    return items.map(() => attempt);
  }
  const skipped = verdictFor(new Skip("a middleware did not pass it on"));
  return items.map(({ view }) => ended.get(view) ?? failed.get(view) ?? skipped);
}

async function handle(
  context: Pick<GroupContext, "consumer"> & Partial<Pick<GroupContext, "traced">>,
  items: readonly BatchItem[],
): Promise<Attempt[]> {
  const failed = new Map<object, unknown>();
  const views = items.map(({ view }) => view);
  const known = new Set<object>(views);
  let signal: AbortSignal | undefined;
  const batch = {
    size: views.length,
    get signal() {
      signal ??= AbortSignal.any(items.map(({ message }) => message.signal));
      return signal;
    },
    fail(delivery: object, error: unknown) {
      if (!known.has(delivery))
        throw new TypeError("batch.fail: this delivery is not of this batch; pass the object the batch gave you");
      if (!failed.has(delivery)) failed.set(delivery, error);
    },
    [Symbol.iterator]: () => views[Symbol.iterator](),
  };
  for (const item of items) item.begun = true;
  let whole: Attempt;
  try {
    const run = () => context.consumer.handler?.(batch);
    // No single message is the parent of a batch, so the handler runs in no message's trace.
    const result = context.traced === true ? inTraceOf({}, run) : run();
    whole = isPromise(result) ? await attemptOf(result) : ACK;
  } catch (error) {
    whole = verdictFor(error);
  }
  const attempts = views.map((view) => (failed.has(view) ? verdictFor(failed.get(view)) : whole));
  if (failed.size === 0) return attempts;
  for (const [from, to] of runsOfKeys(items.map(({ message }) => message))) {
    const done = count(from, to, (i) => isDone(attempts[i] as Attempt));
    for (let i = from + done + 1; i < to; i++) if (isDone(attempts[i] as Attempt)) attempts[i] = takenBack();
  }
  return attempts;
}
