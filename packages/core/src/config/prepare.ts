/** Turns the loaded value into layers: fills in variables, checks the structure, chooses the profile and adds the environment. */
import type { ChannelShape, ConsumerShape } from "../api/shapes.ts";
import { check } from "./layers/check.ts";
import { ResolveContext, type Unfilled } from "./resolve/resolve-context.ts";
import { environmentLayer } from "./load/env.ts";
import { type Layer, Layers } from "./layers/layers.ts";
import type { Loaded } from "./load/load.ts";
import type { Problems } from "./layers/problems.ts";
import { reportIdleRemovals } from "./layers/removals.ts";
import { configSchema, overlaySchema } from "./layers/schema.ts";
import { Secrets } from "./layers/secrets.ts";
import { fill, type FromEnv } from "./load/substitute.ts";
import { didYouMean, listed } from "../base/suggest.ts";
import { getAt, isTree, type Path, pathText, type Tree, without } from "./layers/tree.ts";

export interface Preparing {
  readonly loaded: Loaded;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly profile: string | undefined;
  readonly shapes: readonly ChannelShape[];
  readonly consumers: readonly ConsumerShape[];
  readonly problems: Problems;
}

export interface Prepared {
  readonly context: ResolveContext;
  readonly profile: string | undefined;
  readonly drain: unknown;
  readonly sources: readonly string[];
}

export async function prepare({
  loaded,
  env,
  profile: asked,
  shapes,
  consumers,
  problems,
}: Preparing): Promise<Prepared> {
  const filled = fill(loaded.value, env);
  const secrets = secretsOf(filled.fromEnv.values());
  secrets.addAnywhere(filled.value);
  secrets.addAnywhere(asked ?? env["SWITCHYARD_PROFILE"]);
  for (const connections of allConnections(filled.value)) secrets.addFrom(connections);
  problems.redact = secrets.redact;
  const base = check(configSchema, filled.value, {
    problems,
    name: pathText,
    quote: (path, value) => (filled.fromEnv.has(pathText(path)) || inConnection(path) ? undefined : quoted(value)),
    ignore: (path) => filled.missing.has(pathText(path)),
  });
  const chosen = chooseProfile(base.value, env, asked, problems);
  const layers: Layer[] = [{ tree: base.value, name: pathText }];
  if (chosen !== undefined) {
    const at = ["profiles", chosen];
    layers.push({ tree: getAt(base.value, at) as Tree, name: (path) => pathText([...at, ...path]) });
  }
  const top = await environment(env, layers, shapes, secrets, problems);
  layers.push(top.layer);

  const relative = (path: Path) => (path[0] !== "profiles" ? path : path[1] === chosen ? path.slice(2) : undefined);
  const removed = new Set(base.removed.map(pathText));
  const unfilled = [...filled.missing.values()].flatMap(({ path, message }): Unfilled[] => {
    const [where, from] = [pathText(path), relative(path)];
    return from === undefined ? [] : [{ where, path: from, message, removed: removed.has(where) }];
  });
  reportIdleRemovals(layers, problems);
  const merged = new Layers(layers);
  const prefix = merged.scalar("prefix");
  const drain = merged.scalar("drain");
  for (const { path, where, message } of unfilled) {
    if (path.length === 1 && merged.scalar(path[0] as "prefix" | "drain").value === undefined)
      problems.add(where, message);
  }
  const context = new ResolveContext({
    layers: merged,
    problems,
    secrets,
    consumers,
    whole: base.value,
    prefix: typeof prefix.value === "string" ? prefix.value : "local",
    prefixGiven: prefix.value !== undefined,
    fromEnv: new Map([...[...filled.fromEnv].map(([path, { names }]) => [path, names] as const), ...top.names]),
    missing: unfilled,
    broken: [
      ...base.removed.map(relative).filter((path) => path !== undefined),
      ...unfilled.map(({ path }) => path),
      ...top.removed,
    ],
  });
  const sources = [loaded.source, ...(chosen === undefined ? [] : [`profile ${chosen}`]), ...top.names.keys()];
  return { context, profile: chosen, drain: drain.value, sources };
}

