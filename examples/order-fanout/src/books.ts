/** What each service did, in its order, each message once however often it came. */
export class Books {
  readonly #seen = new Map<string, Map<string, { readonly customer: string; readonly line: string }>>();
  readonly #waiting: { readonly group: string; readonly count: number; readonly done: () => void }[] = [];
  deliveries = 0;

  note(group: string, id: string, customer: string, line: string): void {
    this.deliveries++;
    const own = this.#seen.get(group) ?? new Map<string, { customer: string; line: string }>();
    this.#seen.set(group, own);
    if (!own.has(id)) own.set(id, { customer, line });
    for (const waiting of this.#waiting) if (waiting.group === group && own.size >= waiting.count) waiting.done();
  }

  ids(group: string): string[] {
    return [...(this.#seen.get(group)?.keys() ?? [])];
  }

  /** What a service did for each customer, in the order it did it. */
  linesOf(group: string): Record<string, string[]> {
    const lines: Record<string, string[]> = {};
    for (const { customer, line } of this.#seen.get(group)?.values() ?? []) (lines[customer] ??= []).push(line);
    return lines;
  }

  /** Resolves once the group has so many. */
  filled(group: string, count: number): Promise<void> {
    if (this.ids(group).length >= count) return Promise.resolve();
    return new Promise((done) => this.#waiting.push({ group, count, done }));
  }
}
