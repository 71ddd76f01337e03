/** What both inboxes say of their window: the time for which a handled message is remembered. */
import { type AttachContext, type Attached, type Duration, MessagingError } from "@switchyard/core";
import { formatDuration, parseDuration } from "@switchyard/core/driver-kit";

/** The options of an inbox. */
export interface InboxOptions {
  /**
   * For how long a handled message is remembered: at least as long as it may come again, which is as long as its queue or stream keeps it and
   * the dead letters after that. `consume()` refuses less and names the least.
   */
  readonly window: Duration;
  /** Accepts a shorter window. A message that comes again after it is handled again. `explain()` shows it. */
  readonly accept?: "shorter";
}

/** @throws MessagingError `bad-inbox` */
export function checkOptions(of: string, options: InboxOptions, others: readonly string[] = []): number {
  const fail = (text: string) => new MessagingError("bad-inbox", `${of}: ${text}`, { kind: "config" });
  if (typeof options !== "object" || options === null) throw fail('pass { window: "18d" } as the second argument');
  const allowed = ["window", "accept", ...others];
  const unknown = Object.keys(options).filter((key) => !allowed.includes(key));
  if (unknown.length > 0) throw fail(`unknown option "${unknown[0]}"; allowed: ${allowed.join(", ")}`);
  if (options.accept !== undefined && options.accept !== "shorter") throw fail('accept may only be "shorter"');
  const windowMs = parseDuration(options.window);
  if (windowMs === undefined || windowMs <= 0) throw fail('window must be a duration above 0, such as "18d"');
  return windowMs;
}

/** What `attach` returns of the window: an explanation, and a problem if it is too short. `what`: the kind of the inbox, in words. */
export function windowOf(
  what: string,
  windowMs: number,
  accept: InboxOptions["accept"],
  { keptMs }: Pick<AttachContext, "keptMs">,
): { readonly explanation: string; readonly problems: string[] } & Attached {
  const short = windowMs < keptMs;
  const window = formatDuration(windowMs);
  const kept = Number.isFinite(keptMs) ? `for ${formatDuration(keptMs)}` : "without limit";
  const raise = Number.isFinite(keptMs) ? `raise it to ${formatDuration(keptMs)}, or ` : "";
  return {
    explanation: `${what}; remembers for ${window}${short ? `, less than the ${kept.replace(/^for /, "")} for which a message may come again` : ""}`,
    problems:
      short && accept !== "shorter"
        ? [
            `its window is ${window}, and a message may come again ${kept}, dead letters included; ${raise}pass accept: "shorter" if handling such a message twice is acceptable`,
          ]
        : [],
  };
}
