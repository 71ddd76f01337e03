import type { Adapter, Fault, Sent } from "@switchyard/core/driver";
import type { Call, FaultControl, Trouble } from "./faults.ts";
import { type Hooks, intercept } from "./intercept.ts";

/** An error that the suite raises in place of the broker, and classifies itself. */
class Injected extends Error {
  override readonly name = "Injected";
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(`injected: ${fault.code}`);
    this.fault = fault;
  }
}

const THROTTLED: Fault = { kind: "throttled", code: "injected-throttle" };
const LOST_REPLY: Fault = { kind: "ambiguous", code: "injected-lost-reply" };
const CUT: Fault = { kind: "ambiguous", code: "injected-cut" };
const ERROR: Fault = { kind: "retryable", code: "injected-error" };
const REFUSED: Fault = { kind: "permanent", code: "injected-refusal" };

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = () => reject(new Injected({ kind: "ambiguous", code: "injected-stall" }));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });

interface Planned {
  readonly call: Call;
  readonly trouble: Trouble;
  left: number;
}

function textOf(body: string | Uint8Array): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body);
}

/** Makes faults between core and the driver, for harnesses that cannot make them on the network. */
export function seamFaults(adapter: Adapter): { readonly adapter: Adapter; readonly control: FaultControl } {
  let planned: Planned[] = [];
  let refusal: { text: string; left: number; permanent: boolean } | undefined;
  let hits = 0;
  const calls = new Map<Call, number>();

  const take = (call: Call): Trouble | undefined => {
    const found = planned.find((p) => p.call === call && p.left > 0);
    if (found === undefined) return undefined;
    found.left--;
    hits++;
    return found.trouble;
  };
  const through = async <R>(call: Call, signal: AbortSignal, make: () => Promise<R>): Promise<R> => {
    const trouble = take(call);
    const reached = trouble === undefined || trouble === "lose-reply";
    if (reached) calls.set(call, (calls.get(call) ?? 0) + 1);
    if (trouble === "cut") throw new Injected(call === "send" ? CUT : ERROR);
    if (trouble === "throttle") throw new Injected(THROTTLED);
    if (trouble === "error") throw new Injected(ERROR);
    if (trouble === "stall") return aborted(signal);
    const result = await make();
    if (trouble === "lose-reply") throw new Injected(call === "send" ? LOST_REPLY : ERROR);
    return result;
  };

  const hooks: Hooks = {
    send: (batch, call, _to, signal) =>
      through("send", signal, async () => {
        const results = new Array<Sent>(batch.length);
        const kept: number[] = [];
        batch.forEach((message, index) => {
          const refused = refusal !== undefined && refusal.left > 0 && textOf(message.body).includes(refusal.text);
          if (!refused) return void kept.push(index);
          refusal!.left--;
          hits++;
          results[index] = { cause: new Injected(refusal!.permanent ? REFUSED : ERROR) };
        });
        if (kept.length > 0) {
          const sent = await call(kept.map((index) => batch[index]!));
          kept.forEach((index, at) => {
            results[index] = sent[at]!;
          });
        }
        return results;
      }),
    receive: (max, call, _from, signal) => through("receive", signal, () => call(max)),
    settle: (batch, call, _from, signal) => through("settle", signal, () => call(batch)),
    extend: (receipts, call, _from, signal) => through("extend", signal, () => call(receipts)),
    classify: (cause) => (cause instanceof Injected ? cause.fault : undefined),
  };

  return {
    adapter: intercept(adapter, hooks),
    control: {
      next: (call, trouble, times = Number.POSITIVE_INFINITY) => void planned.push({ call, trouble, left: times }),
      refuseEntries: (_call, text, times, fault) => {
        refusal = { text, left: times, permanent: fault?.permanent === true };
      },
      heal: () => {
        planned = [];
        refusal = undefined;
      },
      get hits() {
        return hits;
      },
      calls: (call) => calls.get(call) ?? 0,
    },
  };
}
