import type { Scene, View } from "./view.ts";

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
