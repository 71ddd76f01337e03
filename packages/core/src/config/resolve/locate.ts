import type { Destination } from "../../driver/index.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import type { Connected, Connections } from "./connections.ts";
import type { ResolveContext } from "./resolve-context.ts";
import type { Naming } from "./names.ts";
import type { Section } from "../layers/section.ts";
import type { ChannelInput } from "../../api/config-input.ts";

/** A channel while it is resolved: what its groups need to know of it. */
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

/** Asks the driver for the broker's name, and reports what is wrong with it. */
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
      `"${connected.name}" (${connected.adapter.name}) has no form fifo; say ordered`,
    );
  }
  return address;
}

/** A sentence of a driver that begins with the key it is about: `hold: ...`, `native.kmsKey: ...`. */
const ABOUT = /^(hold|retention|partitions|filter|native(?:\.[\w-]+)?): (.*)$/s;

/** Of these it was the channel that said so, whatever group they are checked for. */
const OF_CHANNEL = ["retention", "partitions"];

/**
 * What the driver says of its own settings and of the limits of those it shares (retention, hold), at the place of the key it
 * names. A default is nobody's contradiction: a `hold` that was not said is not refused.
 */
export function checkNative({ context, connected, section, input }: Resolving, of: Destination, group?: string): void {
  if (!connected.valid) return;
  const own = group === undefined ? {} : (input.groups?.[group] ?? {});
  for (const problem of connected.adapter.nativeProblems?.(of, connected.options) ?? []) {
    const [, about, rest] = ABOUT.exec(problem) ?? [];
    // What names no key is about `native`, where anything is said there.
    const keys = about?.split(".") ?? (Object.keys(of.native).length > 0 ? ["native"] : []);
    const [key, inner] = keys;
    if (key === "hold" && own.hold === undefined) continue;
    const inherited =
      key === "native"
        ? own.native === undefined || (inner !== undefined && !Object.hasOwn(own.native, inner))
        : key !== undefined && OF_CHANNEL.includes(key);
    const home = group === undefined || inherited ? [] : ["groups", group];
    context.problems.add(section.where(...home, ...keys), rest ?? problem);
  }
}
