/** What happens while a command runs: of each kind the first is said, and at the end how many more there were. */
import { logEvents, type Observe } from "@switchyard/core";
import { visible } from "./visible.ts";

/** The fields of an event that tell kinds apart. An id or a key does not. */
interface Fields {
  readonly event: string;
  readonly connection?: string;
  readonly channel?: string;
  readonly group?: string;
  readonly reason?: string;
  readonly error?: { readonly code?: string };
}

/** What a gap in the order means here. */
const GAPS: Readonly<Record<string, string>> = {
  redrive: "what is sent again comes after later messages of its ordering key",
  replay: "what is read again comes after later messages",
};

export class Events {
  readonly observe: Observe;
  readonly #talk: (text: string) => void;
  readonly #kinds = new Map<string, { readonly text: string; more: number }>();

  constructor(talk: (text: string) => void) {
    this.#talk = talk;
    // A warning of the transport is an event of that name.
    const tell = (level: string) => (fields: object, text: string) =>
      this.#tell(fields as Fields, `${level}: ${text.replace(/^warning /, "")}`);
    const none = (): void => {};
    this.observe = logEvents({ debug: none, info: none, warn: tell("warning"), error: tell("error") });
  }

  /** Says how many were not. */
  end(): void {
    for (const { text, more } of this.#kinds.values())
      if (more > 0) this.#talk(visible(`${text} (and ${more.toLocaleString("en-US")} more)`));
  }

  #tell({ event, connection, channel, group, reason, error }: Fields, said: string): void {
    const gap = event === "order-gap" && reason !== undefined ? GAPS[reason] : undefined;
    const text = gap === undefined ? said : `${said}: ${gap}`;
    const kind = JSON.stringify([event, connection, channel, group, reason, error?.code]);
    const known = this.#kinds.get(kind);
    if (known !== undefined) {
      known.more++;
      return;
    }
    this.#kinds.set(kind, { text, more: 0 });
    this.#talk(visible(text));
  }
}
