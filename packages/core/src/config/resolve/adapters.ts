/** Finds the adapter that a connection names: passed in code, given as a value, or imported as seen from the configuration file. */
import type { Adapter } from "../../driver/index.ts";
import { isAdapter } from "../layers/schema.ts";
import { isPath, loadModule, type ModuleSource, packageOf, SCOPE } from "./find-module.ts";
import { listed, nearest } from "../../base/suggest.ts";

/** Our adapters, with the packages that they need. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  memory: [],
  sqs: ["@aws-sdk/client-sqs"],
  sns: ["@aws-sdk/client-sns", "@aws-sdk/client-sqs"],
  kinesis: ["@aws-sdk/client-kinesis", "@aws-sdk/client-dynamodb"],
  aws: ["@aws-sdk/client-sqs", "@aws-sdk/client-sns"],
  amqp: ["amqplib"],
};

export type Found = { readonly adapter: Adapter } | { readonly problem: string };

export class Adapters {
  readonly #given: readonly Adapter[];
  readonly #source: ModuleSource;
  readonly #loaded = new Map<string, Promise<Found>>();

  constructor(given: readonly Adapter[], source: ModuleSource) {
    this.#given = given;
    this.#source = source;
  }

  find(use: string | Adapter): Promise<Found> {
    if (typeof use !== "string") return Promise.resolve({ adapter: use });
    const specifier = specifierOf(use);
    const given = this.#given.find(({ name }) => name === use || specifierOf(name) === specifier);
    if (given !== undefined) return Promise.resolve({ adapter: given });
    const loading = this.#loaded.get(specifier) ?? this.#load(use, specifier);
    this.#loaded.set(specifier, loading);
    return loading;
  }

  async #load(use: string, specifier: string): Promise<Found> {
    const found = await loadModule(specifier, this.#source, (directory) => notInstalled(use, specifier, directory));
    if ("problem" in found) return found;
    const { adapter } = found.module;
    if (isAdapter(adapter)) return { adapter: adapter as Adapter };
    return { problem: `${specifier} exports no adapter; is it a Switchyard transport of this version?` };
  }
}

function specifierOf(use: string): string {
  return use.startsWith(".") || use.includes("/") ? use : SCOPE + use;
}

function notInstalled(use: string, specifier: string, directory: string): string {
  if (isPath(specifier)) return `${specifier} does not exist, relative to ${directory}`;
  const name = specifier.startsWith(SCOPE) ? specifier.slice(SCOPE.length) : undefined;
  // Never suggest installing a package in our scope that we did not publish: it could be someone else's.
  if (name !== undefined && !Object.hasOwn(KNOWN, name)) {
    const meant = adapterMeant(name);
    const hint = meant === undefined ? "" : ` Did you mean ${JSON.stringify(meant)}?`;
    return `unknown adapter ${JSON.stringify(use)}; use ${allowedAdapters}.${hint}`;
  }
  const packages = [packageOf(specifier), ...(name === undefined ? [] : KNOWN[name]!)].join(" ");
  return `${specifier} is not installed where ${directory} can find it: npm install ${packages}`;
}

/** The allowed values of `use`, for errors. */
export const allowedAdapters = `${listed(Object.keys(KNOWN))}, or the full package name of another adapter, such as @acme/adapter`;

/** Other names that people use for a broker. */
const ALSO: ReadonlyMap<string, string> = new Map([
  ["rabbitmq", "amqp"],
  ["rabbit", "amqp"],
  ["amqplib", "amqp"],
]);

/** The adapter with the closest spelling, otherwise one that is part of the name: `aws-sqs` means `sqs`. */
function adapterMeant(name: string): string | undefined {
  const near = nearest(name, Object.keys(KNOWN));
  if (near !== undefined) return near;
  const parts = name.toLowerCase().split(/[^a-z]+/);
  const named = parts.map((part) => ALSO.get(part) ?? part).filter((part) => Object.hasOwn(KNOWN, part));
  return named.find((adapter) => adapter !== "aws") ?? named[0];
}
