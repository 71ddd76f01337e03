/** The layers in order (base, profile, environment), laid over each other part by part. */
import { Section } from "./section.ts";
import { getAt, isTree, type Path, type Tree } from "./tree.ts";

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
      const moves = (from: Tree, to: Tree) =>
        (["on", "model"] as const).some(
          (key) => from[key] !== undefined && to[key] !== undefined && from[key] !== to[key],
        );
      if (moves(section.value, { ...all, ...own })) leave(section);
      this.#lay(section, layer, ["channels", "*"], false, moves(all, own) ? unbound(all) : all);
      this.#lay(section, layer, ["channels", name]);
    }
    return section;
  }

  connection(name: string): Section {
    const section = new Section(`connections.${name}`);
    // Said nowhere: what is wrong with it is told where it is named.
    if (name === "memory") section.lay({ use: "memory" }, () => "", false);
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

  #lay(
    section: Section,
    layer: Layer,
    path: readonly [string, string],
    named = true,
    tree = of(layer.tree, ...path),
  ): void {
    const parts = of(layer.tree, path[0]);
    if (Object.hasOwn(parts, path[1])) section.lay(tree, (rest) => layer.name([...path, ...rest]), named);
  }
}

function of(tree: Tree, ...path: readonly string[]): Tree {
  const found = getAt(tree, path);
  return isTree(found) ? found : {};
}

function leave(section: Section): void {
  for (const key of BOUND) section.drop([key]);
  for (const group of Object.keys(of(section.value, "groups"))) {
    for (const key of BOUND_OF_GROUP) section.drop(["groups", group, key]);
  }
}

function unbound(channel: Tree): Tree {
  const section = new Section("");
  section.lay(channel, () => "");
  leave(section);
  return section.value;
}
