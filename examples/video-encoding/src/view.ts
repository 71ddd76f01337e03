import { LiveView } from "./live-view.ts";

export interface Scene {
  readonly title: string;
  readonly uploaded: number;
  readonly encoded: number;
  /** Waiting at the broker, as the broker says. */
  readonly backlog: number;
  /** Handed to an encoder and not settled, as the broker says. */
  readonly inFlight: number;
  readonly encoders: number;
}

/** What a person sees of a run: a picture that is redrawn on a terminal, lines otherwise. */
export interface View {
  /** A line that stays. */
  note(text: string): void;
  show(scene: Scene): void;
  end(): void;
}

export const silent: View = { note() {}, show() {}, end() {} };

export function viewFor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): View {
  const live = stream.isTTY && env["TERM"] !== "dumb" && env["CI"] === undefined;
  return live
    ? new LiveView(stream, { colour: env["NO_COLOR"] === undefined })
    : new PlainView((line) => stream.write(`${line}\n`));
}

const EVERY_MS = 1000;

/** One line a second while something moves. */
export class PlainView implements View {
  readonly #write: (line: string) => void;
  #shownAt = performance.now();
  #last = "";

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  note(text: string): void {
    this.#write(text);
  }

  show(scene: Scene): void {
    const { uploaded, encoded, backlog, inFlight, encoders } = scene;
    const line = `  ${scene.title}: encoded ${encoded} of ${uploaded}, backlog ${backlog}, in flight ${inFlight}, encoders ${encoders}`;
    if (line === this.#last || performance.now() - this.#shownAt < EVERY_MS) return;
    this.#last = line;
    this.#shownAt = performance.now();
    this.#write(line);
  }

  end(): void {}
}
