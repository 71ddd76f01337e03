/** Finds what a command works on: the service's channels and consumers, and its configuration. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type AnyChannel,
  connect,
  type Consumer,
  explain,
  type Explanation,
  findConfig,
  type Imports,
  isChannel,
  isConsumer,
  type Messaging,
  type PlanOptions,
} from "@switchyard/core";
import { Events } from "./events.ts";
import { type Io, UsageError } from "./io.ts";
import { visible } from "./visible.ts";

export interface ProjectOptions {
  readonly config?: string | undefined;
  readonly profile?: string | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly service?: string | undefined;
}

const CODE = /\.[cm]?[jt]s$/;

interface Found {
  readonly channels: readonly AnyChannel[];
  readonly consumers: readonly Consumer<any>[];
  readonly service: string | undefined;
}

interface Places {
  readonly config: string | undefined;
  readonly profile: string | undefined;
  readonly root: string | undefined;
  readonly imports: Imports | undefined;
}

/** A service, as its operator sees it. */
export class Project {
  readonly channels: readonly AnyChannel[];
  readonly consumers: readonly Consumer<any>[];
  /** The `source` of what is published here. */
  readonly service: string;
  readonly profile: string | undefined;
  /** The folder of the nearest package.json. */
  readonly root: string | undefined;
  readonly #io: Io;
  readonly #talk: (text: string) => void;
  readonly #config: string | undefined;
  readonly #imports: Imports | undefined;
  #explained: Promise<Explanation> | undefined;

  constructor(io: Io, talk: (text: string) => void, found: Found, { config, profile, root, imports }: Places) {
    this.#io = io;
    this.#talk = talk;
    this.root = root;
    this.#config = config;
    this.#imports = imports;
    this.channels = found.channels;
    this.consumers = found.consumers;
    this.service = found.service ?? "switchyard-cli";
    this.profile = profile ?? (io.env["SWITCHYARD_PROFILE"] || undefined);
  }

