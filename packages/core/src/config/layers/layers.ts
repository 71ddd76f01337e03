/**
 * Merges the layers of a configuration: base, profile, environment. A later layer wins. null removes a name, a key or a whole part that
 * a lower layer sets. Within a layer, it removes what `"*"` or the policy `default` sets.
 */
import { Section } from "./section.ts";
import { getAt, isTree, type Path, type Tree } from "./tree.ts";

export interface Layer {
  readonly tree: Tree;
  /** Names a key for people: `profiles.test.channels.orders.on`, or the variable's name. */
  readonly name: (path: Path) => string;
}

type Part = "connections" | "channels" | "policies" | "keys";

/** Keys that apply to one connection and model only. */
const BOUND = ["address", "form", "native"] as const;
const BOUND_OF_GROUP = ["address", "deadLetterAddress", "native"] as const;

export class Layers {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
  }

  /** The names in a part over all layers, without `"*"`. */
  names(part: Part): string[] {
    const found = new Set<string>();
    for (const { tree } of this.#layers) {
      if (tree[part] === null) found.clear();
      for (const [name, value] of Object.entries(of(tree, part))) {
        if (value === null) found.delete(name);
        else if (name !== "*") found.add(name);
      }
    }
    return [...found];
  }

  /** The place where a layer removes an entry of a part. Undefined if none does, or a later layer adds the entry again. */
  removed(part: Part, name: string): string | undefined {
    const at = this.#layers.findLastIndex(({ tree }) => tree[part] === null || getAt(tree, [part, name]) === null);
    if (at < 0 || this.#layers.slice(at + 1).some(({ tree }) => Object.hasOwn(of(tree, part), name))) return undefined;
    const { tree, name: place } = this.#layers[at]!;
    return place(tree[part] === null ? [part] : [part, name]);
  }

  scalar(key: "prefix" | "drain"): { readonly value: unknown; readonly where: string } {
    const layer = this.#layers.findLast(({ tree }) => tree[key] !== undefined);
    return { value: layer?.tree[key] ?? undefined, where: layer?.name([key]) ?? key };
  }

  channel(name: string): Section {
    const section = new Section(`channels.${name}`);
    for (const layer of this.#layers) {
      if (layer.tree["channels"] === null) section.remove(layer.name(["channels", name]));
      const all = of(layer.tree, "channels", "*");
      const own = of(layer.tree, "channels", name);
      if (getAt(layer.tree, ["channels", name]) === null) {
        section.remove(layer.name(["channels", name]));
        continue;
      }
      const moves = (from: Tree, to: Tree) =>
        (["on", "model"] as const).some((key) => isSet(from[key]) && isSet(to[key]) && from[key] !== to[key]);
      if (moves(section.value, { ...all, ...own })) dropBound(section);
      this.#merge(section, layer, ["channels", "*"], false, moves(all, own) ? withoutBound(all) : all);
      this.#merge(section, layer, ["channels", name]);
    }
    return section;
  }

  connection(name: string): Section {
    const section = new Section(`connections.${name}`);
    // This value is in no layer. A problem with it is reported where a channel names the connection.
    if (name === "memory") section.merge({ use: "memory" }, () => "", false);
    return this.#used("connections", name, section);
  }

  /** Like a connection: an entry to which a layer gives another `use` keeps nothing of what lower layers set. */
  key(name: string): Section {
    return this.#used("keys", name, new Section(`keys.${name}`));
  }

  #used(part: "connections" | "keys", name: string, section: Section): Section {
    for (const layer of this.#layers) {
      if (isRemoved(layer, part, name) && name !== "memory") section.remove(layer.name([part, name]));
      const { use } = of(layer.tree, part, name);
      if (isSet(use) && section.value.use !== undefined && use !== section.value.use) section.clear();
      this.#merge(section, layer, [part, name]);
    }
    return section;
  }

  /** A policy, merged over the policy `default`. */
  policy(name: string): Section {
    const section = new Section(`policies.${name}`);
    for (const part of new Set(["default", name])) {
      const from = this.#layers.findLastIndex((layer) => isRemoved(layer, "policies", part)) + 1;
      for (const layer of this.#layers.slice(from)) this.#merge(section, layer, ["policies", part], part === name);
    }
    return section;
  }

  #merge(
    section: Section,
    layer: Layer,
    path: readonly [string, string],
    named = true,
    tree = of(layer.tree, ...path),
  ): void {
    const parts = of(layer.tree, path[0]);
    if (Object.hasOwn(parts, path[1])) section.merge(tree, (rest) => layer.name([...path, ...rest]), named);
  }
}

function of(tree: Tree, ...path: readonly string[]): Tree {
  const found = getAt(tree, path);
  return isTree(found) ? found : {};
}

const isSet = (value: unknown) => value !== undefined && value !== null;

function isRemoved({ tree }: Layer, part: Part, name: string): boolean {
  return tree[part] === null || getAt(tree, [part, name]) === null;
}

function dropBound(section: Section): void {
  for (const key of BOUND) section.drop([key]);
  for (const group of Object.keys(of(section.value, "groups"))) {
    for (const key of BOUND_OF_GROUP) section.drop(["groups", group, key]);
  }
}

function withoutBound(channel: Tree): Tree {
  const section = new Section("");
  section.merge(channel, () => "");
  dropBound(section);
  return section.value;
}
