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