/** Parts whose options may be secret. */
const SECRET_PARTS = ["connections", "keys"];

/** The options of all connections and keys, including those of profiles, so that all secrets are known before any value is quoted. */
function allConnections(root: unknown): unknown[] {
  const profiles = getAt(root, ["profiles"]);
  const layers = [root, ...(isTree(profiles) ? Object.values(profiles) : [])];
  return layers.flatMap((layer) =>
    SECRET_PARTS.flatMap((part) => {
      const entries = getAt(layer, [part]);
      if (!isTree(entries)) return [];
      return Object.values(entries).map((entry) => (isTree(entry) ? without(entry, ["use"]) : entry));
    }),
  );
}

/** Chooses the profile: `connect({ profile })`, otherwise SWITCHYARD_PROFILE if it is not empty. NODE_ENV is never used. */
function chooseProfile(
  base: Tree,
  env: Preparing["env"],
  asked: string | undefined,
  problems: Problems,
): string | undefined {
  const profile = asked ?? (env["SWITCHYARD_PROFILE"] || undefined);
  const profiles = isTree(base["profiles"]) ? base["profiles"] : {};
  if (profile === undefined || Object.hasOwn(profiles, profile)) return profile;
  const known = Object.keys(profiles);
  const hint = didYouMean(profile, known);
  problems.add(
    asked === undefined ? "SWITCHYARD_PROFILE" : "profile",
    `no profile "${profile}"; profiles: ${listed(known)}.${hint}`,
  );
  return undefined;
}

async function environment(
  env: Preparing["env"],
  below: readonly Layer[],
  shapes: readonly ChannelShape[],
  secrets: Secrets,
  problems: Problems,
) {
  const known = (path: readonly string[]): string[] => {
    const names = below.flatMap(({ tree }) => {
      const inAll = path[0] === "channels" && path.length > 2 ? [["channels", "*", ...path.slice(2)]] : [];
      return [path, ...inAll].flatMap((at) => Object.keys((getAt(tree, at) as Tree | undefined) ?? {}));
    });
    if (path.length !== 1) return names;
    if (path[0] === "channels") names.push("*", ...shapes.map(({ name }) => name));
    if (path[0] === "connections") names.push("memory");
    if (path[0] === "policies") names.push("default");
    return names;
  };
  const found = await environmentLayer(env, known, problems);
  const variable = (path: Path) =>
    found.overrides.find((override) => override.path.every((key, at) => at >= path.length || key === path[at]))
      ?.variable ?? pathText(path);
  for (const { path } of found.overrides) {
    const value = getAt(found.tree, path);
    secrets.addAnywhere(value);
    if (typeof value === "string" && secretPlace(path)) secrets.addWithParts(value);
  }
  const checked = check(overlaySchema, found.tree, {
    problems,
    name: variable,
    quote: () => undefined,
    ignore: () => false,
  });
  return {
    layer: { tree: checked.value, name: variable },
    names: new Map(found.overrides.map(({ variable }) => [variable, [variable]])),
    removed: checked.removed,
  };
}

/** True for places whose texts go to a driver and may be secret. Names (`on`, `prefix`) and numbers appear in the plan anyway. */
function secretPlace(path: Path): boolean {
  if (inConnection(path)) return true;
  return path.some((key) => key === "native" || key === "address" || key === "deadLetterAddress");
}

function inConnection(path: Path): boolean {
  const at = path[0] === "profiles" ? 2 : 0;
  return (
    SECRET_PARTS.includes(String(path[at])) &&
    path.length > at + 2 &&
    path[at + 2] !== "use" &&
    path[at + 2] !== "provision"
  );
}

/** Shorter parts (a stage, a port) are not masked alone, because errors would become unreadable. The whole value is always masked. */
const PART = 6;

function secretsOf(found: Iterable<FromEnv>): Secrets {
  const secrets = new Secrets();
  for (const { path, value, parts } of found) {
    if (!secretPlace(path)) continue;
    secrets.addWithParts(value);
    for (const part of parts) if (part.length >= PART) secrets.addWithParts(part);
  }
  return secrets;
}

function quoted(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const text = JSON.stringify(value);
  return text.length > 60 ? undefined : text;
}
