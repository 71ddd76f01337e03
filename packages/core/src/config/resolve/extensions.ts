/** Finds the extensions that `keys` and `claimCheck` name: passed in code, given as a value, or imported like adapters. */
import type { Extension } from "../../pipeline/extension.ts";
import { listed } from "../../base/suggest.ts";
import { isPath, loadModule, type ModuleSource, packageOf, SCOPE } from "./find-module.ts";

type Kind = Extension["kind"];
type Of<K extends Kind> = Extract<Extension, { readonly kind: K }>;

/** Our extensions: what their names are in the configuration, and the packages they need. */
const OURS: Readonly<
  Record<Kind, { readonly module: string; readonly names: Readonly<Record<string, readonly string[]>> }>
> = {
  keys: {
    module: `${SCOPE}encryption`,
    names: { local: [], kms: ["@aws-sdk/client-kms"], ephemeral: [] },
  },
  "claim-check": {
    module: `${SCOPE}claim-check`,
    names: { s3: ["@aws-sdk/client-s3"], folder: [], memory: [] },
  },
};

export class Extensions {
  readonly #given: readonly Extension[];
  readonly #source: ModuleSource;

  constructor(given: readonly Extension[], source: ModuleSource) {
    this.#given = given;
    this.#source = source;
  }

  /** `name` is the value of `use` or `store`. */
  async find<K extends Kind>(
    kind: K,
    name: string | Extension,
  ): Promise<{ readonly extension: Of<K> } | { readonly problem: string }> {
    if (typeof name !== "string") return ofKind(kind, name, "this value");
    const given = this.#given.find((each): each is Of<K> => each.kind === kind && each.names.includes(name));
    if (given !== undefined) return { extension: given };
    const ours = OURS[kind];
    const specifier = Object.hasOwn(ours.names, name) ? ours.module : name;
    if (specifier === name && !name.includes("/"))
      return { problem: `unknown: ${JSON.stringify(name)}; use ${allowed(kind)}` };
    const found = await loadModule(specifier, this.#source, (directory) => {
      if (isPath(specifier)) return `${specifier} does not exist, relative to ${directory}`;
      const packages = [packageOf(specifier), ...(ours.names[name] ?? [])].join(" ");
      return `${specifier} is not installed where ${directory} can find it: npm install ${packages}`;
    });
    return "problem" in found ? found : ofKind(kind, found.module["extension"], specifier);
  }
}

/** The allowed values, for errors. */
export function allowed(kind: Kind): string {
  return `${listed(Object.keys(OURS[kind].names))}, or the full name of another package or file`;
}

function ofKind<K extends Kind>(
  kind: K,
  value: unknown,
  from: string,
): { readonly extension: Of<K> } | { readonly problem: string } {
  if (typeof value === "object" && value !== null && (value as Partial<Extension>).kind === kind)
    return { extension: value as Of<K> };
  return {
    problem: `${from} exports no \`extension\` of the kind "${kind}"; is it one for this version of Switchyard?`,
  };
}
