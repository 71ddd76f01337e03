/** What all steps of resolving share: the layers, the problems found, and which values an error may quote. */
import type { ConsumerShape } from "../../api/shapes.ts";
import type { Layers } from "../layers/layers.ts";
import type { Problems } from "../layers/problems.ts";
import type { Secrets } from "../layers/secrets.ts";
import type { Section } from "../layers/section.ts";
import { getAt, isTree, type Path, type Tree } from "../layers/tree.ts";

export interface Unfilled {
  readonly where: string;
  /** The path within its layer. */
  readonly path: Path;
  readonly message: string;
  /** True if the value was removed before merging, because the structure requires something other than text. */
  readonly removed: boolean;
}

export interface ContextParts {
  readonly layers: Layers;
  readonly problems: Problems;
  readonly secrets: Secrets;
  readonly prefix: string;
  readonly prefixGiven: boolean;
  readonly consumers: readonly ConsumerShape[];
  /** The base with all profiles. */
  readonly whole: Tree;
  /** The variables that a value came from, by place. */
  readonly fromEnv: ReadonlyMap<string, readonly string[]>;
  /** The values of the layers in use that could not be filled in. */
  readonly missing: readonly Unfilled[];
  /** Paths, within their layers, of values that are already reported. Their absence must not be reported as another mistake. */
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

  /** The values of a section that could not be filled in, including those that were removed before merging. */
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

  /** True if the value at a place could not be filled in. */
  unset(where: string): boolean {
    return this.#parts.missing.some((unfilled) => unfilled.where === where);
  }

  /** True if something about the value is already reported, so that it must not be checked further. */
  excused(...path: Path): boolean {
    return this.#parts.broken.some((broken) =>
      broken.every((key, at) => at >= path.length || key === path[at] || (at === 1 && key === "*")),
    );
  }

  /** True if the value at a place, or a part of it, came from the environment. */
  filledIn(where: string): boolean {
    return this.#parts.fromEnv.has(where);
  }

  /** True if the base or any profile lists the channel or group. Its absence here is then deliberate. */
  listedSomewhere(channel: string, group?: string): boolean {
    const { whole } = this.#parts;
    const profiles = isTree(whole["profiles"]) ? Object.values(whole["profiles"]) : [];
    const names = group === undefined ? [channel] : [channel, "*"];
    return [whole, ...profiles].some((layer) =>
      names.some((name) => isTree(getAt(layer, ["channels", name, ...(group === undefined ? [] : ["groups", group])]))),
    );
  }

  /** A value as an error may quote it. */
  quote(where: string, value: unknown): string {
    const names = this.#parts.fromEnv.get(where);
    return names === undefined ? JSON.stringify(value) : `the value of ${names.join(" and ")}`;
  }

  /** Reports a missing prefix, because a channel needs it for its physical names. */
  needsPrefix(channel: string, connection: string): void {
    if (this.#parts.prefixGiven || this.excused("prefix") || this.#claimed.has("prefix")) return;
    this.#claimed.set("prefix", channel);
    const why = `missing; physical names of "${channel}" on "${connection}" start with it, so that two environments never share a queue`;
    this.problems.add("prefix", `${why}. For example: prefix: "\${STAGE:-dev}"`);
  }

  /** Reports two groups that read the same queue, because each would get only a part of the messages. */
  claim(connection: string, address: string, owner: string, where: string): void {
    const key = `${connection}\n${address}`;
    const other = this.#claimed.get(key);
    if (other === undefined) this.#claimed.set(key, owner);
    else if (other !== owner)
      this.problems.add(
        where,
        `${owner} and ${other} would read the same queue and take each other's messages; give each a different queue`,
      );
  }
}

/** The place in the upper layer: the environment is above the profile, the profile above the base. */
export function later(first: string, second: string): string {
  const rank = (place: string) => (place.startsWith("SWITCHYARD__") ? 2 : place.startsWith("profiles.") ? 1 : 0);
  return rank(second) > rank(first) ? second : first;
}
