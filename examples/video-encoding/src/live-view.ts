import type { Scene, View } from "./view.ts";

const LEVELS = " ▁▂▃▄▅▆▇█";
const LABEL = 12;

/** Four lines that are redrawn in place; notes scroll by above them. */
export class LiveView implements View {
  readonly #stream: NodeJS.WriteStream;
  readonly #colour: boolean;
  #drawn = 0;
  #scene: Scene | undefined;
  #title: string | undefined;
  #backlogs: number[] = [];
  #rate = { encoded: 0, at: performance.now(), perSecond: 0 };

  constructor(stream: NodeJS.WriteStream, { colour = true } = {}) {
    this.#stream = stream;
    this.#colour = colour;
  }

  note(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
    if (this.#scene !== undefined) this.#draw(this.#scene);
  }

  show(scene: Scene): void {
    if (scene.title !== this.#title) this.#backlogs = [];
    this.#title = scene.title;
    this.#scene = scene;
    this.#backlogs.push(scene.backlog);
    this.#measure(scene.encoded);
    this.#clear();
    this.#draw(scene);
  }

  /** The last picture stays. */
  end(): void {
    this.#drawn = 0;
    this.#scene = undefined;
  }

  #clear(): void {
    if (this.#drawn > 0) this.#stream.write(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }

  #draw(scene: Scene): void {
    const room = Math.max(10, Math.min(60, (this.#stream.columns || 80) - LABEL - 28));
    const share = scene.uploaded === 0 ? 0 : Math.min(1, scene.encoded / scene.uploaded);
    const full = Math.round(share * room);
    const lines = [
      this.#paint(1, scene.title),
      `${"  encoded".padEnd(LABEL)}${this.#paint(32, "█".repeat(full))}${"░".repeat(room - full)} ${scene.encoded} of ${scene.uploaded}`,
      `${"  backlog".padEnd(LABEL)}${this.#paint(33, this.#history(room))} ${scene.backlog} waiting`,
      `${"  encoders".padEnd(LABEL)}${this.#paint(36, "●".repeat(scene.encoders).padEnd(room))} ${scene.inFlight} in flight, ${this.#rate.perSecond} a second`,
    ];
    this.#stream.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  /** The backlog over the time of this title, squeezed into `room` columns, against its highest. */
  #history(room: number): string {
    const most = Math.max(...this.#backlogs, 1);
    const columns = Math.min(room, this.#backlogs.length);
    const line = Array.from({ length: columns }, (_, column) => {
      const from = Math.floor((column * this.#backlogs.length) / columns);
      const to = Math.floor(((column + 1) * this.#backlogs.length) / columns);
      const value = Math.max(...this.#backlogs.slice(from, to));
      return LEVELS[Math.ceil((value / most) * (LEVELS.length - 1))]!;
    });
    return line.join("").padEnd(room);
  }

  #measure(encoded: number): void {
    const seconds = (performance.now() - this.#rate.at) / 1000;
    if (seconds < 0.5 && encoded >= this.#rate.encoded) return;
    const perSecond = Math.max(0, Math.round((encoded - this.#rate.encoded) / seconds));
    this.#rate = { encoded, at: performance.now(), perSecond };
  }

  #paint(code: number, text: string): string {
    return this.#colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}
