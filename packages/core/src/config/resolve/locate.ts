import type { Destination } from "../../driver/index.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import type { Connected, Connections } from "./connections.ts";
import type { ResolveContext } from "./resolve-context.ts";
import type { Naming } from "./names.ts";
import type { Section } from "../layers/section.ts";
import type { ChannelInput } from "../../api/config-input.ts";

/** A channel that is being resolved, as its groups need it. */
export interface Resolving {
  readonly context: ResolveContext;
  readonly connections: Connections;
  readonly shape: ChannelShape;
  readonly section: Section;
  readonly input: ChannelInput;
  readonly naming: Naming;
  readonly connected: Connected;
  readonly shapes: readonly ChannelShape[];
}

/** The broker's name of a destination. Reports what is wrong with it. */
export function locate(resolving: Resolving, of: Destination, where: string): string | undefined {
  const { context, connected, input } = resolving;
  if (of.address === undefined && of.baseAddress === undefined && connected.adapter.name !== "memory") {
    context.needsPrefix(of.channel, connected.name);
  }
  if (!connected.valid) return undefined;
  const { address, problem } = connected.adapter.locate(of, connected.options);
  if (problem !== undefined)
    context.problems.add(where, `${of.address === undefined ? `physical name ${address}: ` : ""}${problem}`);
  else if (input.form === "fifo" && of.ordered && !of.dead && !address.endsWith(".fifo")) {
    context.problems.add(
      resolving.section.where("form"),
      `"${connected.name}" (${connected.adapter.name}) has no form fifo; use ordered`,
    );
  }
  return address;
}

/** Matches a driver's sentence that starts with a key: `hold: ...`, `native.kmsKey: ...`. */
const KEY_AND_TEXT = /^(hold|retention|partitions|filter|native(?:\.[\w-]+)?): (.*)$/s;

/** Keys that are set on the channel, even when they are checked for a group. */
const OF_CHANNEL = ["retention", "partitions"];

/**
 * Reports the driver's problems with its native settings and with shared ones (retention, hold), at the key that each names. A `hold`
 * that is left at its default is not refused.
 */
export function checkNative({ context, connected, section, input }: Resolving, of: Destination, group?: string): void {
  if (!connected.valid) return;
  const own = group === undefined ? {} : (input.groups?.[group] ?? {});
  for (const problem of connected.adapter.nativeProblems?.(of, connected.options) ?? []) {
    const [, named, text] = KEY_AND_TEXT.exec(problem) ?? [];
    // A sentence without a key is reported at `native`, if anything is set there.
    const keys = named?.split(".") ?? (Object.keys(of.native).length > 0 ? ["native"] : []);
    const [key, inner] = keys;
    if (key === "hold" && own.hold === undefined) continue;
    const inherited =
      key === "native"
        ? own.native === undefined || (inner !== undefined && !Object.hasOwn(own.native, inner))
        : key !== undefined && OF_CHANNEL.includes(key);
    const home = group === undefined || inherited ? [] : ["groups", group];
    context.problems.add(section.where(...home, ...keys), text ?? problem);
  }
}
