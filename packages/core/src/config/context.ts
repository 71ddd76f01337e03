/** What the parts of resolving share: the layers, the collected problems, and what may be said about a value. */
import type { ConsumerShape } from "../shapes.ts";
import type { Layers } from "./layers.ts";
import type { Problems } from "./problems.ts";
import type { Secrets } from "./secrets.ts";
import type { Section } from "./section.ts";
import type { Path } from "./tree.ts";

export interface ContextParts {
  readonly layers: Layers;
  readonly problems: Problems;
  readonly secrets: Secrets;
  readonly prefix: string;
  readonly prefixGiven: boolean;
  readonly consumers: readonly ConsumerShape[];
  /** By place: the variables a value came from. */
  readonly fromEnv: ReadonlyMap<string, readonly string[]>;
  /** By place: what could not be filled in. */
  readonly missing: ReadonlyMap<string, string>;
  /** What is wrong by itself and reported already, counted from its layer: its absence is not another mistake. */
  readonly broken: readonly Path[];
}

export class Context {
  readonly layers: Layers;
  readonly problems: Problems;
  readonly secrets: Secrets;
  readonly prefix: string;
  readonly consumers: readonly ConsumerShape[];
  readonly #parts: ContextParts;
  readonly #claimed = new Map<string, string>();

  constructor(parts: ContextParts) {
    this.layers = parts.layers;
    this.problems = parts.problems;
    this.secrets = parts.secrets;
    this.prefix = parts.prefix;
    this.consumers = parts.consumers;
    this.#parts = parts;
  }

  /** What was not filled in, of a part that is used. */
  unfilled(section: Section): { readonly path: string; readonly message: string }[] {
    const found = [];
    for (const path of new Set(section.origins())) {
      const message = this.#parts.missing.get(path);
      if (message !== undefined) found.push({ path, message });
    }
    return found;
  }

  reportUnfilled(section: Section): void {
    for (const { path, message } of this.unfilled(section)) this.problems.add(path, message);
  }

  /** A value to judge no further: something about it is reported already. */
  excused(...path: Path): boolean {
    return this.#parts.broken.some((broken) =>
      broken.every((key, at) => at >= path.length || key === path[at] || (at === 1 && key === "*")),
    );
  }

  /** A value as a message may quote it. */
  quote(where: string, value: unknown): string {
    const names = this.#parts.fromEnv.get(where);
    return names === undefined ? JSON.stringify(value) : `the value of ${names.join(" and ")}`;
  }

  /** Physical names are wanted, and there is no prefix to make them from. */
  needsPrefix(channel: string, connection: string): void {
    if (this.#parts.prefixGiven || this.excused("prefix") || this.#claimed.has("prefix")) return;
    this.#claimed.set("prefix", channel);
    const why = `missing, and "${channel}" on "${connection}" makes its physical names from it, so that two environments never share a queue`;
    this.problems.add("prefix", `${why}; say for example prefix: "\${STAGE:-dev}"`);
  }

  /** Refuses that two groups read one queue: each would get a part of the other's messages. */
  claim(connection: string, address: string, owner: string, where: string): void {
    const key = `${connection}\n${address}`;
    const other = this.#claimed.get(key);
    if (other === undefined) this.#claimed.set(key, owner);
    else if (other !== owner)
      this.problems.add(
        where,
        `${owner} and ${other} would read the same queue and take each other's messages; give each its own`,
      );
  }
}

/** The later of two places: environment before profile before base. */
export function later(first: string, second: string): string {
  const rank = (place: string) => (place.startsWith("SWITCHYARD__") ? 2 : place.startsWith("profiles.") ? 1 : 0);
  return rank(second) > rank(first) ? second : first;
}
