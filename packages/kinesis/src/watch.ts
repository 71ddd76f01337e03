import type { DriverEvent } from "@switchyard/core/driver";
import type { Call } from "./client.ts";
import { classify } from "./errors.ts";

/** Reports when Kinesis stops answering, answers again, or throttles; calls and their errors pass unchanged. */
export function watcher(report: (event: DriverEvent) => void): (call: Call) => Call {
  let down = false;
  return (call) => async (action, input, signal) => {
    try {
      const reply = await call(action, input, signal);
      if (down) {
        down = false;
        report({ type: "up" });
      }
      return reply;
    } catch (cause) {
      const { kind, code } = classify(cause, "receive");
      if (kind === "throttled") report({ type: "throttled", cause });
      else if (!down && OUTAGE.has(code)) {
        down = true;
        report({ type: "down", cause });
      }
      throw cause;
    }
  };
}

const OUTAGE = new Set(["unreachable", "connection-lost", "timeout", "service-failed", "tls-failed"]);
