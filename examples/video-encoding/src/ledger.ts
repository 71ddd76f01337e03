/** How far the service is; kept by whoever uploads and encodes, not by the broker. */
export interface Standing {
  readonly uploaded: number;
  readonly encoded: number;
  /** Uploaded, and no encoder is at it. */
  readonly backlog: number;
  readonly inFlight: number;
}

/** Every upload, and what became of it. */
export class Ledger {
  readonly #uploaded = new Set<string>();
  readonly #timesEncoded = new Map<string, number>();
  readonly #refused = new Set<string>();
  readonly #running = new Map<string, number>();
  #failures = 0;
  #changed = Promise.withResolvers<void>();

  /** To be called before the upload is published: an encoder may be faster than the publisher's own reply. */
  uploaded(videoId: string): void {
    this.#uploaded.add(videoId);
    this.#tell();
  }

  started(videoId: string): void {
    this.#running.set(videoId, (this.#running.get(videoId) ?? 0) + 1);
    this.#tell();
  }

  encoded(videoId: string): void {
    this.#timesEncoded.set(videoId, (this.#timesEncoded.get(videoId) ?? 0) + 1);
    this.#ended(videoId);
  }

  /** It will be tried again. */
  failed(videoId: string): void {
    this.#failures++;
    this.#ended(videoId);
  }

  /** It is no video, and will not be tried again. */
  refused(videoId: string): void {
    this.#refused.add(videoId);
    this.#ended(videoId);
  }

  get standing(): Standing {
    const encoded = this.#timesEncoded.size;
    const inFlight = this.#running.size;
    const backlog = Math.max(0, this.#uploaded.size - encoded - this.#refused.size - inFlight);
    return { uploaded: this.#uploaded.size, encoded, inFlight, backlog };
  }

  /** Deliveries that failed and were to come again. */
  get failures(): number {
    return this.#failures;
  }

  /** Deliveries of videos that had been encoded already. */
  get duplicates(): number {
    return [...this.#timesEncoded.values()].reduce((sum, times) => sum + times - 1, 0);
  }

  get encodedIds(): readonly string[] {
    return [...this.#timesEncoded.keys()];
  }

  get refusedIds(): readonly string[] {
    return [...this.#refused];
  }

  /** True once every upload so far is encoded or refused and no handler runs; false when nothing has changed for `stallMs`. */
  async idle(stallMs: number): Promise<boolean> {
    for (;;) {
      const { backlog, inFlight } = this.standing;
      if (backlog === 0 && inFlight === 0) return true;
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
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
