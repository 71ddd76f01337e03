/** What the parts of resolving share: the layers, the collected problems, and what may be said about a value. */
import type { ConsumerShape } from "../../api/shapes.ts";
import type { Layers } from "../layers/layers.ts";
import type { Problems } from "../layers/problems.ts";
import type { Secrets } from "../layers/secrets.ts";
import type { Section } from "../layers/section.ts";
import { getAt, isTree, type Path, type Tree } from "../layers/tree.ts";

export interface Unfilled {
  readonly where: string;
  /** Counted from its layer. */
  readonly path: Path;
  readonly message: string;
  /** Taken out before laying, because the structure wanted something other than text. */
  readonly removed: boolean;
}

export interface ContextParts {
  readonly layers: Layers;
  readonly problems: Problems;
  readonly secrets: Secrets;
  readonly prefix: string;
  readonly prefixGiven: boolean;
  readonly consumers: readonly ConsumerShape[];
  /** The base with all its profiles, the one in use or not. */
  readonly whole: Tree;
  /** By place: the variables a value came from. */
  readonly fromEnv: ReadonlyMap<string, readonly string[]>;
  /** What could not be filled in, in the layers in use. */
  readonly missing: readonly Unfilled[];
  /** What is wrong by itself and reported already, counted from its layer: its absence is not another mistake. */
  readonly broken: readonly Path[];
}

export class ResolveContext {
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

  /** What was not filled in, of a part that is used: still standing there, or taken out because it was no text. */
  unfilled(
    section: Section,
    part: string,
    names: readonly string[],
  ): { readonly path: string; readonly message: string }[] {
    const found = [];
    const places = new Set(section.origins());
    for (const { where, path, message, removed } of this.#parts.missing) {
      const here =
        removed &&
        path[0] === part &&
        names.includes(String(path[1])) &&
        getAt(section.value, path.slice(2)) === undefined;
      if (here || places.has(where)) found.push({ path: where, message });
    }
    return found;
  }

  reportUnfilled(section: Section, part: string, names: readonly string[]): void {
    for (const { path, message } of this.unfilled(section, part, names)) this.problems.add(path, message);
  }

  /** The value there could not be filled in. */
  unset(where: string): boolean {
    return this.#parts.missing.some((unfilled) => unfilled.where === where);
  }

  /** A value to judge no further: something about it is reported already. */
  excused(...path: Path): boolean {
    return this.#parts.broken.some((broken) =>
      broken.every((key, at) => at >= path.length || key === path[at] || (at === 1 && key === "*")),
    );
  }

  /** The value there, or a part of it, came from the environment. */
  filledIn(where: string): boolean {
    return this.#parts.fromEnv.has(where);
  }

  /** The base or some profile lists it, so that its absence here is meant and no misspelling. */
  listedSomewhere(channel: string, group?: string): boolean {
    const { whole } = this.#parts;
    const profiles = isTree(whole["profiles"]) ? Object.values(whole["profiles"]) : [];
    const names = group === undefined ? [channel] : [channel, "*"];
    return [whole, ...profiles].some((layer) =>
      names.some((name) => isTree(getAt(layer, ["channels", name, ...(group === undefined ? [] : ["groups", group])]))),
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
