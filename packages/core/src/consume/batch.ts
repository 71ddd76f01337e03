import { ACK, type Attempt, isPromise, settled, throughMiddleware, verdictFor } from "./attempt.ts";
import type { GroupContext } from "./group-context.ts";
import type { Held } from "./held.ts";
import type { Outcomes } from "./outcomes.ts";
import { prepare } from "./prepare.ts";
import { inTraceOf } from "../trace.ts";
import { handledEvent, screened, traceOf } from "./single.ts";
import type { View } from "./view.ts";

interface Item {
  readonly held: Held;
  readonly view: View;
}

/** One attempt of several deliveries at once: what the handler does not fail is acknowledged; when it throws, all of it failed. */
export async function attemptBatch(
  context: GroupContext,
  outcomes: Outcomes,
  batch: readonly Held[],
  done: () => void,
): Promise<void> {
  for (const held of batch) held.lease.begin(held);
  const looked = await Promise.all(batch.map((held) => lookAt(context, outcomes, held)));
  const items = looked.filter((item) => item !== undefined);
  const began = context.observed ? context.runtime.monotonic() : 0;
  const results = items.length === 0 ? [] : await runBatch(context, items);
  const durationMs = context.observed ? context.runtime.monotonic() - began : 0;
  items.forEach(({ held, view }, i) => {
    const attempt = results[i] as Attempt;
    if (context.observed && attempt.verdict === "ack") context.emit(handledEvent(held, view, durationMs, items.length));
    outcomes.conclude(held, attempt);
  });
  done();
}

async function lookAt(context: GroupContext, outcomes: Outcomes, held: Held): Promise<Item | undefined> {
  if (held.condemned !== undefined) {
    const again = held.condemned;
    held.condemned = undefined;
    outcomes.condemn(held, again);
    return undefined;
  }
  const prepared = await prepare(context, held);
  return screened(context, outcomes, held, prepared) ? { held, view: prepared } : undefined;
}

/** One attempt for each, in order. */
export async function runBatch(
  context: Pick<GroupContext, "consumer"> & Partial<Pick<GroupContext, "traced">>,
  items: readonly Item[],
): Promise<Attempt[]> {
  const use = context.consumer.options.use ?? [];
  if (use.length === 0) return handle(context, items);
  // Every item goes through the middleware by itself; those that reach its inside are handled together.
  const inside: { readonly item: Item; readonly end: (attempt: Attempt) => void }[] = [];
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
    const run = () => settled(throughMiddleware(use, item.view, inner));
    const attempt = await (context.traced === true ? inTraceOf(traceOf(item.view), run) : run());
    if (!entered) arrived();
    return attempt;
  });
  await gathered;
  const attempts =
    inside.length === 0
      ? []
      : await handle(
          context,
          inside.map(({ item }) => item),
        );
  inside.forEach(({ end }, i) => end(attempts[i] as Attempt));
  return Promise.all(each);
}

async function handle(
  context: Pick<GroupContext, "consumer"> & Partial<Pick<GroupContext, "traced">>,
  items: readonly Item[],
): Promise<Attempt[]> {
  const failed = new Map<object, unknown>();
  const views = items.map(({ view }) => view);
  const known = new Set<object>(views);
  let signal: AbortSignal | undefined;
  const batch = {
    size: views.length,
    get signal() {
      signal ??= AbortSignal.any(items.map(({ held }) => held.signal));
      return signal;
    },
    fail(delivery: object, error: unknown) {
      if (!known.has(delivery))
        throw new TypeError("batch.fail: this delivery is not of this batch; pass the object the batch gave you");
      if (!failed.has(delivery)) failed.set(delivery, error);
    },
    [Symbol.iterator]: () => views[Symbol.iterator](),
  };
  let whole: Attempt;
  try {
    const run = () => context.consumer.handler?.(batch);
    // Of several messages none has the right to be the parent: each tells its own trace.
    const result = context.traced === true ? inTraceOf({}, run) : run();
    whole = isPromise(result) ? await settled(result) : ACK;
  } catch (error) {
    whole = verdictFor(error);
  }
  return views.map((view) => (failed.has(view) ? verdictFor(failed.get(view)) : whole));
}
