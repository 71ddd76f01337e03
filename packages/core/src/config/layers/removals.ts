/** A null that removes nothing is a mistake: because of a misspelling, the entry that should be removed would stay. */
import type { Layer } from "./layers.ts";
import type { Problems } from "./problems.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import { getAt, isTree, type Path } from "./tree.ts";

/** Reports each name that a layer sets to null and no lower layer sets. Keys such as `retention` may be null without that. */
export function reportIdleRemovals(layers: readonly Layer[], problems: Problems): void {
  for (const [index, layer] of layers.entries()) {
    const below = layers.slice(0, index);
    const report = (path: Path, known: readonly string[]) => {
      const name = String(path.at(-1));
      if (known.includes(name)) return;
      const why = `null removes an entry, but there is no ${JSON.stringify(name)}; known: ${listed(known)}`;
      problems.add(layer.name(path), `${why}. For an entry without settings write {}.${didYouMean(name, known)}`);
    };
    for (const part of ["connections", "channels", "policies", "keys"] as const) {
      for (const name of nullsOf(layer, [part])) {
        if (part === "channels" && name === "*") {
          problems.add(
            layer.name([part, name]),
            'null cannot remove all channels; set a named channel, or a key below "*", to null',
          );
        } else report([part, name], keysOf(below, [part]));
      }
    }
    for (const channel of keysOf([layer], ["channels"])) {
      const path = ["channels", channel, "groups"];
      for (const group of nullsOf(layer, path)) {
        const names = channel === "*" ? keysOf(below, ["channels"]) : [channel, "*"];
        const known = names.flatMap((name) => keysOf(below, ["channels", name, "groups"]));
        // Within a layer, a named channel overrides "*", so it may also remove a group of "*".
        const beside = channel === "*" ? [] : keysOf([layer], ["channels", "*", "groups"]);
        report([...path, group], [...new Set([...known, ...beside])]);
      }
    }
  }
}

function nullsOf({ tree }: Layer, path: Path): string[] {
  const found = getAt(tree, path);
  return isTree(found) ? Object.keys(found).filter((key) => found[key] === null) : [];
}

/** The keys at a path that are not null, over all layers. */
function keysOf(layers: readonly Layer[], path: Path): string[] {
  const found = layers.flatMap(({ tree }) => {
    const at = getAt(tree, path);
    return isTree(at) ? Object.keys(at).filter((key) => at[key] !== null) : [];
  });
  return [...new Set(found)];
}
