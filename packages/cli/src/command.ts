/** What a verb is, and what it is given. */
import type { ParseArgsConfig } from "node:util";
import type { ExitCode, Io } from "./io.ts";
import type { Output } from "./output.ts";
import type { Project } from "./project.ts";

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Call {
  readonly io: Io;
  readonly out: Output;
  readonly values: Values;
  readonly words: readonly string[];
  /** The channels, the configuration and the profile. Found when first asked for. */
  project(): Promise<Project>;
}

export interface Verb {
  /** After the verb: `CHANNEL [GROUP]`. */
  readonly takes: string;
  /** The least and the most words after the verb. */
  readonly words: readonly [least: number, most: number];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Sentences below the usage. */
  readonly about: string;
  /** A command line that works. */
  readonly example: string;
  run(call: Call): Promise<ExitCode>;
}

export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly about: string;
}

/** The options of every verb. */
export const COMMON: Readonly<Record<string, OptionSpec>> = {
  config: { type: "string", value: "FILE", about: "the configuration; default: the nearest switchyard.config.*" },
  profile: { type: "string", value: "NAME", about: "the profile; default: SWITCHYARD_PROFILE" },
  channels: {
    type: "string",
    multiple: true,
    value: "FILE",
    about: "a module that exports channels and consumers; may be given several times",
  },
  service: { type: "string", value: "NAME", about: "the service; default: as the project says" },
  json: { type: "boolean", about: "JSON on stdout" },
  help: { type: "boolean", about: "this text" },
};

export const parseOptions = (options: Verb["options"]): NonNullable<ParseArgsConfig["options"]> =>
  Object.fromEntries(
    Object.entries({ ...COMMON, ...options }).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
  );
