/** What happened in a run, told in words with times. */
import { inspect } from "node:util";

/** One line of a story. */
export interface Entry {
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly text: string;
  /** The number of the message it is about. 0: no message. */
  readonly message: number;
  /** The run chose this: without it the calm course would have gone on. */
  readonly chosen: boolean;
}

/** A message as the story calls it. */
interface Known {
  readonly channel: string | undefined;
  readonly type: string | undefined;
}

/** A story up to this length is told whole. */
const FEW_LINES = 16;
const MOST_LINES = 40;
/** How many of them are the end. */
const LAST_LINES = 12;

/** Everything that happened in one run, and the names of its messages. */
export class Story {
  readonly entries: Entry[] = [];
  readonly #clock: { readonly elapsed: number };
  /** Ask it first where a text is made for each message: the function that makes it costs more than the message. */
  readonly recorded: boolean;
  readonly #numbers = new Map<string, number>();
  /** In the order of their numbers. */
  readonly #names: Known[] = [];
  #from = 0;

  /** Words cost more than the run itself: a run that is not recorded has names and no entries. */
  constructor(clock: { readonly elapsed: number }, recorded: boolean) {
    this.#clock = clock;
    this.recorded = recorded;
  }

  /** The story begins now: what was told before is how the services came up. */
  begin(): void {
    this.#from = this.#clock.elapsed;
    this.entries.length = 0;
  }

  tell(text: () => string, message = 0, chosen = false): void {
    if (!this.recorded) return;
    this.entries.push({ at: this.#clock.elapsed - this.#from, text: text(), message, chosen });
  }

  /** The number of a message: by its id, in the order in which they were published. Channel and type name it if it is new. */
  number(id: string, channel?: string, type?: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const number = this.#names.push({ channel, type });
    this.#numbers.set(id, number);
    return number;
  }

  /** The number of a message that has one. Otherwise -1. */
  known(id: string): number {
    return this.#numbers.get(id) ?? -1;
  }

  name(number: number): string {
    const known = this.#names[number - 1];
    if (known === undefined) return "no message";
    return `${known.channel === undefined ? "message" : `${known.channel}.${known.type}`} #${number}`;
  }

  /** What it took: the lines that were chosen. */
  get chosen(): readonly Entry[] {
    return this.entries.filter(({ chosen }) => chosen);
  }

  /** The story, one line for each event. Messages to which nothing befell are left out where there are many. */
  lines(): string[] {
    const eventful = new Set(this.chosen.map(({ message }) => message));
    for (const message of again(this.entries)) eventful.add(message);
    eventful.add(this.entries.at(-1)?.message ?? 0);
    const shown =
      this.entries.length <= FEW_LINES || eventful.size <= 1
        ? this.entries
        : this.entries.filter(({ message }) => message === 0 || eventful.has(message));
    const lines = shown.map(({ at, text, chosen }) => `${seconds(at)}  ${chosen ? "!" : " "} ${text}`);
    if (lines.length > MOST_LINES) {
      const left = lines.length - MOST_LINES;
      lines.splice(MOST_LINES - LAST_LINES, left, `            … ${left} more lines …`);
    }
    const others = this.entries.length - shown.length;
    return others === 0 ? lines : [...lines, `(${others} lines of messages to which nothing befell are left out)`];
  }
}

const again = (entries: readonly Entry[]): number[] =>
  entries
    .filter(({ text }) => text.includes("(attempt ") && !text.includes("(attempt 1)"))
    .map(({ message }) => message);

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(3).padStart(9)} s`;

/** A value as a story quotes it: one line, clipped. */
export function quoted(value: unknown, most = 60): string {
  const text = inspect(value, {
    depth: 3,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: 40,
    maxArrayLength: 6,
  });
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** A channel or a consumer, whose name says more than its parts. */
const isMade = (value: unknown): value is { readonly name: string } =>
  typeof value === "object" && value !== null && "~switchyard" in value && "name" in value;

/** A call as a story quotes it: `bank.charge('o-1', 4200)`. */
export const called = (name: string, args: readonly unknown[]): string =>
  `${name}(${args
    .slice(0, args.findLastIndex((argument) => argument !== undefined) + 1)
    .filter((argument) => typeof argument !== "function")
    .map((argument) => (isMade(argument) ? argument.name : quoted(argument, 40)))
    .join(", ")})`;

/** What was thrown, in one line. */
export function thrownBy(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : quoted(error);
  return text.split("\n")[0]!.slice(0, 200);
}
