import type { View } from "./access-log.ts";

/** Half an hour without a view ends a session: the usual definition. */
const GAP_MS = 30 * 60_000;

export interface Totals {
  views: number;
  sessions: number;
  /** Of the last view counted. */
  line: number;
  lastAt: number;
}

/**
 * What is known of each visitor. It stands for a database: it outlives every worker, and a view counted once is not counted
 * again, because each visitor's last line is kept with the totals. Sessions come out right only if views come in order.
 */
export class Sessions {
  readonly visitors = new Map<string, Totals>();
  views = 0;
  duplicates = 0;
  #reached: { readonly views: number; readonly resolve: () => void }[] = [];

  count({ visitor, line, at }: View): void {
    const totals = this.visitors.get(visitor) ?? { views: 0, sessions: 0, line: 0, lastAt: Number.NEGATIVE_INFINITY };
    if (line <= totals.line) {
      this.duplicates++;
      return;
    }
    const time = Date.parse(at);
    if (time - totals.lastAt > GAP_MS) totals.sessions++;
    totals.views++;
    totals.line = line;
    totals.lastAt = time;
    this.visitors.set(visitor, totals);
    this.views++;
    for (const waiting of this.#reached) if (this.views >= waiting.views) waiting.resolve();
    this.#reached = this.#reached.filter(({ views }) => this.views < views);
  }

  /** Resolves once so many views were counted. */
  async reached(views: number): Promise<void> {
    if (this.views < views) await new Promise<void>((resolve) => this.#reached.push({ views, resolve }));
  }

  get sessions(): number {
    return [...this.visitors.values()].reduce((sum, { sessions }) => sum + sessions, 0);
  }

  /** Visitors whose totals differ, in words. */
  differences(other: Sessions): readonly string[] {
    const names = new Set([...this.visitors.keys(), ...other.visitors.keys()]);
    return [...names].flatMap((visitor) => {
      const [is, should] = [this.visitors.get(visitor), other.visitors.get(visitor)];
      if (is?.views === should?.views && is?.sessions === should?.sessions) return [];
      return `${visitor}: ${is?.views ?? 0} views in ${is?.sessions ?? 0} sessions, not ${should?.views ?? 0} in ${should?.sessions ?? 0}`;
    });
  }
}