  /** What `plan()` and `explain()` take. `profile`: another than the project's. */
  options(profile = this.profile): PlanOptions & { readonly service: string } {
    const { channels, consumers, service } = this;
    const { env, cwd, signal } = this.#io;
    return {
      ...{ channels, consumers, service, env, cwd, signal },
      ...(this.#config === undefined ? {} : { config: this.#config }),
      ...(profile === undefined ? {} : { profile }),
      ...(this.#imports === undefined ? {} : { imports: this.#imports }),
    };
  }

  /** What would run. Opens no connection. */
  explain(): Promise<Explanation> {
    return (this.#explained ??= explain(this.options()));
  }

  /** The variables that override the configuration. */
  get overrides(): readonly string[] {
    return Object.keys(this.#io.env).filter((name) => name.toUpperCase().startsWith("SWITCHYARD__"));
  }

  /** A channel of this profile by its name. */
  async channel(name: string): Promise<AnyChannel> {
    const { channels } = await this.explain();
    const found = this.channels.find((channel) => channel.name === name);
    if (found !== undefined && Object.hasOwn(channels, name)) return found;
    const known = Object.keys(channels).join(", ");
    throw new UsageError(`no channel "${visible(name)}" here; known: ${known || "none"}`);
  }

  /** A group of a channel by its name. */
  async group(channel: string, name: string): Promise<AnyChannel> {
    const found = await this.channel(channel);
    const { groups } = (await this.explain()).channels[channel]!;
    if (Object.hasOwn(groups, name)) return found;
    const known = Object.keys(groups).join(", ");
    throw new UsageError(`"${channel}" has no group "${visible(name)}"; known: ${known || "none"}`);
  }

  /** Says so if a broker is inside this command alone. */
  async noteMemory(): Promise<void> {
    const { channels, connections } = await this.explain();
    const used = new Set(Object.values(channels).map(({ connection }) => connection));
    for (const [name, { use }] of Object.entries(connections))
      if (use === "memory" && used.has(name))
        this.#talk(
          visible(`"${name}" is memory: a broker inside this command, gone at its end; --profile chooses another`),
        );
  }

  /** Connects to the brokers of the profile's channels, or of some. Makes and compares nothing there. */
  async connected<T>(run: (messaging: Messaging<AnyChannel>) => Promise<T>, only?: readonly string[]): Promise<T> {
    const { channels: explained } = await this.explain();
    const channels = this.channels.filter(
      ({ name }) => Object.hasOwn(explained, name) && (only === undefined || only.includes(name)),
    );
    const { consumers: _, signal: __, ...options } = this.options();
    await this.noteMemory();
    const events = new Events(this.#talk);
    const messaging = await connect({
      ...{ ...options, channels, observe: events.observe },
      provision: "off",
    } as Parameters<typeof connect>[0]);
    try {
      return await run(messaging as unknown as Messaging<AnyChannel>);
    } finally {
      await messaging.stop({ deadline: 0 });
      events.end();
    }
  }
}

/**
 * `talk` says what happens while it is connected. Channels come from `--channels`, else from the field `switchyard` of the nearest package.json (`{ "channels": "./src/channels.ts",
 * "service": "billing" }`), else from what a configuration written as code exports beside its default.
 *
 * @throws UsageError if there are none, or if the configuration is code outside of the nearest package.
 */
export async function findProject(
  options: ProjectOptions,
  io: Io,
  talk = (text: string): void => void io.stderr.write(`${text}\n`),
): Promise<Project> {
  const root = nearest(io.cwd, (folder) => existsSync(join(folder, "package.json")));
  const config = options.config === undefined ? await searched(io.cwd, root) : resolve(io.cwd, options.config);
  refuseStrangers(
    io.cwd,
    root === undefined ? undefined : join(root, "package.json"),
    options.config === undefined ? config : undefined,
  );
  const field = root === undefined ? {} : fieldOf(root);
  const files = filesOf(options, io.cwd, root, field, config);
  const found: Found[] = [];
  for (const file of files) found.push(exportsOf(await imported(file)));
  const channels = unique(found.flatMap((each) => each.channels));
  if (channels.length === 0)
    throw new UsageError(
      files.length === 0
        ? 'no channels: pass --channels src/channels.ts, or write "switchyard": { "channels": "./src/channels.ts" } into package.json'
        : `${files.map((file) => relative(io.cwd, file)).join(", ")} exports no channel made with channel()`,
    );
  const named = options.service ?? field.service ?? found.find(({ service }) => service !== undefined)?.service;
  const consumers = [...new Set(found.flatMap((each) => each.consumers))];
  const strange = options.config === undefined && config !== undefined && !isInside(config, root ?? io.cwd);
  const imports = strange ? { from: root ?? io.cwd, packages: root === undefined ? [] : packagesOf(root) } : undefined;
  return new Project(
    io,
    talk,
    { channels, consumers, service: named },
    { config, profile: options.profile, root, imports },
  );
}

/** What is found above may have been left there by anybody. Mine is what is root's, my own, or of the owner of the folder that I am in. */
function refuseStrangers(cwd: string, ...files: readonly (string | undefined)[]): void {
  const me = process.getuid?.();
  if (me === undefined) return;
  const mine = [0, me, statSync(cwd).uid];
  for (const file of files)
    if (file !== undefined && !mine.includes(statSync(file).uid))
      throw new UsageError(
        `${file} belongs to another user, and is not used; copy it, or go to the folder that it is for`,
      );
}

const isInside = (file: string, folder: string): boolean => !relative(folder, dirname(file)).startsWith("..");

/** The packages that a package.json lists. */
function packagesOf(root: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  return ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((name) =>
    Object.keys(manifest[name] ?? {}),
  );
}

/**
 * The nearest configuration. One that is code runs only from inside the package: a folder above may be anybody's. One that is data is read from
 * there, since the packages of a repository share one; but it imports nothing that the package does not list.
 */
async function searched(cwd: string, root: string | undefined): Promise<string | undefined> {
  const file = await findConfig(cwd);
  if (file === undefined) return undefined;
  if (!CODE.test(file) || (root !== undefined && isInside(file, root))) return file;
  throw new UsageError(
    `${file} is code outside of this package, and is not run; pass --config ${file} if you trust it`,
  );
}

function nearest(from: string, has: (folder: string) => boolean): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (has(folder)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

interface Field {
  readonly channels?: readonly string[];
  readonly service?: string;
}

function fieldOf(root: string): Field {
  const file = join(root, "package.json");
  let given: unknown;
  try {
    given = (JSON.parse(readFileSync(file, "utf8")) as { switchyard?: unknown }).switchyard;
  } catch {
    throw new UsageError(`${file} is not valid JSON`);
  }
  if (given === undefined) return {};
  const { channels = [], service } = given as { channels?: unknown; service?: unknown };
  const list = typeof channels === "string" ? [channels] : channels;
  const right =
    Array.isArray(list) &&
    list.every((each) => typeof each === "string") &&
    (service === undefined || typeof service === "string");
  if (!right)
    throw new UsageError(`${file}: "switchyard" must be { "channels": "./src/channels.ts", "service": "billing" }`);
  return { channels: list as string[], ...(service === undefined ? {} : { service: service as string }) };
}

function filesOf(
  { channels }: ProjectOptions,
  cwd: string,
  root: string | undefined,
  field: Field,
  config: string | undefined,
): readonly string[] {
  const given = channels?.flatMap((each) => each.split(",")).filter((each) => each !== "") ?? [];
  if (given.length > 0) return given.map((file) => resolve(cwd, file));
  if (field.channels !== undefined && field.channels.length > 0)
    return field.channels.map((file) => resolve(root!, file));
  return config !== undefined && CODE.test(config) ? [config] : [];
}

async function imported(file: string): Promise<Record<string, unknown>> {
  if (!existsSync(file)) throw new UsageError(`${file} does not exist; check --channels`);
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    const { code, message } = cause as { code?: string; message?: string };
    if (code === "ERR_UNKNOWN_FILE_EXTENSION")
      throw new UsageError(
        `${file}: this Node cannot import TypeScript; run Node 22.18 or later, or name the built .js`,
      );
    throw new UsageError(`${file} cannot be imported: ${visible(String(message ?? cause))}`);
  }
}

/** The channels, consumers and the service's name that a module exports: alone, in lists, or in objects. */
function exportsOf(module: Record<string, unknown>): Found {
  const values = Object.values(module).flatMap((value) => [value, ...partsOf(value)]);
  const consumers = values.filter(isConsumer);
  const channels = values.filter(isChannel);
  const theirs = consumers.map((consumer) => (consumer as unknown as { channel: AnyChannel }).channel);
  const service = typeof module["service"] === "string" ? module["service"] : undefined;
  return { channels: [...channels, ...theirs], consumers, service };
}

function partsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null || isChannel(value) || isConsumer(value)) return [];
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value) : [];
}

const unique = (channels: readonly AnyChannel[]): readonly AnyChannel[] => [
  ...new Map(channels.map((channel) => [channel.name, channel])).values(),
];
