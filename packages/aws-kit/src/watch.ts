import type { DriverEvent, Fault, Phase } from "@switchyard/core/driver";
import { type ClientLike, configOf } from "./clients.ts";
import { type AnyCall, contextNoter } from "./error-context.ts";
import { statusOf } from "./foreign-answer.ts";

/** The client that is called, and how errors name what a call is about. */
export interface Watched {
  readonly client: ClientLike;
  /** `queue "orders.fifo"`. */
  readonly resourceOf: (input: any) => string | undefined;
}

/**
 * Watches calls to a service: reports when it stops answering or throttles, and when it answers again, be it with a refusal. A call whose
 * credentials are refused is made once more if the client finds others. Errors pass unchanged, and their context is noted.
 */
export function watcher(
  report: (event: DriverEvent) => void,
  classify: (cause: unknown, during: Phase) => Fault,
  /** The id under which throttling is reported. */
  idOf: (input: unknown) => string | undefined = () => undefined,
): <C extends AnyCall>(call: C, of?: Watched) => C {
  let down = false;
  /** The ids that are throttled now. */
  const throttled = new Set<string | undefined>();
  const named = (id: string | undefined) => (id === undefined ? {} : { id });
  const watch = (call: AnyCall, of?: Watched): AnyCall => {
    const note = of === undefined ? undefined : contextNoter(configOf(of.client), of.resourceOf);
    return async (action, input, signal) => {
      const generation = of?.client.generation;
      try {
        let reply: unknown;
        try {
          reply = await call(action, input, signal);
        } catch (cause) {
          if (!(await renewed(cause, classify, of?.client, generation))) throw cause;
          reply = await call(action, input, signal);
        }
        if (down) {
          down = false;
          report({ type: "up" });
        }
        if (throttled.size > 0) {
          const id = idOf(input);
          if (throttled.delete(id)) report({ type: "up", ...named(id) });
        }
        return reply;
      } catch (cause) {
        await note?.(cause, action, input);
        const { kind, code } = classify(cause, "receive");
        const id = idOf(input);
        if (kind === "throttled") {
          throttled.add(id);
          report({ type: "throttled", cause, ...named(id) });
        } else if (!down && OUTAGE.has(code)) {
          down = true;
          report({ type: "down", cause });
        } else if (down && isRefusal(cause, kind)) {
          down = false;
          report({ type: "up" });
        }
        throw cause;
      }
    };
  };
  return watch as <C extends AnyCall>(call: C, of?: Watched) => C;
}

/** Codes of calls that the service has not carried out. */
const REFUSED = new Set(["credentials-refused", "credentials-expired"]);

/** Whether a refused call may be made once more: it was refused because of its credentials, and the client has others now. */
export async function renewed(
  cause: unknown,
  classify: (cause: unknown, during: Phase) => Fault,
  client: Pick<ClientLike, "renew"> | undefined,
  generation: number | undefined,
): Promise<boolean> {
  if (client?.renew === undefined || !REFUSED.has(classify(cause, "receive").code)) return false;
  return client.renew(generation ?? 0);
}

/** Whether the service itself answered and refused the call: a missing queue or right is no outage. */
function isRefusal(cause: unknown, kind: Fault["kind"]): boolean {
  const status = typeof cause === "object" && cause !== null ? statusOf(cause) : undefined;
  return status !== undefined && status >= 400 && status < 500 && (kind === "config" || kind === "auth");
}

const OUTAGE = new Set(["unreachable", "connection-lost", "timeout", "service-failed", "tls-failed"]);
