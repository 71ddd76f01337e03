import { isMessagingError } from "@switchyard/core/driver-kit";
import type { ExtensionContext } from "@switchyard/core/pipeline";

/** What is wrong with keys, by what they were used for. Each is over when that works again. */
export class Troubles {
  readonly #tell: ExtensionContext["trouble"];
  readonly #now = new Map<string, { readonly text: string; readonly needsPerson: boolean }>();

  constructor(tell: ExtensionContext["trouble"]) {
    this.#tell = tell;
  }

  passed(use: string): void {
    if (this.#now.delete(use)) this.#report();
  }

  /** A message that can never be read is no trouble of the key. */
  failed(use: string, error: unknown): void {
    if (!isMessagingError(error) || error.kind === "permanent" || error.kind === "closed") return;
    const before = this.#now.get(use);
    const needsPerson = error.kind === "auth";
    if (before?.text === error.message) return;
    this.#now.set(use, { text: error.message, needsPerson });
    this.#report();
  }

  #report(): void {
    const all = [...this.#now.values()];
    if (all.length === 0) return this.#tell(undefined);
    const needsPerson = all.some((each) => each.needsPerson);
    this.#tell([...new Set(all.map(({ text }) => text))].join("; "), needsPerson);
  }
}
