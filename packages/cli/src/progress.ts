/** How far a long command is: one line on stderr that is drawn anew in its place. Only a terminal sees it. */
import { systemRuntime } from "@switchyard/core";
import { formatDuration } from "@switchyard/core/driver-kit";
import type { Call } from "./command.ts";
import type { Io } from "./io.ts";
import { visible } from "./visible.ts";

/** No more than ten times a second, in milliseconds, and at the end: nobody reads faster, and a slow connection is not flooded. */
const REDRAW = 100;
/** The rate is that of so many last milliseconds: a mean over all would hide that a run has slowed down. */
const WINDOW = 10_000;
const BAR = 20;

/** How far something is. */
export interface Step {
  readonly done: number;
  /** Undefined: nobody knows. There is no bar and no time left then. */
  readonly total?: number | undefined;
  /** What is done just now; default: as last time. */
  readonly what?: string;
}

/** The line of a command. Whatever else `out` writes takes it away first. `what`: what is done, such as `sending`. */
export function progressOf({ io, out }: Pick<Call, "io" | "out">, what: string): ProgressLine {
  const progress = new ProgressLine(io, what);
  out.follow(progress);
  return progress;
}

export class ProgressLine {
  readonly #stderr: Io["stderr"];
  readonly #shown: boolean;
  readonly #now: () => number;
  readonly #past: { readonly at: number; readonly done: number }[] = [];
  #what: string;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  /** Shows nothing unless stderr is a terminal that can move its cursor. The line has no colour. */
  constructor({ stderr, env }: Pick<Io, "stderr" | "env">, what: string, now = () => systemRuntime.monotonic()) {
    this.#stderr = stderr;
    this.#shown = stderr.isTTY === true && env["TERM"] !== "dumb";
    this.#what = what;
    this.#now = now;
  }

  /** Call it as often as something is done: it draws ten times a second at most, and the end. */
  show({ done, total, what = this.#what }: Step): void {
    if (!this.#shown) return;
    const at = this.#now();
    const other = what !== this.#what;
    this.#what = what;
    // Something else is counted from its own beginning.
    if (other) this.#past.length = 0;
    if (!other && done !== total && at - this.#drawnAt < REDRAW) return;
    this.#drawnAt = at;
    this.#past.push({ at, done });
    while (this.#past.length > 2 && at - this.#past[0]!.at > WINDOW) this.#past.shift();
    const text = textOf(what, done, total, this.#rate());
    // The last column stays free: a terminal would go to the next line. One without a size says 0.
    const width = (this.#stderr.columns || 80) - 1;
    this.#stderr.write(`\r\u001b[K${text.slice(0, width)}`);
    this.#drawn = true;
  }

  /** Takes the line away. The next `show` draws it again. */
  clear(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
    this.#stderr.write("\r\u001b[K");
  }

  /** By second. Undefined as long as there is one point of time. */
  #rate(): number | undefined {
    const [first, last] = [this.#past[0]!, this.#past.at(-1)!];
    if (last.at <= first.at) return undefined;
    return Math.max(0, ((last.done - first.done) * 1_000) / (last.at - first.at));
  }
}

function textOf(what: string, done: number, total: number | undefined, rate: number | undefined): string {
  const left = total === undefined ? undefined : Math.max(0, total - done);
  const parts = [visible(what)];
  if (total !== undefined && total > 0) {
    const full = Math.min(BAR, Math.floor((done / total) * BAR));
    parts.push(`[${"#".repeat(full)}${"-".repeat(BAR - full)}]`);
  }
  parts.push(total === undefined ? counted(done) : `${counted(done)} of ${counted(total)}`);
  if (rate !== undefined) parts.push(`${rate < 10 ? rate.toFixed(1) : counted(Math.round(rate))}/s`);
  if (left !== undefined && left > 0 && rate !== undefined && rate > 0)
    parts.push(`${formatDuration(Math.ceil(left / rate) * 1_000)} left`);
  return parts.join("  ");
}

const counted = (number: number): string => number.toLocaleString("en-US");
