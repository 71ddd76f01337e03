/** The layer of environment variables, which overrides the profile: `SWITCHYARD__CHANNELS__VIDEO_UPLOADS__ON=memory`. */
import type { z } from "zod";
import type { Problems } from "../layers/problems.ts";
import { overlaySchema } from "../layers/schema.ts";
import { type Place, placeOf } from "../layers/structure.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import { setAt, type Tree } from "../layers/tree.ts";
import { readYamlScalar } from "./yaml.ts";

const PREFIX = "SWITCHYARD__";
/** Removes a value of a lower layer, as null does in a profile. YAML's other spellings of null (`~`, empty) are text. */
const REMOVES = "null";

export interface Override {
  readonly variable: string;
  readonly path: readonly string[];
}

/** Reads the variables. `names` returns the known names under a path: channels, groups, the keys of a connection. */
export async function environmentLayer(
  env: Readonly<Record<string, string | undefined>>,
  names: (path: readonly string[]) => readonly string[],
  problems: Problems,
): Promise<{ readonly tree: Tree; readonly overrides: readonly Override[] }> {
  const tree: Tree = {};
  const overrides: Override[] = [];
  for (const variable of Object.keys(env).toSorted((a, b) => (a < b ? -1 : 1))) {
    const text = env[variable];
    if (text === undefined || !variable.toUpperCase().startsWith(PREFIX)) continue;
    const path = pathOf(variable, text, names, problems);
    if (path === undefined) continue;
    const same = overrides.find((other) => other.path.join("\0") === path.join("\0"));
    if (same !== undefined) {
      problems.add(variable, `sets the same key as ${same.variable}; keep only one of them`);
      continue;
    }
    overrides.push({ variable, path });
    setAt(tree, path, text === REMOVES ? null : await readYamlScalar(variable, text));
  }
  return { tree, overrides };
}

function pathOf(
  variable: string,
  text: string,
  names: (path: readonly string[]) => readonly string[],
  problems: Problems,
): string[] | undefined {
  const path: string[] = [];
  let at: z.ZodType | undefined = overlaySchema;
  for (const segment of variable.slice(PREFIX.length).split("__")) {
    const place: Place | undefined = at && placeOf(at);
    if (place === undefined) {
      problems.add(variable, `${path.join(".")} is a single value and has no keys`);
      return undefined;
    }
    const known = [...new Set([...(place.keys ?? []), ...names(path)])];
    const matching = match(segment, known);
    if (matching.length > 1) {
      problems.add(variable, `"${segment}" may mean ${matching.join(" or ")}; rename one of them`);
      return undefined;
    }
    const open = place.keys === undefined && !place.named;
    const key = matching[0] ?? (open && segment !== "" ? camelCase(segment) : undefined);
    if (key === undefined) {
      const under = path.length === 0 ? "" : ` below ${path.join(".")}`;
      const hint = didYouMean(segment, known);
      problems.add(
        variable,
        `no "${segment.toLowerCase().replaceAll("_", "-")}"${under}; known: ${listed(known)}.${hint}`,
      );
      return undefined;
    }
    path.push(key);
    at = place.below(key);
  }
  const last = at && placeOf(at);
  if (last === undefined || !(last.named || last.keys !== undefined)) return path;
  // A key such as `deadLetter` takes an object or a single value.
  if (isUnion(at!) || text === REMOVES) return path;
  problems.add(
    variable,
    `names ${path.join(".")}, which is not a single value; append __ and one of: ${listed(last.keys ?? names(path))}`,
  );
  return undefined;
}

function isUnion(schema: z.ZodType): boolean {
  const def = schema._zod.def as { readonly type: string; readonly innerType?: z.ZodType };
  return def.type === "union" || ((def.type === "optional" || def.type === "nullable") && isUnion(def.innerType!));
}

/** The known keys that a segment matches, with any case and `_` for `-`. If none does, separators are ignored (`MAX_IN_FLIGHT`). */
function match(segment: string, known: readonly string[]): readonly string[] {
  const exact = segment.toLowerCase().replaceAll("_", "-");
  const found = known.filter((key) => key.toLowerCase().replaceAll("_", "-") === exact);
  if (found.length > 0) return found;
  const loose = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, "");
  return known.filter((key) => loose(key) === loose(segment));
}

function camelCase(segment: string): string {
  return segment.toLowerCase().replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
