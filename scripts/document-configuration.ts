/**
 * Configuration in documents: a YAML block named `switchyard.config.yaml` is resolved in each of its profiles, as `connect()` would. One
 * without a name that begins at a key of the configuration is a part of a file, and has its structure checked.
 */
import { parse } from "yaml";
import { isMessagingError, type Problem } from "../packages/core/src/api/errors.ts";
import type { ChannelShape } from "../packages/core/src/api/shapes.ts";
import { resolvePlan } from "../packages/core/src/config/index.ts";
import { configSchema } from "../packages/core/src/config/layers/schema.ts";
import { blocksOf } from "./document-blocks.ts";

interface Document {
  readonly path: string;
  readonly text: string;
}

type Tree = Readonly<Record<string, any>>;

const KEYS = ["prefix", "drain", "connections", "channels", "policies", "keys", "profiles"];

export async function configurationFaults(all: readonly Document[]): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const { path, text } of all)
    for (const block of blocksOf(text)) {
      if (block.language !== "yaml") continue;
      const whole = block.name === "switchyard.config.yaml";
      const problems = await problemsOf(block.text, whole, text);
      for (const problem of problems) faults.push(`${path}:${block.line}: ${problem}`);
    }
  return faults;
}

async function problemsOf(yaml: string, whole: boolean, page: string): Promise<readonly string[]> {
  let value: Tree;
  try {
    value = (parse(yaml) ?? {}) as Tree;
  } catch (error) {
    return [String(error).split("\n")[0] as string];
  }
  if (whole) return resolved(value, yaml, page);
  if (!Object.keys(value).every((key) => KEYS.includes(key))) return [];
  const checked = configSchema.safeParse(value);
  return (checked.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

async function resolved(value: Tree, yaml: string, page: string): Promise<readonly string[]> {
  const profiles = Object.keys(value["profiles"] ?? {});
  const env = Object.fromEntries([...yaml.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => [name, valueOf(name)]));
  const faults: string[] = [];
  for (const profile of profiles.length === 0 ? [undefined] : profiles) {
    const layers: readonly Tree[] = [value, ...(profile === undefined ? [] : [value["profiles"][profile] ?? {}])];
    const names = new Set(layers.flatMap((layer) => Object.keys(layer["channels"] ?? {})));
    names.delete("*");
    try {
      const channels = [...names].map((name) => shapeOf(name, page));
      await resolvePlan({
        channels,
        service: "document",
        config: value,
        env,
        ...(profile === undefined ? {} : { profile }),
      });
    } catch (error) {
      if (!isMessagingError(error)) throw error;
      const problems: readonly Problem[] = error.problems;
      const where = profile === undefined ? "" : `profile ${profile}: `;
      if (problems.length === 0) faults.push(`${where}${error.message}`);
      for (const { path, message } of problems) faults.push(`${where}${path}: ${message}`);
    }
  }
  return faults;
}

/** The channel as the page's code declares it, as far as the configuration depends on it. */
function shapeOf(name: string, page: string): ChannelShape {
  const declared = page.split(`channel("${name}"`)[1]?.split("\n});")[0] ?? "";
  return { name, messages: {}, needs: {}, ...(declared.includes("orderingKey:") ? { orderingKey: "key" } : {}) };
}

/** What stands in for a variable of the reader's. */
function valueOf(name: string): string {
  if (!/URL|ENDPOINT/.test(name)) return "1";
  return /AMQP|RABBIT/.test(name) ? "amqps://user:word@broker.example.com" : "https://broker.example.com";
}
