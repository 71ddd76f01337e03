/** How far the service is; kept by whoever uploads and encodes, not by the broker. */
export interface Standing {
  readonly uploaded: number;
  readonly encoded: number;
  /** Uploaded, and no encoder has it. */
  readonly backlog: number;
  readonly inFlight: number;
}

/** Every upload, and what became of it. */
export class Ledger {
  readonly #uploaded = new Set<string>();
  readonly #timesEncoded = new Map<string, number>();
  readonly #running = new Map<string, number>();
  #retries = 0;
  #failures = 0;
  #changed = Promise.withResolvers<void>();

  /** To be called before the upload is published: an encoder may be faster than the publisher's own reply. */
  uploaded(videoId: string): void {
    this.#uploaded.add(videoId);
    this.#tell();
  }

  started(videoId: string, attempt: number): void {
    this.#running.set(videoId, (this.#running.get(videoId) ?? 0) + 1);
    if (attempt > 1) this.#retries++;
    this.#tell();
  }

  encoded(videoId: string): void {
    this.#ended(videoId);
    this.#timesEncoded.set(videoId, (this.#timesEncoded.get(videoId) ?? 0) + 1);
    this.#tell();
  }

  failed(videoId: string): void {
    this.#ended(videoId);
    this.#failures++;
    this.#tell();
  }

  get standing(): Standing {
    const encoded = this.#timesEncoded.size;
    const inFlight = this.#running.size;
    return {
      uploaded: this.#uploaded.size,
      encoded,
      inFlight,
      backlog: Math.max(0, this.#uploaded.size - encoded - inFlight),
    };
  }

  /** Handler runs that ended badly, and deliveries that came after one. */
  get failures(): number {
    return this.#failures;
  }

  get retries(): number {
    return this.#retries;
  }

  /** Deliveries of videos that had been encoded already. */
  get duplicates(): number {
    return [...this.#timesEncoded.values()].reduce((sum, times) => sum + times - 1, 0);
  }

  get uploadedIds(): readonly string[] {
    return [...this.#uploaded];
  }

  get encodedIds(): readonly string[] {
    return [...this.#timesEncoded.keys()];
  }

  /** True once every upload so far is encoded and no handler runs; false when nothing has changed for `stallMs`. */
  async idle(stallMs: number): Promise<boolean> {
    for (;;) {
      const { uploaded, encoded, inFlight } = this.standing;
      if (encoded >= uploaded && inFlight === 0) return true;
      const stalled = Promise.withResolvers<"stalled">();
      const timer = setTimeout(() => stalled.resolve("stalled"), stallMs);
      const first = await Promise.race([this.#changed.promise, stalled.promise]);
      clearTimeout(timer);
      if (first === "stalled") return false;
    }
  }

  #ended(videoId: string): void {
    const others = this.#running.get(videoId)! - 1;
    if (others > 0) this.#running.set(videoId, others);
    else this.#running.delete(videoId);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
