/** The layers in order (base, profile, environment), laid over each other part by part. */
import { Section } from "./section.ts";
import { isTree, type Path, type Tree } from "./tree.ts";

export interface Layer {
  readonly tree: Tree;
  /** The place of a key as people know it: `profiles.test.channels.orders.on`, or the variable's name. */
  readonly name: (path: Path) => string;
}

/** Said for one connection or model, meaningless on another. */
const BOUND = ["address", "form", "native"] as const;
const BOUND_OF_GROUP = ["address", "deadLetterAddress", "native"] as const;

export class Layers {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
  }

  /** Names in a part, over all layers, `"*"` left out. */
  names(part: "connections" | "channels" | "policies"): string[] {
    const found = this.#layers.flatMap(({ tree }) => Object.keys(of(tree, part)));
    return [...new Set(found)].filter((name) => name !== "*");
  }

  scalar(key: "prefix" | "drain"): { readonly value: unknown; readonly where: string } {
    const layer = this.#layers.findLast(({ tree }) => tree[key] !== undefined);
    return { value: layer?.tree[key], where: layer?.name([key]) ?? key };
  }

  channel(name: string): Section {
    const section = new Section(`channels.${name}`);
    for (const layer of this.#layers) {
      const all = of(layer.tree, "channels", "*");
      const own = of(layer.tree, "channels", name);
      for (const key of ["on", "model"] as const) {
        const [before, after] = [section.value[key], own[key] ?? all[key]];
        if (before !== undefined && after !== undefined && before !== after) leave(section);
      }
      this.#lay(section, layer, ["channels", "*"], false);
      this.#lay(section, layer, ["channels", name]);
    }
    return section;
  }

  connection(name: string): Section {
    const section = new Section(`connections.${name}`);
    if (name === "memory") section.lay({ use: "memory" }, () => "connections.memory", false);
    for (const layer of this.#layers) {
      const { use } = of(layer.tree, "connections", name);
      if (use !== undefined && section.value.use !== undefined && use !== section.value.use) section.clear();
      this.#lay(section, layer, ["connections", name]);
    }
    return section;
  }

  /** A named policy starts from `default`. */
  policy(name: string): Section {
    const section = new Section(`policies.${name}`);
    for (const part of new Set(["default", name])) {
      for (const layer of this.#layers) this.#lay(section, layer, ["policies", part], part === name);
    }
    return section;
  }

  #lay(section: Section, layer: Layer, path: readonly [string, string], named = true): void {
    const parts = layer.tree[path[0]];
    if (!isTree(parts) || !Object.hasOwn(parts, path[1]) || !isTree(parts[path[1]])) return;
    section.lay(parts[path[1]] as Tree, (rest) => layer.name([...path, ...rest]), named);
  }
}

function of(tree: Tree, ...path: readonly string[]): Tree {
  let at: unknown = tree;
  for (const key of path) at = isTree(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return isTree(at) ? at : {};
}

function leave(section: Section): void {
  for (const key of BOUND) section.drop([key]);
  for (const group of Object.keys(of(section.value, "groups"))) {
    for (const key of BOUND_OF_GROUP) section.drop(["groups", group, key]);
  }
}
