import type { DriverEvent, Fault, Phase } from "@switchyard/core/driver";

/** One call to a service of AWS, action by action. */
type AnyCall = (action: any, input: any, signal?: AbortSignal) => Promise<any>;

/** Reports when the service stops answering or throttles, and when a call succeeds again; calls and their errors pass unchanged. */
export function watcher(
  report: (event: DriverEvent) => void,
  classify: (cause: unknown, during: Phase) => Fault,
  /** What a throttled call was about. */
  idOf: (input: unknown) => string | undefined = () => undefined,
): <C extends AnyCall>(call: C) => C {
  let down = false;
  /** What was throttled last, by its id. */
  const throttled = new Set<string | undefined>();
  const named = (id: string | undefined) => (id === undefined ? {} : { id });
  const watch =
    (call: AnyCall): AnyCall =>
    async (action, input, signal) => {
      try {
        const reply: unknown = await call(action, input, signal);
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
        const { kind, code } = classify(cause, "receive");
        const id = idOf(input);
        if (kind === "throttled") {
          throttled.add(id);
          report({ type: "throttled", cause, ...named(id) });
        } else if (!down && OUTAGE.has(code)) {
          down = true;
          report({ type: "down", cause });
        }
        throw cause;
      }
    };
  return watch as <C extends AnyCall>(call: C) => C;
}

const OUTAGE = new Set(["unreachable", "connection-lost", "timeout", "service-failed", "tls-failed"]);
