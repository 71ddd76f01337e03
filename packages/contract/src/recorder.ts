/** What a handler saw of one delivery. */
export interface Seen {
  readonly id: string;
  readonly type: string;
  readonly data: any;
  readonly attempt: number;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly foreign: boolean;
  readonly delivery: any;
  readonly startedAt: number;
  endedAt: number | undefined;
}

type Behaviour = (data: any, delivery: any, seen: Seen) => unknown;

/** A handler that records what it saw and wakes `until`. */
export class Recorder {
  readonly seen: Seen[] = [];
  readonly #clock: () => number;
  readonly #behaviour: Behaviour;
  readonly #changed: () => void;
  running = 0;
  mostRunning = 0;

  constructor(clock: () => number, changed: () => void, behaviour: Behaviour = () => {}) {
    this.#clock = clock;
    this.#changed = changed;
    this.#behaviour = behaviour;
  }

  readonly handle = async (data: any, delivery: any): Promise<void> => {
    const seen: Seen = {
      id: delivery.id,
      type: delivery.type,
      data,
      attempt: delivery.attempt,
      key: delivery.key,
      headers: delivery.headers,
      foreign: delivery.foreign === true,
      delivery,
      startedAt: this.#clock(),
      endedAt: undefined,
    };
    this.seen.push(seen);
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    this.#changed();
    try {
      await this.#behaviour(data, delivery, seen);
    } finally {
      this.running--;
      seen.endedAt = this.#clock();
      this.#changed();
    }
  };

  /** Distinct message ids, in the order first seen. */
  get ids(): string[] {
    return [...new Set(this.seen.map((s) => s.id))];
  }

  /** `n` of each delivery, in order. */
  get numbers(): number[] {
    return this.seen.map((s) => s.data.n as number);
  }

  of(n: number): Seen[] {
    return this.seen.filter((s) => s.data?.n === n);
  }

  get done(): Seen[] {
    return this.seen.filter((s) => s.endedAt !== undefined);
  }
}
